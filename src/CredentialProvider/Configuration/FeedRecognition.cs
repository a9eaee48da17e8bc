using System.Diagnostics.CodeAnalysis;
using CredentialProvider.Feeds;

namespace CredentialProvider.Configuration;

/// <summary>Decides which URLs this program answers for: AWS's hosts and the configured private hosts, in an allowed
/// domain.</summary>
internal static class FeedRecognition
{
    /// <param name="anyFormat">Also accept the URLs of other package formats, for tools other than NuGet.</param>
    public static bool TryFind(
        string? url, Settings settings, [NotNullWhen(true)] out Feed? feed, bool anyFormat = false) =>
        TryParse(url, settings, out feed, anyFormat) && settings.AllowedDomains.Allow(feed);

    /// <summary>As <see cref="TryFind"/>, but whether or not the domain is allowed.</summary>
    public static bool TryParse(
        string? url, Settings settings, [NotNullWhen(true)] out Feed? feed, bool anyFormat = false) =>
        FeedUrl.TryParse(url, out feed, anyFormat) || TryParse(url, settings.Layers, anyFormat, out feed);

    /// <summary>As <see cref="MistypedFeed.Find"/>, but null for every URL on a configured private host.</summary>
    public static (string Why, string Fix, string? Url)? FindMistake(string url, Settings settings) =>
        MistypedFeed.Find(url) is { } mistake && !IsOnPrivateHost(url, settings.Layers) ? mistake : null;

    private static bool IsOnPrivateHost(string url, ConfigurationLayers layers) => layers.HasHosts
        && Uri.TryCreate(url, UriKind.Absolute, out var uri) && layers.FindHost(uri.Authority) is not null;

    /// <summary>Every path on a private host is a feed of the host's domain: the user has named that host.</summary>
    private static bool TryParse(
        string? url, ConfigurationLayers layers, bool anyFormat, [NotNullWhen(true)] out Feed? feed)
    {
        feed = null;
        if (!layers.HasHosts || !FeedUrl.TrySplit(url, out var name, out var path)
            || layers.FindHost(name) is not { } host)
        {
            return false;
        }

        var hasRepository = FeedUrl.TryParsePath(path, out var domainOwner, out var repository, anyFormat);
        if (!hasRepository)
            repository = host.Repository ?? "";
        // The host is configured, but its entry is invalid; FeedSettings.Problem says why.
        if (host.Problem is not null)
            (feed, domainOwner) = (new Feed("", "", "", repository, host.Host), null);
        else if (host is { Domain: { } domain, Owner: { } owner })
            feed = new Feed(domain, owner, host.Region, repository, host.Host);
        else if (domainOwner is not null && FeedUrl.TrySplitOwner(domainOwner, out domain, out owner))
            feed = new Feed(domain, owner, host.Region, repository, host.Host);
        // A path that names another domain is not what the host's entry describes.
        return feed is not null && (domainOwner is null || domainOwner == $"{feed.Domain}-{feed.Owner}");
    }
}
