namespace CredentialProvider.Platform;

/// <summary>Tells files from what can be opened like one: reading a FIFO or a terminal waits until another process
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

    private static bool LacksHome(string path) => path.StartsWith("~/", StringComparison.Ordinal);
}
