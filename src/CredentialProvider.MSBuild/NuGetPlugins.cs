using System.Reflection;

namespace CredentialProvider.MSBuild;

/// <summary>
/// The plugins that the NuGet of this process uses. It looks for them once, when a feed first answers 401, and what it
/// has found counts for the whole process. So that is brought forward, with this package's plugin in the environment;
/// the environment itself stays as it was. Setting a variable alone would not do: MSBuild gives every project its own
/// environment, and a solution's restore is not in ours.
/// </summary>
internal static class NuGetPlugins
{
    private const string NetCorePaths = "NUGET_NETCORE_PLUGIN_PATHS", NetFxPaths = "NUGET_NETFX_PLUGIN_PATHS",
        AnyPaths = "NUGET_PLUGIN_PATHS", SearchPath = "PATH", Native = "nuget-plugin-codeartifact";

    /// <summary>From here on NuGet looks on PATH, too.</summary>
    private static readonly Version FirstWithSearchPath = new(6, 13);

    /// <summary>Makes NuGet find the plugin, where it does not find one of this project anyway.</summary>
    /// <returns>False where it had looked before; its plugins stay as they are.</returns>
    public static bool Offer(CarriedProgram program, bool isNetFramework)
    {
        var isOffered = true;
        // MSBuild loads each assembly of tasks in a context of its own, with a NuGet.Protocol and plugins of its own.
        foreach (var assembly in AppDomain.CurrentDomain.GetAssemblies())
        {
            if (IsTasks(assembly.FullName ?? ""))
                isOffered &= OfferTo(ProtocolBeside(assembly), program, isNetFramework);
        }

        return isOffered;
    }

    private static bool OfferTo(Assembly nuget, CarriedProgram program, bool isNetFramework)
    {
        var (variable, own) = PlaceFor(nuget.GetName().Version!, program, isNetFramework);
        var old = Environment.GetEnvironmentVariable(variable) ?? "";
        var places = new List<string>(old.Split([Path.PathSeparator], StringSplitOptions.RemoveEmptyEntries));
        // Where no variable names files, those below the home count.
        if (variable == SearchPath || old.Length == 0)
        {
            var home = Plugins(isNetFramework ? "netfx" : "netcore");
            if (home.Exists(IsOurs))
                return true;
            if (variable != SearchPath)
                places = home;
        }

        if (places.Exists(place => IsOurs(place) || Holds(place)))
            return true;

        places.Add(own);
        Environment.SetEnvironmentVariable(variable, string.Join(Path.PathSeparator.ToString(), places));
        try
        {
            return IsFound(nuget);
        }
        finally
        {
            Environment.SetEnvironmentVariable(variable, old.Length == 0 ? null : old);
        }
    }

    /// <summary>The variable that this NuGet reads, and what to add to it. NuGet.Client's PluginDiscoverer has the
    /// order.</summary>
    private static (string Variable, string Own) PlaceFor(Version nuget, CarriedProgram program, bool isNetFramework)
    {
        var files = isNetFramework ? NetFxPaths : NetCorePaths;
        if (IsSet(files))
            return (files, program.Assembly);
        if (nuget < FirstWithSearchPath)
            return (AnyPaths, program.Assembly);
        return IsSet(AnyPaths) ? (AnyPaths, program.File) : (SearchPath, program.Folder);
    }

    /// <summary>NuGet looks, unless it has before.</summary>
    private static bool IsFound(Assembly nuget)
    {
        var manager = nuget.GetType("NuGet.Protocol.Plugins.PluginManager", throwOnError: true)!;
        var instance = manager.GetProperty("Instance")!.GetValue(null);
        var looking = (Task)manager.GetMethod("FindAvailablePluginsAsync")!.Invoke(instance, [CancellationToken.None])!;
        looking.GetAwaiter().GetResult();
        foreach (var result in (System.Collections.IEnumerable)Get(looking, "Result"))
        {
            if (IsOurs((string)Get(Get(result, "PluginFile"), "Path")))
                return true;
        }

        return false;
    }

    private static object Get(object from, string property) => from.GetType().GetProperty(property)!.GetValue(from)!;

    private static Assembly ProtocolBeside(Assembly tasks)
    {
        // Not in .NET Standard, and not in .NET Framework at all.
        if (Type.GetType("System.Runtime.Loader.AssemblyLoadContext, System.Runtime.Loader") is not { } contexts)
            return Assembly.LoadFrom(Path.Combine(Path.GetDirectoryName(tasks.Location)!, "NuGet.Protocol.dll"));
        var context = contexts.GetMethod("GetLoadContext")!.Invoke(null, [tasks]);
        var load = contexts.GetMethod("LoadFromAssemblyName")!;
        return (Assembly)load.Invoke(context, [new AssemblyName("NuGet.Protocol")])!;
    }

    /// <summary>~/.nuget/plugins/KIND/NAME/NAME.dll (netfx: .exe).</summary>
    private static List<string> Plugins(string kind)
    {
        var plugins = new List<string>();
        var folder = Path.Combine(
            Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "plugins", kind);
        if (!Directory.Exists(folder))
            return plugins;
        foreach (var plugin in Directory.GetDirectories(folder))
        {
            var file = Path.Combine(plugin, Path.GetFileName(plugin) + (kind == "netfx" ? ".exe" : ".dll"));
            if (File.Exists(file))
                plugins.Add(file);
        }

        return plugins;
    }

    /// <summary>The second restores a static graph, in a process of its own.</summary>
    private static bool IsTasks(string assembly) => assembly.StartsWith("NuGet.Build.Tasks,", StringComparison.Ordinal)
        || assembly.StartsWith("NuGet.Build.Tasks.Console,", StringComparison.Ordinal);

    private static bool Holds(string folder) => File.Exists(Path.Combine(folder, Native))
        || File.Exists(Path.Combine(folder, $"{Native}.exe")) || File.Exists(Path.Combine(folder, $"{Native}.bat"));

    private static bool IsOurs(string path) =>
        Path.GetFileNameWithoutExtension(path) is Native or "CredentialProvider.CodeArtifact";

    private static bool IsSet(string variable) => !string.IsNullOrEmpty(Environment.GetEnvironmentVariable(variable));
}
