namespace CredentialProvider.Configuration;

/// <summary>Where this project's files are. The MSBuild package uses the same source file.</summary>
internal static class KnownPaths
{
    /// <summary>Name of the cache folder below <c>CODEARTIFACT_CACHE_DIR</c> or the user's cache folder.</summary>
    private const string CacheName = "codeartifact-credentials";

    private const string ConfigurationName = "codeartifact.json";

    /// <summary>Always a folder of its own, because its mode is set to 0700.</summary>
    /// <param name="home">Empty for a user without a home directory.</param>
    /// <param name="variable">Reads the environment; null for a variable that is unset or blank.</param>
    /// <returns>Null if the user has no place for a cache.</returns>
    public static string? CacheFolder(string home, Func<string, string?> variable)
    {
        var parent = variable("CODEARTIFACT_CACHE_DIR")
            ?? (variable("XDG_CACHE_HOME") is { } cache && Path.IsPathRooted(cache) ? cache
            : OperatingSystem.IsWindows() ? Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData)
            : home.Length == 0 ? ""
            : OperatingSystem.IsMacOS() ? Path.Combine(home, "Library", "Caches")
            : Path.Combine(home, ".cache"));
        return parent.Length == 0 ? null : Path.Combine(parent, CacheName);
    }

    /// <inheritdoc cref="CacheFolder"/>
    /// <returns>The user's configuration file, whether or not it exists.</returns>
    public static string UserConfigurationFile(string home, Func<string, string?> variable) => Path.Combine(
        variable("XDG_CONFIG_HOME") is { } folder && Path.IsPathRooted(folder) ? folder
            : OperatingSystem.IsWindows() ? Environment.GetFolderPath(Environment.SpecialFolder.ApplicationData)
            : Path.Combine(home, ".config"),
        ConfigurationName);

    /// <summary>The machine's configuration file, whether or not it exists.</summary>
    public static string MachineConfigurationFile => Path.Combine(
        OperatingSystem.IsWindows()
            ? Environment.GetFolderPath(Environment.SpecialFolder.CommonApplicationData) : "/etc",
        CacheName, ConfigurationName);
}
