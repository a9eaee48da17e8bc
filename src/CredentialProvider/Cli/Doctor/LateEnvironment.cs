using System.Text;
using CredentialProvider.Platform;

namespace CredentialProvider.Cli.Doctor;

/// <summary>
/// Gives a program its environment only after setpriv has dropped root's rights, as systemd does. The service's user
/// may write these variables, and LD_PRELOAD, LANGUAGE and others would have setpriv load files as root.
/// </summary>
internal static class LateEnvironment
{
    /// <summary>The shell's path, so that no variable is needed to find it.</summary>
    private const string Shell = "/bin/sh";

    /// <returns>The command for setpriv, which needs no environment, and what that command reads: no variable is on a
    /// command line, which every user can read.</returns>
    public static (string[] Command, string Input) For(string[] command, IDictionary<string, string?> variables)
    {
        var input = new StringBuilder();
        foreach (var name in variables.Keys)
        {
            // A shell keeps a few variables, such as UID, to itself; "command" lets it go on.
            if (ShellText.IsIdentifier(name))
                input.Append($"command export {name}='{variables[name]?.Replace("'", @"'\''")}' 2>/dev/null\n");
        }

        return ([Shell, "-s", "--", .. command], input.Append("exec \"$@\"\n").ToString());
    }
}
