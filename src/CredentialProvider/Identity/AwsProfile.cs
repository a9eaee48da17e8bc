namespace CredentialProvider.Identity;

/// <summary>A profile from AWS's shared files.</summary>
/// <param name="Config">Its sections in the config file, the one that wins last.</param>
/// <param name="Credentials">Its sections in the credentials file, likewise.</param>
internal sealed record AwsProfile(
    string Name, IReadOnlyList<SharedSection> Config, IReadOnlyList<SharedSection> Credentials)
{
    /// <summary>The first line of the profile that cannot be read; null if all can.</summary>
    public string? Problem => FindProblem(Credentials) ?? FindProblem(Config);

    /// <summary>A setting of the profile; the credentials file wins. Null if it is absent or empty.</summary>
    public string? Find(string name) => FindIn(Credentials, name) ?? FindIn(Config, name);

    public string? FindInCredentials(string name) => FindIn(Credentials, name);

    public string? FindInConfig(string name) => FindIn(Config, name);

    /// <summary>The settings below a nested one, such as <c>sts</c> in a services section.</summary>
    public static string? FindNested(IReadOnlyList<SharedSection> sections, string name, string nested)
    {
        for (var i = sections.Count - 1; i >= 0; i--)
        {
            if (sections[i].Find(name)?.FindNested(nested) is { Length: > 0 } value)
                return value;
        }

        return null;
    }

    private static string? FindIn(IReadOnlyList<SharedSection> sections, string name)
    {
        for (var i = sections.Count - 1; i >= 0; i--)
        {
            if (sections[i].Find(name) is { Value.Length: > 0 } property)
                return property.Value;
        }

        return null;
    }

    private static string? FindProblem(IReadOnlyList<SharedSection> sections)
    {
        foreach (var section in sections)
        {
            if (section.Problem is not null)
                return section.Problem;
        }

        return null;
    }
}
