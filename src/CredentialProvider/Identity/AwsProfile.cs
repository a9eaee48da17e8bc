using CredentialProvider.Errors;

namespace CredentialProvider.Identity;

/// <summary>A profile from AWS's shared files.</summary>
/// <param name="Config">Its sections in the config file, the one that wins last.</param>
/// <param name="Credentials">Its sections in the credentials file, likewise.</param>
internal sealed record AwsProfile(
    string Name, IReadOnlyList<SharedSection> Config, IReadOnlyList<SharedSection> Credentials)
{
    /// <summary>A setting of the profile; the credentials file wins. Null if it is absent or empty.</summary>
    public string? Find(string name) => FindProperty(name)?.Value;

    /// <summary>Like <see cref="Find"/>, with its place.</summary>
    public SharedProperty? FindProperty(string name) => FindIn(Credentials, name) ?? FindIn(Config, name);

    /// <inheritdoc cref="FindProperty"/>
    public (string Value, string Place)? FindPlaced(string name) =>
        FindProperty(name) is { } property ? (property.Value, property.Place) : null;

    /// <summary>A setting that decides who signs. Its last line counts, even if that is empty.</summary>
    /// <exception cref="NoTokenException">It is empty. Another principal would sign if it were passed over.</exception>
    public SharedProperty? FindDecisive(string name) =>
        (FindLast(Credentials, name) ?? FindLast(Config, name)) is not { } setting ? null
            : setting.Value.Length > 0 ? setting : throw new NoTokenException(ErrorCode.Profile,
                $"AWS profile '{Name}' cannot be used: {setting.Place} is empty", "give it a value, or remove the line");

    /// <summary>The first line of the profile that cannot be read, and why; null if all can.</summary>
    public (string Place, string Why)? FindProblem() => FindProblem(Credentials) ?? FindProblem(Config);

    /// <summary>A setting below a nested one, such as <c>endpoint_url</c> below <c>sts</c> in a services section.</summary>
    /// <returns>The value, and its place for errors; null if it is absent or empty.</returns>
    public (string Value, string Place)? FindNested(string name, string nested)
    {
        for (var i = Config.Count - 1; i >= 0; i--)
        {
            if (Config[i].Find(name) is { } property && property.FindNested(nested) is { Length: > 0 } value)
                return (value, $"{property.Place}: {nested}");
        }

        return null;
    }

    private static SharedProperty? FindIn(IReadOnlyList<SharedSection> sections, string name)
    {
        for (var i = sections.Count - 1; i >= 0; i--)
        {
            if (sections[i].Find(name) is { Value.Length: > 0 } property)
                return property;
        }

        return null;
    }

    private static SharedProperty? FindLast(IReadOnlyList<SharedSection> sections, string name)
    {
        for (var i = sections.Count - 1; i >= 0; i--)
        {
            if (sections[i].Find(name) is { } property)
                return property;
        }

        return null;
    }

    private static (string Place, string Why)? FindProblem(IReadOnlyList<SharedSection> sections)
    {
        foreach (var section in sections)
        {
            if (section.Problem is var (line, why))
                return (section.Place(line), why);
        }

        return null;
    }
}
