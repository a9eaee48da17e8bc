using System.Runtime.InteropServices;
using CredentialProvider.Cli.NuGet;

namespace CredentialProvider.MSBuild;

/// <summary>The build of the plugin in this package that runs on this machine.</summary>
/// <param name="Folder">Contains <see cref="Executable"/> and nothing else, so that NuGet can find it on PATH.</param>
/// <param name="Assembly">The build for NuGet before 6.13, which starts a <c>.dll</c> with dotnet and an <c>.exe</c>
/// directly.</param>
internal sealed record PackagedPlugin(string Folder, string Assembly)
{
    /// <summary>The C library that the native executable is linked against.</summary>
    private static readonly Version MinLibraryVersion = new(2, 34);

    /// <summary>The native executable, or a script that starts the build for the installed runtime.</summary>
    public string Executable => Path.Combine(
        Folder, OperatingSystem.IsWindows() ? $"{PluginDiscovery.CommandName}.bat" : PluginDiscovery.CommandName);

    /// <summary>False for a user who shares the package folder with the one that extracted it (NuGet leaves mode 0744), for a
    /// package that was unzipped, and on a file system that is mounted noexec. dotnet can still run the
    /// <see cref="Assembly"/>.</summary>
    public bool CanBeExecuted => OperatingSystem.IsWindows() || UnixFiles.MayBeExecuted(Executable);

    /// <param name="tools">The package's <c>tools</c> folder.</param>
    /// <param name="isNetFramework">True in Visual Studio's MSBuild.</param>
    public static PackagedPlugin Find(string tools, bool isNetFramework)
    {
        const string Name = PluginDiscovery.PluginName;
        // NuGet prints the path in its logs, so it should not contain "..".
        tools = Path.GetFullPath(tools);
        var native = Path.Combine(tools, $"linux-{RuntimeInformation.OSArchitecture.ToString().ToLowerInvariant()}");
        return new PackagedPlugin(
            OperatingSystem.IsWindows() ? Path.Combine(tools, "windows")
                : Directory.Exists(native) && HasLibrary() ? native : Path.Combine(tools, "unix"),
            isNetFramework ? Path.Combine(tools, "plugins", "netfx", Name, $"{Name}.exe")
                : Path.Combine(tools, "plugins", "netcore", Name, $"{Name}.dll"));
    }

    private static bool HasLibrary()
    {
        try
        {
            return Version.TryParse(Marshal.PtrToStringAnsi(GetLibraryVersion()), out var version)
                && version >= MinLibraryVersion;
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            // musl or macOS.
            return false;
        }
    }

    [DllImport("libc", EntryPoint = "gnu_get_libc_version")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern IntPtr GetLibraryVersion();
}
