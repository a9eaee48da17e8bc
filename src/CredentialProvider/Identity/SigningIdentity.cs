using CredentialProvider.Configuration;
using CredentialProvider.Errors;
using CredentialProvider.Feeds;

namespace CredentialProvider.Identity;

/// <summary>
/// Who signs the requests for a feed's tokens: decided once, used by the token's key, the credential chain,
/// <c>doctor</c> and the log.
/// </summary>
/// <param name="Source">Null if there is a failure.</param>
/// <param name="Profile">The AWS profile in use, also for endpoints and regions; null if it is in neither file.</param>
/// <param name="Files">AWS's shared files as they were read.</param>
/// <param name="Failure">A source that is configured but cannot be used; null if all is well.</param>
internal sealed record SigningIdentity(
    CredentialSource? Source, AwsProfile? Profile, SharedFiles Files, NoTokenException? Failure)
{
    /// <summary>Reads the settings and, if they are needed, AWS's shared files.</summary>
    public static SigningIdentity Resolve(FeedSettings feed, Settings settings) =>
        new IdentityResolver(feed, settings).Resolve();

    /// <summary>Each possible source in order, up to the one that is taken or cannot be used.</summary>
    public static IReadOnlyList<ConsideredSource> Explain(FeedSettings feed, Settings settings)
    {
        var considered = new List<ConsideredSource>();
        new IdentityResolver(feed, settings, considered).Resolve();
        return considered;
    }

    /// <summary>The identity for a feed: a role of another AWS partition is refused before anything is sent to it.</summary>
    public static SigningIdentity Resolve(Feed feed, FeedSettings feedSettings, Settings settings)
    {
        var identity = Resolve(feedSettings, settings);
        for (var source = identity.Source; source is not null; source = (source as RoleSource)?.Source)
        {
            var arn = (source as RoleSource)?.Role.Arn ?? (source as WebIdentitySource)?.Role.Arn;
            if (arn?.Split(':') is ["arn", var other, ..] && Partition.OfRegion(feed.Region)?.Name is var partition
                && other != partition)
            {
                return identity with
                {
                    Source = null,
                    Failure = new NoTokenException(ErrorCode.RoleNotAssumed,
                        $"role {arn} belongs to the AWS partition {other}, but the feed's region {feed.Region} to {partition}",
                        $"use a role of {partition} for this feed"),
                };
            }
        }

        return identity;
    }

    /// <summary>Where a service is called: the environment first, then the profile that signs.</summary>
    /// <param name="service">As in <c>services</c> sections, for example <c>sts</c>.</param>
    public ProfileEndpoint EndpointOf(string service, Settings settings)
    {
        var isIgnored = settings.IgnoresEndpointUrls || IsTrue("ignore_configured_endpoint_urls") == true;
        var url = isIgnored ? null : settings.EndpointUrl(service) ?? settings.EndpointUrl(null)
            ?? (Profile?.Find("services") is { } services ? Files.FindServiceEndpoint(services, service) : null)
            ?? Profile?.Find("endpoint_url");
        return new ProfileEndpoint(url, settings.UseFipsEndpoint ?? IsTrue("use_fips_endpoint"),
            settings.UseDualStackEndpoint ?? IsTrue("use_dualstack_endpoint"));
    }

    /// <exception cref="NoTokenException">The configured source cannot be used.</exception>
    public CredentialSource SourceOrThrow() => Source ?? throw Failure!;

    private bool? IsTrue(string name) =>
        Profile?.Find(name) is { } value ? value.Equals("true", StringComparison.OrdinalIgnoreCase) : null;
}

/// <summary>A place where credentials were looked for.</summary>
/// <param name="Name">For example <c>AWS_ACCESS_KEY_ID</c> or <c>profile build: credential_process</c>.</param>
/// <param name="Outcome">Why it was taken or passed over.</param>
internal sealed record ConsideredSource(string Name, string Outcome, bool IsTaken);
