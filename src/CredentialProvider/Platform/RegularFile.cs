using CredentialProvider.FastStart;

namespace CredentialProvider.Platform;

/// <summary>Distinguishes regular files from what else can be opened: reading a FIFO or a terminal waits until another process
/// writes, and reading /dev/zero never ends.</summary>
internal static class RegularFile
{
    /// <summary>False for a path that does not exist, a folder, a FIFO, a device and a socket. Symbolic links are
    /// followed. A path that begins with <c>~/</c> would be in a home directory, and there is none.</summary>
    public static bool Is(string path) =>
        !LacksHome(path) && (OperatingSystem.IsWindows() ? File.Exists(path)
            : Posix.TryGetStatus(path, out var status, out var isSupported, followsLinks: true) ? status.IsFile
            : !isSupported && File.Exists(path));

    /// <summary>True for something that exists and is neither a file nor a folder.</summary>
    public static bool IsSpecial(string path) => !OperatingSystem.IsWindows() && !LacksHome(path)
        && Posix.TryGetStatus(path, out var status, out _, followsLinks: true) && !status.IsFile && !status.IsFolder;

    /// <summary>Reads a file; null if it cannot be read, is not a regular file, or has more than
    /// <paramref name="maxSize"/> bytes.</summary>
    public static byte[]? TryRead(string path, int maxSize)
    {
        if (!OperatingSystem.IsWindows())
            return Posix.TryRead(path, maxSize);
        try
        {
            using var file = new FileStream(
                path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1);
            if (file.Length > maxSize)
                return null;
            var bytes = new MemoryStream();
            file.CopyTo(bytes);
            return bytes.ToArray();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException
            or NotSupportedException)
        {
            return null;
        }
    }

    /// <summary>In bytes, of a file with a token.</summary>
    public const int MaxTokenSize = 64 * 1024;

    /// <summary>A hash of a file with a token, which tells one caller from another; null if it cannot be read.</summary>
    public static string? TryHashToken(string path) =>
        TryRead(path, MaxTokenSize) is { } bytes ? Fnv1a.Hash(Convert.ToBase64String(bytes)) : null;

    /// <summary>Why <see cref="TryRead"/> returned null.</summary>
    public static string WhyUnreadable(string path, int maxSize) => Directory.Exists(path) ? "it is a folder"
        : IsSpecial(path) ? "it is not a regular file"
        : !(OperatingSystem.IsWindows() ? File.Exists(path) : Posix.Exists(path)) ? "it does not exist"
        : new FileInfo(path) is { Exists: true, Length: var size } && size > maxSize ? $"it has more than {maxSize} bytes"
        : "this user may not read it";

    private static bool LacksHome(string path) => path.StartsWith("~/", StringComparison.Ordinal);
}
