using System.Reflection;

namespace CredentialProvider.Platform;

/// <summary>The running program, for the log and support files, and to start it again.</summary>
internal static class ThisProgram
{
    /// <summary>The executable; the assembly if dotnet or mono runs it.</summary>
    public static string Path { get; } = FindPath();

    /// <summary>The host that runs the assembly; null for an executable.</summary>
    public static string? Host => IsHost(Environment.ProcessPath) ? Environment.ProcessPath : null;

    /// <summary>As <c>--version</c> prints it.</summary>
    public static string Version { get; } = typeof(ThisProgram).Assembly
        .GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    private static string FindPath() => IsHost(Environment.ProcessPath)
        ? System.IO.Path.GetFullPath(Environment.GetCommandLineArgs()[0]) : Environment.ProcessPath ?? "unknown";

    private static bool IsHost(string? program) =>
        System.IO.Path.GetFileNameWithoutExtension(program) is "dotnet" or "mono" or "mono-sgen" or "mono-sgen64";
}
