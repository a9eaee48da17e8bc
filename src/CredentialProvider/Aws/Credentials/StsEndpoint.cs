using Amazon.Runtime;
using Amazon.Runtime.Internal;
using Amazon.SecurityToken;
using CredentialProvider.Configuration;
using CredentialProvider.Feeds;
using CredentialProvider.Identity;
using CredentialProvider.Tokens;

namespace CredentialProvider.Aws.Credentials;

/// <summary>STS in one region. Without a URL it is the feed's, which the domain's account has enabled.</summary>
/// <param name="Region">Requests are signed for it.</param>
/// <param name="Configured">What the environment and the profile in use say.</param>
/// <param name="Signer">Whose requests these are.</param>
internal sealed record StsEndpoint(
    Feed Feed, string Region, ServiceEndpoint Configured, SigningIdentity Signer, Settings Settings)
{
    public static StsEndpoint For(TokenRequest request, Settings settings)
    {
        var configured = request.Identity.EndpointOf("sts", settings);
        var region = configured.Url is not { } url ? request.Feed.Region
            : new Uri(url).Host.Split('.').FirstOrDefault(label => Partition.OfRegion(label) is not null)
                ?? settings.AwsRegion ?? request.Identity.Profile?.Find("region") ?? request.Feed.Region;
        return new StsEndpoint(request.Feed, region, configured, request.Identity, settings);
    }

    public AmazonSecurityTokenServiceClient Client(AWSCredentials credentials)
    {
        var config = new AmazonSecurityTokenServiceConfig();
        AwsClients.Configure(config, Region, Configured, Settings);
        return new LimitedClient(credentials, config);
    }

    private sealed class LimitedClient(AWSCredentials credentials, AmazonSecurityTokenServiceConfig config)
        : AmazonSecurityTokenServiceClient(credentials, config)
    {
        protected override void CustomizeRuntimePipeline(RuntimePipeline pipeline)
        {
            base.CustomizeRuntimePipeline(pipeline);
            AwsClients.Configure(pipeline, Config);
        }
    }
}
