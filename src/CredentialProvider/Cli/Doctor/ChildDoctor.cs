using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;
using CredentialProvider.Cli.NuGet;
using CredentialProvider.Configuration;
using CredentialProvider.Errors;
using CredentialProvider.Platform;

namespace CredentialProvider.Cli.Doctor;

/// <summary>
/// Runs <c>doctor</c> as another user or as a service: a second process with that user's rights and that environment sees
/// what their restore sees. Its findings get fixes for the shell of the user who asked.
/// </summary>
/// <param name="variables">The whole environment of the second process.</param>
/// <param name="service">Null to check as a user.</param>
/// <param name="withheld">Variables that the second process does not get.</param>
internal sealed class ChildDoctor(
    UserEntry user, IDictionary<string, string?> variables, ServiceUnit? service, IReadOnlyList<string> withheld)
{
    private readonly FixesForOthers _fixes = new(user, variables, service);

    /// <summary>Only root can set groups.</summary>
    private readonly string? _setpriv =
        OperatingSystem.IsLinux() && Posix.EffectiveUser == 0 ? ProcessEnvironment.FindProgram("setpriv") : null;

    private bool HasGroups => service is { Group: not null } or { SupplementaryGroups.Count: > 0 };

    /// <summary>As <c>sudo -H -u NAME</c>: with this shell's variables, without secrets, and the user's home
    /// directory.</summary>
    /// <exception cref="CommandFailedException">There is no such user, or this one may not act for others.</exception>
    public static async Task<ChildDoctor> AsUserAsync(string name, CancellationToken cancel)
    {
        var user = await UserEntry.FindAsync(name, cancel);
        var variables = ProcessEnvironment.GetAll();
        IReadOnlyList<string> withheld = [];
        if (!user.IsCurrent)
        {
            ThrowIfImpossible("--user", name);
            user.SetVariables(variables);
            withheld = Withhold(variables);
        }

        return new ChildDoctor(user, variables, service: null, withheld);
    }

    /// <summary>As systemd starts the service.</summary>
    /// <exception cref="CommandFailedException">There is no such service, or this user may not act for its user.</exception>
    public static async Task<ChildDoctor> AsServiceAsync(string name, CancellationToken cancel)
    {
        var unit = await ServiceUnit.ReadAsync(name, cancel);
        var user = await UserEntry.FindAsync(unit.User, cancel);
        if (!user.IsCurrent)
            ThrowIfImpossible("--service", name);
        return new ChildDoctor(user, await unit.GetEnvironmentAsync(user, cancel), unit, withheld: []);
    }

    /// <summary>Removes the secrets of this user: the other one can read them from the second process, and may have
    /// plugins started there.</summary>
    /// <returns>Their names.</returns>
    internal static IReadOnlyList<string> Withhold(IDictionary<string, string?> variables)
    {
        var secrets = variables.Keys.Where(name => SecretVariables.MayNotBeShared(name, variables[name] ?? ""))
            .OrderBy(name => name, StringComparer.Ordinal).ToList();
        foreach (var name in secrets)
            variables.Remove(name);
        return secrets;
    }

    private static void ThrowIfImpossible(string option, string name)
    {
        // .NET Framework sets no other user.
        if (!OperatingSystem.IsLinux() || Environment.Version.Major == 4)
        {
            throw new CommandFailedException($"{option} works on Linux, with the native executable or the .NET tool; "
                + "elsewhere, run doctor as that user");
        }

        if (Posix.EffectiveUser != 0)
        {
            throw new CommandFailedException("only root can start a program as another user; "
                + $"run: sudo {FixesForOthers.Program} doctor {ShellText.Option(option, name)}");
        }
    }

    /// <param name="arguments">What follows <c>doctor</c>.</param>
    /// <returns>False if any check failed.</returns>
    /// <exception cref="CommandFailedException">The second process reported no findings.</exception>
    public async Task<bool> RunAsync(IEnumerable<string> arguments, DoctorReport report, CancellationToken cancel)
    {
        report.Add(null, Checks.Service, DescribeService());
        string[] command = [ThisProgram.Path, "doctor", "--json", .. arguments];
        if (ThisProgram.Host is { } host)
            command = [host, .. command];
        try
        {
            // .NET sets the user's own groups only.
            var input = "";
            if (HasGroups && _setpriv is not null)
            {
                (command, input) = LateEnvironment.For(command, variables);
                command = [_setpriv, .. await GroupOptionsAsync(cancel), "--", .. command];
            }

            var run = await ProgramOutput.RunAsync(command[0], command.Skip(1), cancel, SetUser, input);
            if (run.Output.Length == 0)
                throw Failed(run.Errors.Split('\n')[0].Replace("error: ", ""));
            Relay(run.Output, report);
        }
        catch (Win32Exception e)
        {
            report.Add(null, NotStarted(new Win32Exception(e.NativeErrorCode).Message));
        }
        // Numbers and lists that are something else are no JsonException.
        catch (Exception e) when (e is JsonException or InvalidOperationException or OverflowException)
        {
            throw Failed(e.Message);
        }

        return report.Finish();
    }

    /// <summary>On Unix, .NET sets the user ID and all groups of a process with a user name, before its environment has
    /// any effect.</summary>
    private void SetUser(ProcessStartInfo start)
    {
        start.Environment.Clear();
        if (start.FileName == _setpriv)
            return;
        foreach (var variable in variables)
            start.Environment[variable.Key] = variable.Value;
        if (!user.IsCurrent)
            start.UserName = user.Name;
    }

    /// <summary>As systemd sets them: the unit's group or the user's own, the groups that the user is in, and the unit's.</summary>
    private async Task<IEnumerable<string>> GroupOptionsAsync(CancellationToken cancel)
    {
        var group = service!.Group ?? user.Group;
        string[] groups = [group, .. await user.FindGroupsAsync(cancel), .. service.SupplementaryGroups];
        return ["--reuid", user.Name, "--regid", group, "--groups", string.Join(",", groups), "--inh-caps=-all"];
    }

    private void Relay(string output, DoctorReport report)
    {
        using var json = JsonDocument.Parse(output);
        CheckedSource? source = null;
        foreach (var finding in json.RootElement.EnumerateArray().Select(Finding.FromJson))
        {
            if (finding.Source is { } title && title != source?.Title)
                report.Begin(source = new CheckedSource(null, title, IsEnabled: true));
            report.Add(finding.Source is null ? null : source, _fixes.Adapt(finding));
        }
    }

    private IEnumerable<Finding> DescribeService()
    {
        if (withheld.Count > 0)
        {
            var preserve = $"--preserve-env={ShellText.Quote(string.Join(",", withheld))}";
            yield return Finding.Skip(Checks.Service,
                $"the checks below run without {string.Join(", ", withheld)}, which may be secrets that user "
                + $"{user.Name} should not have; to pass them on, run "
                + $"sudo -H -u {ShellText.Quote(user.Name)} {preserve} {FixesForOthers.Program} doctor");
        }

        if (service is null)
            yield break;
        variables.TryGetValue("PATH", out var path);
        var groups = string.Join(" ", service.SupplementaryGroups.Prepend(service.Group).OfType<string>());
        yield return Finding.Ok(Checks.Service,
            $"{service.Name} runs as user {user.Name}{(HasGroups ? $", with groups {groups}" : "")} with PATH {path}");
        if (HasGroups && _setpriv is null)
        {
            yield return Finding.Skip(Checks.Service,
                $"the checks below run without groups {groups}: only root can set them, with setpriv");
        }

        if (service.UnknownVariables is { Count: > 0 } unknown)
        {
            yield return Finding.Skip(Checks.Service,
                $"the checks below run without {string.Join(", ", unknown)}: only root can read systemd's variables (PassEnvironment)");
        }

        if (service.CredentialsFolder is { } credentials && !Directory.Exists(credentials))
        {
            yield return Finding.Skip(Checks.Service,
                $"the checks below run without the credentials of the unit: {credentials} exists only while the service runs");
        }

        if (service.Restrictions.ToList() is { Count: > 0 } restrictions)
        {
            yield return Finding.Skip(Checks.Service,
                $"the checks below see files that the unit hides from the service: {string.Join(", ", restrictions)}");
        }
    }

    /// <summary>It is running, so only modes can keep another user from starting it.</summary>
    private Finding NotStarted(string why)
    {
        var text = $"user {user.Name} cannot start {ThisProgram.Path}: {why}";
        return (FileModes.Of(ThisProgram.Path) & Posix.EveryoneReadsAndExecutes) != Posix.EveryoneReadsAndExecutes
            ? Finding.FailWithCommand(
                Checks.Plugin, text, "let every user start it", $"sudo chmod 755 {ShellText.File(ThisProgram.Path)}")
            : Finding.FailWithCommand(Checks.Plugin, text, "install it where every user can start it",
                FixesForOthers.InstallForAll);
    }

    private CommandFailedException Failed(string why) => new($"cannot check as user {user.Name}: {why}");
}
