using System.Diagnostics.CodeAnalysis;
using CredentialProvider.Configuration;
using CredentialProvider.Errors;
using CredentialProvider.FastStart;
using CredentialProvider.Feeds;
using CredentialProvider.Identity;

namespace CredentialProvider.Tokens;

/// <summary>A feed that needs a token, with everything that the settings decide about it. Resolved once per request and
/// passed on.</summary>
internal sealed class TokenRequest
{
    private readonly Settings _settings;
    private SigningIdentity? _identity;
    private TokenKey? _key;

    private TokenRequest(Feed feed, Settings settings)
    {
        _settings = settings;
        Feed = feed;
        FeedSettings = FeedSettings.For(feed, settings);
    }

    public Feed Feed { get; }

    public FeedSettings FeedSettings { get; }

    /// <summary>Who signs. Resolved on first use: a token from outside needs no identity.</summary>
    public SigningIdentity Identity => _identity ??= SigningIdentity.Resolve(Feed, FeedSettings, _settings);

    /// <exception cref="NoTokenException">The configured credential source cannot be used.</exception>
    public TokenKey Key => _key ??= new TokenKey(WithoutUserInfo(ApiEndpoint.For(Feed, FeedSettings, _settings)),
        Feed.Region, Feed.Domain, Feed.Owner, Identity.SourceOrThrow().Key);

    /// <summary>The key is written to disk. HTTP clients do not send what an endpoint has there.</summary>
    private static string WithoutUserInfo(string endpoint) =>
        AsciiText.IndexOf(endpoint, '@') < 0 ? endpoint : PrintableText.Of(endpoint);

    public static TokenRequest For(Feed feed, Settings settings) => new(feed, settings);

    /// <returns>False for a foreign feed.</returns>
    public static bool TryResolve(string? url, Settings settings, [NotNullWhen(true)] out TokenRequest? request)
    {
        request = FeedRecognition.TryFind(url, settings, out var feed) ? new TokenRequest(feed, settings) : null;
        return request is not null;
    }
}
