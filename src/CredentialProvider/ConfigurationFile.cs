using System.Text;
using System.Text.Json;
using CredentialProvider.Feeds;

namespace CredentialProvider;

/// <summary>
/// Reads <c>codeartifact.json</c>: JSON with comments and trailing commas. Whatever is wrong is named with file, line,
/// column and key, and a mistyped key with the one that was probably meant. Its schema for editors is
/// codeartifact.schema.json.
/// </summary>
internal sealed class ConfigurationFile
{
    private const int LargestFile = 1024 * 1024;

    private readonly string _path;
    private readonly byte[] _bytes;

    private ConfigurationFile(string path, byte[] bytes) => (_path, _bytes) = (path, bytes);

    /// <summary>Keys of the whole file, of its defaults, of a rule, of a host, of a role.</summary>
    public static string[] FileKeys { get; } = ["$schema", "domains", "defaults", "rules", "hosts"];

    public static string[] OptionKeys { get; } = ["profile", "roles", "externalId", "sessionName", "duration", "endpoint"];

    public static string[] RuleKeys { get; } = ["domain", "owner", "region", "repository", .. OptionKeys];

    public static string[] HostKeys { get; } = ["domain", "owner", "region", "repository"];

    public static string[] RoleKeys { get; } = ["arn", "externalId", "sessionName"];

    /// <summary>Never throws: what cannot be read is a configuration with a problem.</summary>
    public static Configuration Read(string path)
    {
        try
        {
            if (new FileInfo(path) is { Exists: true, Length: > LargestFile })
                return Broken(path, "it is larger than 1 MB");
            return Parse(path, File.ReadAllBytes(path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            return Broken(path, e.Message);
        }
    }

    /// <param name="path">For messages.</param>
    public static Configuration Parse(string path, byte[] bytes)
    {
        var file = new ConfigurationFile(path, bytes);
        try
        {
            return file.ReadRoot(JsonTree.Parse(bytes));
        }
        catch (JsonException e)
        {
            // Both count from 0, and the position is in bytes: right for all but lines with other alphabets.
            return Broken(path, $"line {e.LineNumber + 1}, column {e.BytePositionInLine + 1}: {Reason(e)}");
        }
        catch (BadValueException e)
        {
            return Configuration.Empty with { Path = path, Problem = e.Message };
        }
    }

    private static Configuration Broken(string path, string why) =>
        Configuration.Empty with { Path = path, Problem = $"{path} cannot be read: {why}" };

    /// <summary>Without the position, which is named already.</summary>
    private static string Reason(JsonException e)
    {
        var end = e.Message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        return end < 0 ? e.Message : e.Message[..end];
    }

    private Configuration ReadRoot(JsonTree root)
    {
        ExpectObject(root, "the file");
        CheckKeys(root, "", FileKeys);
        return new Configuration(
            _path,
            root.Find("domains") is { } domains ? ReadDomains(domains) : [],
            root.Find("defaults") is { } defaults ? ReadDefaults(defaults) : TokenOptions.None,
            root.Find("rules") is { } rules ? [.. Items(rules, "rules").Select(ReadRule)] : [],
            root.Find("hosts") is { } hosts ? ReadHosts(hosts) : []);
    }

    private TokenOptions ReadDefaults(JsonTree defaults)
    {
        ExpectObject(defaults, "defaults");
        CheckKeys(defaults, "defaults.", OptionKeys);
        return ReadOptions(defaults, "defaults");
    }

    private string[] ReadDomains(JsonTree node)
    {
        var domains = new List<string>();
        foreach (var item in Items(node, "domains"))
        {
            var text = Text(item, "domains");
            var slash = text.IndexOf('/');
            var (domain, owner) = slash < 0 ? (text, null) : (text[..slash], text[(slash + 1)..]);
            if ((domain != "*" && !Feed.IsDomain(domain)) || (owner is not null && !Feed.IsOwner(owner)))
                throw Bad(item, "domains", $"is '{text}'; it takes 'domain', 'domain/owner' and '*/owner'");
            domains.Add(text);
        }

        return [.. domains];
    }

    /// <summary>A rule with a problem still selects, as far as its selectors can be read.</summary>
    private Rule ReadRule(JsonTree node, int index)
    {
        var name = $"rules[{index}]";
        ExpectObject(node, name);
        string? domain = null, owner = null, region = null, repository = null;
        try
        {
            (domain, owner, region, repository) = ReadSelectors(node, name);
            CheckKeys(node, name + ".", RuleKeys);
            if (domain is null && owner is null && region is null && repository is null)
                throw Bad(node, name, "selects nothing; it takes domain, owner, region or repository "
                    + "(what is for all feeds belongs into defaults)");
            return new Rule(domain, owner, region, repository, ReadOptions(node, name));
        }
        catch (BadValueException e)
        {
            return new Rule(domain, owner, region, repository, TokenOptions.None, e.Message);
        }
    }

    private PrivateHost[] ReadHosts(JsonTree node)
    {
        ExpectObject(node, "hosts");
        return [.. node.Members.Select(member => ReadHost(member.Key, member.Value))];
    }

    private PrivateHost ReadHost(string host, JsonTree node)
    {
        var name = $"hosts.{host}";
        try
        {
            ExpectObject(node, name);
            CheckKeys(node, name + ".", HostKeys);
            var (domain, owner, region, repository) = ReadSelectors(node, name);
            if (region is null)
                throw Bad(node, name, "has no region");
            if (domain is null != owner is null)
            {
                throw Bad(node, name, "needs domain and owner; "
                    + "without both, the path of its feeds has to name them: /nuget/d/DOMAIN-OWNER/REPOSITORY/");
            }

            if (!Uri.TryCreate($"https://{host}/", UriKind.Absolute, out var uri)
                || !uri.Authority.Equals(host, StringComparison.OrdinalIgnoreCase))
            {
                throw Bad(node, name, "is no host name; it takes one like nuget.corp.example, with :port if it is not 443");
            }

            return new PrivateHost(host, domain, owner, region, repository);
        }
        catch (BadValueException e)
        {
            return new PrivateHost(host, null, null, "", null, e.Message);
        }
    }

    private (string? Domain, string? Owner, string? Region, string? Repository) ReadSelectors(JsonTree node, string name) => (
        Checked(node, name, "domain", Feed.IsDomain, "2 to 50 of a-z, 0-9 and hyphen"),
        Checked(node, name, "owner", Feed.IsOwner, "an account's 12 digits, in quotes"),
        Checked(node, name, "region", region => Partition.OfRegion(region) is not null, "a region like us-east-1"),
        Checked(node, name, "repository", Feed.IsRepository, "a repository's name"));

    private TokenOptions ReadOptions(JsonTree node, string name)
    {
        RoleRequest[]? roles = null;
        if (node.Find("roles") is { } list)
            roles = [.. Items(list, name + ".roles").Select((role, i) => ReadRole(role, $"{name}.roles[{i}]"))];
        if (node.Find("externalId") is { } externalId)
        {
            if (roles is not { Length: > 0 })
                throw Bad(externalId, name + ".externalId", "belongs to roles, and there are none beside it");
            roles[^1] = roles[^1] with { ExternalId = Text(externalId, name + ".externalId") };
        }

        if (node.Find("sessionName") is { } sessionName)
        {
            if (roles is not { Length: > 0 })
                throw Bad(sessionName, name + ".sessionName", "belongs to roles, and there are none beside it");
            var text = SessionName(sessionName, name + ".sessionName");
            roles = [.. roles.Select(role => role with { SessionName = role.SessionName ?? text })];
        }

        return new TokenOptions(
            Checked(node, name, "profile", profile => profile.Length > 0, "the name of an AWS profile"),
            roles,
            node.Find("duration") is { } duration ? ReadDuration(duration, name + ".duration") : null,
            Checked(node, name, "endpoint", IsEndpoint, "a URL like https://codeartifact.us-east-1.amazonaws.com"));
    }

    private RoleRequest ReadRole(JsonTree node, string name)
    {
        if (node.Kind != JsonTokenType.StartObject)
            return new RoleRequest(RoleArn(node, name));
        CheckKeys(node, name + ".", RoleKeys);
        return new RoleRequest(
            node.Find("arn") is { } arn ? RoleArn(arn, name + ".arn") : throw Bad(node, name, "has no arn"),
            node.Find("sessionName") is { } sessionName ? SessionName(sessionName, name + ".sessionName") : null,
            node.Find("externalId") is { } externalId ? Text(externalId, name + ".externalId") : null);
    }

    private string RoleArn(JsonTree node, string name) => Text(node, name) is var arn && Settings.IsRoleArn(arn)
        ? arn : throw Bad(node, name, $"is '{arn}'; it takes a role ARN like arn:aws:iam::111122223333:role/Reader");

    /// <summary>"RoleSessionName" in the API reference of STS.</summary>
    private string SessionName(JsonTree node, string name)
    {
        var text = Text(node, name);
        return text.Length is >= 2 and <= 64 && text.All(c => Feeds.Ascii.IsLetterOrDigit(c) || "_+=,.@-".Contains(c))
            ? text : throw Bad(node, name, $"is '{text}'; it takes 2 to 64 letters, digits and _+=,.@-");
    }

    private int ReadDuration(JsonTree node, string name) =>
        node.Kind == JsonTokenType.Number && int.TryParse(node.Text, out var seconds) && Settings.IsDuration(seconds)
            ? seconds : throw Bad(node, name, $"is {node.Text}; it takes seconds: 0, or 900 to 43200");

    private static bool IsEndpoint(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme == Uri.UriSchemeHttps && uri.PathAndQuery == "/";

    private string? Checked(JsonTree node, string name, string key, Func<string, bool> isGood, string takes)
    {
        if (node.Find(key) is not { } value)
            return null;
        var text = Text(value, $"{name}.{key}");
        return isGood(text) ? text : throw Bad(value, $"{name}.{key}", $"is '{text}'; it takes {takes}");
    }

    private string Text(JsonTree node, string name) => node.Kind == JsonTokenType.String
        ? node.Text : throw Bad(node, name, "takes a text in quotes");

    private List<JsonTree> Items(JsonTree node, string name) => node.Kind == JsonTokenType.StartArray
        ? node.Items : throw Bad(node, name, "takes a list in [ ]");

    private void ExpectObject(JsonTree node, string name)
    {
        if (node.Kind != JsonTokenType.StartObject)
            throw Bad(node, name, "takes keys and values in { }");
    }

    private void CheckKeys(JsonTree node, string prefix, string[] keys)
    {
        var seen = new HashSet<string>();
        foreach (var (key, at, _) in node.Members)
        {
            if (Array.IndexOf(keys, key) < 0)
            {
                throw Bad(at, prefix + key, Spelling.Nearest(key, keys) is { } meant
                    ? $"is no key; '{meant}' is" : $"is no key; there are {string.Join(", ", keys)}");
            }

            if (!seen.Add(key))
                throw Bad(at, prefix + key, "stands here twice");
        }
    }

    private BadValueException Bad(JsonTree node, string name, string what) => Bad(node.Start, name, what);

    private BadValueException Bad(int at, string name, string what)
    {
        var before = _bytes.AsSpan(0, at);
        var line = 1;
        for (var next = before.IndexOf((byte)'\n'); next >= 0; next = before.IndexOf((byte)'\n'))
        {
            line++;
            before = before[(next + 1)..];
        }

        var column = Encoding.UTF8.GetCharCount(before.ToArray()) + 1;
        return new BadValueException($"{_path}, line {line}, column {column}: {name} {what}");
    }

    private sealed class BadValueException(string message) : Exception(message);
}
