using CredentialProvider.Configuration;
using CredentialProvider.Errors;
using CredentialProvider.Feeds;

namespace CredentialProvider.Identity;

/// <summary>
/// Who signs the requests for a feed's tokens: decided once, used by the token's key, the credential chain,
/// <c>doctor</c> and the log.
/// </summary>
/// <param name="Source">Null if there is a failure.</param>
/// <param name="Profile">The AWS profile in use, also for endpoints and regions; null if it is in neither file.</param>
/// <param name="Files">AWS's shared files as they were read.</param>
/// <param name="Failure">A source that is configured but cannot be used; null if all is well.</param>
internal sealed record SigningIdentity(
    CredentialSource? Source, AwsProfile? Profile, SharedFiles Files, NoTokenException? Failure)
{
    /// <summary>Reads the settings and, if they are needed, AWS's shared files.</summary>
    public static SigningIdentity Resolve(FeedSettings feed, Settings settings) =>
        new IdentityResolver(feed, settings).Resolve();

    /// <summary>The source of a profile, for which the user signs in.</summary>
    /// <param name="profile">Of this project's settings; null for the one that AWS_PROFILE names, or the default.</param>
    public static SigningIdentity ForSignIn(string? profile, Settings settings) =>
        new IdentityResolver(new FeedSettings(profile, [], 0, null, null), settings) { IsForSignIn = true }.Resolve();

    /// <summary>Each possible source in order, up to the one that is taken or cannot be used.</summary>
    public static IReadOnlyList<ConsideredSource> Explain(FeedSettings feed, Settings settings)
    {
        var considered = new List<ConsideredSource>();
        new IdentityResolver(feed, settings, considered).Resolve();
        return considered;
    }

    /// <summary>The identity for a feed. One that is known to belong to another AWS partition is refused: neither a
    /// session nor a web identity token is sent out of its partition.</summary>
    public static SigningIdentity Resolve(Feed feed, FeedSettings feedSettings, Settings settings)
    {
        var identity = Resolve(feedSettings, settings);
        for (var source = identity.Source; source is not null; source = (source as RoleSource)?.Source)
        {
            var partition = Partition.OfRegion(feed.Region)?.Name;
            if (PartitionOf(source) is var (name, other) && other != partition)
            {
                var place = (source as RoleSource)?.Setting?.Place
                    ?? (source as WebIdentitySource)?.Setting?.Section.Place();
                return identity with
                {
                    Source = null,
                    Failure = new NoTokenException(ErrorCode.RoleNotAssumed,
                        $"{name}{(place is null ? "" : $" ({place})")} " + (other is null ? "is not in any AWS partition"
                            : $"is in the AWS partition {other}, but the feed's region {feed.Region} is in {partition}"),
                        other is null ? "write the role's full ARN, such as arn:aws:iam::111122223333:role/Reader"
                            : $"use credentials from {partition} for this feed"),
                };
            }
        }

        return identity;
    }

    /// <summary>What decides the partition, as messages name it, and the partition; null if the source does not say. A web
    /// identity token is not sent anywhere for a role whose partition is unknown.</summary>
    private static (string Name, string? Partition)? PartitionOf(CredentialSource source) => source switch
    {
        RoleSource { Role.Arn: var arn } when FindPartition(arn) is { } partition => ($"role {arn}", partition),
        WebIdentitySource { Role.Arn: var arn } => ($"role {arn}", FindPartition(arn)),
        SsoSource { Region: var region } => ($"sso_region {region}", Partition.OfRegion(region)?.Name),
        LoginSource { Session: var arn } when FindPartition(arn) is { } partition => ($"login_session {arn}", partition),
        _ => null,
    };

    private static string? FindPartition(string arn) => arn.Split(':') is ["arn", var partition, _, _, _, _, ..] ? partition : null;

    /// <summary>Where a service is called: the environment first, then the profile that signs.</summary>
    /// <param name="service">As in <c>services</c> sections, for example <c>sts</c>.</param>
    /// <exception cref="NoTokenException">A value cannot be used.</exception>
    public ServiceEndpoint EndpointOf(string service, Settings settings) =>
        new EndpointSettings(Profile, Files, settings).Find(service);

    /// <summary>How to reach the instance metadata service: the environment first, then the profile.</summary>
    /// <exception cref="NoTokenException">A value cannot be used.</exception>
    public MetadataSettings Metadata(Settings settings) => settings.Metadata(
        name => Profile?.FindPlaced(name));

    /// <summary>What the first role is assumed with, or what signs without roles; null if there is a failure.</summary>
    public CredentialSource? First
    {
        get
        {
            var source = Source;
            while (source is RoleSource role)
                source = role.Source;
            return source;
        }
    }

    /// <summary>The profile whose credentials these are, for <c>--profile</c> of the AWS CLI; null if they are not from a
    /// profile.</summary>
    public string? CliProfile => Profile is not null && (First is SsoSource or LoginSource or ProcessSource
            or AccessKeySource { Description: not AccessKeySource.FromEnvironment } or WebIdentitySource { Setting: not null }
        || HasRoleOfProfile(Source)) ? Profile.Name : null;

    private static bool HasRoleOfProfile(CredentialSource? source) =>
        source is RoleSource role && (role.Setting is not null || HasRoleOfProfile(role.Source));

    /// <exception cref="NoTokenException">The configured source cannot be used.</exception>
    public CredentialSource SourceOrThrow() => Source ?? throw Failure!;
}

/// <summary>A place where credentials were looked for.</summary>
/// <param name="Name">For example <c>AWS_ACCESS_KEY_ID</c> or <c>profile build: credential_process</c>.</param>
/// <param name="Outcome">Why it was taken or passed over.</param>
internal sealed record ConsideredSource(string Name, string Outcome, bool IsTaken);
