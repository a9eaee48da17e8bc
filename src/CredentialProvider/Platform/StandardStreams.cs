using Microsoft.Win32.SafeHandles;

namespace CredentialProvider.Platform;

/// <summary>
/// Standard input and output as plain pipes. On Unix, Console would set up a terminal first: a thread, signal
/// handlers and a millisecond for what is never a terminal.
/// </summary>
internal static class StandardStreams
{
    public static Stream OpenInput() =>
        OperatingSystem.IsWindows() ? Windows.OpenInput() : Pipe(0, FileAccess.Read);

    public static Stream OpenOutput() =>
        OperatingSystem.IsWindows() ? Windows.OpenOutput() : Pipe(1, FileAccess.Write);

    private static FileStream Pipe(int descriptor, FileAccess access) =>
        new(new SafeFileHandle((nint)descriptor, ownsHandle: false), access, bufferSize: 1);

    /// <summary>Apart, since .NET loads the assemblies that a method names when it compiles it.</summary>
    private static class Windows
    {
        public static Stream OpenInput() => Console.OpenStandardInput();

        public static Stream OpenOutput() => Console.OpenStandardOutput();
    }
}
