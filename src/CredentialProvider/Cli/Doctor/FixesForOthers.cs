using CredentialProvider.Cli.NuGet;
using CredentialProvider.Identity;
using CredentialProvider.Platform;

namespace CredentialProvider.Cli.Doctor;

/// <summary>
/// Turns the fixes that <c>doctor</c> suggests to one user into what an administrator does for that user, or for a
/// systemd service. They come from a process of that user, who may have changed them: only commands that cannot
/// harm other users are kept.
/// </summary>
/// <param name="variables">The user's environment.</param>
/// <param name="service">Null if it is not about a service.</param>
internal sealed class FixesForOthers(UserEntry user, IDictionary<string, string?> variables, ServiceUnit? service)
{
    private const string SharedFolder = "/usr/local/bin", Own = PluginDiscovery.CommandName + " ";

    /// <summary>This program as a command.</summary>
    public static string Program =>
        (ThisProgram.Host is { } host ? $"{ShellText.File(host)} " : "") + ShellText.File(ThisProgram.Path);

    public static string InstallForAll => $"sudo {Program} install --native --bin {SharedFolder}";

    private string AsUser => $"sudo -H -u {ShellText.Quote(user.Name)}";

    public Finding Adapt(Finding finding)
    {
        if (finding.Command == PluginChecks.InstallCommand)
            return WithFix(finding, MakeVisible());
        var command = finding.Command is { } text && ShellText.IsOneCommand(text) ? text : null;
        var words = command is null ? [] : ShellWords.Split(command) ?? [];
        if (service is not null && words is ["unset", var variable] && ShellText.IsIdentifier(variable))
            return WithFix(finding, Unset(variable));
        var adapted = command is null ? null : Adapt(command, words);
        var fix = adapted is null ? finding.Fix : finding.Fix?.Replace(command!, adapted);
        if (user.IsCurrent)
            adapted ??= finding.Command;
        return finding with
        {
            Command = adapted,
            Fix = fix is null || user.IsCurrent ? fix : $"according to user {user.Name}, {fix}",
        };
    }

    /// <returns>Null for a command that is not known to be harmless, such as one that changes a policy.</returns>
    private string? Adapt(string command, string[] words) => words switch
    {
        [PluginDiscovery.CommandName, ..] when command.StartsWith(Own, StringComparison.Ordinal) =>
            $"{AsUser} {Program} {command[Own.Length..]}",
        ["dotnet", "nuget", ..] or ["aws", "login" or "configure", ..] or ["aws", "sso", "login", ..] =>
            $"{AsUser} {command}",
        ["aws", "codeartifact", var verb, ..] when verb.Split('-')[0] is "list" or "get" => $"{AsUser} {command}",
        ["unset", var variable] when ShellText.IsIdentifier(variable) => command,
        ["timedatectl", "set-ntp", "true"] => command,
        ["chmod", "go-w", [not '-', ..] path] => $"{SudoFor(path, CanBeClosed(path))} {command}",
        ["chmod", "755", [not '-', ..] path] => $"{SudoFor(path, IsPlugin(path))} {command}",
        ["chmod", "600" or "700", [not '-', ..]] => $"{AsUser} {command}",
        ["rm", [not '-', ..] path] => $"{SudoFor(path, IsPlugin(path))} {command}",
        ["rm", "-r", [not '-', ..] path] => $"{SudoFor(path, IsNuGetLock(path))} {command}",
        ["sudo", "rm", "-r", ['/', ..] path] when IsNuGetLock(path) && TrustedFile.OnlyRootCanReplace(path) => command,
        _ => null,
    };

    /// <summary>As the user, unless only root can do it and it does no harm. Not where the user could put a link in
    /// place of the file that is named: root would change its target.</summary>
    private string SudoFor(string path, bool isHarmless) =>
        isHarmless && path[0] == '/' && TrustedFile.OnlyRootCanReplace(path) ? "sudo" : AsUser;

    private static bool IsPlugin(string path) => NameOf(path).StartsWith("nuget-plugin-", StringComparison.Ordinal);

    private static bool IsNuGetLock(string path) => NameOf(path).StartsWith("NuGetScratch", StringComparison.Ordinal);

    /// <summary>Not devices, nor folders for all users, such as /tmp.</summary>
    private static bool CanBeClosed(string path) => RegularFile.Is(path)
        || (Posix.TryGetStatus(path, out var status, out _) && status is { IsFolder: true, IsSticky: false });

    private static string NameOf(string path) => Path.GetFileName(path.TrimEnd('/'));

    /// <summary>Lets NuGet find this program, which the user can start: it has just run as that user.</summary>
    private (string Purpose, string Command) MakeVisible()
    {
        const string Variable = PluginDiscovery.SharedVariable;
        if (service is not null)
        {
            return ("name the plugin in the unit, then restart the service",
                AddToUnit("Environment", $"{Variable}={ThisProgram.Path}"));
        }

        var isOnPath = variables.TryGetValue("PATH", out var path) && path!.Split(':').Contains(SharedFolder);
        return isOnPath && Path.GetDirectoryName(ThisProgram.Path) != SharedFolder
            ? ("install it for all users", InstallForAll)
            : ("set this where the build starts", $"export {Variable}={ShellText.File(ThisProgram.Path)}");
    }

    /// <param name="variable">An identifier, because it becomes a part of a pattern.</param>
    private (string Purpose, string Command) Unset(string variable) => service!.FindFile(variable) is { } file
        ? ("remove it from the service's environment file, then restart the service",
            $"{SudoFor(file, isHarmless: true)} "
                + $"sed -i {ShellText.Quote($"/^ *{variable} *=/d")} {ShellText.File(file)}")
        : variable == PluginDiscovery.SharedVariable ? MakeVisible()
        : ("unset it in the unit, then restart the service", AddToUnit("UnsetEnvironment", variable));

    /// <summary>Adds a setting in a drop-in.</summary>
    private string AddToUnit(string setting, string value)
    {
        var folder = ShellText.File($"/etc/systemd/system/{service!.Name}.d");
        // A percent sign begins a specifier.
        var line = ShellText.Quote($"{setting}=\"{value.Replace("%", "%%")}\"");
        return $"sudo mkdir -p {folder} && printf '%s\\n' '[Service]' {line} | "
            + $"sudo tee -a {folder}/{PluginDiscovery.CommandName}.conf && sudo systemctl daemon-reload";
    }

    private static Finding WithFix(Finding finding, (string Purpose, string Command) fix) =>
        finding with { Fix = $"{fix.Purpose}: {fix.Command}", Command = fix.Command };
}
