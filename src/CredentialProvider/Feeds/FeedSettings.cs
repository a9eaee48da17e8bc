namespace CredentialProvider.Feeds;

/// <summary>
/// How tokens for one feed are asked for: the environment first, then the most specific rule of the configuration file
/// that says something, then the file's defaults; each setting for itself.
/// </summary>
/// <param name="Roles">Assumed one after the other.</param>
/// <param name="Duration">Seconds: 0, or 900 to 43200.</param>
/// <param name="Endpoint">Null for AWS's own.</param>
/// <param name="Problem">A setting that concerns this feed and cannot be used; null where all is well.</param>
internal sealed record FeedSettings(string? Profile, RoleRequest[] Roles, int Duration, string? Endpoint,
    string? Problem)
{
    /// <exception cref="NoTokenException">There is a problem.</exception>
    public void ThrowIfProblem()
    {
        if (Problem is not null)
            throw new NoTokenException(ErrorCode.Setting, Problem, "correct or unset it");
    }

    public static FeedSettings For(Feed feed, Settings settings)
    {
        var configuration = settings.Configuration;
        var options = settings.TokenOptions;
        var problem = settings.Problem ?? configuration.Problem
            ?? (feed.Host is null ? null : ProblemOfHost(feed, configuration));
        if (configuration.Rules.Length > 0)
        {
            foreach (var rule in RulesFor(feed, configuration))
            {
                options = Complete(options, rule.Options);
                problem ??= rule.Problem;
            }
        }

        options = Complete(options, configuration.Defaults);
        var roles = options.Roles ?? [];
        if (settings.ExternalId is { } externalId && roles.Length > 0)
            roles = WithExternalId(roles, externalId);
        return new FeedSettings(
            options.Profile, roles, options.Duration ?? Settings.LongestDuration, options.Endpoint, problem);
    }

    private static RoleRequest[] WithExternalId(RoleRequest[] roles, string externalId) =>
        [.. roles.AsSpan(0, roles.Length - 1), roles[^1] with { ExternalId = externalId }];

    /// <summary>The most specific first; of equals, the one that stands later.</summary>
    private static List<Rule> RulesFor(Feed feed, Configuration configuration)
    {
        var rules = new List<Rule>();
        foreach (var rule in configuration.Rules)
        {
            if ((rule.Domain ?? feed.Domain) != feed.Domain || (rule.Owner ?? feed.Owner) != feed.Owner
                || (rule.Region ?? feed.Region) != feed.Region
                    || (rule.Repository ?? feed.Repository) != feed.Repository)
            {
                continue;
            }

            var place = rules.FindIndex(other => other.Specificity <= rule.Specificity);
            rules.Insert(place < 0 ? rules.Count : place, rule);
        }

        return rules;
    }

    private static string? ProblemOfHost(Feed feed, Configuration configuration) =>
        Array.Find(configuration.Hosts, host => host.Host == feed.Host)?.Problem;

    private static TokenOptions Complete(TokenOptions options, TokenOptions further) => new(
        options.Profile ?? further.Profile, options.Roles ?? further.Roles, options.Duration ?? further.Duration,
        options.Endpoint ?? further.Endpoint);
}
