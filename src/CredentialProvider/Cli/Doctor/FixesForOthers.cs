using CredentialProvider.Cli.NuGet;
using CredentialProvider.Identity;
using CredentialProvider.Platform;

namespace CredentialProvider.Cli.Doctor;

/// <summary>Turns the fixes that <c>doctor</c> suggests to one user into what an administrator does for that user, or for a
/// systemd service.</summary>
/// <param name="variables">The user's environment.</param>
/// <param name="service">Null if it is not about a service.</param>
internal sealed class FixesForOthers(UserEntry user, IDictionary<string, string?> variables, ServiceUnit? service)
{
    private const string SharedFolder = "/usr/local/bin", UnsetVariable = "unset ", Own = PluginDiscovery.CommandName + " ";

    /// <summary>This program as a command.</summary>
    public static string Program =>
        (ThisProgram.Host is { } host ? $"{ShellText.File(host)} " : "") + ShellText.File(ThisProgram.Path);

    public static string InstallForAll => $"sudo {Program} install --native --bin {SharedFolder}";

    private string AsUser => $"sudo -H -u {ShellText.Quote(user.Name)}";

    public Finding Adapt(Finding finding)
    {
        if (finding.Command is not { } command)
            return finding;
        if (command == PluginChecks.InstallCommand)
            return WithFix(finding, MakeVisible());
        if (command.StartsWith(UnsetVariable, StringComparison.Ordinal) && service is not null)
            return WithFix(finding, Unset(command[UnsetVariable.Length..]));
        var adapted = command.StartsWith(Own, StringComparison.Ordinal) ? $"{AsUser} {Program} {command[Own.Length..]}"
            : command.StartsWith("dotnet ", StringComparison.Ordinal) ? $"{AsUser} {command}"
            : command.StartsWith("chmod ", StringComparison.Ordinal) || command.StartsWith("rm ", StringComparison.Ordinal)
                ? $"{(IsForRoot(command) ? "sudo" : AsUser)} {command}" : command;
        return finding with { Command = adapted, Fix = finding.Fix!.Replace(command, adapted) };
    }

    /// <summary>Not where the user could put a link in place of the file that is named: root would change its
    /// target.</summary>
    private static bool IsForRoot(string command) => ShellWords.Split(command) is [.., ['/', ..] path]
        && TrustedFile.OnlyRootCanReplace(path);

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

    private (string Purpose, string Command) Unset(string variable) => service!.FindFile(variable) is { } file
        ? ("remove it from the service's environment file, then restart the service",
            $"sudo sed -i {ShellText.Quote($"/^ *{variable} *=/d")} {ShellText.File(file)}")
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
