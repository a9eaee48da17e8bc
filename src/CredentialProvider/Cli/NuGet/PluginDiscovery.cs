namespace CredentialProvider.Cli.NuGet;

/// <summary>A plugin that NuGet starts for a feed that answers 401.</summary>
/// <param name="NeedsDotnet">Started as <c>dotnet PATH -Plugin</c>; otherwise as <c>PATH -Plugin</c>.</param>
/// <param name="Problem">Why NuGet will not even try, such as "does not exist"; null if it starts the file. A restore fails
/// at such a plugin unless an earlier one had credentials.</param>
internal sealed record PluginFile(string Path, bool NeedsDotnet, string? Problem = null)
{
    /// <summary>True for a file that ends NuGet's search with an exception: NuGet then finds no plugin at all.</summary>
    public bool HidesOthers { get; init; }
}

/// <summary>
/// Where a version of NuGet looks for plugins, by the rules of NuGet.Client's PluginDiscoverer. The MSBuild package
/// uses the same source file.
/// </summary>
/// <param name="isNetFramework">True for nuget.exe, msbuild.exe and Visual Studio; false for dotnet.</param>
/// <param name="searchesPath">True from <see cref="FirstNuGetWithPathSearch"/> on: NuGet starts executables named
/// <c>nuget-plugin-*</c> and searches PATH for them. Earlier versions start only <c>.dll</c> (dotnet) or <c>.exe</c>
/// files, and ignore PATH.</param>
/// <param name="home">The folder that contains <c>.nuget/plugins</c>, as <see cref="Configuration.KnownPaths.NuGetHome"/>
/// returns it; null for a user without one.</param>
/// <param name="variable">Reads the environment; null or empty for a variable that is unset.</param>
/// <param name="modeOf">The permission bits of a file, after following links; null if the link leads nowhere. Not asked on
/// Windows.</param>
internal sealed class PluginDiscovery(bool isNetFramework, bool searchesPath, string? home,
    Func<string, string?> variable, Func<string, int?> modeOf)
{
    /// <summary>Plugins for all clients: files, and from NuGet 6.13 on also folders.</summary>
    public const string SharedVariable = "NUGET_PLUGIN_PATHS";

    /// <summary>File name of this project's executable, without an extension.</summary>
    public const string CommandName = "nuget-plugin-codeartifact";

    /// <summary>Name of this project's folder in <c>~/.nuget/plugins/netcore</c> and <c>netfx</c>, and of the assembly
    /// in it.</summary>
    public const string PluginName = "CredentialProvider.CodeArtifact";

    private const string PathVariable = "PATH", ExecutablePrefix = "nuget-plugin-";

    internal const int ExecuteBits = 0x49; // 0111

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

    /// <summary>True if NuGet starts executables from the locations in use, and not only assemblies.</summary>
    public bool StartsExecutables => searchesPath && DecidingVariable is null or SharedVariable;

    /// <summary>File name of the build that NuGet starts from the locations in use.</summary>
    public string FileName => StartsExecutables ? ExecutableName : PluginName + _extension;

    /// <summary>What separates the paths in <see cref="DecidingVariable"/>.</summary>
    public char ListSeparator => searchesPath ? Path.PathSeparator : ';';

    /// <summary>The plugins that NuGet starts, in its order, until one has credentials.</summary>
    public IReadOnlyList<PluginFile> Find()
    {
        if (DecidingVariable is { } deciding)
        {
            return [.. Split(deciding, ListSeparator)
                .SelectMany(path => searchesPath && deciding == SharedVariable ? FilesAt(path) : [FileAt(path)])];
        }

        var installed = InstalledAssemblies().Select(path => new PluginFile(path, !isNetFramework));
        var folders = searchesPath ? Split(PathVariable, Path.PathSeparator).Where(Path.IsPathRooted) : [];
        return [.. installed, .. folders.SelectMany(ExecutablesIn)];
    }

    /// <summary>What NuGet makes of a path in NUGET_PLUGIN_PATHS: any number of plugins.</summary>
    private IEnumerable<PluginFile> FilesAt(string path)
    {
        if (!Path.IsPathRooted(path))
            return [FileAt(path)];
        if (!File.Exists(path))
            return ExecutablesIn(path);
        var isNamedLikeTool = Path.GetFileName(path).StartsWith(ExecutablePrefix, StringComparison.OrdinalIgnoreCase);
        return [(isNamedLikeTool ? Executable(path) : null) ?? FileAt(path)];
    }

    private PluginFile FileAt(string path) => new(path, !isNetFramework,
        !Path.IsPathRooted(path) ? "is not an absolute path" : File.Exists(path) ? null : "does not exist");

    private IEnumerable<PluginFile> ExecutablesIn(string folder)
    {
        try
        {
            return Directory.Exists(folder)
                ? Directory.GetFiles(folder, $"{ExecutablePrefix}*").Select(Executable).OfType<PluginFile>() : [];
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            // A folder on PATH that this user may not read.
            return [];
        }
    }

    /// <returns>Null for a file that NuGet ignores.</returns>
    private PluginFile? Executable(string path)
    {
        if (OperatingSystem.IsWindows())
            return Path.GetExtension(path).ToUpperInvariant() is ".EXE" or ".BAT" ? new PluginFile(path, NeedsDotnet: false) : null;
        if (modeOf(path) is { } mode)
            return (mode & ExecuteBits) != 0 ? new PluginFile(path, NeedsDotnet: false) : null;
        // In dotnet, NuGet reads the mode of the link's target, which throws.
        return isNetFramework ? null
            : new PluginFile(path, NeedsDotnet: false, "is a link to a file that does not exist") { HidesOthers = true };
    }

    /// <summary>The assemblies that exist as <c>~/.nuget/plugins/KIND/NAME/NAME.dll</c> (.NET Framework:
    /// <c>.exe</c>).</summary>
    public IEnumerable<string> InstalledAssemblies()
    {
        if (home is null)
            return [];
        var folder = Path.Combine(home, ".nuget", "plugins", _kind);
        return Directory.Exists(folder)
            ? Directory.GetDirectories(folder).Select(plugin => InstalledAssembly(home, Path.GetFileName(plugin)))
                .Where(File.Exists)
            : [];
    }

    /// <summary>True for the file name of one of this project's builds, in any folder.</summary>
    public static bool IsPlugin(string path) =>
        Array.IndexOf(ExecutableNames, Path.GetFileName(path)) >= 0
            || Path.GetFileNameWithoutExtension(path) == PluginName;

    private string InstalledAssembly(string parent, string name) =>
        Path.Combine(parent, ".nuget", "plugins", _kind, name, name + _extension);

    private string[] Split(string list, char separator) =>
        (variable(list) ?? "").Split([separator], StringSplitOptions.RemoveEmptyEntries);

    private bool IsSet(string name) => !string.IsNullOrEmpty(variable(name));
}
