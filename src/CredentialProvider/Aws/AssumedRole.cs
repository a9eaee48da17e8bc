using System.Xml;
using Amazon;
using Amazon.Runtime;
using Amazon.Runtime.Internal;
using Amazon.SecurityToken;
using Amazon.SecurityToken.Model;

namespace CredentialProvider.Aws;

/// <summary>
/// A role's session from STS in the feed's region, kept in memory only. A session of a role that was itself assumed
/// lasts an hour at most, which is also what STS gives where no duration is asked for; a CodeArtifact token outlives
/// it.
/// </summary>
/// <param name="roleArn">For messages, as <paramref name="region"/>.</param>
/// <param name="assume">Makes the call.</param>
internal sealed class AssumedRole(
    string roleArn, string region, TimeProvider time, Func<Task<Credentials>> assume) : AWSCredentials
{
    /// <summary>What CloudTrail shows where nobody chose a name.</summary>
    private const string DefaultSessionName = "nuget-plugin-codeartifact";

    private Credentials? _session;

    /// <summary>AssumeRole, signed with <paramref name="source"/>.</summary>
    public static AssumedRole From(
        AWSCredentials source, RoleRequest role, StsEndpoint sts, TimeProvider time) => new(role.Arn, sts.Region, time, async () =>
    {
        using var client = sts.Client(await AwsCall.FetchAsync(source));
        var response = await AwsCall.InTimeAsync(stop => client.AssumeRoleAsync(new AssumeRoleRequest
        {
            RoleArn = role.Arn,
            RoleSessionName = role.SessionName ?? DefaultSessionName,
            ExternalId = role.ExternalId,
        }, stop), CancellationToken.None);
        return response.Credentials ?? throw new XmlException("no credentials");
    });

    /// <summary>AssumeRoleWithWebIdentity; the platform renews the file, so it is read for each call.</summary>
    public static AssumedRole FromWebIdentity(
        string tokenFile, RoleRequest role, StsEndpoint sts, TimeProvider time) => new(role.Arn, sts.Region, time, async () =>
    {
        if (!File.Exists(tokenFile))
            throw new NoTokenException(ErrorCode.NoCredentials,
                $"the web identity token file {tokenFile} does not exist", "check AWS_WEB_IDENTITY_TOKEN_FILE");
        using var client = sts.Client(new AnonymousAWSCredentials());
        var token = (await File.ReadAllTextAsync(tokenFile)).Trim();
        var response = await AwsCall.InTimeAsync(stop => client.AssumeRoleWithWebIdentityAsync(new()
        {
            RoleArn = role.Arn,
            RoleSessionName = role.SessionName ?? DefaultSessionName,
            WebIdentityToken = token,
        }, stop), CancellationToken.None);
        return response.Credentials ?? throw new XmlException("no credentials");
    });

    /// <summary>The SDK's synchronous path, which this program never takes.</summary>
    public override ImmutableCredentials GetCredentials() => throw new NotSupportedException();

    public override async Task<ImmutableCredentials> GetCredentialsAsync()
    {
        if (_session is null || time.GetUtcNow() >= _session.Expiration)
        {
            try
            {
                _session = await assume();
            }
            catch (Exception e) when (e is not NoTokenException)
            {
                throw AwsFailure.OfRole(roleArn, region, e);
            }
        }

        return new ImmutableCredentials(_session.AccessKeyId, _session.SecretAccessKey, _session.SessionToken);
    }
}

/// <summary>The regional STS; the feed's region is the one that is known to be reachable and allowed.</summary>
internal sealed record StsEndpoint(string Region, Settings Settings)
{
    public AmazonSecurityTokenServiceClient Client(AWSCredentials credentials)
    {
        var config = new AmazonSecurityTokenServiceConfig { RegionEndpoint = RegionEndpoint.GetBySystemName(Region) };
        AwsCall.Bound(config, Settings);
        return new BoundedClient(credentials, config);
    }

    private sealed class BoundedClient(AWSCredentials credentials, AmazonSecurityTokenServiceConfig config)
        : AmazonSecurityTokenServiceClient(credentials, config)
    {
        protected override void CustomizeRuntimePipeline(RuntimePipeline pipeline)
        {
            base.CustomizeRuntimePipeline(pipeline);
            AwsCall.Bound(pipeline, Config);
        }
    }
}
