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
        if (OperatingSystem.IsWindows())
        {
            ReplaceOnWindows(path, bytes);
            return;
        }

        var temporary = $"{path}.XXXXXX";
        if (!Posix.TryWriteTemporary(ref temporary, bytes, mode))
            throw new IOException($"cannot write to {Path.GetDirectoryName(path)}: it is read-only, full or missing");
        if (Posix.TryRename(temporary, path))
            return;
        TryDelete(temporary);
        throw CannotReplace(path);
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

    /// <summary>Appends text to a file, creating it if necessary. An existing file of this user gets mode 0600;
    /// anything else that others may have put there is refused.</summary>
    /// <param name="maxSize">In bytes. A larger file is first renamed to FILE.1, replacing the previous one.</param>
    /// <returns>Why nothing was written; null if the text was.</returns>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static string? Append(string path, string text, long maxSize)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        if (!OperatingSystem.IsWindows() && FindOthersAccess(path) is { } refusal)
            return refusal;
        // If two processes rotate at once, the second one moves the new file, and a few lines of the log are lost.
        if (new FileInfo(path) is { Exists: true } file && file.Length > maxSize)
            Move(path, $"{path}.1");
        if (!OperatingSystem.IsWindows())
        {
            if (!File.Exists(path))
                Posix.CreateFile(path);
            // Several processes write to one log. A FileStream writes at the end that it remembers; O_APPEND writes at
            // the actual end.
            return Posix.TryAppend(path, bytes) ? null : "it cannot be written";
        }

        // Windows has no such mode in .NET, so processes write one after the other.
        var isWritten = RetryWhileInUse(() =>
        {
            using var log = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.Read, 1);
            log.Write(bytes, 0, bytes.Length);
        });
        return isWritten ? null : "it cannot be written";
    }

    /// <summary>Why other users may be able to read what is written to an existing path; null if they are
    /// not.</summary>
    private static string? FindOthersAccess(string path)
    {
        if (!Posix.TryGetStatus(path, out var status, out _))
            return null;
        return status.IsLink ? "it is a symbolic link"
            : !status.IsFile ? "it is not a regular file"
            : status.Owner != Posix.EffectiveUser ? "it belongs to another user"
            : status.Permissions == Posix.OwnerOnly || Posix.TrySetMode(path, Posix.OwnerOnly) ? null
            : "its mode cannot be set to 0600";
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

    /// <summary>On Windows a new file has the access control list of its folder.</summary>
    private static void ReplaceOnWindows(string path, byte[] bytes)
    {
        var temporary = $"{path}.{Path.GetRandomFileName()}";
        try
        {
            using (var file = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1))
                file.Write(bytes, 0, bytes.Length);
            Move(temporary, path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            TryDelete(temporary);
            throw;
        }
    }

    private static void Move(string from, string to)
    {
        if (!(OperatingSystem.IsWindows() ? RetryWhileInUse(() => File.Move(from, to, overwrite: true))
            : Posix.TryRename(from, to)))
        {
            throw CannotReplace(to);
        }
    }

    private static IOException CannotReplace(string path) => new($"cannot replace {path}");
}
