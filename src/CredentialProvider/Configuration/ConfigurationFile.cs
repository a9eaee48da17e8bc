using CredentialProvider.Feeds;

namespace CredentialProvider.Configuration;

/// <summary>
/// The contents of codeartifact.json; <see cref="ConfigurationFileReader"/> reads it. Each problem is kept next to what
/// it affects, so that it stops only those feeds.
/// </summary>
/// <param name="Domains">Allow list, like CODEARTIFACT_DOMAINS; empty allows all.</param>
/// <param name="Hosts">Null if the file has no such key.</param>
/// <param name="Problem">Affects every feed.</param>
internal sealed record ConfigurationFile(
    string[] Domains, TokenOptions Defaults, Rule[] Rules, PrivateHost[]? Hosts, string? Problem = null)
{
    public static ConfigurationFile Empty { get; } = new([], TokenOptions.None, [], null);

    /// <summary>The command that corrects the problem; null if there is none.</summary>
    public string? Fix { get; init; }

    /// <summary>Null if there is no file.</summary>
    public string? Path { get; init; }

    /// <summary>Machine's file only: what it sets is final.</summary>
    public bool IsEnforced { get; init; }

    /// <summary>Machine's file only: <c>doctor</c> fails where a public source could serve packages of the same
    /// IDs.</summary>
    public bool RequiresMapping { get; init; }
}

/// <summary>How to request tokens; null for what is not set here.</summary>
/// <param name="Roles">Assumed one after the other.</param>
/// <param name="Duration">Seconds: 0, or 900 to 43200.</param>
/// <param name="Endpoint">URL of the CodeArtifact API.</param>
internal sealed record TokenOptions(string? Profile, RoleRequest[]? Roles, int? Duration, string? Endpoint)
{
    public static TokenOptions None { get; } = new(null, null, null, null);

    /// <summary>Of every role session; see <see cref="SessionText"/>.</summary>
    public string? SessionName { get; init; }

    /// <summary>Of the first AssumeRole, from where it stays; see <see cref="SessionText"/>.</summary>
    public string? SourceIdentity { get; init; }

    /// <summary>Of the last role's session.</summary>
    public SessionTag[]? Tags { get; init; }

    public TokenScope? Scope { get; init; }

    /// <summary>These options, completed by <paramref name="defaults"/> where they say nothing.</summary>
    public TokenOptions Or(TokenOptions defaults) => new(
        Profile ?? defaults.Profile, Roles ?? defaults.Roles, Duration ?? defaults.Duration,
        Endpoint ?? defaults.Endpoint)
    {
        SessionName = SessionName ?? defaults.SessionName,
        SourceIdentity = SourceIdentity ?? defaults.SourceIdentity,
        Tags = Tags ?? defaults.Tags,
        Scope = Scope ?? defaults.Scope,
    };
}

/// <summary>What the session of the last role is limited to.</summary>
internal enum TokenScope
{
    /// <summary>Nothing: what the role's own policies allow.</summary>
    Role,

    /// <summary>Reading from the feed's repository.</summary>
    Read,

    /// <summary>Reading from the feed's repository and publishing to it.</summary>
    Publish,
}

/// <summary>A role to assume, with the parameters that STS calls RoleArn, RoleSessionName and ExternalId.</summary>
/// <param name="SessionName">Null for <see cref="SessionText.DefaultName"/>.</param>
internal sealed record RoleRequest(string Arn, string? SessionName = null, string? ExternalId = null)
{
    /// <summary>STS keeps it for all roles that are assumed from this one.</summary>
    public string? SourceIdentity { get; init; }

    public SessionTag[]? Tags { get; init; }

    /// <summary>What the session is limited to; null for nothing.</summary>
    public SessionScope? Scope { get; init; }
}

/// <summary>A tag of a role session.</summary>
/// <param name="IsTransitive">Roles that are assumed from this session keep the tag.</param>
internal sealed record SessionTag(string Key, string Value, bool IsTransitive = false);

/// <summary>The one repository that a session is limited to.</summary>
internal sealed record SessionScope(Feed Feed, bool IsPublishing);

/// <summary>Options for the feeds that its selectors match; a null selector matches any feed.</summary>
internal sealed record Rule(
    string? Domain, string? Owner, string? Region, string? Repository, TokenOptions Options, string? Problem = null)
{
    /// <summary>How specific the rule is: repository before domain before owner before region.</summary>
    public int Specificity =>
        (Repository is null ? 0 : 8) + (Domain is null ? 0 : 4) + (Owner is null ? 0 : 2) + (Region is null ? 0 : 1);

    public bool Selects(Feed feed) => (Domain ?? feed.Domain) == feed.Domain && (Owner ?? feed.Owner) == feed.Owner
        && (Region ?? feed.Region) == feed.Region && (Repository ?? feed.Repository) == feed.Repository;
}

/// <summary>A host in front of CodeArtifact: a reverse proxy, or another name of a VPC endpoint.</summary>
/// <param name="Host">With <c>:port</c> if the port is not 443.</param>
/// <param name="Domain">Null, like the owner, if the path contains <c>/nuget/d/DOMAIN-OWNER/</c>.</param>
/// <param name="Repository">For paths without <c>/nuget/REPOSITORY/</c>; null if unknown.</param>
internal sealed record PrivateHost(
    string Host, string? Domain, string? Owner, string Region, string? Repository, string? Problem = null);
