namespace CredentialProvider.Configuration;

/// <summary>Where this project's files are. The MSBuild package uses the same source file.</summary>
internal static class KnownPaths
{
    /// <summary>Name of the cache folder below <c>CODEARTIFACT_CACHE_DIR</c> or the user's cache folder.</summary>
    private const string CacheName = "codeartifact-credentials";

    private const string ConfigurationName = "codeartifact.json";

    /// <summary>Always a folder of its own, because its mode is set to 0700.</summary>
    /// <param name="home">Null for a user without a home directory.</param>
    /// <param name="variable">Reads the environment; null for a variable that is unset or blank.</param>
    /// <returns>Null if the user has no place for a cache.</returns>
    public static string? CacheFolder(string? home, Func<string, string?> variable)
    {
        if ("off".Equals(variable("CODEARTIFACT_CACHE"), StringComparison.OrdinalIgnoreCase))
            return null;
        var parent = variable("CODEARTIFACT_CACHE_DIR") ?? Absolute(variable("XDG_CACHE_HOME"))
            ?? (OperatingSystem.IsWindows() ? WindowsFolder(Environment.SpecialFolder.LocalApplicationData)
            : home is null ? null
            : OperatingSystem.IsMacOS() ? Path.Combine(home, "Library", "Caches")
            : Path.Combine(home, ".cache"));
        return parent is null ? null : Path.Combine(parent, CacheName);
    }

    /// <inheritdoc cref="CacheFolder"/>
    /// <returns>The user's configuration file, whether or not it exists; null if the user has no place for one.</returns>
    public static string? UserConfigurationFile(string? home, Func<string, string?> variable)
    {
        var folder = Absolute(variable("XDG_CONFIG_HOME"))
            ?? (OperatingSystem.IsWindows() ? WindowsFolder(Environment.SpecialFolder.ApplicationData)
            : home is null ? null : Path.Combine(home, ".config"));
        return folder is null ? null : Path.Combine(folder, ConfigurationName);
    }

    /// <summary>The folder that contains <c>.nuget</c>, whether or not it exists. NuGet on .NET prefers DOTNET_CLI_HOME to
    /// the home directory; NuGet on .NET Framework, which includes mono, does not read it.</summary>
    /// <param name="home">Null for a user without a home directory.</param>
    /// <param name="isNetFramework">True for nuget.exe, msbuild.exe and Visual Studio; false for dotnet.</param>
    /// <param name="variable">Reads the environment; null for a variable that is unset.</param>
    /// <returns>Null if the user has no such folder.</returns>
    public static string? NuGetHome(string? home, bool isNetFramework, Func<string, string?> variable) =>
        (isNetFramework ? null : Absolute(variable(DotnetHome))) ?? home;

    /// <summary>The variable that gives dotnet another home directory.</summary>
    public const string DotnetHome = "DOTNET_CLI_HOME";

    /// <summary>Null for a path that depends on the working directory, which may be a cloned repository. The
    /// XDG specification has relative paths ignored too.</summary>
    public static string? Absolute(string? path) => path is null ? null
        : OperatingSystem.IsWindows()
            ? path.StartsWith(@"\\", StringComparison.Ordinal)
                || (path.Length > 2 && path[1] == ':' && path[2] is '\\' or '/') ? path : null
        : path.Length > 0 && path[0] == '/' ? path : null;

    /// <summary>Why a relative path is refused, as the end of a sentence.</summary>
    public const string WhyNotRelative =
        "is not an absolute path; one in the working directory may belong to a cloned repository";

    /// <summary>True for a path that depends on the working directory. On Windows, one that begins with a slash depends on
    /// the drive alone.</summary>
    public static bool IsRelative(string path) =>
        Absolute(path) is null && !(OperatingSystem.IsWindows() && path[0] is '/' or '\\');

    /// <summary>Null for an account without a profile, such as that of some services.</summary>
    public static string? WindowsFolder(Environment.SpecialFolder folder) =>
        Absolute(Environment.GetFolderPath(folder));

    /// <summary>The machine's configuration file, whether or not it exists.</summary>
    public static string MachineConfigurationFile => Path.Combine(
        OperatingSystem.IsWindows()
            ? Environment.GetFolderPath(Environment.SpecialFolder.CommonApplicationData) : "/etc",
        CacheName, ConfigurationName);
}
