using CredentialProvider.Errors;
using CredentialProvider.Feeds;
using CredentialProvider.Identity;
using CredentialProvider.Platform;

namespace CredentialProvider.Aws;

/// <summary>Words the failures of AWS calls: an error code, a cause in AWS's own words, and a fix.</summary>
internal static class FailureMessages
{
    /// <summary>Any exception on the way to a token, or from a doctor check.</summary>
    /// <param name="endpoint">Named in the message unless the exception knows the call that failed.</param>
    /// <param name="signer">Likewise, for the fix.</param>
    public static NoTokenException Describe(Feed feed, string endpoint, Exception e, SigningIdentity? signer = null) => e switch
    {
        NoTokenException described => described,
        AwsCallException failed => Describe(failed),
        _ => Describe(new AwsCallException(AwsCall.ToCodeArtifact(feed, endpoint, signer), e)),
    };

    public static NoTokenException Describe(AwsCallException e)
    {
        var (code, why, fix) = Describe(e.Call, e.Failure);
        return new NoTokenException(code, why, fix, e) { Command = FindCommand(e.Call, e.Failure) };
    }

    /// <summary>All attempts together took too long.</summary>
    public static NoTokenException NoResponse(string endpoint, TimeSpan timeout) => new(ErrorCode.Network,
        $"AWS did not respond within {timeout.TotalSeconds:0} s", $"check the network path to {endpoint}");

    private static (string Code, string Why, string Fix) Describe(AwsCall call, AwsFailure failure)
    {
        var (endpoint, detail) = (call.Endpoint, failure.Detail);
        return failure.Kind switch
        {
            FailureKind.Throttled => (ErrorCode.Throttled, $"AWS is throttling requests: {detail}",
                failure.Transient?.RetryAfter is { } delay ? $"retry in {delay.TotalSeconds} s"
                    : "retry in a minute or request a higher service quota"),
            FailureKind.AccessDenied when call.Feed is { } feed =>
                (ErrorCode.AccessDenied, detail, Denial.Of(feed, detail).Fix),
            FailureKind.AccessDenied or FailureKind.WebIdentityRefused or FailureKind.WebIdentityExpired
                when call.Token is { } token => (ErrorCode.RoleNotAssumed,
                    $"role {RoleOf(call)} was not assumed: {detail.TrimEnd('.')} (token with {token.Claims})",
                    failure.Kind == FailureKind.AccessDenied ? Denial.OfRole(call, detail).Fix
                        : token.FixFor(failure, call.Assumed!.Value.Role.Arn)),
            FailureKind.AccessDenied => (ErrorCode.RoleNotAssumed, $"role {RoleOf(call)} cannot be assumed: {detail}",
                Denial.OfRole(call, detail).Fix),
            FailureKind.RoleNotAssumed or FailureKind.WebIdentityRefused or FailureKind.WebIdentityExpired =>
                (ErrorCode.RoleNotAssumed, $"role {RoleOf(call)} was not assumed: {detail}",
                "check the role and the identity that assumes it"),
            FailureKind.NotFound => (ErrorCode.DomainNotFound, $"no such domain or repository: {detail}",
                $"check domain, owner and region in the feed's URL: {ListDomains(call)}"),
            FailureKind.InvalidRequest => (ErrorCode.Service, $"CodeArtifact rejected the request as invalid: {detail}",
                "check CODEARTIFACT_TOKEN_DURATION and the feed's URL"),
            FailureKind.ExpiredCredentials => (ErrorCode.BadCredentials, $"the AWS credentials have expired: {detail}",
                call.Signer?.First switch
                {
                    AccessKeySource { Description: not AccessKeySource.FromEnvironment } key => $"renew the {key.Description}",
                    null or AccessKeySource =>
                        "renew them, or unset AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN",
                    var source => $"renew them; they are from the {source.Description}",
                }),
            FailureKind.InvalidCredentials => (ErrorCode.BadCredentials, $"AWS rejected the credentials: {detail}",
                // Without the region, the AWS CLI may ask one that accepts them.
                $"check them with 'aws sts get-caller-identity{call.CliOptions}'"),
            FailureKind.RegionOff => (ErrorCode.BadCredentials, $"the account has not enabled {call.Region ?? "the region"}: {detail}",
                $"enable it: aws account enable-region --region-name {call.Region ?? "REGION"}"),
            FailureKind.ClockSkew => (ErrorCode.ClockSkew, $"this machine's clock differs from AWS's: {detail}",
                "set the clock, for example with chrony or timedatectl"),
            FailureKind.OtherError => (ErrorCode.Service, $"AWS returned {detail}",
                "retry; if the error persists, check https://health.aws.amazon.com"),
            FailureKind.UnexpectedResponse => (ErrorCode.Service, $"unexpected response from {endpoint}: {detail}",
                "a proxy may have answered: check HTTPS_PROXY"
                    + (call.EndpointSetting is { } setting ? $" and {setting}" : "")),
            FailureKind.NoCredentials => (ErrorCode.NoCredentials, detail,
                $"check the AWS credentials with 'aws sts get-caller-identity{call.CliOptions}'"),
            _ => DescribeConnection(call, failure),
        };
    }

    private static string RoleOf(AwsCall call) =>
        call.Assumed!.Value.Role.Arn + (call.RolePlace is { } place ? $" ({place})" : "");

    /// <summary>The command in the fix; null if it has none.</summary>
    private static string? FindCommand(AwsCall call, AwsFailure failure) => failure.Kind switch
    {
        FailureKind.AccessDenied =>
            (call.Feed is { } feed ? Denial.Of(feed, failure.Detail) : Denial.OfRole(call, failure.Detail)).Command,
        FailureKind.NotFound => ListDomains(call),
        _ => null,
    };

    private static string ListDomains(AwsCall call) => $"aws codeartifact list-domains{call.CliOptions}";

    private static (string Code, string Why, string Fix) DescribeConnection(AwsCall call, AwsFailure failure)
    {
        var endpoint = call.Endpoint;
        return failure.Kind switch
        {
            FailureKind.UntrustedCertificate => (ErrorCode.Tls,
                $"the certificate of {endpoint} is not trusted: {failure.Detail}",
                "if a TLS-inspecting proxy is in use, add its CA to the system trust store or point SSL_CERT_FILE at a "
                    + "CA bundle"),
            FailureKind.Unreachable => (ErrorCode.Network, $"{endpoint} cannot be reached: {failure.Detail}",
                call.IsEndpointSet ? $"check {call.EndpointSetting}, DNS and HTTPS_PROXY"
                    : call.VpcEndpoint is { } name ? $"check DNS, HTTPS_PROXY and, in a VPC, {name}"
                    : "check DNS and HTTPS_PROXY"),
            FailureKind.NotSent when failure.Detail.Contains("'407'", StringComparison.Ordinal) => (ErrorCode.Network,
                $"the proxy for {endpoint} requires authentication: {failure.Detail}",
                "put user name and password into the URL in HTTPS_PROXY, or add the host to NO_PROXY"),
            FailureKind.NotSent => (ErrorCode.Network, $"{endpoint} cannot be reached: {failure.Detail}",
                "check HTTPS_PROXY and NO_PROXY"),
            FailureKind.ConnectionLost => (ErrorCode.Network, $"the connection to {endpoint} was lost: {failure.Detail}",
                "check HTTPS_PROXY and the firewalls on the network path"),
            _ => (ErrorCode.Network, $"{endpoint} did not respond in time",
                call.VpcEndpoint is { } name ? $"check firewalls, HTTPS_PROXY and, in a VPC, {name}"
                    : "check firewalls and HTTPS_PROXY"),
        };
    }
}
