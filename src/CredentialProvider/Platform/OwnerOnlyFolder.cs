using System.Runtime.Versioning;
using System.Security.Cryptography;

namespace CredentialProvider.Platform;

/// <summary>
/// A folder of small files that only their owner can read. On Unix, the folder has mode 0700 and its files 0600; owner
/// and mode are checked at each use, and symbolic links are refused. Because no other user can enter a 0700 folder, a
/// file cannot be swapped between its check and its use. On Windows, DPAPI encrypts the content for the user.
/// </summary>
internal sealed class OwnerOnlyFolder
{
    /// <summary>In bytes. Tokens and locks are much smaller; a larger file was not written by this program.</summary>
    private const int MaxFileSize = 64 * 1024;

    private readonly string _path;

    private OwnerOnlyFolder(string path) => _path = path;

    /// <summary>
    /// Opens the folder, creates it if necessary, and removes other users' access to it. Null if the path belongs to
    /// another user, is a symbolic link or a file, or cannot be created.
    /// </summary>
    public static OwnerOnlyFolder? TryOpen(string path)
    {
        if (OperatingSystem.IsWindows())
            return TryCreate(path) ? new OwnerOnlyFolder(path) : null;

        if (!Posix.TryGetStatus(path, out var status, out var isSupported))
        {
            // A C library without statx: only the owner can change the mode, so success proves ownership.
            if (!isSupported)
                return TryCreate(path) && Posix.TrySetMode(path, Posix.FolderOwnerOnly) ? new OwnerOnlyFolder(path) : null;
            return TryCreate(path) ? new OwnerOnlyFolder(path) : null;
        }

        if (!status.IsFolder || status.Owner != Posix.EffectiveUser)
            return null;
        return status.Permissions == Posix.FolderOwnerOnly || Posix.TrySetMode(path, Posix.FolderOwnerOnly)
            ? new OwnerOnlyFolder(path) : null;
    }

    /// <summary>Reads a file; null if it does not exist, other users can access it, or it cannot be read.</summary>
    public byte[]? TryRead(string name)
    {
        var path = Path.Combine(_path, name);
        return OperatingSystem.IsWindows() ? Unprotect(path)
            : IsOwnerOnly(path) ? Posix.TryRead(path, MaxFileSize) : null;
    }

    /// <summary>A separate method, so that DPAPI's assembly is loaded on Windows only: .NET loads the assemblies that a
    /// method uses when it compiles the method.</summary>
    [SupportedOSPlatform("windows")]
    private static byte[]? Unprotect(string path)
    {
        try
        {
            using var bytes = new MemoryStream();
            var isRead = OwnerOnlyFile.RetryWhileInUse(() =>
            {
                using var file = new FileStream(path, FileMode.Open, FileAccess.Read,
                    FileShare.ReadWrite | FileShare.Delete, 1);
                if (file.Length <= MaxFileSize)
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

    /// <summary>Atomically creates or replaces a file; false if it cannot be written.</summary>
    public bool TryWrite(string name, byte[] bytes)
    {
        try
        {
            OwnerOnlyFile.Replace(Path.Combine(_path, name), OperatingSystem.IsWindows()
                ? ProtectedData.Protect(bytes, null, DataProtectionScope.CurrentUser) : bytes);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            return false;
        }
    }

    /// <summary>The names of the files that match; empty if the folder cannot be read.</summary>
    /// <param name="pattern">May contain <c>*</c>.</param>
    public IReadOnlyList<string> FindFiles(string pattern)
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

    public bool WasModifiedBefore(string name, DateTimeOffset time) =>
        File.GetLastWriteTimeUtc(Path.Combine(_path, name)) < time.UtcDateTime;

    public void Delete(string name) => OwnerOnlyFile.TryDelete(Path.Combine(_path, name));

    /// <summary>A lock that is not held yet.</summary>
    public FileLock CreateLock(string name) => new(Path.Combine(_path, name));

    private static bool IsOwnerOnly(string path)
    {
        if (!Posix.TryGetStatus(path, out var status, out var isSupported))
            return !isSupported && Posix.TrySetMode(path, Posix.OwnerOnly);
        // Other users may have read or written such a file: ignore it until the next write replaces it.
        return status.IsFile && status.Owner == Posix.EffectiveUser
            && status.Permissions == Posix.OwnerOnly;
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

            // If that fails, another process of this user may have created it at the same time.
            return Posix.TryCreateFolder(path, Posix.FolderOwnerOnly)
                || (Posix.TryGetStatus(path, out var status, out _) && status.IsFolder
                    && status.Owner == Posix.EffectiveUser);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            return false;
        }
    }
}
