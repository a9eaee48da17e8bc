using CredentialProvider.Feeds;

namespace CredentialProvider;

/// <summary>
/// Reads <c>codeartifact.json</c>: JSON with comments and trailing commas. Whatever is wrong is named with file, line,
/// column and key, and a mistyped key with the one that was probably meant. Its schema for editors is
/// codeartifact.schema.json.
/// </summary>
internal static class ConfigurationFile
{
    private const int LargestFile = 1024 * 1024;

    /// <summary>Keys of the whole file, of its defaults, of a rule, of a host, of a role.</summary>
    public static string[] FileKeys { get; } = ["$schema", "domains", "defaults", "rules", "hosts"];

    public static string[] OptionKeys { get; } =
        ["profile", "roles", "externalId", "sessionName", "duration", "endpoint"];

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
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException
            or NotSupportedException)
        {
            return Broken(path, e.Message);
        }
    }

    /// <param name="path">For messages.</param>
    public static Configuration Parse(string path, byte[] bytes)
    {
        try
        {
            return ReadFile(new JsonReader(path, new ArraySegment<byte>(bytes), isOfPerson: true).Read());
        }
        catch (BadValueException e)
        {
            return Configuration.Empty with { Problem = e.Message };
        }
    }

    private static Configuration Broken(string path, string why) =>
        Configuration.Empty with { Problem = $"{path} cannot be read: {why}" };

    private static Configuration ReadFile(JsonTree file)
    {
        file.Expect(FileKeys);
        return new Configuration(
            file.Find("domains") is { } domains ? [.. domains.Items().Select(ReadDomain)] : [],
            file.Find("defaults") is { } defaults ? ReadOptions(defaults.Expect(OptionKeys)) : TokenOptions.None,
            file.Find("rules") is { } rules ? [.. rules.Items().Select(ReadRule)] : [],
            file.Find("hosts") is { } hosts
                ? [.. hosts.Members().Select(ReadHost)] : []);
    }

    private static string ReadDomain(JsonTree node) => node.Text(
        text =>
        {
            var slash = text.IndexOf('/');
            var domain = slash < 0 ? text : text[..slash];
            return (domain == "*" || Feed.IsDomain(domain)) && (slash < 0 || Feed.IsOwner(text[(slash + 1)..]));
        },
        "'domain', 'domain/owner' and '*/owner'");

    /// <summary>A rule with a problem still selects, by the selectors that come before it in
    /// <see cref="RuleKeys"/>.</summary>
    private static Rule ReadRule(JsonTree node)
    {
        string? domain = null, owner = null, region = null, repository = null;
        try
        {
            ReadSelectors(node, out domain, out owner, out region, out repository);
            node.Expect(RuleKeys);
            if (domain is null && owner is null && region is null && repository is null)
            {
                throw node.Bad("selects nothing; it takes domain, owner, region or repository "
                    + "(what is for all feeds belongs into defaults)");
            }

            return new Rule(domain, owner, region, repository, ReadOptions(node));
        }
        catch (BadValueException e)
        {
            return new Rule(domain, owner, region, repository, TokenOptions.None, e.Message);
        }
    }

    private static PrivateHost ReadHost(JsonTree node)
    {
        var host = node.Key;
        try
        {
            node.Expect(HostKeys);
            ReadSelectors(node, out var domain, out var owner, out var region, out var repository);
            if (region is null)
                throw node.Bad("has no region");
            if (domain is null != owner is null)
            {
                throw node.Bad("needs domain and owner; "
                    + "without both, the path of its feeds has to name them: /nuget/d/DOMAIN-OWNER/REPOSITORY/");
            }

            if (!Uri.TryCreate($"https://{host}/", UriKind.Absolute, out var uri)
                || !uri.Authority.Equals(host, StringComparison.OrdinalIgnoreCase))
            {
                throw node.Bad("is no host name; it takes one like nuget.corp.example, with :port if it is not 443");
            }

            return new PrivateHost(host, domain, owner, region, repository);
        }
        catch (BadValueException e)
        {
            return new PrivateHost(host, null, null, "", null, e.Message);
        }
    }

    /// <summary>What comes before a bad one is read: see <see cref="ReadRule"/>.</summary>
    private static void ReadSelectors(
        JsonTree node, out string? domain, out string? owner, out string? region, out string? repository)
    {
        domain = node.Find("domain")?.Text(Feed.IsDomain, "2 to 50 of a-z, 0-9 and hyphen");
        owner = node.Find("owner")?.Text(Feed.IsOwner, "an account's 12 digits");
        region = node.Find("region")?.Text(text => Partition.OfRegion(text) is not null, "a region like us-east-1");
        repository = node.Find("repository")?.Text(Feed.IsRepository, "a repository's name");
    }

    private static TokenOptions ReadOptions(JsonTree node)
    {
        var roles = node.Find("roles")?.Items().Select(ReadRole).ToArray();
        var (externalId, sessionName) = (node.Find("externalId"), node.Find("sessionName"));
        if (roles is not { Length: > 0 } && (externalId ?? sessionName) is { } lost)
            throw lost.Bad("belongs to roles, and there are none beside it");
        if (externalId is not null)
            roles![^1] = roles[^1] with { ExternalId = externalId.Text() };
        if (sessionName is not null)
        {
            var name = SessionName(sessionName);
            roles = [.. roles!.Select(role => role with { SessionName = role.SessionName ?? name })];
        }

        return new TokenOptions(
            node.Find("profile")?.Text(text => text.Length > 0, "the name of an AWS profile"),
            roles,
            node.Find("duration")?.Number(Settings.IsDuration, "seconds: 0, or 900 to 43200"),
            node.Find("endpoint")?.Text(IsEndpoint, "a URL like https://codeartifact.us-east-1.amazonaws.com"));
    }

    private static RoleRequest ReadRole(JsonTree node)
    {
        if (!node.IsObject)
            return new RoleRequest(RoleArn(node));
        node.Expect(RoleKeys);
        return new RoleRequest(
            RoleArn(node.Get("arn")),
            node.Find("sessionName") is { } sessionName ? SessionName(sessionName) : null,
            node.Find("externalId")?.Text());
    }

    private static string RoleArn(JsonTree node) =>
        node.Text(Settings.IsRoleArn, "a role ARN like arn:aws:iam::111122223333:role/Reader");

    /// <summary>"RoleSessionName" in the API reference of STS.</summary>
    private static string SessionName(JsonTree node) => node.Text(
        text => text.Length is >= 2 and <= 64
            && text.All(c => Ascii.IsLetterOrDigit(c) || "_+=,.@-".Contains(c)),
        "2 to 64 letters, digits and _+=,.@-");

    private static bool IsEndpoint(string text) => Uri.TryCreate(text, UriKind.Absolute, out var uri)
        && uri.Scheme == Uri.UriSchemeHttps && uri.PathAndQuery == "/";
}
