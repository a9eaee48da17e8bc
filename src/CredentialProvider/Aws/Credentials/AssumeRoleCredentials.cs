using System.Xml;
using Amazon.Runtime;
using Amazon.SecurityToken.Model;
using CredentialProvider.Configuration;
using CredentialProvider.Errors;
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
    /// <summary>Identifies this program in CloudTrail.</summary>
    private const string DefaultSessionName = "nuget-plugin-codeartifact";

    private StsCredentials? _session;
    private AssumedRoleUser? _user;

    public override string? Principal => _user?.Arn;

    /// <summary>AssumeRole, signed with <paramref name="source"/>.</summary>
    public static AssumeRoleCredentials From(
        AWSCredentials source, RoleRequest role, StsEndpoint sts, TimeProvider time) =>
        new(AwsCall.ToSts(role.Arn, sts.Region), time, async () =>
    {
        using var client = sts.Client(await FetchedCredentials.FromAsync(source));
        var response = await AwsLimits.WithTimeoutAsync(stop => client.AssumeRoleAsync(new AssumeRoleRequest
        {
            RoleArn = role.Arn,
            RoleSessionName = role.SessionName ?? DefaultSessionName,
            ExternalId = role.ExternalId,
        }, stop), CancellationToken.None);
        return (response.Credentials, response.AssumedRoleUser);
    });

    /// <summary>AssumeRoleWithWebIdentity. The file is read for each call, because the platform renews it.</summary>
    public static AssumeRoleCredentials FromWebIdentity(
        string tokenFile, RoleRequest role, StsEndpoint sts, TimeProvider time) =>
        new(AwsCall.ToSts(role.Arn, sts.Region), time, async () =>
    {
        var token = ReadToken(tokenFile);
        using var client = sts.Client(new AnonymousAWSCredentials());
        var response = await AwsLimits.WithTimeoutAsync(stop => client.AssumeRoleWithWebIdentityAsync(new()
        {
            RoleArn = role.Arn,
            RoleSessionName = role.SessionName ?? DefaultSessionName,
            WebIdentityToken = token,
        }, stop), CancellationToken.None);
        return (response.Credentials, response.AssumedRoleUser);
    });

    private static string ReadToken(string file)
    {
        const string Fix = "check AWS_WEB_IDENTITY_TOKEN_FILE, or web_identity_token_file in the profile";
        if (!File.Exists(file))
        {
            throw new NoTokenException(ErrorCode.NoCredentials,
                $"the web identity token file {file} does not exist", Fix);
        }

        try
        {
            return File.ReadAllText(file).Trim() is { Length: > 0 } token ? token
                : throw new NoTokenException(ErrorCode.NoCredentials,
                    $"the web identity token file {file} is empty", Fix);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new NoTokenException(ErrorCode.NoCredentials,
                $"the web identity token file {file} cannot be read: {e.Message}", Fix);
        }
    }

    /// <exception cref="NoTokenException">The credentials that sign the call cannot be had.</exception>
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
