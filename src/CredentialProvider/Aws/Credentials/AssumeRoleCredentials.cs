using System.Xml;
using Amazon.Runtime;
using Amazon.SecurityToken.Model;
using CredentialProvider.Configuration;
using CredentialProvider.Errors;
using CredentialProvider.Feeds;
using CredentialProvider.Identity;
using StsCredentials = Amazon.SecurityToken.Model.Credentials;

namespace CredentialProvider.Aws.Credentials;

/// <summary>
/// A role session from the regional STS, kept in memory only. No duration is requested: the default of one hour is also
/// the maximum for chained roles, and a CodeArtifact token may outlive the session that requested it.
/// </summary>
/// <param name="call">For messages.</param>
internal sealed class AssumeRoleCredentials(AwsCall call, TimeProvider time, Func<Task<(StsCredentials?, AssumedRoleUser?)>> assume)
    : AsyncCredentials
{
    private StsCredentials? _session;
    private AssumedRoleUser? _user;

    public override string? Principal => _user?.Arn;

    /// <summary>AssumeRole, signed with <paramref name="source"/>.</summary>
    /// <param name="setting">The role_arn of a profile; null for a role from elsewhere.</param>
    public static AssumeRoleCredentials From(AWSCredentials source, RoleRequest role, SharedProperty? setting,
        StsEndpoint sts, TimeProvider time) =>
        new(AwsCall.ToSts(role, sts, setting?.Place), time, async () =>
    {
        using var client = sts.Client(await FetchAsync(source, setting));
        var response = await AwsClients.WithTimeoutAsync(stop => client.AssumeRoleAsync(new AssumeRoleRequest
        {
            RoleArn = role.Arn,
            RoleSessionName = role.SessionName ?? SessionText.DefaultName(sts.Settings),
            ExternalId = role.ExternalId,
            SourceIdentity = role.SourceIdentity,
            Tags = role.Tags?.Select(tag => new Tag { Key = tag.Key, Value = tag.Value }).ToList(),
            TransitiveTagKeys = role.Tags?.Where(tag => tag.IsTransitive).Select(tag => tag.Key).ToList(),
            Policy = PolicyOf(role),
        }, stop), CancellationToken.None);
        return (response.Credentials, response.AssumedRoleUser);
    });

    /// <summary>AssumeRoleWithWebIdentity, with a new token for each session.</summary>
    public static AssumeRoleCredentials FromWebIdentity(WebIdentitySource web, StsEndpoint sts, TimeProvider time) =>
        new(AwsCall.ToSts(web.Role, sts, web.Setting?.Section.Place()), time, async () =>
    {
        var token = await WebIdentityToken.GetAsync(web.Origin, sts.Settings);
        using var client = sts.Client(new AnonymousAWSCredentials());
        try
        {
            var response = await AwsClients.WithTimeoutAsync(stop => client.AssumeRoleWithWebIdentityAsync(new()
            {
                RoleArn = web.Role.Arn,
                RoleSessionName = web.Role.SessionName ?? SessionText.DefaultName(sts.Settings),
                WebIdentityToken = token.Text.Reveal(),
                Policy = PolicyOf(web.Role),
            }, stop), CancellationToken.None);
            return (response.Credentials, response.AssumedRoleUser);
        }
        catch (AmazonServiceException e)
        {
            throw new AwsCallException(AwsCall.ToSts(web.Role, sts, web.Setting?.Section.Place(), token), e);
        }
    });

    /// <summary>What the session may do at most: an inline session policy.</summary>
    private static string? PolicyOf(RoleRequest role) => role.Scope is not { } scope ? null
        : PolicyJson.ToText(PolicyStatement.For([scope.Feed], scope.IsPublishing));

    /// <summary>Credentials of a container or an instance do not know which profile asks for them.</summary>
    private static async Task<AWSCredentials> FetchAsync(AWSCredentials source, SharedProperty? setting)
    {
        try
        {
            return await FetchedCredentials.FromAsync(source);
        }
        catch (NoTokenException e) when (setting is not null && e.Code == ErrorCode.NoCredentials)
        {
            throw new NoTokenException(e.Code, $"{setting.Place} cannot be assumed: {e.Why}", e.Fix, e) { Command = e.Command };
        }
    }

    /// <exception cref="NoTokenException">There are no credentials to sign the call.</exception>
    /// <exception cref="AwsCallException">STS returned no session.</exception>
    public override async Task<ImmutableCredentials> GetCredentialsAsync()
    {
        if (_session is null || time.GetUtcNow() >= _session.Expiration)
        {
            try
            {
                var (session, user) = await assume();
                (_session, _user) = (session ?? throw new XmlException("no credentials"), user);
            }
            catch (Exception e) when (e is not (NoTokenException or AwsCallException))
            {
                throw new AwsCallException(call, e);
            }
        }

        return new ImmutableCredentials(_session.AccessKeyId, _session.SecretAccessKey, _session.SessionToken);
    }
}
