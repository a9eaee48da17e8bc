using CredentialProvider.Errors;
using CredentialProvider.FastStart;
using CredentialProvider.Feeds;
using CredentialProvider.Platform;


namespace CredentialProvider.Configuration;

/// <summary>
/// Reads <c>codeartifact.json</c>: JSON with comments and trailing commas. Errors name file, line, column and key, and
/// suggest the key that was probably meant. The schema for editors is codeartifact.schema.json.
/// </summary>
internal static class ConfigurationFileReader
{
    private const int MaxFileSize = 1024 * 1024;

    private const string Enforced = "enforced", RequirePackageSourceMapping = "requirePackageSourceMapping";

    /// <summary>Keys at the top level of the machine's file only.</summary>
    private static readonly string[] MachineKeys = [Enforced, RequirePackageSourceMapping];

    /// <summary>Keys at the top level of the file.</summary>
    public static string[] FileKeys { get; } =
        ["$schema", "domains", "defaults", "rules", "hosts", .. MachineKeys];

    /// <summary>Keys of <c>defaults</c>.</summary>
    public static string[] OptionKeys { get; } =
        ["profile", "roles", "externalId", "sessionName", "sourceIdentity", "tags", "scope", "duration", "endpoint"];

    public static string[] RuleKeys { get; } = ["domain", "owner", "region", "repository", .. OptionKeys];

    public static string[] HostKeys { get; } = ["domain", "owner", "region", "repository"];

    public static string[] RoleKeys { get; } = ["arn", "externalId", "sessionName", "tags"];

    /// <summary>Keys of a tag that is not only a value.</summary>
    public static string[] TagKeys { get; } = ["value", "transitive"];

    /// <summary>Never throws: a file that cannot be read is a configuration with a problem.</summary>
    /// <param name="home">The user's home directory; null if there is none.</param>
    /// <param name="isNamed">The user has named this file, so its owner does not matter.</param>
    /// <param name="isMachine">The file may have the keys that only an administrator sets.</param>
    public static ConfigurationFile Read(string path, string? home, bool isNamed, bool isMachine = false)
    {
        try
        {
            if (RegularFile.IsSpecial(path))
                return Unreadable(path, "it is not a regular file");
            if (!isNamed && TrustedFile.FindProblem(path, home) is var (why, fix))
                return ConfigurationFile.Empty with { Problem = $"{path} is not used: {why}", Fix = fix };

            if (new FileInfo(path) is { Exists: true, Length: > MaxFileSize })
                return Unreadable(path, "it is larger than 1 MB");
            return Parse(path, File.ReadAllBytes(path), isMachine);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException
            or NotSupportedException)
        {
            return Unreadable(path, e.Message);
        }
    }

    /// <param name="path">For errors.</param>
    /// <param name="isMachine">The file may have the keys that only an administrator sets.</param>
    public static ConfigurationFile Parse(string path, byte[] bytes, bool isMachine = false)
    {
        try
        {
            var file = new JsonReader(path, new ArraySegment<byte>(bytes), isLenient: true).Read();
            return ReadFile(file, isMachine) with { Path = path };
        }
        catch (InvalidValueException e)
        {
            return ConfigurationFile.Empty with { Path = path, Problem = e.Message };
        }
    }

    private static ConfigurationFile Unreadable(string path, string why) =>
        ConfigurationFile.Empty with { Path = path, Problem = $"{path} cannot be read: {why}" };

    private static ConfigurationFile ReadFile(JsonTree file, bool isMachine)
    {
        RequireKeys(file, FileKeys);
        foreach (var key in MachineKeys)
        {
            if (!isMachine && file.Find(key) is { } misplaced)
            {
                throw misplaced.ErrorAtKey(
                    $"is allowed only in the machine's file, {KnownPaths.MachineConfigurationFile}");
            }
        }

        return new ConfigurationFile(
            file.Find("domains") is { } domains ? [.. domains.EnumerateArray().Select(ReadDomain)] : [],
            file.Find("defaults") is { } defaults ? ReadOptions(RequireKeys(defaults, OptionKeys)) : TokenOptions.None,
            file.Find("rules") is { } rules ? [.. rules.EnumerateArray().Select(ReadRule)] : [],
            file.Find("hosts") is { } hosts ? [.. hosts.EnumerateObject().Select(ReadHost)] : null)
        {
            IsEnforced = file.Find(Enforced)?.GetBoolean() == true,
            RequiresMapping = file.Find(RequirePackageSourceMapping)?.GetBoolean() == true,
        };
    }

    private static string ReadDomain(JsonTree node) => GetString(
        node,
        AllowedDomains.IsEntry, AllowedDomains.EntryForms);

    /// <summary>A rule with a problem still selects feeds, by the selectors that were read before the problem.</summary>
    private static Rule ReadRule(JsonTree node)
    {
        string? domain = null, owner = null, region = null, repository = null;
        try
        {
            ReadSelectors(node, out domain, out owner, out region, out repository);
            RequireKeys(node, RuleKeys);
            if (domain is null && owner is null && region is null && repository is null)
            {
                throw node.Error("has no selector (domain, owner, region or repository); "
                    + "settings for every feed belong in \"defaults\"");
            }

            return new Rule(domain, owner, region, repository, ReadOptions(node));
        }
        catch (InvalidValueException e)
        {
            return new Rule(domain, owner, region, repository, TokenOptions.None, e.Message);
        }
    }

    private static PrivateHost ReadHost(JsonTree node)
    {
        var host = node.Key;
        try
        {
            RequireKeys(node, HostKeys);
            ReadSelectors(node, out var domain, out var owner, out var region, out var repository);
            if (region is null)
                throw node.Error("is missing 'region'");
            if (domain is null != owner is null)
            {
                throw node.Error("must have both domain and owner, "
                    + "or neither if its feed URLs contain /nuget/d/DOMAIN-OWNER/REPOSITORY/");
            }

            if (!FeedUrl.TrySplit($"https://{host}/", out var name, out _)
                || !name.Equals(host, StringComparison.OrdinalIgnoreCase))
            {
                throw node.Error("is not a host name; expected one such as nuget.corp.example, with :port if it is not 443");
            }

            return new PrivateHost(host, domain, owner, region, repository);
        }
        catch (InvalidValueException e)
        {
            return new PrivateHost(host, null, null, "", null, e.Message);
        }
    }

    /// <summary>Out parameters, so that <see cref="ReadRule"/> has what was read before an error.</summary>
    private static void ReadSelectors(
        JsonTree node, out string? domain, out string? owner, out string? region, out string? repository)
    {
        domain = owner = region = repository = null;
        domain = FindString(node, "domain", Feed.IsDomain, "2 to 50 of a-z, 0-9 and hyphen");
        owner = FindString(node, "owner", Feed.IsOwner, "an AWS account id of 12 digits");
        region = FindString(node, "region", text => Partition.OfRegion(text) is not null, "a region such as us-east-1");
        repository = FindString(node, "repository", Feed.IsRepository, "a repository name");
    }

    private static TokenOptions ReadOptions(JsonTree node)
    {
        var roles = node.Find("roles")?.EnumerateArray().Select(ReadRole).ToArray();
        if (node.Find("externalId") is { } externalId)
        {
            if (roles is not { Length: > 0 })
                throw externalId.Error("needs \"roles\" in the same object");
            roles[^1] = roles[^1] with { ExternalId = externalId.GetString() };
        }

        return new TokenOptions(
            FindString(node, "profile", text => text.Length > 0, "the name of an AWS profile"),
            roles,
            node.Find("duration") is { } duration ? GetDuration(duration) : null,
            FindString(node, "endpoint", IsEndpoint, "a URL such as https://codeartifact.us-east-1.amazonaws.com"))
        {
            SessionName = node.Find("sessionName") is { } sessionName ? GetName(sessionName) : null,
            SourceIdentity = node.Find("sourceIdentity") is { } sourceIdentity ? GetName(sourceIdentity) : null,
            Tags = FindTags(node),
            Scope = node.Find("scope") is { } scope ? GetScope(scope) : null,
        };
    }

    private static RoleRequest ReadRole(JsonTree node)
    {
        if (!node.IsObject)
            return new RoleRequest(GetRoleArn(node));
        RequireKeys(node, RoleKeys);
        return new RoleRequest(
            GetRoleArn(node.GetProperty("arn")),
            node.Find("sessionName") is { } sessionName ? GetName(sessionName) : null,
            node.Find("externalId")?.GetString()) { Tags = FindTags(node) };
    }

    private static string GetRoleArn(JsonTree node) =>
        GetString(node, Settings.IsRoleArn, "a role ARN such as arn:aws:iam::111122223333:role/Reader");

    /// <summary>RoleSessionName and SourceIdentity in the STS API reference. The values of variables are not known
    /// here.</summary>
    private static string GetName(JsonTree node)
    {
        var text = WithoutVariables(node);
        return text.All(SessionText.IsNameCharacter)
            && text.Length <= SessionText.MaxLength && node.GetString().Length >= SessionText.MinLength ? node.GetString()
            : throw node.Error($"is '{node.Raw}'; expected {SessionText.MinLength} to {SessionText.MaxLength} letters, "
                + $"digits and {SessionText.NameCharacters}, or variables such as ${{host}}");
    }

    /// <summary>Tags in the STS API reference.</summary>
    private static SessionTag[]? FindTags(JsonTree node)
    {
        const int MaxTags = 50, MaxKey = 128;
        if (node.Find("tags") is not { } tags)
            return null;
        var read = tags.EnumerateObject().Select(tag =>
        {
            if (tag.Key.Length is 0 or > MaxKey || tag.Key.StartsWith("aws:", StringComparison.OrdinalIgnoreCase)
                || !tag.Key.All(SessionText.IsTagCharacter))
            {
                throw tag.ErrorAtKey($"is not a valid AWS tag key; expected letters, digits, spaces and {SessionText.TagCharacters}, "
                    + "without aws: at the start");
            }

            var value = tag.IsObject ? RequireKeys(tag, TagKeys).GetProperty("value") : tag;
            return WithoutVariables(value).All(SessionText.IsTagCharacter)
                ? new SessionTag(tag.Key, value.GetString(), tag.IsObject && tag.Find("transitive")?.GetBoolean() == true)
                : throw value.Error($"is '{value.Raw}'; expected letters, digits, spaces and {SessionText.TagCharacters}");
        }).ToArray();
        if (read.Select(tag => tag.Key).Distinct(StringComparer.OrdinalIgnoreCase).Count() < read.Length)
            throw tags.Error("has two keys that differ only in case, which AWS rejects");
        return read.Length <= MaxTags ? read : throw tags.Error($"has {read.Length} tags; AWS accepts {MaxTags}");
    }

    /// <summary>The literal part of a text with <c>${…}</c>.</summary>
    private static string WithoutVariables(JsonTree node)
    {
        var text = node.GetString();
        return SessionText.FindUnknownVariable(text) is { } unknown
            ? throw node.Error($"contains ${{{unknown}}}, which is not a supported variable "
                + $"({Spelling.Suggest(unknown, SessionText.Variables)})")
            : SessionText.Replace(text, _ => "");
    }

    private static TokenScope GetScope(JsonTree node) => node.Kind == JsonKind.String
        ? node.GetString() == "publish" ? TokenScope.Publish : throw node.Error($"is '{node.Raw}'; expected true, false or \"publish\"")
        : node.GetBoolean() ? TokenScope.Read : TokenScope.Role;

    private static int GetDuration(JsonTree node) =>
        node.GetInt64() is <= int.MaxValue and var seconds && TokenLifetime.IsAllowed((int)seconds) ? (int)seconds
            : throw node.Error($"is {node.Raw}; expected {TokenLifetime.Expected}");

    private static bool IsEndpoint(string text) => Uri.TryCreate(text, UriKind.Absolute, out var uri)
        && uri.Scheme == Uri.UriSchemeHttps && uri.PathAndQuery == "/";

    private static string? FindString(JsonTree node, string key, Func<string, bool> isValid, string expected) =>
        node.Find(key) is { } value ? GetString(value, isValid, expected) : null;

    private static string GetString(JsonTree node, Func<string, bool> isValid, string expected) =>
        isValid(node.GetString()) ? node.GetString() : throw node.Error($"is '{node.Raw}'; expected {expected}");

    /// <exception cref="InvalidValueException">The node is not an object, or has another key.</exception>
    private static JsonTree RequireKeys(JsonTree node, string[] keys)
    {
        foreach (var member in node.EnumerateObject())
        {
            if (Array.IndexOf(keys, member.Key) < 0)
                throw member.ErrorAtKey($"is not a known key ({Spelling.Suggest(member.Key, keys)})");
        }

        return node;
    }
}
