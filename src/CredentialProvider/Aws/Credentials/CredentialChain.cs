using Amazon.Runtime;
using Amazon.RuntimeDependencies;
using Amazon.SSO;
using Amazon.SSOOIDC;
using CredentialProvider.Configuration;
using CredentialProvider.Errors;
using CredentialProvider.Identity;
using CredentialProvider.Tokens;

namespace CredentialProvider.Aws.Credentials;

/// <summary>
/// Turns a credential source, which <see cref="SigningIdentity"/> has chosen, into credentials. It only prepares them;
/// they are fetched when they sign a call. The container's and the instance's are shared by all domains of a build.
/// </summary>
internal sealed class CredentialChain
{
    private readonly Settings _settings;
    private readonly TimeProvider _time;
    private readonly InstanceRoleCredentials _instanceRole;
    private readonly ContainerCredentials _container;

    /// <summary>The SDK finds these clients by reflection, which Native AOT does not support.</summary>
    static CredentialChain()
    {
        var registry = GlobalRuntimeDependencyRegistry.Instance;
        registry.RegisterSSOClient(context => new AmazonSSOClient(
            new AnonymousAWSCredentials(), context.SSOClientContextData.Region));
        registry.RegisterSSOOIDCClient(context => new AmazonSSOOIDCClient(
            new AnonymousAWSCredentials(), context.SSOOIDCClientContextData.Region));
    }

    public CredentialChain(Settings settings, TimeProvider time)
    {
        (_settings, _time) = (settings, time);
        _instanceRole = new InstanceRoleCredentials(settings.Metadata, time);
        _container = new ContainerCredentials(settings, time);
    }

    /// <summary>The credentials that sign CodeArtifact calls for this feed, with all roles assumed.</summary>
    /// <exception cref="NoTokenException">The configured source cannot be used.</exception>
    public AWSCredentials Resolve(TokenRequest request)
    {
        TrustStore.Configure(_settings);
        return Open(request.Identity.SourceOrThrow(), StsEndpoint.For(request, _settings));
    }

    public AWSCredentials Open(CredentialSource source, StsEndpoint sts) => source switch
    {
        AccessKeySource { SessionToken: { } token } key =>
            new SessionAWSCredentials(key.AccessKeyId, key.SecretAccessKey.Reveal(), token.Reveal()),
        AccessKeySource key => new BasicAWSCredentials(key.AccessKeyId, key.SecretAccessKey.Reveal()),
        RoleSource role => Assume(Open(role.Source, sts), role.Role, sts),
        WebIdentitySource web => AssumeRoleCredentials.FromWebIdentity(web.TokenFile, web.Role, sts, _time),
        SsoSource sso => new SsoCredentials(sso),
        ProcessSource process => new ProcessCredentials(process, _time),
        ContainerSource => _container,
        InstanceRoleSource => _instanceRole,
        LoginSource login => throw new NoTokenException(ErrorCode.Profile,
            $"AWS profile '{login.Profile}' cannot be used: sessions of 'aws login' are not supported yet",
            "add a profile with credential_process = aws configure export-credentials --format process --profile "
                + login.Profile),
        _ => throw new ArgumentOutOfRangeException(nameof(source)),
    };

    /// <summary>A session of the role.</summary>
    public AWSCredentials Assume(AWSCredentials source, RoleRequest role, StsEndpoint sts) =>
        AssumeRoleCredentials.From(source, role, sts, _time);

    /// <summary>Signs the user in to IAM Identity Center, for a profile or for the one that its source_profile leads
    /// to.</summary>
    /// <returns>False if the session was still valid or could be renewed.</returns>
    /// <exception cref="NoTokenException">The profile does not use SSO, or the user did not sign in.</exception>
    public async Task<bool> SignInAsync(string profile, Action<string> show, CancellationToken cancel)
    {
        TrustStore.Configure(_settings);
        var options = new FeedSettings(profile, [], 0, null, null);
        var source = SigningIdentity.Resolve(options, _settings).SourceOrThrow();
        while (source is RoleSource role)
            source = role.Source;
        if (source is not SsoSource sso)
        {
            throw new NoTokenException(ErrorCode.Profile, $"AWS profile '{profile}' does not use IAM Identity Center",
                "configure it with 'aws configure sso', or choose another profile with --profile");
        }

        try
        {
            return await SignInAsync(new SsoCredentials(sso), show, cancel);
        }
        catch (AwsCallException e)
        {
            throw FailureMessages.Describe(e);
        }
    }

    private static async Task<bool> SignInAsync(SsoCredentials sso, Action<string> show, CancellationToken cancel)
    {
        try
        {
            await FetchedCredentials.FromAsync(sso);
            return false;
        }
        catch (SsoSessionExpiredException e)
        {
            await e.SignInAsync(show, cancel);
            return true;
        }
    }
}
