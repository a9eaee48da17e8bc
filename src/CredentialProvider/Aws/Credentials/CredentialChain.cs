using System.Collections.Concurrent;
using Amazon.Runtime;
using CredentialProvider.Configuration;
using CredentialProvider.Errors;
using CredentialProvider.Identity;
using CredentialProvider.Platform;
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
    private readonly ConcurrentDictionary<(MetadataSettings Settings, string Profiles), InstanceRoleCredentials>
        _instanceRoles = new();

    private readonly ContainerCredentials _container;

    /// <summary>Keeps the SDK from reading AWS's shared files, and files of the working directory.</summary>
    static CredentialChain() => ProcessEnvironment.HideFromSdk();

    public CredentialChain(Settings settings, TimeProvider time)
    {
        (_settings, _time) = (settings, time);
        _container = new ContainerCredentials(settings, time);
    }

    /// <summary>The credentials that sign CodeArtifact calls for this feed, with all roles assumed.</summary>
    /// <exception cref="NoTokenException">The configured source cannot be used.</exception>
    public AWSCredentials Resolve(TokenRequest request) => Open(request.Identity.SourceOrThrow(), request);

    public AWSCredentials Open(CredentialSource source, TokenRequest request) => source switch
    {
        AccessKeySource { SessionToken: { } token } key =>
            new SessionAWSCredentials(key.AccessKeyId, key.SecretAccessKey.Reveal(), token.Reveal()),
        AccessKeySource key => new BasicAWSCredentials(key.AccessKeyId, key.SecretAccessKey.Reveal()),
        RoleSource role => Assume(Open(role.Source, request), role.Role, request, role.Setting),
        WebIdentitySource web => AssumeRoleCredentials.FromWebIdentity(web, StsEndpoint.For(request, _settings), _time),
        SsoSource sso => OpenSso(sso, request.Identity),
        ProcessSource process => new ProcessCredentials(process, _time),
        ContainerSource => _container,
        InstanceRoleSource => _instanceRoles.GetOrAdd(
            (request.Identity.Metadata(_settings), string.Join(", ", ProfilesToChoose(request))),
            key => new InstanceRoleCredentials(key.Settings, _time, key.Profiles)),
        LoginSource login => new LoginCredentials(login, request.Feed.Region,
            request.Identity.EndpointOf("signin", _settings), _settings, _time),
        _ => throw new ArgumentOutOfRangeException(nameof(source)),
    };

    /// <summary>A session of the role.</summary>
    /// <param name="setting">The role_arn of a profile; null for a role from this project's settings.</param>
    public AWSCredentials Assume(
        AWSCredentials source, RoleRequest role, TokenRequest request, SharedProperty? setting = null) =>
        AssumeRoleCredentials.From(source, role, setting, StsEndpoint.For(request, _settings), _time);

    /// <summary>Profiles that the user may have forgotten to choose; none if one was chosen.</summary>
    private IEnumerable<string> ProfilesToChoose(TokenRequest request) =>
        (request.FeedSettings.Profile ?? _settings.AwsProfile) is not null ? []
            : request.Identity.Files.ProfileNames().Where(name => name != "default");

    /// <summary>Signs the user in to IAM Identity Center, for a profile or for the one that its source_profile leads
    /// to.</summary>
    /// <param name="profile">See <see cref="SigningIdentity.ForSignIn"/>.</param>
    /// <param name="openBrowser">See <see cref="SsoSignIn.RunAsync"/>.</param>
    /// <returns>False if the session was still valid or could be renewed.</returns>
    /// <exception cref="NoTokenException">The profile does not use SSO, the user did not sign in, or has no access to the
    /// profile's role.</exception>
    public async Task<bool> SignInAsync(
        string? profile, Action<string> show, Action<string>? openBrowser, CancellationToken cancel)
    {
        var identity = SigningIdentity.ForSignIn(profile, _settings);
        var source = identity.SourceOrThrow();
        while (source is RoleSource role)
            source = role.Source;
        if (source is LoginSource login)
        {
            var command = $"aws login {ShellText.Option("--profile", login.Profile)}";
            throw new NoTokenException(ErrorCode.Profile,
                $"AWS profile '{login.Profile}' uses a session of the AWS CLI", $"sign in: {command}")
            {
                Command = command,
            };
        }

        if (source is not SsoSource sso)
        {
            var name = profile ?? _settings.AwsProfile ?? "default";
            throw new NoTokenException(ErrorCode.Profile, $"AWS profile '{name}' does not use IAM Identity Center",
                "configure it with 'aws configure sso', or choose another profile with --profile");
        }

        try
        {
            return await SignInAsync(OpenSso(sso, identity), show, openBrowser, cancel);
        }
        catch (AwsCallException e)
        {
            throw FailureMessages.Describe(e);
        }
    }

    private static async Task<bool> SignInAsync(
        SsoCredentials sso, Action<string> show, Action<string>? openBrowser, CancellationToken cancel)
    {
        try
        {
            await FetchedCredentials.FromAsync(sso);
            return false;
        }
        catch (SsoSessionExpiredException e)
        {
            await e.SignIn.RunAsync(show, openBrowser, cancel);
        }

        await FetchedCredentials.FromAsync(sso);
        return true;
    }

    private SsoCredentials OpenSso(SsoSource sso, SigningIdentity identity) => new(sso,
        new SsoCache(Settings.AwsSsoCacheFolder, sso), IdentityCenter.For(sso, identity, _settings), _time);
}
