namespace CredentialProvider.Identity;

/// <summary>AWS's shared config and credentials files, and the profiles in them.</summary>
internal sealed class SharedFiles(SharedFile config, SharedFile credentials)
{
    /// <summary>For an identity whose files are not known.</summary>
    public static SharedFiles None { get; } = new(SharedFile.Parse("", []), SharedFile.Parse("", []));

    public SharedFile Config { get; } = config;

    public SharedFile Credentials { get; } = credentials;

    /// <summary>Why one of the files cannot be read; null if both can or do not exist.</summary>
    public (string Why, string Fix)? Problem => Credentials.Problem ?? Config.Problem;

    public static SharedFiles Read(string configPath, string credentialsPath) =>
        new(SharedFile.Read(configPath), SharedFile.Read(credentialsPath));

    /// <summary>Null if the profile is in neither file.</summary>
    public AwsProfile? FindProfile(string name)
    {
        if (Config.Sections.Count + Credentials.Sections.Count == 0)
            return null;
        var config = FindInConfig("profile", name);
        if (name == "default")
            config.InsertRange(0, FindNamed(Config, name)); // [profile default] wins over [default]
        var credentials = FindNamed(Credentials, name);
        return config.Count + credentials.Count == 0 ? null
            : new AwsProfile(name, WithDefaults(Config, config), WithDefaults(Credentials, credentials));
    }

    /// <summary><c>[sso-session NAME]</c>; null if it is missing.</summary>
    public AwsProfile? FindSsoSession(string name) => FindOnlyInConfig("sso-session", name);

    /// <summary><c>[services NAME]</c>; null if it is missing.</summary>
    public AwsProfile? FindServices(string name) => FindOnlyInConfig("services", name);

    /// <summary>The names of all SSO sessions, for suggestions.</summary>
    public IEnumerable<string> SsoSessionNames()
    {
        foreach (var section in Config.Sections)
        {
            if (NameOf(section, "sso-session") is { } name)
                yield return name;
        }
    }

    /// <summary>The names of all profiles, for suggestions.</summary>
    public IReadOnlyCollection<string> ProfileNames()
    {
        var names = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var section in Config.Sections)
        {
            if ((section.Name == "default" ? section.Name : NameOf(section, "profile")) is { } name)
                names.Add(name);
        }

        foreach (var section in Credentials.Sections)
            names.Add(section.Name);
        return names;
    }

    /// <param name="sections">Of the file. They win over its defaults.</param>
    private static List<SharedSection> WithDefaults(SharedFile file, List<SharedSection> sections)
    {
        if (sections.Count > 0)
            sections.InsertRange(0, file.Defaults);
        return sections;
    }

    private AwsProfile? FindOnlyInConfig(string kind, string name) => FindInConfig(kind, name) is { Count: > 0 } sections
        ? new AwsProfile(name, WithDefaults(Config, sections), []) : null;

    private List<SharedSection> FindInConfig(string kind, string name)
    {
        var found = new List<SharedSection>();
        foreach (var section in Config.Sections)
        {
            if (NameOf(section, kind) == name)
                found.Add(section);
        }

        return found;
    }

    /// <summary>The name in a header; null for a section of another kind. For the AWS CLI, <c>[profiles NAME]</c> is a
    /// profile too: it looks at the beginning of the header alone.</summary>
    private static string? NameOf(SharedSection section, string kind) =>
        section.Name.StartsWith(kind, StringComparison.Ordinal) && ShellWords.Split(section.Name) is [_, var name] ? name : null;

    private static List<SharedSection> FindNamed(SharedFile file, string name)
    {
        var found = new List<SharedSection>();
        foreach (var section in file.Sections)
        {
            if (section.Name == name)
                found.Add(section);
        }

        return found;
    }
}
