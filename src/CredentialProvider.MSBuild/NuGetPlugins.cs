using System.Diagnostics;
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
    public const string Unusable = "NuGet cannot use the plugin of the MSBuild package",
        InstallFix = "install the plugin: dotnet msbuild -t:InstallCodeArtifactPlugin";

    private static string EndProcess =>
        (OperatingSystem.IsWindows() ? "taskkill /F /PID " : "kill ") + Process.GetCurrentProcess().Id;

    /// <summary>Runs NuGet's discovery with the package's plugin added, unless NuGet finds an installed one.</summary>
    /// <param name="problem">Why NuGet cannot use the plugin, or null.</param>
    /// <returns>False if NuGet is not loaded in this process yet.</returns>
    public static bool TryOffer(PackagedPlugin plugin, bool isNetFramework, out string? problem)
    {
        try
        {
            var isFound = Offer(plugin, isNetFramework);
            problem = isFound is not false ? null
                : $"{Unusable}: the process that restores had looked for plugins in an earlier build, and looks only once; "
                + $"end it with {EndProcess}, or {InstallFix}";
            return isFound is not null;
        }
        catch (Exception e)
        {
            // The restore may not need the plugin.
            problem = $"{Unusable}: this version of NuGet differs from known ones ({e.Message}); {InstallFix}";
            return true;
        }
    }

    /// <summary>Starts this project's plugin in the background, before NuGet needs it: NuGet's own start waits for it then. A
    /// failure is left to that.</summary>
    public static Task StartAsync() => Task.Run(async () =>
    {
        var nuget = FindNuGets().First();
        var start = GetManager(nuget).GetType().GetMethod("TryGetSourceAgnosticPluginAsync")!;
        var authentication = Enum.Parse(start.GetParameters()[1].ParameterType, "Authentication");
        foreach (var result in Discover(nuget).Where(result => PluginDiscovery.IsPlugin(PathOf(result))))
            await (Task)start.Invoke(GetManager(nuget), [result, authentication, CancellationToken.None])!;
    });

    /// <returns>False if NuGet had run its discovery before and did not find the plugin; null if NuGet is not loaded
    /// yet.</returns>
    private static bool? Offer(PackagedPlugin plugin, bool isNetFramework)
    {
        bool? isFound = null;
        foreach (var nuget in FindNuGets())
            isFound = OfferTo(nuget, plugin, isNetFramework) && isFound is not false;
        return isFound;
    }

    /// <summary>NuGet.Protocol of each NuGet in this process, first that of the one that restores. MSBuild loads each task
    /// assembly into its own load context, with its own NuGet.Protocol and plugin list.</summary>
    private static IEnumerable<Assembly> FindNuGets()
    {
        // The process that restores a static graph is NuGet.Build.Tasks.Console. It loads NuGet's tasks, too.
        string[] names = ["NuGet.Build.Tasks.Console,", "NuGet.Build.Tasks,"];
        var loaded = AppDomain.CurrentDomain.GetAssemblies();
        return names.SelectMany(name => loaded.Where(assembly => assembly.FullName?.StartsWith(name, StringComparison.Ordinal) == true))
            .Select(GetProtocolAssembly);
    }

    private static bool OfferTo(Assembly nuget, PackagedPlugin plugin, bool isNetFramework)
    {
        var discovery = new PluginDiscovery(isNetFramework,
            nuget.GetName().Version >= PluginDiscovery.FirstNuGetWithPathSearch,
            KnownPaths.NuGetHome(
                KnownPaths.Absolute(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile)),
                isNetFramework, Environment.GetEnvironmentVariable),
            Environment.GetEnvironmentVariable, UnixFiles.ModeOf);
        var all = discovery.Find();
        var usable = all.Where(IsUsable).ToList();
        var isInstalled = usable.Exists(file => PluginDiscovery.IsPlugin(file.Path));
        if (isInstalled && usable.Count == all.Count)
            return true;

        // A list of files instead of folders: NuGet neither searches PATH again nor fails at a file that does not exist or that
        // this user cannot start. It replaces the home folder too, so it has to list what is installed there as well.
        var variable = discovery.DecidingVariable ?? PluginDiscovery.SharedVariable;
        var old = Environment.GetEnvironmentVariable(variable);
        var paths = usable.Select(file => file.Path);
        if (!isInstalled)
            paths = paths.Append(discovery.StartsExecutables && plugin.CanBeExecuted ? plugin.Executable : plugin.Assembly);
        Environment.SetEnvironmentVariable(variable, string.Join(discovery.ListSeparator.ToString(), paths));
        try
        {
            // In a process that outlives a build, it may be one that was deleted since.
            return Discover(nuget).Any(result => PluginDiscovery.IsPlugin(PathOf(result)) && File.Exists(PathOf(result)));
        }
        finally
        {
            Environment.SetEnvironmentVariable(variable, old);
        }
    }

    /// <summary>False for a link that leads nowhere, which .NET takes for a file.</summary>
    private static bool IsUsable(PluginFile file) => file.Problem is null
        && (OperatingSystem.IsWindows() || UnixFiles.ModeOf(file.Path) is not null);

    /// <summary>Runs NuGet's discovery, or gets its earlier result.</summary>
    private static IEnumerable<object> Discover(Assembly nuget)
    {
        var search = (Task)GetManager(nuget).GetType().GetMethod("FindAvailablePluginsAsync")!
            .Invoke(GetManager(nuget), [CancellationToken.None])!;
        search.GetAwaiter().GetResult();
        return ((System.Collections.IEnumerable)Get(search, "Result")).Cast<object>();
    }

    private static string PathOf(object result) => (string)Get(Get(result, "PluginFile"), "Path");

    /// <summary>Each SDK has its own NuGet, so its public API is called by reflection.</summary>
    private static object GetManager(Assembly nuget) =>
        nuget.GetType("NuGet.Protocol.Plugins.PluginManager", throwOnError: true)!.GetProperty("Instance")!.GetValue(null)!;

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
}
