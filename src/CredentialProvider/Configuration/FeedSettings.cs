using CredentialProvider.Errors;
using CredentialProvider.Feeds;


namespace CredentialProvider.Configuration;

/// <summary>
/// What applies to one feed. Each setting comes from the first place that has it; <see cref="ConfigurationLayers"/> has
/// the order.
/// </summary>
/// <param name="Roles">Assumed one after the other.</param>
/// <param name="Duration">Seconds: 0, or 900 to 43200.</param>
/// <param name="Endpoint">URL of the CodeArtifact API; null for AWS's own.</param>
/// <param name="Problem">A setting for this feed that cannot be used; null if all is well.</param>
internal sealed record FeedSettings(string? Profile, RoleRequest[] Roles, int Duration, string? Endpoint,
    string? Problem)
{
    /// <summary><see cref="Endpoint"/> without AWS's variables, which the AWS profile can ignore.</summary>
    public string? EndpointOfFile { get; private init; }

    /// <summary>Of the roles that AWS's profiles name; <see cref="Roles"/> have theirs. Null if it is not set.</summary>
    public string? SessionName { get; private init; }

    /// <summary>Of the first AssumeRole; null if it is not set.</summary>
    public string? SourceIdentity { get; private init; }

    /// <summary>Of the last role's session, if it has none of its own; null for none.</summary>
    public SessionTag[]? Tags { get; private init; }

    /// <summary>What the last role's session is limited to; null for nothing.</summary>
    public SessionScope? Scope { get; private init; }

    private string? Fix { get; init; }

    /// <exception cref="NoTokenException">There is a problem.</exception>
    public void ThrowIfProblem()
    {
        if (Problem is not null)
            throw new NoTokenException(ErrorCode.Setting, Problem, Fix ?? "correct or unset it");
    }

    /// <param name="feed">Null for the settings of no feed in particular.</param>
    public static FeedSettings For(Feed? feed, Settings settings)
    {
        var layers = settings.Layers;
        var (options, problem) = (TokenOptions.None, settings.Problem ?? layers.Problem);
        if (feed?.Host is { } host)
            problem ??= layers.FindHost(host)?.Problem;
        ConfigurationFile? rolesFrom = null, nameFrom = null;
        string? endpointOfFile = null;
        foreach (var source in layers.SourcesFor(feed, settings.TokenOptions))
        {
            if (options.Roles is null && source.Options.Roles is not null)
                rolesFrom = source.File;
            if (options.SessionName is null && source.Options.SessionName is not null)
                nameFrom = source.File;
            if (source.File is not null)
                endpointOfFile ??= source.Options.Endpoint;
            options = options.Or(source.Options);
            problem ??= source.Problem;
        }

        var areRolesFinal = rolesFrom is { IsEnforced: true };
        var name = ToName(options.SessionName, settings);
        var roles = RolesOf(options, name, isNameFinal: nameFrom is null && !areRolesFinal, settings);
        if (settings.ExternalId is { } externalId && roles.Length > 0 && !areRolesFinal)
            roles[^1] = roles[^1] with { ExternalId = externalId };
        var scope = feed is null || options.Scope is null or TokenScope.Role ? null
            : new SessionScope(feed, options.Scope == TokenScope.Publish);
        if (scope?.Feed.Repository.Length == 0)
            problem ??= $"scope is set, but the repository of {scope.Feed.DomainName} is not known";
        return new FeedSettings(
            options.Profile, roles, options.Duration ?? TokenLifetime.MaxSeconds, options.Endpoint, problem)
        {
            EndpointOfFile = endpointOfFile,
            SessionName = name,
            SourceIdentity = ToName(options.SourceIdentity, settings),
            Tags = ToTags(options.Tags, settings),
            Scope = scope,
            Fix = settings.Problem is null ? layers.Fix : null,
        };
    }

    /// <param name="name">For all roles.</param>
    /// <param name="isNameFinal">It comes from the environment; otherwise a role's own name takes precedence.</param>
    private static RoleRequest[] RolesOf(TokenOptions options, string? name, bool isNameFinal, Settings settings) =>
        Array.ConvertAll(options.Roles ?? [], role => role with
        {
            SessionName = (isNameFinal ? name : null) ?? ToName(role.SessionName, settings) ?? name
                // AWS's tools do not expand variables in it.
                ?? (settings.AwsRoleSessionName is { } awsName ? SessionText.ToName(awsName) : null),
            Tags = ToTags(role.Tags, settings),
        });

    private static string? ToName(string? text, Settings settings) =>
        text is null ? null : SessionText.ToName(SessionText.Expand(text, settings));

    private static SessionTag[]? ToTags(SessionTag[]? tags, Settings settings) => tags is null ? null
        : Array.ConvertAll(tags, tag => tag with { Value = SessionText.ToTagValue(SessionText.Expand(tag.Value, settings)) });
}
