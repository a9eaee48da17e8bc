using System.Runtime.Versioning;
using System.Security.Cryptography;

namespace CredentialProvider.Platform;

/// <summary>
/// A folder of small files that only their owner may read. On Unix by modes 0700 and 0600, checked at each use and
/// never through a symbolic link; on Windows by DPAPI, which ties the bytes to the user. Once the folder is ours and
/// 0700, nobody else can change what is in it between a check and a use.
/// </summary>
internal sealed class OwnerOnlyFolder
{
    private const int FolderMode = 0x1C0; // 0700
    private const int OwnerOnlyFileMode = 0x180; // 0600
    private const int PermissionMask = 0x1FF; // 0777

    /// <summary>No token or lock is near this size; what is, is not ours.</summary>
    private const int LargestFile = 64 * 1024;

    private static readonly TimeSpan LongestUse = TimeSpan.FromMilliseconds(200);

    private readonly string _path;

    private OwnerOnlyFolder(string path) => _path = path;

    /// <summary>
    /// Opens the folder, makes it if need be, and closes it to others if it was open to them. Null where it cannot be
    /// ours: its owner is somebody else, it is a link or a file, or it cannot be made.
    /// </summary>
    public static OwnerOnlyFolder? TryOpen(string path)
    {
        if (OperatingSystem.IsWindows())
            return TryCreate(path) ? new OwnerOnlyFolder(path) : null;

        if (!Posix.TryGetStatus(path, out var status, out var isKnown))
        {
            // A C library that cannot tell owners: only the owner can change a mode, so that is the proof.
            if (!isKnown)
                return TryCreate(path) && Posix.TrySetMode(path, FolderMode) ? new OwnerOnlyFolder(path) : null;
            return TryCreate(path) ? new OwnerOnlyFolder(path) : null;
        }

        if (!status.IsFolder || status.Owner != Posix.EffectiveUser)
            return null;
        return (status.Mode & PermissionMask) == FolderMode || Posix.TrySetMode(path, FolderMode)
            ? new OwnerOnlyFolder(path) : null;
    }

    /// <summary>The file's bytes; null where there is none, it is not only ours, or it cannot be read.</summary>
    public byte[]? TryRead(string name)
    {
        var path = Path.Combine(_path, name);
        return OperatingSystem.IsWindows() ? Unprotect(path)
            : IsOnlyOurs(path) ? Posix.TryRead(path, LargestFile) : null;
    }

    /// <summary>A method of its own, since .NET loads the assemblies that a method names when it compiles it.</summary>
    [SupportedOSPlatform("windows")]
    private static byte[]? Unprotect(string path)
    {
        try
        {
            using var bytes = new MemoryStream();
            var isRead = TryOnceFree(() =>
            {
                using var file = new FileStream(path, FileMode.Open, FileAccess.Read,
                    FileShare.ReadWrite | FileShare.Delete, 1);
                if (file.Length <= LargestFile)
                    file.CopyTo(bytes);
            });
            return isRead && bytes.Length > 0
                ? ProtectedData.Unprotect(bytes.ToArray(), null, DataProtectionScope.CurrentUser) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            return null;
        }
    }

    /// <summary>Writes beside and renames: a reader sees the old bytes or the new ones, whatever happens
    /// meanwhile.</summary>
    public bool TryWrite(string name, byte[] bytes)
    {
        try
        {
            Replace(Path.Combine(_path, name), OperatingSystem.IsWindows()
                ? ProtectedData.Protect(bytes, null, DataProtectionScope.CurrentUser) : bytes);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            return false;
        }
    }

    /// <summary>Names of the files that are there.</summary>
    /// <param name="pattern">With <c>*</c>.</param>
    public IReadOnlyList<string> FilesLike(string pattern)
    {
        try
        {
            return [.. Directory.GetFiles(_path, pattern).Select(path => Path.GetFileName(path)!)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    public bool IsOlder(string name, DateTimeOffset moment) =>
        File.GetLastWriteTimeUtc(Path.Combine(_path, name)) < moment.UtcDateTime;

    public void Delete(string name) => TryDelete(Path.Combine(_path, name));

    /// <summary>Replaces a file anywhere in one step, by one that only its owner can read.</summary>
    /// <exception cref="IOException">It cannot be written there.</exception>
    public static void Replace(string path, byte[] bytes)
    {
        var temporary = OperatingSystem.IsWindows() ? $"{path}.{Path.GetRandomFileName()}" : $"{path}.XXXXXX";
        if (!OperatingSystem.IsWindows() && !Posix.TryCreateTemporary(ref temporary))
            throw new IOException($"no file can be made in {Path.GetDirectoryName(path)}");
        try
        {
            using (var file = new FileStream(temporary, FileMode.OpenOrCreate, FileAccess.Write, FileShare.None, 1))
                file.Write(bytes, 0, bytes.Length);
            Move(temporary, path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            TryDelete(temporary);
            throw;
        }
    }

    /// <summary>
    /// Holds the named lock until disposed. The operating system ends it with the process, so a dead holder blocks
    /// nobody. Lock files stay: deleting one would let two processes hold "the" lock.
    /// </summary>
    /// <param name="isBusy">Somebody else holds it. Null without this means that there are no locks to be had
    /// here.</param>
    public FileStream? TryLock(string name, out bool isBusy)
    {
        // errno EWOULDBLOCK on Linux and macOS, and ERROR_SHARING_VIOLATION: what FileStream puts into HResult.
        const int LinuxWouldBlock = 11, MacWouldBlock = 35, SharingViolation = unchecked((int)0x80070020);
        isBusy = false;
        var path = Path.Combine(_path, name);
        if (!OperatingSystem.IsWindows() && !File.Exists(path))
            Posix.CreateFile(path);
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1);
        }
        catch (IOException e)
        {
            isBusy = e.HResult is LinuxWouldBlock or MacWouldBlock or SharingViolation;
            return null;
        }
        catch (UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Adds to a file that is made readable for its owner only, wherever a person wants it.</summary>
    /// <param name="largest">Bytes; a file that has more becomes FILE.1, in place of the last of that name.</param>
    public static void Append(string path, string text, long largest)
    {
        var bytes = System.Text.Encoding.UTF8.GetBytes(text);
        // Of two processes that see this at once, the second moves what the first has just begun: a few lines of a log.
        if (new FileInfo(path) is { Exists: true } file && file.Length > largest)
            Move(path, $"{path}.1");
        if (!OperatingSystem.IsWindows())
        {
            if (!File.Exists(path))
                Posix.CreateFile(path);
            // A FileStream writes where it thinks the end is; with O_APPEND the kernel knows, whoever else writes.
            Posix.Append(path, bytes);
            return;
        }

        // There is no such end here: one after the other.
        TryOnceFree(() =>
        {
            using var log = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.Read, 1);
            log.Write(bytes, 0, bytes.Length);
        });
    }

    private static void Move(string from, string to)
    {
        if (!(OperatingSystem.IsWindows() ? TryOnceFree(() => File.Move(from, to, overwrite: true))
            : Posix.TryRename(from, to)))
        {
            throw new IOException($"{to} cannot be replaced");
        }
    }

    /// <summary>Windows replaces no file that somebody reads, and opens none that is being replaced: that is over in an
    /// instant.</summary>
    private static bool TryOnceFree(Action use) => SpinWait.SpinUntil(
        () =>
        {
            try
            {
                use();
                return true;
            }
            catch (Exception e) when (e is UnauthorizedAccessException
                or (IOException and not (FileNotFoundException or DirectoryNotFoundException)))
            {
                return false;
            }
        },
        LongestUse);

    private static bool IsOnlyOurs(string path)
    {
        if (!Posix.TryGetStatus(path, out var status, out var isKnown))
            return !isKnown && Posix.TrySetMode(path, OwnerOnlyFileMode);
        // What others could read is no secret any more: not used, and replaced by the next write.
        return status.IsFile && status.Owner == Posix.EffectiveUser
            && (status.Mode & PermissionMask) == OwnerOnlyFileMode;
    }

    private static bool TryCreate(string path)
    {
        try
        {
            if (Path.GetDirectoryName(path) is { Length: > 0 } parent)
                Directory.CreateDirectory(parent);
            if (OperatingSystem.IsWindows())
            {
                Directory.CreateDirectory(path);
                return true;
            }

            // Another process of ours may make it at the same moment.
            return Posix.TryCreateFolder(path, FolderMode)
                || (Posix.TryGetStatus(path, out var status, out _) && status.IsFolder
                    && status.Owner == Posix.EffectiveUser);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            return false;
        }
    }

    private static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A leftover is a file that only we can read; the next write does not mind it.
        }
    }
}
