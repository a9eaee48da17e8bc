using CredentialProvider.Errors;
using CredentialProvider.Feeds;


namespace CredentialProvider.Configuration;

/// <summary>
/// What applies to one feed. Each setting comes from the environment, else from the most specific rule that has it, else
/// from the configuration file's defaults.
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

    public static FeedSettings For(Feed feed, Settings settings)
    {
        var file = settings.ConfigurationFile;
        var options = settings.TokenOptions;
        var problem = settings.Problem ?? file.Problem ?? (feed.Host is null ? null : FindHostProblem(feed, file));
        if (file.Rules.Length > 0)
        {
            foreach (var rule in RulesFor(feed, file))
            {
                options = options.Or(rule.Options);
                problem ??= rule.Problem;
            }
        }

        options = options.Or(file.Defaults);
        var roles = options.Roles ?? [];
        if (settings.ExternalId is { } externalId && roles.Length > 0)
            roles = [.. roles.AsSpan(0, roles.Length - 1), roles[^1] with { ExternalId = externalId }];
        return new FeedSettings(
            options.Profile, roles, options.Duration ?? TokenLifetime.MaxSeconds, options.Endpoint, problem);
    }

    /// <summary>Most specific first; of two that are equally specific, the later one first.</summary>
    private static List<Rule> RulesFor(Feed feed, ConfigurationFile file)
    {
        var rules = new List<Rule>();
        foreach (var rule in file.Rules)
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

    private static string? FindHostProblem(Feed feed, ConfigurationFile file) =>
        Array.Find(file.Hosts, host => host.Host == feed.Host)?.Problem;
}
