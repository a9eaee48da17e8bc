using Amazon.Runtime;
using Amazon.Runtime.Internal;
using Amazon.SecurityToken;
using CredentialProvider.Configuration;
using CredentialProvider.Feeds;
using CredentialProvider.Tokens;

namespace CredentialProvider.Aws.Credentials;

/// <summary>STS in one region. The feed's region is used, because it is known to be reachable and enabled.</summary>
/// <param name="Profile">What the environment and the profile in use say about the endpoint.</param>
internal sealed record StsEndpoint(Feed Feed, ProfileEndpoint Profile, Settings Settings)
{
    public static StsEndpoint For(TokenRequest request, Settings settings) => new(
        request.Feed, request.Identity.EndpointOf("sts", settings), settings);

    /// <summary>An STS client that keeps <see cref="AwsLimits"/>.</summary>
    public AmazonSecurityTokenServiceClient Client(AWSCredentials credentials)
    {
        var config = new AmazonSecurityTokenServiceConfig();
        AwsLimits.Apply(config, Feed.Region, Profile, Settings);
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
