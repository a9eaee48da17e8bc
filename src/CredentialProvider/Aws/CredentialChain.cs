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
    /// <summary>Profiles that lead from one to the next by source_profile.</summary>
    private const int LongestChain = 8;

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
        var credentials = Links(feed).First(link => link.Open is not null).Open!();
        foreach (var role in FeedSettings.For(feed, settings).Roles)
            credentials = Assume(credentials, role, feed);
        return credentials;
    }

    /// <summary>Where credentials can come from, in the order in which they are looked for; the last always
    /// counts.</summary>
    public IEnumerable<CredentialLink> Links(Feed feed)
    {
        AwsCall.Prepare(settings);
        var sts = new StsEndpoint(feed.Region, settings);
        CredentialLink Profile(string link, string? name) =>
            new(link, name is null ? null : () => FromProfile(name, sts));

        yield return Profile("profile for CodeArtifact", FeedSettings.For(feed, settings).Profile);
        yield return new("keys in the environment",
            settings.HasAwsKeys ? () => new EnvironmentVariablesAWSCredentials() : null);
        yield return new("web identity", settings is { AwsWebIdentityTokenFile: { } file, AwsRoleArn: { } role }
            ? () => AssumedRole.FromWebIdentity(file, new RoleRequest(role, settings.AwsRoleSessionName), sts, time)
            : null);
        yield return Profile("AWS_PROFILE", settings.AwsProfile);
        yield return Profile("default profile", Profiles().TryGetProfile("default", out var profile)
            && (profile.CanCreateAWSCredentials || profile.Options.RoleArn is not null) ? "default" : null);
        yield return new("container credentials", settings.AwsContainerUri is null ? null : () => _containerRole);
        yield return new("instance role", () => _instanceRole);
    }

    /// <summary>Signs a person in for a profile with single sign-on, or one whose source_profile has it.</summary>
    /// <returns>False if nobody had to: the session is good, or was renewed.</returns>
    /// <exception cref="NoTokenException">The profile has no single sign-on, or nobody signed in.</exception>
    public async Task<bool> SignInAsync(string profile, Action<string> show, CancellationToken cancel)
    {
        AwsCall.Prepare(settings);
        // The region is for roles, and no role is assumed here.
        var credentials = FromProfile(SignOnProfileOf(profile), new StsEndpoint("us-east-1", settings));
        try
        {
            await AwsCall.FetchAsync(credentials);
            return false;
        }
        catch (SignedOutException e)
        {
            await e.SignInAsync(show, cancel);
            return true;
        }
    }

    private static string SignOnProfileOf(string name)
    {
        var profiles = Profiles();
        var profile = name;
        for (var depth = 0; depth < LongestChain && profiles.TryGetProfile(profile, out var found); depth++)
        {
            if (found.Options.SsoSession is { Length: > 0 } || found.Options.SsoStartUrl is { Length: > 0 })
                return profile;
            if (found.Options.SourceProfile is not { Length: > 0 } source)
                break;
            profile = source;
        }

        throw Unusable(name, "it has no single sign-on",
            "give it sso_session, or name another with --profile: aws configure sso");
    }

    /// <summary>The session of a role, assumed in the feed's region.</summary>
    public AWSCredentials Assume(AWSCredentials source, RoleRequest role, Feed feed) =>
        AssumedRole.From(source, role, new StsEndpoint(feed.Region, settings), time);

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
    private string? EndpointOfService(string? section) =>
        section is { Length: > 0 } && File.Exists(settings.AwsConfigFile)
        && new ProfileIniFile(settings.AwsConfigFile, profileMarkerRequired: true)
            .TryGetSection(section, isSsoSession: false, isServicesSection: true, out _, out var services)
        && services.TryGetValue("codeartifact", out var codeArtifact)
        && codeArtifact.TryGetValue("endpoint_url", out var url) ? url : null;

    private AWSCredentials FromProfile(string name, StsEndpoint sts, int depth = 0)
    {
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
            return credentials switch
            {
                SSOAWSCredentials sso => new SingleSignOn(name, sso),
                ProcessAWSCredentials process => new CredentialProcess(name, process),
                _ => credentials,
            };
        }
        catch (Exception e) when (e is InvalidDataException or AmazonClientException or InvalidOperationException)
        {
            throw Unusable(name, e.Message, "complete it in ~/.aws/config or choose another with AWS_PROFILE", e);
        }
    }

    private AWSCredentials SourceOf(string name, CredentialProfileOptions options, StsEndpoint sts, int depth) =>
        options switch
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

    /// <summary>A program of the person's own, which has said why it failed, or nothing.</summary>
    private sealed class CredentialProcess(string profile, ProcessAWSCredentials process) : AWSCredentials
    {
        /// <summary>The SDK's synchronous path, which this program never takes.</summary>
        public override ImmutableCredentials GetCredentials() => throw new NotSupportedException();

        public override async Task<ImmutableCredentials> GetCredentialsAsync()
        {
            try
            {
                return await process.GetCredentialsAsync();
            }
            catch (ProcessAWSCredentialException e)
            {
                throw Unusable(profile, $"its credential_process failed: {e.Message.TrimEnd(' ', '-', '.')}",
                    "run that command by hand: it has to print JSON with \"Version\": 1", e);
            }
        }
    }

    private static NoTokenException Unusable(string profile, string why, string fix, Exception? cause = null) =>
        new(ErrorCode.Profile, $"AWS profile '{profile}' cannot be used: {why}", fix, cause);
}

/// <summary>A place where AWS credentials can come from.</summary>
/// <param name="Open">Null where nothing names this place.</param>
internal sealed record CredentialLink(string Name, Func<AWSCredentials>? Open);
