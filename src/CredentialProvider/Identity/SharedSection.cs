using CredentialProvider.FastStart;

namespace CredentialProvider.Identity;

/// <summary>A section of a shared file.</summary>
/// <param name="File">The file's path.</param>
/// <param name="Name">What stands between the brackets.</param>
/// <param name="Line">Number of the header's line.</param>
internal sealed record SharedSection(string File, string Name, int Line)
{
    private readonly List<SharedProperty> _properties = [];

    /// <summary>In the order of the file; a name can occur more than once.</summary>
    public IReadOnlyList<SharedProperty> Properties => _properties;

    /// <summary>The first line that cannot be read; null if all can.</summary>
    public (int Line, string Why)? Problem { get; set; }

    /// <summary>File, line and section, for errors.</summary>
    /// <param name="line">Null for the header's.</param>
    public string Place(int? line = null) => $"{File}, line {line ?? Line}, [{Name}]";

    /// <summary>The last property with this name, in lower case; null if there is none.</summary>
    public SharedProperty? Find(string name)
    {
        for (var i = _properties.Count - 1; i >= 0; i--)
        {
            if (_properties[i].Name == name)
                return _properties[i];
        }

        return null;
    }

    /// <summary>Adds a line like <c>name = value</c>; null if it is something else.</summary>
    public SharedProperty? Add(string line, int number)
    {
        var equals = IndexOfSeparator(line);
        if (equals is 0 || equals == line.Length)
        {
            Problem ??= (number, "the line is neither a section nor a setting");
            return null;
        }

        var name = line[..equals].TrimEnd().ToLowerInvariant();
        var property = new SharedProperty(this, name, number) { Value = Uncomment(name, line[(equals + 1)..]).Trim() };
        _properties.Add(property);
        return property;
    }

    /// <returns>The length of the line if it has none.</returns>
    internal static int IndexOfSeparator(string line)
    {
        var index = 0;
        while (index < line.Length && line[index] is not ('=' or ':'))
            index++;
        return index;
    }

    /// <summary>Removes a comment after white space. A command may contain "#" and ";".</summary>
    internal static string Uncomment(string name, string value)
    {
        if (name == "credential_process")
            return value;
        for (var i = 1; i < value.Length; i++)
        {
            if (value[i] is '#' or ';' && value[i - 1] is ' ' or '\t')
                return value[..i];
        }

        return value;
    }
}

/// <summary>A setting in a shared file.</summary>
/// <param name="Name">In lower case.</param>
internal sealed record SharedProperty(SharedSection Section, string Name, int Line)
{
    /// <summary>File, line, section and name, for errors.</summary>
    public string Place => $"{Section.Place(Line)}: {Name}";

    /// <summary>Continuation lines are separated by line feeds; a nested block starts with one.</summary>
    public required string Value { get; set; }

    /// <summary>A setting in a nested block, such as <c>endpoint_url</c> below <c>sts =</c>.</summary>
    /// <returns>The last one with this name; null if there is none.</returns>
    public string? FindNested(string name)
    {
        string? found = null;
        foreach (var line in AsciiText.Split(Value, '\n'))
        {
            var equals = SharedSection.IndexOfSeparator(line);
            if (equals < line.Length && line[..equals].TrimEnd() == name)
                found = SharedSection.Uncomment(name, line[(equals + 1)..]).Trim();
        }

        return found;
    }
}
