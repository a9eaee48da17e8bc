using CredentialProvider.Aws.Credentials;
using CredentialProvider.Configuration;
using CredentialProvider.Feeds;
using CredentialProvider.Identity;
using CredentialProvider.Platform;

namespace CredentialProvider.Aws;

/// <summary>A call to AWS, as messages about its failure name it.</summary>
/// <param name="Endpoint">A URL without a path, or for example <c>STS in us-east-1</c>.</param>
internal sealed record AwsCall(string Endpoint)
{
    /// <summary>The feed that a CodeArtifact call is for; null for other services.</summary>
    public Feed? Feed { get; private init; }

    /// <summary>The role that an STS call assumes, and for which feed; null for other services.</summary>
    public (RoleRequest Role, Feed Feed)? Assumed { get; private init; }

    /// <summary>Where a profile names that role; null for a role from elsewhere.</summary>
    public string? RolePlace { get; private init; }

    /// <summary>The web identity token that the role is assumed with; null for other calls.</summary>
    public WebIdentityToken? Token { get; private init; }

    /// <summary>False for a CI system, whose errors have no AWS error codes.</summary>
    public bool IsToAws { get; private init; } = true;

    /// <summary>The region of the called endpoint; null if users cannot choose it.</summary>
    public string? Region { get; private init; }

    /// <summary>What an unreachable endpoint may lack in a VPC; null where AWS has none.</summary>
    public string? VpcEndpoint { get; private init; }

    /// <summary>The variable or the line that sets the endpoint, or the variable that can set another; null if there is
    /// none.</summary>
    public string? EndpointSetting { get; private init; }

    /// <summary>False for AWS's own endpoint.</summary>
    public bool IsEndpointSet { get; private init; }

    /// <summary>Whose call it is; null if that does not matter for a fix.</summary>
    public SigningIdentity? Signer { get; private init; }

    /// <summary>Options that make the AWS CLI ask the same region with the same profile, after a space.</summary>
    public string CliOptions => (Region is { } region ? $" --region {ShellText.Quote(region)}" : "")
        + (Signer?.CliProfile is { } profile ? " " + ShellText.Option("--profile", profile) : "");

    /// <param name="place">What sets the endpoint; null for AWS's own.</param>
    public static AwsCall ToCodeArtifact(
        Feed feed, string endpoint, SigningIdentity? signer = null, string? place = null) =>
        new AwsCall(endpoint)
        {
            Feed = feed,
            Region = feed.Region,
            Signer = signer,
            VpcEndpoint = "the interface endpoint for codeartifact.api",
        }.SetBy(place, "codeartifact");

    /// <param name="place">What sets the endpoint; null for AWS's own.</param>
    private AwsCall SetBy(string? place, string service) => this with
    {
        VpcEndpoint = place is null ? VpcEndpoint : null,
        EndpointSetting = place ?? Settings.EndpointVariable(service),
        IsEndpointSet = place is not null,
    };

    /// <summary>A request for packages, to the repository or to S3, where its downloads redirect to.</summary>
    public static AwsCall ToRepository(Feed feed, Uri url) => new(url.GetLeftPart(UriPartial.Authority))
    {
        Feed = feed,
        VpcEndpoint = url.Host == feed.Host ? null
            : url.Host.Contains(".s3.", StringComparison.Ordinal) || url.Host.StartsWith("s3.", StringComparison.Ordinal)
                ? "the gateway endpoint for s3" : "the interface endpoint for codeartifact.repositories",
    };

    public static AwsCall ToSts(
        RoleRequest role, StsEndpoint sts, string? place = null, WebIdentityToken? token = null) =>
        new AwsCall(sts.Configured.Url ?? $"STS in {sts.Region}")
        {
            Assumed = (role, sts.Feed),
            Token = token,
            RolePlace = place,
            Region = sts.Region,
            Signer = sts.Signer,
            VpcEndpoint = "the interface endpoint for sts",
        }.SetBy(sts.Configured.UrlPlace, "sts");

    /// <param name="endpoint">Of the portal, which returns credentials, or of OIDC, which signs users in.</param>
    /// <param name="service">As in <c>services</c> sections.</param>
    public static AwsCall ToIdentityCenter(string endpoint, ServiceEndpoint configured, string service) =>
        new AwsCall(endpoint).SetBy(configured.UrlPlace, service);

    /// <param name="endpoint">Of AWS Sign-In, which renews sessions of <c>aws login</c>.</param>
    public static AwsCall ToSignIn(string endpoint, ServiceEndpoint configured) =>
        new AwsCall(endpoint).SetBy(configured.UrlPlace, "signin");

    /// <param name="endpoint">Of a CI system, which issues tokens of its jobs.</param>
    public static AwsCall ToTokenIssuer(string endpoint) => new(endpoint) { IsToAws = false };
}

/// <summary>A call to AWS failed. The failure is classified here, once, and <see cref="FailureMessages"/> describes
/// it.</summary>
internal sealed class AwsCallException(AwsCall call, Exception cause)
    : Exception($"the call to {call.Endpoint} failed", cause)
{
    public AwsCall Call { get; } = call;

    public AwsFailure Failure { get; } = AwsFailure.Judge(call, cause);
}
