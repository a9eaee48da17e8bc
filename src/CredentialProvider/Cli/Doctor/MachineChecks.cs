using CredentialProvider.Platform;
using CredentialProvider.Tokens;

namespace CredentialProvider.Cli.Doctor;

/// <summary>What concerns all sources: settings, where clients find the plugin, the cache.</summary>
internal sealed class MachineChecks(Settings settings, TokenCache cache)
{
    private const int FolderMode = 0x1C0, FileMode = 0x180, PermissionMask = 0x1FF; // 0700, 0600, 0777

    public IEnumerable<Finding> Run() => [.. CheckSettings(), .. CheckPlugin(), .. CheckCache()];

    private IEnumerable<Finding> CheckSettings()
    {
        var file = settings.Configuration;
        var problems = new[] { settings.Problem, file.Problem }.Concat(file.Rules.Select(rule => rule.Problem))
            .Concat(file.Hosts.Select(host => host.Problem)).OfType<string>().ToList();
        foreach (var problem in problems)
            yield return Finding.Fail(Checks.Settings, $"{ErrorCode.Setting}: {problem}", "correct or unset it");
        if (problems.Count == 0)
            yield return Finding.Ok(Checks.Settings,
                settings.ConfigurationPath is { } path ? $"{path} and the environment have nothing wrong"
                : "no configuration file, and the environment has nothing wrong");
    }

    private IEnumerable<Finding> CheckPlugin()
    {
        var clients = NuGetClient.FindAll(settings);
        if (clients.Count == 0)
            yield return Finding.Skip(Checks.Plugin, "no NuGet client is on PATH");
        foreach (var client in clients)
            yield return CheckPlugin(client);
    }

    private Finding CheckPlugin(NuGetClient client)
    {
        var files = client.PluginFiles(settings, Settings.Home);
        var ours = files.Where(NuGetClient.IsOurs).ToList();
        if (ours.Find(CanStart) is { } found)
            return Finding.Ok(Checks.Plugin, $"{client.Name} finds {found}");
        if (ours.Find(File.Exists) is { } broken)
            return Finding.Fail(Checks.Plugin, $"{client.Name} does not start {broken}: it may not be executed",
                $"chmod +x {broken}");
        var variable = client.IsNetFramework ? "NUGET_NETFX_PLUGIN_PATHS" : "NUGET_NETCORE_PLUGIN_PATHS";
        if (settings.PluginFiles(client.IsNetFramework) is not null)
        {
            return Finding.Fail(Checks.Plugin,
                $"{client.Name} looks for plugins only where {variable} says, and there is no file of this program",
                $"unset {variable}, or add the full path of {NuGetClient.PluginName}{(client.IsNetFramework ? ".exe" : ".dll")} to it");
        }

        return client.FindsOnPath && settings.PluginPaths is not null
            ? Finding.Fail(Checks.Plugin,
                $"{client.Name} looks for plugins only where NUGET_PLUGIN_PATHS says, and there is no file of this program",
                $"unset NUGET_PLUGIN_PATHS, or add the full path of {NuGetClient.NativeName} to it")
            : Finding.Fail(Checks.Plugin, $"{client.Name} finds no plugin of this program",
                "nuget-plugin-codeartifact install");
    }

    private static bool CanStart(string path) => File.Exists(path)
        && (Path.GetExtension(path) is ".dll" or ".exe" || OperatingSystem.IsWindows()
            || Posix.MayExecute(path));

    private IEnumerable<Finding> CheckCache()
    {
        if (settings.CacheFolder is not { } folder)
        {
            yield return Finding.Skip(Checks.Cache,
                "tokens are not kept: CODEARTIFACT_CACHE is off, or this user has no home");
            yield break;
        }

        if (!OperatingSystem.IsWindows() && Posix.TryGetStatus(folder, out var status, out _))
        {
            var fix = $"remove it, or name another place in CODEARTIFACT_CACHE_DIR: rm -r {folder}";
            if (!status.IsFolder)
                yield return Finding.Fail(Checks.Cache,
                    $"no token is kept: {folder} is a link or a file, not a folder", fix);
            else if (status.Owner != Posix.EffectiveUser)
                yield return Finding.Fail(Checks.Cache, $"no token is kept: {folder} belongs to another user", fix);
            else if ((status.Mode & PermissionMask) != FolderMode)
                yield return Finding.Fail(Checks.Cache, $"others can look into {folder}", $"chmod 700 {folder}");
            else if (Array.Find(Directory.GetFiles(folder, "*.json"), IsOpenToOthers) is { } open)
                yield return Finding.Fail(Checks.Cache, $"others can read {open}, so it is not used",
                    "nuget-plugin-codeartifact cache clear");
            else
                yield return Counted(folder);
        }
        else if (OwnerOnlyFolder.TryOpen(folder) is null)
        {
            yield return Finding.Fail(Checks.Cache, $"no token is kept: {folder} cannot be made",
                "name another place in CODEARTIFACT_CACHE_DIR");
        }
        else
        {
            yield return Counted(folder);
        }
    }

    private Finding Counted(string folder) => cache.List().Count is 1
        ? Finding.Ok(Checks.Cache, $"1 token in {folder}")
            : Finding.Ok(Checks.Cache, $"{cache.List().Count} tokens in {folder}");

    private static bool IsOpenToOthers(string file) =>
        Posix.TryGetStatus(file, out var status, out _) && (status.Mode & PermissionMask) != FileMode;
}
