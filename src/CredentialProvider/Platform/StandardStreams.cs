using Microsoft.Win32.SafeHandles;

namespace CredentialProvider.Platform;

/// <summary>
/// Standard input and output as pipes. On Unix, Console would first set up a terminal, with a thread and signal
/// handlers, although the plugin protocol never runs on a terminal.
/// </summary>
internal static class StandardStreams
{
    public static Stream OpenInput() =>
        OperatingSystem.IsWindows() ? Windows.OpenInput() : Pipe(0, FileAccess.Read);

    public static Stream OpenOutput() =>
        OperatingSystem.IsWindows() ? Windows.OpenOutput() : Pipe(1, FileAccess.Write);

    private static FileStream Pipe(int descriptor, FileAccess access) =>
        new(new SafeFileHandle((nint)descriptor, ownsHandle: false), access, bufferSize: 1);

    /// <summary>A separate type, so that System.Console is loaded on Windows only: .NET loads the assemblies that a
    /// method uses when it compiles the method.</summary>
    private static class Windows
    {
        public static Stream OpenInput() => Console.OpenStandardInput();

        public static Stream OpenOutput() => Console.OpenStandardOutput();
    }
}
