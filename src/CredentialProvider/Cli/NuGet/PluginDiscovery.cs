namespace CredentialProvider.Cli.NuGet;

/// <summary>
/// Where a version of NuGet looks for plugins, by the rules of NuGet.Client's PluginDiscoverer. The MSBuild package
/// uses the same source file.
/// </summary>
/// <param name="isNetFramework">True for nuget.exe, msbuild.exe and Visual Studio; false for dotnet.</param>
/// <param name="searchesPath">True from <see cref="FirstNuGetWithPathSearch"/> on: NuGet starts executables named
/// <c>nuget-plugin-*</c> and searches PATH for them. Earlier versions start only <c>.dll</c> (dotnet) or <c>.exe</c>
/// files, and ignore PATH.</param>
/// <param name="home">The folder that contains <c>.nuget/plugins</c>.</param>
/// <param name="variable">Reads the environment; null or empty for a variable that is unset.</param>
internal sealed class PluginDiscovery(
    bool isNetFramework, bool searchesPath, string home, Func<string, string?> variable)
{
    /// <summary>Plugins for all clients: files, and from NuGet 6.13 on also folders.</summary>
    public const string SharedVariable = "NUGET_PLUGIN_PATHS";

    /// <summary>File name of this project's executable, without an extension.</summary>
    public const string CommandName = "nuget-plugin-codeartifact";

    /// <summary>Name of this project's folder in <c>~/.nuget/plugins/netcore</c> and <c>netfx</c>, and of the assembly
    /// in it.</summary>
    public const string PluginName = "CredentialProvider.CodeArtifact";

    private const string PathVariable = "PATH";

    public static Version FirstNuGetWithPathSearch { get; } = new(6, 13);

    /// <summary>The first .NET SDK with <see cref="FirstNuGetWithPathSearch"/>.</summary>
    public static Version FirstSdkWithPathSearch { get; } = new(9, 0, 200);

    /// <summary>File name of the native executable.</summary>
    public static string ExecutableName { get; } = OperatingSystem.IsWindows() ? $"{CommandName}.exe" : CommandName;

    /// <summary>On Windows NuGet also starts batch files.</summary>
    private static readonly string[] ExecutableNames =
        OperatingSystem.IsWindows() ? [ExecutableName, $"{CommandName}.bat"] : [ExecutableName];

    private readonly string _kind = isNetFramework ? "netfx" : "netcore", _extension = isNetFramework ? ".exe" : ".dll";

    /// <summary>The variable whose paths replace all other locations; null if none is set.</summary>
    public string? DecidingVariable
    {
        get
        {
            var own = isNetFramework ? "NUGET_NETFX_PLUGIN_PATHS" : "NUGET_NETCORE_PLUGIN_PATHS";
            return IsSet(own) ? own : IsSet(SharedVariable) ? SharedVariable : null;
        }
    }

    /// <summary>The variable to append a path to so that NuGet finds one more plugin: <see cref="DecidingVariable"/>,
    /// else PATH, or NUGET_PLUGIN_PATHS before NuGet 6.13.</summary>
    public string VariableToExtend => DecidingVariable ?? (searchesPath ? PathVariable : SharedVariable);

    /// <summary>True if NuGet starts executables from the locations in use, and not only assemblies.</summary>
    public bool StartsExecutables => searchesPath && DecidingVariable is null or SharedVariable;

    /// <summary>File name of the build that NuGet starts from the locations in use.</summary>
    public string FileName => StartsExecutables ? ExecutableName : PluginName + _extension;

    /// <summary>Every path at which NuGet would find this project's plugin, in NuGet's order. They need not
    /// exist.</summary>
    public IEnumerable<string> CandidatePaths()
    {
        if (DecidingVariable is null)
            yield return InstalledAssembly(PluginName);
        foreach (var path in Split(VariableToExtend))
        {
            if (IsPlugin(path) && (StartsExecutables || Path.GetExtension(path) == _extension))
                yield return path;
            if (!StartsExecutables)
                continue;
            foreach (var name in ExecutableNames)
                yield return Path.Combine(path, name);
        }
    }

    /// <summary>The assemblies that exist as <c>~/.nuget/plugins/KIND/NAME/NAME.dll</c> (.NET Framework:
    /// <c>.exe</c>).</summary>
    public IEnumerable<string> InstalledAssemblies()
    {
        var folder = Path.Combine(home, ".nuget", "plugins", _kind);
        return Directory.Exists(folder)
            ? Directory.GetDirectories(folder).Select(plugin => InstalledAssembly(Path.GetFileName(plugin)))
                .Where(File.Exists)
            : [];
    }

    /// <summary>True for the file name of one of this project's builds, in any folder.</summary>
    public static bool IsPlugin(string path) =>
        Array.IndexOf(ExecutableNames, Path.GetFileName(path)) >= 0
            || Path.GetFileNameWithoutExtension(path) == PluginName;

    private string InstalledAssembly(string name) =>
        Path.Combine(home, ".nuget", "plugins", _kind, name, name + _extension);

    private string[] Split(string list) =>
        (variable(list) ?? "").Split([Path.PathSeparator], StringSplitOptions.RemoveEmptyEntries);

    private bool IsSet(string name) => !string.IsNullOrEmpty(variable(name));
}
