using Amazon.Runtime;
using Amazon.Runtime.Internal;
using Amazon.SecurityToken;
using CredentialProvider.Configuration;
using CredentialProvider.Feeds;
using CredentialProvider.Tokens;

namespace CredentialProvider.Aws.Credentials;

/// <summary>STS in one region. Without a URL it is the feed's, which the domain's account has enabled.</summary>
/// <param name="Region">Requests are signed for it.</param>
/// <param name="Profile">What the environment and the profile in use say about the endpoint.</param>
internal sealed record StsEndpoint(Feed Feed, string Region, ProfileEndpoint Profile, Settings Settings)
{
    public static StsEndpoint For(TokenRequest request, Settings settings)
    {
        var profile = request.Identity.EndpointOf("sts", settings);
        var region = profile.Url is not { } url ? request.Feed.Region
            : new Uri(url).Host.Split('.').FirstOrDefault(label => Partition.OfRegion(label) is not null)
                ?? settings.AwsRegion ?? request.Identity.Profile?.Find("region") ?? request.Feed.Region;
        return new StsEndpoint(request.Feed, region, profile, settings);
    }

    /// <summary>An STS client that keeps <see cref="AwsLimits"/>.</summary>
    public AmazonSecurityTokenServiceClient Client(AWSCredentials credentials)
    {
        var config = new AmazonSecurityTokenServiceConfig();
        AwsLimits.Apply(config, Region, Profile, Settings);
        return new LimitedClient(credentials, config);
    }

    private sealed class LimitedClient(AWSCredentials credentials, AmazonSecurityTokenServiceConfig config)
        : AmazonSecurityTokenServiceClient(credentials, config)
    {
        protected override void CustomizeRuntimePipeline(RuntimePipeline pipeline)
        {
            base.CustomizeRuntimePipeline(pipeline);
            AwsLimits.Apply(pipeline, Config);
        }
    }
}
