using CredentialProvider.Errors;
using CredentialProvider.FastStart;
using CredentialProvider.Feeds;

namespace CredentialProvider.Configuration;

/// <summary>
/// The lists of allowed domains of the environment, the user and the machine. A feed has to be in each of them, so a
/// list can only narrow what the others allow.
/// </summary>
internal sealed class AllowedDomains(string[] environment, ConfigurationLayers layers)
{
    /// <summary>For messages about another entry.</summary>
    public const string EntryForms = "domain, domain/owner or */owner";

    /// <summary>True for an entry of a list.</summary>
    public static bool IsEntry(string entry)
    {
        var slash = AsciiText.IndexOf(entry, '/');
        return slash < 0 ? Feed.IsDomain(entry)
            : (entry[..slash] == "*" || Feed.IsDomain(entry[..slash])) && Feed.IsOwner(entry[(slash + 1)..]);
    }

    /// <summary>True if no list excludes the feed.</summary>
    public bool Allow(Feed feed) => feed.IsAllowedBy(layers.Machine.Domains) && feed.IsAllowedBy(layers.User.Domains)
        && feed.IsAllowedBy(environment);

    /// <summary>Why a feed is refused, and which list to change; null if it is allowed.</summary>
    public NoTokenException? FindRefusal(Feed feed)
    {
        var domain = feed.Owner.Length > 0 ? $"{feed.Domain}/{feed.Owner}" : feed.Domain;
        // The machine's list first: the user's and the environment's cannot add to it.
        return !feed.IsAllowedBy(layers.Machine.Domains) ? Refuse(layers.Machine.Path!,
                $"ask this machine's administrator to add {domain} to \"domains\" in that file")
            : !feed.IsAllowedBy(layers.User.Domains) ? Refuse(layers.User.Path!,
                $"add {domain} to \"domains\" in that file, or remove the list")
            : !feed.IsAllowedBy(environment) ? Refuse("CODEARTIFACT_DOMAINS",
                $"add {domain} to CODEARTIFACT_DOMAINS, or unset it")
            : null;

        NoTokenException Refuse(string origin, string fix) => new(ErrorCode.Setting,
            $"domain {domain} is not in the list of allowed domains in {origin}", fix);
    }

    /// <summary>The lists that are not empty, each with its place.</summary>
    public IEnumerable<(string Origin, string[] Domains)> Lists()
    {
        if (environment.Length > 0)
            yield return ("CODEARTIFACT_DOMAINS", environment);
        foreach (var file in new[] { layers.User, layers.Machine })
        {
            if (file.Domains.Length > 0)
                yield return (file.Path!, file.Domains);
        }
    }
}
