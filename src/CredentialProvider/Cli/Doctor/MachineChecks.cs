using CredentialProvider.Cli.NuGet;
using CredentialProvider.Configuration;
using CredentialProvider.Errors;
using CredentialProvider.Platform;
using CredentialProvider.Tokens;

namespace CredentialProvider.Cli.Doctor;

/// <summary>What affects every source: settings, where NuGet clients find the plugin, the token cache.</summary>
internal sealed class MachineChecks(Settings settings, TokenCache cache)
{
    private const int FolderMode = 0x1C0, FileMode = 0x180, PermissionMask = 0x1FF; // 0700, 0600, 0777

    public IEnumerable<Finding> Run() => [.. CheckSettings(), .. CheckPlugin(), .. CheckCache()];

    private IEnumerable<Finding> CheckSettings()
    {
        var file = settings.ConfigurationFile;
        var problems = new[] { settings.Problem, file.Problem }.Concat(file.Rules.Select(rule => rule.Problem))
            .Concat(file.Hosts.Select(host => host.Problem)).OfType<string>().ToList();
        foreach (var problem in problems)
            yield return Finding.Fail(Checks.Settings, problem, "correct or unset it", ErrorCode.Setting);
        if (problems.Count == 0)
        {
            yield return Finding.Ok(Checks.Settings, settings.ConfigurationPath is { } path
                ? $"{path} and the environment variables are valid"
                : "no configuration file; the environment variables are valid");
        }
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
        var discovery = client.Discovery(settings);
        var candidates = discovery.CandidatePaths().ToList();
        if (candidates.Find(CanStart) is { } found)
            return Finding.Ok(Checks.Plugin, $"{client.Name} finds {found}");
        if (candidates.Find(File.Exists) is { } broken)
        {
            return Finding.FailWithCommand(Checks.Plugin, $"{client.Name} cannot start {broken}: it is not executable",
                "make it executable", $"chmod +x {ShellText.Quote(broken)}");
        }

        return discovery.DecidingVariable is { } variable
            ? Finding.FailWithCommand(Checks.Plugin,
                $"{client.Name} looks for plugins only in {variable}, which does not list {discovery.FileName}",
                $"add the full path of {discovery.FileName} to {variable}, or unset it", ShellText.Unset(variable))
            : Finding.FailWithCommand(Checks.Plugin, $"{client.Name} does not find the plugin",
                "install it", "nuget-plugin-codeartifact install");
    }

    private static bool CanStart(string path) => File.Exists(path)
        && (Path.GetExtension(path) is ".dll" or ".exe" || OperatingSystem.IsWindows()
            || Posix.MayExecute(path));

    private IEnumerable<Finding> CheckCache()
    {
        if (settings.CacheFolder is not { } folder)
        {
            yield return Finding.Skip(Checks.Cache,
                "tokens are not cached: CODEARTIFACT_CACHE is off or this user has no home directory");
            yield break;
        }

        if (!OperatingSystem.IsWindows() && Posix.TryGetStatus(folder, out var status, out _))
            yield return CheckFolder(folder, status);
        else if (OwnerOnlyFolder.TryOpen(folder) is null)
            yield return Finding.Fail(Checks.Cache, $"tokens are not cached: {folder} cannot be created",
                "set CODEARTIFACT_CACHE_DIR to another folder");
        else
            yield return CountTokens(folder);
    }

    private Finding CheckFolder(string folder, Posix.Status status)
    {
        var path = ShellText.Quote(folder);
        if (!status.IsFolder)
            return Unusable("is a link or a file, not a folder");
        if (status.Owner != Posix.EffectiveUser)
            return Unusable("belongs to another user");
        if ((status.Mode & PermissionMask) != FolderMode)
        {
            return Finding.FailWithCommand(Checks.Cache, $"other users can access {folder}",
                "close it to others", $"chmod 700 {path}");
        }

        return Array.Find(Directory.GetFiles(folder, "*.json"), IsOpenToOthers) is { } open
            ? Finding.FailWithCommand(Checks.Cache, $"other users can read {open}, so it is not used",
                "remove the tokens", "nuget-plugin-codeartifact cache clear")
            : CountTokens(folder);

        Finding Unusable(string why) => Finding.FailWithCommand(Checks.Cache,
            $"tokens are not cached: {folder} {why}",
            "set CODEARTIFACT_CACHE_DIR to another folder, or remove this one", $"rm -r {path}");
    }

    private Finding CountTokens(string folder)
    {
        var count = cache.List().Count;
        return Finding.Ok(Checks.Cache, $"{count} {(count == 1 ? "token" : "tokens")} in {folder}");
    }

    private static bool IsOpenToOthers(string file) =>
        Posix.TryGetStatus(file, out var status, out _) && (status.Mode & PermissionMask) != FileMode;
}
