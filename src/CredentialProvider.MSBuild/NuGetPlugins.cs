using System.Reflection;
using CredentialProvider.Cli.NuGet;
using CredentialProvider.Configuration;

namespace CredentialProvider.MSBuild;

/// <summary>
/// Makes the NuGet in this process find the package's plugin. NuGet discovers plugins once per process, when a feed
/// first answers 401, and keeps the result. So discovery is run early, with the environment changed only meanwhile.
/// Setting a variable and leaving it would not work: MSBuild gives every project its own environment, and restores a
/// solution in another one.
/// </summary>
internal static class NuGetPlugins
{
    private static readonly string Separator = Path.PathSeparator.ToString();

    /// <summary>Runs NuGet's discovery with the package's plugin added, unless NuGet finds an installed one.</summary>
    /// <returns>False if NuGet had run its discovery before and did not find the plugin.</returns>
    public static bool Offer(PackagedPlugin plugin, bool isNetFramework)
    {
        var isFound = true;
        // MSBuild loads each task assembly into its own load context, with its own NuGet.Protocol and plugin list.
        foreach (var assembly in AppDomain.CurrentDomain.GetAssemblies())
        {
            if (IsRestoreTasks(assembly.FullName ?? ""))
                isFound &= OfferTo(GetProtocolAssembly(assembly), plugin, isNetFramework);
        }

        return isFound;
    }

    private static bool OfferTo(Assembly nuget, PackagedPlugin plugin, bool isNetFramework)
    {
        var discovery = new PluginDiscovery(isNetFramework,
            nuget.GetName().Version >= PluginDiscovery.FirstNuGetWithPathSearch,
            KnownPaths.Absolute(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile)),
            Environment.GetEnvironmentVariable, UnixFiles.ModeOf);
        if (discovery.Find().Any(file => file.Problem is null && PluginDiscovery.IsPlugin(file.Path)))
            return true;

        var variable = discovery.VariableToExtend;
        var old = Environment.GetEnvironmentVariable(variable);
        Environment.SetEnvironmentVariable(variable, string.Join(Separator, PathsWith(plugin, discovery, old)));
        try
        {
            return Discover(nuget);
        }
        finally
        {
            Environment.SetEnvironmentVariable(variable, old);
        }
    }

    private static IEnumerable<string> PathsWith(PackagedPlugin plugin, PluginDiscovery discovery, string? old)
    {
        // A variable that lists files replaces the home folder, so it has to list what is installed there as well.
        var present = !string.IsNullOrEmpty(old) ? [old!]
            : discovery.StartsExecutables ? [] : discovery.InstalledAssemblies();
        return present.Append(!discovery.StartsExecutables ? plugin.Assembly
            : discovery.DecidingVariable is null ? plugin.Folder : plugin.Executable);
    }

    /// <summary>Runs NuGet's discovery, or gets its earlier result.</summary>
    /// <returns>True if this project's plugin is among the results.</returns>
    private static bool Discover(Assembly nuget)
    {
        // Each SDK has its own NuGet, so its public API is called by reflection.
        var manager = nuget.GetType("NuGet.Protocol.Plugins.PluginManager", throwOnError: true)!;
        var instance = manager.GetProperty("Instance")!.GetValue(null);
        var search = (Task)manager.GetMethod("FindAvailablePluginsAsync")!.Invoke(instance, [CancellationToken.None])!;
        search.GetAwaiter().GetResult();
        foreach (var result in (System.Collections.IEnumerable)Get(search, "Result"))
        {
            if (PluginDiscovery.IsPlugin((string)Get(Get(result, "PluginFile"), "Path")))
                return true;
        }

        return false;
    }

    private static object Get(object from, string property) => from.GetType().GetProperty(property)!.GetValue(from)!;

    private static Assembly GetProtocolAssembly(Assembly tasks)
    {
        // Load contexts are not in .NET Standard, and .NET Framework has none.
        if (Type.GetType("System.Runtime.Loader.AssemblyLoadContext, System.Runtime.Loader") is not { } contexts)
            return Assembly.LoadFrom(Path.Combine(Path.GetDirectoryName(tasks.Location)!, "NuGet.Protocol.dll"));
        var context = contexts.GetMethod("GetLoadContext")!.Invoke(null, [tasks]);
        var load = contexts.GetMethod("LoadFromAssemblyName")!;
        return (Assembly)load.Invoke(context, [new AssemblyName("NuGet.Protocol")])!;
    }

    /// <summary>NuGet.Build.Tasks.Console is the process that restores a static graph.</summary>
    private static bool IsRestoreTasks(string assembly) =>
        assembly.StartsWith("NuGet.Build.Tasks,", StringComparison.Ordinal)
            || assembly.StartsWith("NuGet.Build.Tasks.Console,", StringComparison.Ordinal);
}
