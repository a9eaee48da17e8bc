namespace CredentialProvider;

/// <summary>
/// What the configuration file says; <see cref="ConfigurationFile"/> reads it. A problem is kept where it is, so that
/// it stops only the feeds that it concerns.
/// </summary>
/// <param name="Domains">Allow list, like CODEARTIFACT_DOMAINS.</param>
/// <param name="Problem">Concerns every feed.</param>
internal sealed record Configuration(
    string[] Domains, TokenOptions Defaults, Rule[] Rules, PrivateHost[] Hosts, string? Problem = null)
{
    public static Configuration Empty { get; } = new([], TokenOptions.None, [], []);
}

/// <summary>How tokens are asked for; null for what is not said here.</summary>
/// <param name="Roles">Assumed one after the other.</param>
/// <param name="Duration">Seconds: 0, or 900 to 43200.</param>
/// <param name="Endpoint">URL of the CodeArtifact API.</param>
internal sealed record TokenOptions(string? Profile, RoleRequest[]? Roles, int? Duration, string? Endpoint)
{
    public static TokenOptions None { get; } = new(null, null, null, null);
}

/// <summary>A role to assume. STS calls its parts RoleArn, RoleSessionName and ExternalId.</summary>
internal sealed record RoleRequest(string Arn, string? SessionName = null, string? ExternalId = null);

/// <summary>Options for the feeds that it selects; a null selector takes any.</summary>
internal sealed record Rule(
    string? Domain, string? Owner, string? Region, string? Repository, TokenOptions Options, string? Problem = null)
{
    /// <summary>How closely it names a feed: the repository counts most, then domain, owner, region.</summary>
    public int Specificity =>
        (Repository is null ? 0 : 8) + (Domain is null ? 0 : 4) + (Owner is null ? 0 : 2) + (Region is null ? 0 : 1);
}

/// <summary>A host that stands before CodeArtifact: a reverse proxy, or another name of a VPC endpoint.</summary>
/// <param name="Host">With <c>:port</c> if it is not 443.</param>
/// <param name="Domain">Null, with the owner, where the path has <c>/nuget/d/DOMAIN-OWNER/</c>.</param>
/// <param name="Repository">Where the path does not have <c>/nuget/REPOSITORY/</c>; null if unknown.</param>
internal sealed record PrivateHost(
    string Host, string? Domain, string? Owner, string Region, string? Repository, string? Problem = null);
