using System.CommandLine;
using System.Text;
using CredentialProvider.Platform;

namespace CredentialProvider.Cli;

/// <summary>The file that a command writes its result to instead of stdout.</summary>
internal static class OutputFile
{
    public static Option<string?> Option() =>
        SharedOptions.Value("--output", "FILE", "Write to a file that only its owner can read (mode 0600)");

    /// <summary>Creates or replaces a file. A device or FIFO is written to, not replaced, unless it belongs to another
    /// user, who could read what is written.</summary>
    /// <param name="what">The content, for the error.</param>
    /// <returns>False for a device, FIFO or open descriptor, which others may be able to read.</returns>
    /// <exception cref="CommandFailedException">It cannot be written.</exception>
    public static bool Write(string file, string what, string text)
    {
        try
        {
            var (path, bytes) = (Path.GetFullPath(file), Encoding.UTF8.GetBytes(text));
            var isOpen = IsOpen(path);
            if (isOpen || RegularFile.IsSpecial(path))
            {
                if (!isOpen && Posix.IsOfOthers(path))
                    throw new IOException($"{file} belongs to another user, who could read what is written to it");
                if (!Posix.TryWriteInto(path, bytes, ofOthers: isOpen))
                    throw new IOException($"{file} cannot be written");
                return false;
            }

            OwnerOnlyFile.Replace(path, bytes);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandFailedException($"{what} not written: {e.Message.TrimEnd('.')}; choose another --output");
        }
    }

    /// <summary>True for a path that names an open descriptor, such as /dev/stdout. The caller chose what is behind it,
    /// so its owner does not matter.</summary>
    private static bool IsOpen(string path) => !OperatingSystem.IsWindows()
        && (path is "/dev/stdout" or "/dev/stderr" || path.StartsWith("/dev/fd/", StringComparison.Ordinal)
            || path.StartsWith("/proc/", StringComparison.Ordinal));
}
