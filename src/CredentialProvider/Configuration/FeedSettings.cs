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
    /// <exception cref="NoTokenException">There is a problem.</exception>
    public void ThrowIfProblem()
    {
        if (Problem is not null)
            throw new NoTokenException(ErrorCode.Setting, Problem, "correct or unset it");
    }

    /// <param name="feed">Null for the settings of no feed in particular.</param>
    public static FeedSettings For(Feed? feed, Settings settings)
    {
        var layers = settings.Layers;
        var (options, problem) = (TokenOptions.None, settings.Problem ?? layers.Problem);
        if (feed?.Host is { } host)
            problem ??= layers.FindHost(host)?.Problem;
        ConfigurationFile? rolesFrom = null;
        foreach (var source in layers.SourcesFor(feed, settings.TokenOptions))
        {
            if (options.Roles is null && source.Options.Roles is not null)
                rolesFrom = source.File;
            options = options.Or(source.Options);
            problem ??= source.Problem;
        }

        var roles = options.Roles ?? [];
        if (settings.ExternalId is { } externalId && roles.Length > 0 && rolesFrom is not { IsEnforced: true })
            roles = [.. roles.AsSpan(0, roles.Length - 1), roles[^1] with { ExternalId = externalId }];
        return new FeedSettings(
            options.Profile, roles, options.Duration ?? TokenLifetime.MaxSeconds, options.Endpoint, problem);
    }
}
