using Amazon.Runtime;
using Amazon.Runtime.CredentialManagement;
using Amazon.Runtime.Internal.Util;
using Amazon.RuntimeDependencies;
using Amazon.SSO;
using Amazon.SSOOIDC;
using CredentialProvider.Feeds;

namespace CredentialProvider.Aws;

/// <summary>
/// Finds AWS credentials where AWS's SDKs find them and in their order: environment, web identity, profile,
/// container, instance role. What the SDK does well it does (SSO, credential_process); roles are assumed
/// here, so that a profile that starts at the instance role gets the bounded one. Credentials are made ready, not
/// fetched.
/// </summary>
internal sealed class CredentialChain(Settings settings, TimeProvider time)
{
    private readonly InstanceRole _instanceRole = new(settings.Metadata, time);
    private readonly ContainerRole _containerRole = new(settings, time);

    /// <summary>The SDK's single sign-on looks for these clients by reflection, which a program compiled ahead of
    /// time lacks.</summary>
    static CredentialChain()
    {
        var registry = GlobalRuntimeDependencyRegistry.Instance;
        registry.RegisterSSOClient(context => new AmazonSSOClient(
            new AnonymousAWSCredentials(), context.SSOClientContextData.Region));
        registry.RegisterSSOOIDCClient(context => new AmazonSSOOIDCClient(
            new AnonymousAWSCredentials(), context.SSOOIDCClientContextData.Region));
    }

    /// <summary>The credentials that sign for this feed's domain, behind all roles of its settings.</summary>
    /// <exception cref="NoTokenException">A profile is missing or cannot be used.</exception>
    public AWSCredentials Resolve(Feed feed)
    {
        var (sts, own) = (new StsEndpoint(feed.Region, settings), FeedSettings.For(feed, settings));
        var credentials = own.Profile is { } profile ? FromProfile(profile, sts) : Start(sts);
        foreach (var role in own.Roles)
            credentials = AssumedRole.From(credentials, role, sts, time);
        return credentials;
    }

    /// <summary>Where the profile in use wants CodeArtifact called, as AWS's SDKs read it; null if there is no
    /// profile.</summary>
    public ProfileEndpoint? EndpointOf(Feed feed)
    {
        var name = FeedSettings.For(feed, settings).Profile ?? settings.AwsProfile ?? "default";
        if (!Profiles().TryGetProfile(name, out var profile))
            return null;
        var isIgnored = settings.IgnoresEndpointUrls || profile.IgnoreConfiguredEndpointUrls == true;
        return new ProfileEndpoint(
            isIgnored ? null : EndpointOfService(profile.Services) ?? profile.EndpointUrl,
            profile.UseFIPSEndpoint, profile.UseDualstackEndpoint);
    }

    /// <summary>endpoint_url below codeartifact in a <c>[services NAME]</c> section, which the SDK reads for its own
    /// clients only.</summary>
    private string? EndpointOfService(string? section) => section is { Length: > 0 } && File.Exists(settings.AwsConfigFile)
        && new ProfileIniFile(settings.AwsConfigFile, profileMarkerRequired: true)
            .TryGetSection(section, isSsoSession: false, isServicesSection: true, out _, out var services)
        && services.TryGetValue("codeartifact", out var codeArtifact)
        && codeArtifact.TryGetValue("endpoint_url", out var url) ? url : null;

    private AWSCredentials Start(StsEndpoint sts)
    {
        if (settings.HasAwsKeys)
            return new EnvironmentVariablesAWSCredentials();
        if (settings.AwsWebIdentityTokenFile is { } file && settings.AwsRoleArn is { } role)
            return AssumedRole.FromWebIdentity(file, new RoleRequest(role, settings.AwsRoleSessionName), sts, time);
        if (settings.AwsProfile is { } named)
            return FromProfile(named, sts);
        if (Profiles().TryGetProfile("default", out var profile) && (profile.CanCreateAWSCredentials || profile.Options.RoleArn is not null))
            return FromProfile("default", sts);
        return settings.AwsContainerUri is null ? _instanceRole : _containerRole;
    }

    private AWSCredentials FromProfile(string name, StsEndpoint sts, int depth = 0)
    {
        const int LongestChain = 8;
        if (depth > LongestChain)
            throw Unusable(name, "its source_profile leads in a circle",
                "end it at a profile with credentials of its own");
        if (!Profiles().TryGetProfile(name, out var profile))
        {
            throw Unusable(name, $"it is in neither {settings.AwsConfigFile} nor {settings.AwsCredentialsFile}",
                "check AWS_PROFILE and CODEARTIFACT_PROFILE, or run 'aws configure list-profiles'");
        }

        var options = profile.Options;
        if (options.RoleArn is { Length: > 0 } arn)
        {
            var role = new RoleRequest(arn, options.RoleSessionName, options.ExternalID);
            if (options.WebIdentityTokenFile is { Length: > 0 } file)
                return AssumedRole.FromWebIdentity(file, role, sts, time);
            if (options.MfaSerial is { Length: > 0 })
                throw Unusable(name, "it needs an MFA code, which a build cannot ask for",
                    "use a profile with a session, such as one with sso_session");
            return AssumedRole.From(SourceOf(name, options, sts, depth), role, sts, time);
        }

        try
        {
            var credentials = profile.GetAWSCredentials(Profiles());
            return credentials is SSOAWSCredentials ? new SignedOn(name, credentials) : credentials;
        }
        catch (Exception e) when (e is InvalidDataException or AmazonClientException or InvalidOperationException)
        {
            throw Unusable(name, e.Message, "complete it in ~/.aws/config or choose another with AWS_PROFILE", e);
        }
    }

    private AWSCredentials SourceOf(string name, CredentialProfileOptions options, StsEndpoint sts, int depth) => options switch
    {
        // A profile that names itself has its own keys beside the role.
        { SourceProfile: { } self } when self == name =>
            options.AccessKey is null ? throw Unusable(name, "it is its own source_profile but has no keys",
                "add keys or name another profile")
            : options.Token is null ? new BasicAWSCredentials(options.AccessKey, options.SecretKey)
            : new SessionAWSCredentials(options.AccessKey, options.SecretKey, options.Token),
        { SourceProfile: { Length: > 0 } source } => FromProfile(source, sts, depth + 1),
        { CredentialSource: "Ec2InstanceMetadata" } => _instanceRole,
        { CredentialSource: "EcsContainer" } => _containerRole,
        { CredentialSource: "Environment" } => new EnvironmentVariablesAWSCredentials(),
        _ => throw Unusable(name, "it has role_arn but neither source_profile nor a credential_source that is known",
            "add source_profile, or credential_source = Ec2InstanceMetadata"),
    };

    /// <summary>Reads AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE anew, so that a mended file counts at
    /// once.</summary>
    private static CredentialProfileStoreChain Profiles() => new();

    private static NoTokenException Unusable(string profile, string why, string fix, Exception? cause = null) =>
        new(ErrorCode.Profile, $"AWS profile '{profile}' cannot be used: {why}", fix, cause);

    /// <summary>Single sign-on, which only a person can start again.</summary>
    private sealed class SignedOn(string profile, AWSCredentials credentials) : AWSCredentials
    {
        /// <summary>The SDK's synchronous path, which this program never takes.</summary>
        public override ImmutableCredentials GetCredentials() => throw new NotSupportedException();

        public override async Task<ImmutableCredentials> GetCredentialsAsync()
        {
            try
            {
                return await credentials.GetCredentialsAsync();
            }
            catch (Exception e) when (e is AmazonClientException or AmazonServiceException && !AwsFailure.IsOfNetwork(e))
            {
                throw new NoTokenException(ErrorCode.BadCredentials,
                    $"the single sign-on of AWS profile '{profile}' is over or not begun: {e.Message.TrimEnd('.')}",
                    $"sign in: aws sso login --profile {profile}", e);
            }
        }
    }
}
