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

    private TokenRequest(Feed feed, Settings settings, FeedSettings feedSettings, string? agent)
    {
        (_settings, Feed, FeedSettings, Agent) = (settings, feed, feedSettings, agent);
    }

    public Feed Feed { get; }

    public FeedSettings FeedSettings { get; }

    /// <summary>The socket of the agent to ask; null for AWS.</summary>
    public string? Agent { get; }

    /// <summary>Why no token can be asked for; null if one can.</summary>
    public NoTokenException? Failure => Agent is null ? Identity.Failure : null;

    /// <summary>Who signs. Resolved on first use: a token from outside needs no identity.</summary>
    public SigningIdentity Identity => _identity ??= SigningIdentity.Resolve(Feed, FeedSettings, _settings);

    /// <exception cref="NoTokenException">The configured credential source cannot be used.</exception>
    public TokenKey Key => _key ??= Agent is null
        ? new TokenKey(WithoutUserInfo(ApiEndpoint.For(Feed, FeedSettings, _settings)),
            Feed.Region, Feed.Domain, Feed.Owner, Identity.SourceOrThrow().Key)
        // The agent decides who signs, which can depend on the repository; another machine has another agent at this path.
        : new TokenKey(Agent, Feed.Region, Feed.Domain, Feed.Owner,
            "agent of " + MachineIdentity.Find() + " for " + Feed.Repository);

    /// <summary>The key is written to disk. HTTP clients do not send what an endpoint has there.</summary>
    private static string WithoutUserInfo(string endpoint) =>
        AsciiText.IndexOf(endpoint, '@') < 0 ? endpoint : PrintableText.Of(endpoint);

    public static TokenRequest For(Feed feed, Settings settings) =>
        new(feed, settings, FeedSettings.For(feed, settings), settings.Agent);

    /// <summary>The same feed, with a token of AWS: the agent cannot be asked, or this process is one.</summary>
    public TokenRequest WithoutAgent() => new(Feed, _settings, FeedSettings, agent: null);

    /// <returns>False for a foreign feed.</returns>
    public static bool TryResolve(string? url, Settings settings, [NotNullWhen(true)] out TokenRequest? request)
    {
        request = FeedRecognition.TryFind(url, settings, out var feed) ? For(feed, settings) : null;
        return request is not null;
    }
}
