using System.Text;

namespace CredentialProvider.Platform;

/// <summary>Writes files that only their owner can access: on Unix mode 0600, on Windows the folder's access control
/// list.</summary>
internal static class OwnerOnlyFile
{
    private static readonly TimeSpan RetryTimeout = TimeSpan.FromMilliseconds(200);

    /// <summary>Atomically creates or replaces a file. Readers see the old content or the new, never a part.</summary>
    /// <param name="mode">Permission bits on Unix.</param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Replace(string path, byte[] bytes, int mode = Posix.OwnerOnly)
    {
        var temporary = OperatingSystem.IsWindows() ? $"{path}.{Path.GetRandomFileName()}" : $"{path}.XXXXXX";
        if (!OperatingSystem.IsWindows() && !Posix.TryCreateTemporary(ref temporary))
            throw new IOException($"cannot create a file in {Path.GetDirectoryName(path)}");
        try
        {
            using (var file = new FileStream(temporary, FileMode.OpenOrCreate, FileAccess.Write, FileShare.None, 1))
                file.Write(bytes, 0, bytes.Length);
            if (mode != Posix.OwnerOnly && !OperatingSystem.IsWindows())
                _ = Posix.TrySetMode(temporary, mode);
            Move(temporary, path);
        }
        catch
        {
            // ArgumentOutOfRangeException too, for EFBIG.
            TryDelete(temporary);
            throw;
        }
    }

    /// <summary>True if a file can be created where <see cref="Replace"/> would create one.</summary>
    public static bool CanReplace(string path)
    {
        try
        {
            var probe = $"{path}.probe";
            Replace(probe, [0]);
            TryDelete(probe);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Appends text to a file, creating it if necessary.</summary>
    /// <param name="maxSize">In bytes. A larger file is first renamed to FILE.1, replacing the previous one.</param>
    public static void Append(string path, string text, long maxSize)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        // If two processes rotate at once, the second one moves the new file, and a few lines of the log are lost.
        if (new FileInfo(path) is { Exists: true } file && file.Length > maxSize)
            Move(path, $"{path}.1");
        if (!OperatingSystem.IsWindows())
        {
            if (!File.Exists(path))
                Posix.CreateFile(path);
            // Several processes write to one log. A FileStream writes at the end that it remembers; O_APPEND writes at
            // the actual end.
            Posix.Append(path, bytes);
            return;
        }

        // Windows has no such mode in .NET, so processes write one after the other.
        RetryWhileInUse(() =>
        {
            using var log = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.Read, 1);
            log.Write(bytes, 0, bytes.Length);
        });
    }

    /// <summary>
    /// Takes the lock at this path until the result is disposed. The operating system releases it when the process
    /// ends, so a crashed process never blocks others. Releasing a lock keeps its file: deleting it would let two
    /// processes hold the same lock.
    /// </summary>
    /// <param name="isBusy">True if another process holds the lock. False with a null result means that locks do not
    /// work here, for example on a file system without them.</param>
    /// <returns>Null if the lock was not taken.</returns>
    public static FileStream? TryLock(string path, out bool isBusy)
    {
        // FileStream sets HResult to errno EWOULDBLOCK on Linux and macOS, and to ERROR_SHARING_VIOLATION on Windows.
        const int LinuxWouldBlock = 11, MacWouldBlock = 35, SharingViolation = unchecked((int)0x80070020);
        isBusy = false;
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

    /// <summary>Deletes a file if possible. A file that remains is still accessible to its owner only.</summary>
    public static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The next write replaces it.
        }
    }

    /// <summary>
    /// On Windows, a file that is open cannot be replaced, and one that is being replaced cannot be opened. Both states
    /// are brief, so retry. False if the file is still in use after the timeout.
    /// </summary>
    /// <exception cref="IOException">The file or its folder does not exist.</exception>
    public static bool RetryWhileInUse(Action access) => SpinWait.SpinUntil(
        () =>
        {
            try
            {
                access();
                return true;
            }
            catch (Exception e) when (e is UnauthorizedAccessException
                or (IOException and not (FileNotFoundException or DirectoryNotFoundException)))
            {
                return false;
            }
        },
        RetryTimeout);

    private static void Move(string from, string to)
    {
        if (!(OperatingSystem.IsWindows() ? RetryWhileInUse(() => File.Move(from, to, overwrite: true))
            : Posix.TryRename(from, to)))
        {
            throw new IOException($"cannot replace {to}");
        }
    }
}
