using System.Diagnostics;
using CredentialProvider.Cli.NuGet;
using CredentialProvider.Configuration;
using CredentialProvider.Platform;

namespace CredentialProvider.Cli.Doctor;

/// <summary>
/// Which plugins each NuGet client on this machine starts, and whether they answer. NuGet asks one after the other until
/// one has credentials; a restore fails at the first that does not answer.
/// </summary>
/// <param name="feed">What plugins before this project's are asked about; null to ask for no credentials.</param>
/// <param name="projects">May use the MSBuild package, which brings a plugin.</param>
internal sealed class PluginChecks(Settings settings, TimeProvider time, AskedFeed? feed, ProjectSdks projects)
{
    /// <summary>Its assembly is AWS.CodeArtifact.NuGetCredentialProvider.</summary>
    private const string AwsProvider = "AWS.CodeArtifact.";

    /// <summary>Installs what the clients on this machine need.</summary>
    public const string InstallCommand = PluginDiscovery.CommandName + " install";

    private readonly PluginProbe _probe = new(settings.GetString("DOTNET_HOST_PATH") ?? "dotnet", settings.GetString);
    private readonly Dictionary<PluginFile, PluginReply> _replies = [];

    public async IAsyncEnumerable<Finding> RunAsync()
    {
        var clients = NuGetClient.FindAll(settings);
        if (clients.Count == 0)
            yield return Finding.Skip(Checks.Plugin, "no NuGet client is on PATH");
        if (CheckSdk(DotnetSdks.Here) is { } refused)
            yield return refused;
        foreach (var client in clients)
        {
            var finding = await CheckAsync(client);
            yield return client.IsOtherSdk && finding.Outcome == Outcome.Fail
                ? finding with { Outcome = Outcome.Warn, Text = $"{finding.Text}; dotnet uses another SDK in this folder" } : finding;
        }
    }

    /// <summary>Null unless every command of dotnet fails in this folder.</summary>
    internal static Finding? CheckSdk(DotnetSdks sdks)
    {
        if (sdks.Refusing is not { } file)
            return null;
        const string Effect = "so every dotnet command fails here; installed: ";
        var installed = string.Join(", ", sdks.Versions);
        return GlobalJson.FindVersion(file) is { } version
            ? Finding.Fail(Checks.Plugin, $"{file} asks for .NET SDK {version}, which is not installed, {Effect}{installed}",
                $"install .NET SDK {version}, or correct version or rollForward in that file")
            : Finding.Fail(Checks.Plugin, $"dotnet cannot use {file}, {Effect}{installed}", "correct that file");
    }

    private async Task<Finding> CheckAsync(NuGetClient client)
    {
        var discovery = client.Discovery();
        var plugins = discovery.Find();
        if (plugins.FirstOrDefault(plugin => plugin.HidesOthers) is { } obstacle)
        {
            return Finding.FailWithCommand(Checks.Plugin,
                $"{client.Name} finds no plugin at all, because {obstacle.Path} {obstacle.Problem}",
                "remove the link", ShellText.Remove(obstacle.Path));
        }

        if (plugins.FirstOrDefault(IsOwn) is not { } own)
            return await FindPreferredAsync(plugins) is { } only ? Preferred(client, only) : NotFound(client, discovery);
        var before = plugins.TakeWhile(plugin => plugin != own).ToList();
        var preferred = await FindPreferredAsync(before);
        foreach (var plugin in before.TakeWhile(plugin => plugin != preferred))
        {
            var claims = PluginClaims.Read(plugin.Path, time.GetUtcNow());
            if (claims == RememberedClaims.Damaged)
                return Remembered(client, plugin, claims);
            if (claims == RememberedClaims.Usable && (await AskAsync(plugin, feed)).Problem is { } problem)
                return BlockedBy(client, plugin, "first", problem, discovery);
        }

        if (preferred is null && await AskAsync(own, about: null) is var answer
            && (answer.Problem is not null || !answer.OffersCredentials))
        {
            return Broken(client, own, answer.Problem ?? "offers no credentials", discovery);
        }

        // If a variable is set, NuGet asks every plugin in it whether it downloads packages.
        var last = preferred ?? own;
        foreach (var plugin in discovery.DecidingVariable is null ? [] : plugins.SkipWhile(plugin => plugin != last).Skip(1))
        {
            if ((await AskAsync(plugin, about: null)).Problem is { } problem)
                return BlockedBy(client, plugin, "as well", problem, discovery);
        }

        if (preferred is not null)
            return Preferred(client, preferred);
        if (PluginClaims.Read(own.Path, time.GetUtcNow()) is var remembered && remembered != RememberedClaims.Usable)
            return Remembered(client, own, remembered);
        // AWS's provider knows one profile for all feeds, and is asked before one on PATH.
        if (before.Find(plugin => Path.GetFileName(plugin.Path).StartsWith(AwsProvider, StringComparison.OrdinalIgnoreCase))
            is { } older)
        {
            return Finding.Warn(Checks.Plugin, $"{client.Name} asks AWS's older provider {older.Path} first",
                $"remove it: {ShellText.Remove(Installed(older))}");
        }

        var others = plugins.Where(plugin => plugin.Path != own.Path && IsOwn(plugin)).Distinct().ToList();
        return Finding.Ok(Checks.Plugin, $"{client.Name} finds {own.Path}{Version(own.Path)}"
            + string.Concat(others.Select(other => $"; {other.Path}{Version(other.Path)} is not used")));
    }

    /// <summary>dotnet cannot run the native executable.</summary>
    private static bool IsOwn(PluginFile plugin) => PluginDiscovery.IsPlugin(plugin.Path)
        && (!plugin.NeedsDotnet || Path.GetExtension(plugin.Path) == ".dll");

    /// <summary>Clients share plugins, and starting one takes time.</summary>
    private async Task<PluginReply> AskAsync(PluginFile plugin, AskedFeed? about)
    {
        if (!_replies.TryGetValue(plugin, out var reply))
            reply = _replies[plugin] = await _probe.AskAsync(plugin, about);
        return reply;
    }

    /// <summary>The plugin that has credentials for the feed; null if a restore fails before it, or there is none.</summary>
    private async Task<PluginFile?> FindPreferredAsync(IEnumerable<PluginFile> plugins)
    {
        foreach (var plugin in plugins)
        {
            var claims = PluginClaims.Read(plugin.Path, time.GetUtcNow());
            if (claims == RememberedClaims.NoCredentials)
                continue;
            var reply = claims == RememberedClaims.Usable ? await AskAsync(plugin, feed) : null;
            if (reply is null or { Problem: not null } or { HasCredentials: true })
                return reply is { HasCredentials: true } ? plugin : null;
        }

        return null;
    }

    private Finding Preferred(NuGetClient client, PluginFile plugin) => Finding.Warn(Checks.Plugin,
        $"{client.Name} asks {plugin.Path} first, which has credentials for {feed!.Url}, so it does not ask this plugin",
        $"remove it: {ShellText.Remove(Installed(plugin))}");

    private static Finding Remembered(NuGetClient client, PluginFile plugin, RememberedClaims claims) =>
        Finding.FailWithCommand(Checks.Plugin, $"{client.Name} finds {plugin.Path} but does not start it: "
            + (claims == RememberedClaims.Damaged ? "what NuGet remembers about it is damaged" : "NuGet remembers that it has no credentials"),
            "let NuGet ask it again", "dotnet nuget locals plugins-cache --clear");

    private Finding NotFound(NuGetClient client, PluginDiscovery discovery)
    {
        if (discovery.DecidingVariable is { } variable)
        {
            return Finding.FailWithCommand(Checks.Plugin,
                $"{client.Name} looks for plugins only in {variable}, which does not list {discovery.FileName}",
                $"add the full path of {discovery.FileName} to {variable}, or unset it", ShellText.Unset(variable)!);
        }

        var ignored = settings.SearchPath.Select(folder => Path.Combine(folder, PluginDiscovery.ExecutableName))
            .FirstOrDefault(File.Exists);
        return ignored is not null && discovery.StartsExecutables && !OperatingSystem.IsWindows()
            ? Finding.FailWithCommand(Checks.Plugin, $"{client.Name} ignores {ignored}, because it is not executable",
                "make it executable", $"chmod 755 {ShellText.File(ignored)}")
            : !client.IsNetFramework && projects.FindPackage() is { } file
            ? Finding.WarnWithCommand(Checks.Plugin, $"{client.Name} does not find an installed plugin; MSBuild "
                + $"restores with that of the package in {file}, but dotnet nuget push, dotnet tool and project SDKs "
                + "from CodeArtifact fail (401)", "install it", InstallCommand)
            : Finding.FailWithCommand(Checks.Plugin, $"{client.Name} does not find the plugin", "install it",
                discovery.StartsExecutables ? InstallCommand : $"{InstallCommand} {(client.IsNetFramework ? "--netfx" : "--netcore")}");
    }

    /// <param name="when">"first" or "as well".</param>
    private static Finding BlockedBy(
        NuGetClient client, PluginFile plugin, string when, string problem, PluginDiscovery discovery)
    {
        var text = $"{client.Name} starts {plugin.Path} {when}, which {problem}; the restore fails there";
        if (discovery.DecidingVariable is { } variable)
            return Finding.Fail(Checks.Plugin, text, $"remove it from {variable}");
        return Finding.FailWithCommand(Checks.Plugin, text, "repair or remove it", ShellText.Remove(Installed(plugin)));
    }

    /// <summary>In ~/.nuget/plugins, a plugin is a folder.</summary>
    private static string Installed(PluginFile plugin) =>
        plugin.NeedsDotnet ? Path.GetDirectoryName(plugin.Path)! : plugin.Path;

    private static Finding Broken(NuGetClient client, PluginFile own, string problem, PluginDiscovery discovery)
    {
        var text = $"{client.Name} cannot use {own.Path}: it {problem}";
        if (discovery.DecidingVariable is { } variable)
        {
            return Finding.FailWithCommand(Checks.Plugin, text, $"correct {variable}, or unset it",
                ShellText.Unset(variable)!);
        }

        if (OperatingSystem.IsWindows() || own.NeedsDotnet || Posix.MayExecute(own.Path))
        {
            return Finding.FailWithCommand(Checks.Plugin, text,
                "remove it, and install the plugin again if there is no other copy", ShellText.Remove(Installed(own)));
        }

        return (FileModes.Of(own.Path) & Posix.EveryoneReadsAndExecutes) == Posix.EveryoneReadsAndExecutes
            ? Finding.Fail(Checks.Plugin, text, "install it where programs may be executed: its file system is mounted noexec")
            : Finding.FailWithCommand(Checks.Plugin, text, "let every user execute it", $"chmod 755 {ShellText.File(own.Path)}");
    }

    /// <summary>Only assemblies have a version that can be read without starting them.</summary>
    private static string Version(string path) =>
        Path.GetExtension(path) is ".dll" or ".exe" && FileVersionInfo.GetVersionInfo(path).FileVersion is { } version
            ? $" ({version})" : "";
}
