using System.Runtime.InteropServices;

namespace CredentialProvider.MSBuild;

/// <summary>The build of the plugin that this package carries for this machine.</summary>
/// <param name="Folder">Where nuget-plugin-codeartifact lies, alone, as NuGet looks for it on PATH.</param>
/// <param name="Assembly">The same plugin for NuGet before 6.13, which starts a .dll with dotnet and an .exe
/// itself.</param>
internal sealed record CarriedProgram(string Folder, string Assembly)
{
    private const string Name = "CredentialProvider.CodeArtifact";

    /// <summary>The C library that the native program wants.</summary>
    private static readonly Version OldestLibrary = new(2, 34);

    /// <summary>The file in <see cref="Folder"/>.</summary>
    public string File =>
        Path.Combine(Folder, IsWindows ? "nuget-plugin-codeartifact.bat" : "nuget-plugin-codeartifact");

    private static bool IsWindows { get; } = RuntimeInformation.IsOSPlatform(OSPlatform.Windows);

    /// <param name="tools">The package's folder tools.</param>
    /// <param name="isNetFramework">The MSBuild that runs is Visual Studio's.</param>
    public static CarriedProgram In(string tools, bool isNetFramework)
    {
        // As NuGet tells it in its logs.
        tools = Path.GetFullPath(tools);
        var native = Path.Combine(tools, $"linux-{RuntimeInformation.OSArchitecture.ToString().ToLowerInvariant()}");
        return new CarriedProgram(
            IsWindows ? Path.Combine(tools, "windows")
                : Directory.Exists(native) && HasLibrary() ? native : Path.Combine(tools, "unix"),
            isNetFramework ? Path.Combine(tools, "plugins", "netfx", Name, $"{Name}.exe")
                : Path.Combine(tools, "plugins", "netcore", Name, $"{Name}.dll"));
    }

    private static bool HasLibrary()
    {
        try
        {
            return Version.TryParse(Marshal.PtrToStringAnsi(GetLibraryVersion()), out var version)
                && version >= OldestLibrary;
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            // musl, macOS.
            return false;
        }
    }

    [DllImport("libc", EntryPoint = "gnu_get_libc_version")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern IntPtr GetLibraryVersion();
}
