using CredentialProvider.Configuration;

namespace CredentialProvider.Cli.Doctor;

/// <summary>A user in the system's user database, which may be LDAP.</summary>
/// <param name="Group">The ID of its own group.</param>
internal sealed record UserEntry(string Name, string Group, string Home)
{
    /// <summary>Variables that lead to the files of the user who runs this program.</summary>
    private static readonly string[] FoldersOfOthers =
        ["DOTNET_CLI_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR"];

    public bool IsCurrent => Name == Environment.UserName;

    /// <param name="name">A name or a UID.</param>
    /// <exception cref="CommandFailedException">There is no such user.</exception>
    public static async Task<UserEntry> FindAsync(string name, CancellationToken cancel)
    {
        if (ProcessEnvironment.FindProgram("getent") is not { } getent)
            throw new CommandFailedException($"cannot check as user {name}: getent is not on PATH");
        var entry = (await ProgramOutput.RunAsync(getent, ["passwd", "--", name], cancel)).Output.Trim().Split(':');
        return entry is [var user, _, _, var group, _, var home, ..] ? new UserEntry(user, group, home)
            : throw new CommandFailedException($"cannot check as user {name}: there is no such user; list them: getent passwd");
    }

    /// <summary>The IDs of the groups that have this user as a member, beside its own.</summary>
    public async Task<IEnumerable<string>> FindGroupsAsync(CancellationToken cancel)
    {
        var line = (await ProgramOutput.RunAsync(ProcessEnvironment.FindProgram("getent")!, ["initgroups", "--", Name], cancel)).Output;
        return line.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries).Skip(1);
    }

    /// <summary>Sets the variables that a login of this user has.</summary>
    public void SetVariables(IDictionary<string, string?> variables)
    {
        (variables["USER"], variables["LOGNAME"], variables["HOME"]) = (Name, Name, Home);
        foreach (var name in FoldersOfOthers)
            variables.Remove(name);
    }
}
