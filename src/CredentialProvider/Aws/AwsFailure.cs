using System.Net;
using System.Net.Http;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text.Json;
using Amazon.Runtime;
using Amazon.Runtime.Internal;
using CredentialProvider.Feeds;

namespace CredentialProvider.Aws;

/// <summary>
/// What went wrong at AWS, as a cause and a fix. Matches on AWS's error codes, not on statuses or whole sentences;
/// AWS's own words are kept. Codes: "Common errors" of the CodeArtifact and STS API references.
/// </summary>
internal static class AwsFailure
{
    private const int TooManyRequests = 429;

    /// <summary>A failure on the way to a token for <paramref name="feed"/>.</summary>
    public static NoTokenException OfToken(Feed feed, string endpoint, Exception failure) =>
        FindFirst<NoTokenException>(failure)
        ?? FindFirst<AmazonServiceException>(failure) switch
        {
            { ErrorCode.Length: > 0 } refusal => OfCodeArtifact(feed, refusal),
            { StatusCode: not 0 } other => NotCodeArtifact(endpoint,
                $"status {(int)other.StatusCode} without an error code", failure),
            _ when FindFirst<JsonException>(failure) is { } json => NotCodeArtifact(endpoint, json.Message, failure),
            _ when failure is InvalidDataException => new NoTokenException(ErrorCode.Profile,
                $"AWS's profiles cannot be read: {failure.Message}",
                "correct that file, or name another in AWS_CONFIG_FILE", failure),
            _ => OfConnection(endpoint, failure),
        };

    /// <summary>Whether to try again; null for what stays as it is until a person does something.</summary>
    public static Setback? SetbackOf(Exception failure)
    {
        if (failure is SignedOutException || FindFirst<AuthenticationException>(failure) is not null)
            return null;
        if (FindFirst<AmazonServiceException>(failure) is { StatusCode: not 0 } refusal)
        {
            return IsThrottling(refusal) ? new Setback(IsThrottling: true, RetryAfterOf(refusal))
                : IsPassing(refusal.StatusCode) ? new Setback(IsThrottling: false, RetryAfterOf(refusal)) : null;
        }

        // A proxy's answer to CONNECT has a status of its own; a name that does not exist will not in a second.
        return !IsOfNetwork(failure)
            || IsRefusedByProxy(failure)
            || FindFirst<SocketException>(failure) is { SocketErrorCode: SocketError.HostNotFound }
                ? null : new Setback(IsThrottling: false);
    }

    /// <summary>STS did not give a session of <paramref name="roleArn"/>.</summary>
    public static NoTokenException OfRole(string roleArn, string region, Exception failure) =>
        FindFirst<NoTokenException>(failure) ?? FindFirst<AmazonServiceException>(failure) switch
    {
        { StatusCode: not 0 } refusal => OfRole(roleArn, region, refusal),
        _ when IsOfNetwork(failure) => OfConnection($"STS in {region}", failure),
        _ => NotSts(region, Innermost(failure).Message, failure),
    };

    private static NoTokenException OfRole(string roleArn, string region, AmazonServiceException e) =>
        e.ErrorCode switch
    {
        "AccessDenied" => new NoTokenException(ErrorCode.RoleNotAssumed,
            $"role {roleArn} may not be assumed: {e.Message}",
            "allow sts:AssumeRole on it in the caller's policy, and the caller (with its external id) in the role's trust policy", e),
        "ValidationError" or "InvalidIdentityToken" or "IDPRejectedClaim" or "ExpiredTokenException" => new NoTokenException(
            ErrorCode.RoleNotAssumed, $"role {roleArn} was not assumed: {e.Message}",
                "correct the role or the identity it is assumed with", e),
        { Length: > 0 } => OfAnyService(e) ?? Unknown(e),
        _ => NotSts(region, $"status {(int)e.StatusCode} without an error code", e),
    };

    private static NoTokenException OfCodeArtifact(Feed feed, AmazonServiceException e) => e.ErrorCode switch
    {
        "AccessDeniedException" or "AccessDenied" => Denied(feed, e),
        "ResourceNotFoundException" => new NoTokenException(ErrorCode.DomainNotFound, $"it does not exist: {e.Message}",
            $"check domain, owner and region in the feed's URL: aws codeartifact list-domains --region {feed.Region}", e),
        "ValidationException" => new NoTokenException(ErrorCode.Service,
            $"CodeArtifact finds the request not valid: {e.Message}",
            "check CODEARTIFACT_TOKEN_DURATION and the feed's URL", e),
        _ => OfAnyService(e) ?? Unknown(e),
    };

    /// <summary>IAM's message names caller, action and resource; the command names the whole policy.</summary>
    private static NoTokenException Denied(Feed feed, AmazonServiceException e) =>
        new(ErrorCode.AccessDenied, e.Message, FixOfDenial(feed, e.Message), e);

    /// <summary>The command that prints what is missing, with its arguments.</summary>
    /// <param name="message">IAM's; a caller of another account needs policies on both sides.</param>
    public static string FixOfDenial(Feed feed, string message, bool isPublishing = false)
    {
        var target = feed.Repository.Length > 0 ? $"{feed.Domain}/{feed.Repository}" : feed.Domain;
        var owner = feed.Owner.Length > 0 ? $" --owner {feed.Owner}" : "";
        var principal = AccountIn(message) is { } account && feed.Owner.Length > 0 && account != feed.Owner
            ? $" --principal {account}" : "";
        return $"attach what this prints: nuget-plugin-codeartifact policy {target}{owner} --region {feed.Region}"
            + $"{(isPublishing ? " --publish" : "")}{principal}";
    }

    /// <summary>The caller's: the first ARN of a user or a role's session.</summary>
    private static string? AccountIn(string message)
    {
        var at = message.IndexOf(":sts::", StringComparison.Ordinal);
        if (at < 0)
            at = message.IndexOf(":iam::", StringComparison.Ordinal);
        var account = at < 0 ? "" : message[(at + 6)..Math.Min(message.Length, at + 18)];
        return Feed.IsOwner(account) ? account : null;
    }

    /// <summary>What every AWS service can answer; null for what it is alone in saying.</summary>
    private static NoTokenException? OfAnyService(AmazonServiceException e) => e.ErrorCode switch
    {
        _ when IsThrottling(e) => new NoTokenException(
            ErrorCode.Throttled, $"AWS asks for fewer requests: {e.Message}",
            RetryAfterOf(e) is { TotalSeconds: var seconds }
                ? $"try again in {seconds} s" : "try again in a minute, or ask for a higher quota", e),
        "ExpiredTokenException" or "ExpiredToken" => new NoTokenException(ErrorCode.BadCredentials,
            $"the AWS credentials are expired: {e.Message}",
                "renew them, or unset AWS_SESSION_TOKEN and the keys beside it", e),
        "InvalidSignatureException" or "SignatureDoesNotMatch" or "RequestExpired" or "RequestTimeTooSkewed" when IsAboutTime(e) =>
            new NoTokenException(ErrorCode.ClockSkew, $"this machine's clock differs from AWS's: {e.Message}",
                "set the clock, for example with chrony or timedatectl", e),
        "UnrecognizedClientException" or "InvalidClientTokenId" or "InvalidSignatureException" or "SignatureDoesNotMatch"
            or "MissingAuthenticationTokenException" or "MissingAuthenticationToken" or "InvalidAccessKeyId" =>
                new NoTokenException(ErrorCode.BadCredentials,
            $"AWS does not take the credentials: {e.Message}", "check them with 'aws sts get-caller-identity'", e),
        _ => null,
    };

    private static bool IsThrottling(AmazonServiceException e) => (int)e.StatusCode == TooManyRequests
        || e.ErrorCode is "ThrottlingException" or "Throttling" or "TooManyRequestsException" or "RequestLimitExceeded";

    private static bool IsPassing(HttpStatusCode status) =>
        (int)status is >= 500 and not 501 or TooManyRequests || status == HttpStatusCode.RequestTimeout;

    /// <summary>Read in the message: .NET Framework's exception has no status.</summary>
    private static bool IsRefusedByProxy(Exception failure) =>
        FindFirst<HttpRequestException>(failure) is { Message: var message }
        && (message.Contains("'407'", StringComparison.Ordinal) || message.Contains("'403'", StringComparison.Ordinal));

    /// <summary>The header Retry-After of the answer, in seconds; null where there is none that can be read.</summary>
    private static TimeSpan? RetryAfterOf(AmazonServiceException e)
    {
        var seconds = e is AmazonCodeArtifactException { RetryAfterSeconds: { } known } ? known
            : FindFirst<HttpErrorResponseException>(e)?.Response.GetHeaderValue("Retry-After") is { } header
                && int.TryParse(header, out var parsed) ? parsed : -1;
        return seconds < 0 ? null : TimeSpan.FromSeconds(seconds);
    }

    private static bool IsAboutTime(AmazonServiceException e) =>
        e.ErrorCode is "RequestExpired" or "RequestTimeTooSkewed"
        || e.Message.Contains("Signature expired", StringComparison.Ordinal)
        || e.Message.Contains("not yet current", StringComparison.Ordinal);

    /// <summary>The other side was not reached, so that nobody has refused anything.</summary>
    public static bool IsOfNetwork(Exception failure) => FindFirst<SocketException>(failure) is not null
        || FindFirst<AuthenticationException>(failure) is not null
        || FindFirst<HttpRequestException>(failure) is not null
        || FindFirst<WebException>(failure) is not null || FindFirst<OperationCanceledException>(failure) is not null
        || (FindFirst<IOException>(failure) is { } io && io is not FileNotFoundException and not DirectoryNotFoundException);

    /// <summary>A way that ended before anybody answered.</summary>
    public static NoTokenException OfConnection(string endpoint, Exception failure)
    {
        if (FindFirst<AuthenticationException>(failure) is { } tls)
        {
            return new NoTokenException(ErrorCode.Tls, $"the certificate of {endpoint} is not trusted: {tls.Message}",
                "if a proxy opens TLS here, add its CA to the system's certificates or name a bundle in SSL_CERT_FILE",
                failure);
        }

        // A socket whose call is given up says so itself now and then, within or instead of the cancellation.
        var socket = FindFirst<SocketException>(failure);
        if (socket?.SocketErrorCode == SocketError.OperationAborted)
            return NoAnswerInTime(endpoint, failure);
        if (socket is not null)
        {
            return new NoTokenException(ErrorCode.Network, $"{endpoint} cannot be reached: {socket.Message}",
                "check DNS, HTTPS_PROXY and, in a VPC, the interface endpoint of codeartifact.api", failure);
        }

        if (FindFirst<HttpRequestException>(failure) is { } http)
        {
            return new NoTokenException(ErrorCode.Network, $"{endpoint} cannot be reached: {http.Message}",
                "check HTTPS_PROXY and NO_PROXY", failure);
        }

        if (FindFirst<IOException>(failure) is { } io)
        {
            return new NoTokenException(ErrorCode.Network, $"{endpoint} does not end its answer: {io.Message}",
                "check HTTPS_PROXY and what else is on the way", failure);
        }

        if (FindFirst<WebException>(failure) is { } web)
        {
            var code = web.Status == WebExceptionStatus.TrustFailure ? ErrorCode.Tls : ErrorCode.Network;
            return new NoTokenException(code, $"{endpoint} cannot be reached: {web.Message}",
                "check DNS, HTTPS_PROXY and trusted certificates", failure);
        }

        return FindFirst<OperationCanceledException>(failure) is not null
            ? NoAnswerInTime(endpoint, failure)
            : new NoTokenException(ErrorCode.NoCredentials, Innermost(failure).Message,
                "check the AWS credentials with 'aws sts get-caller-identity'", failure);
    }

    private static NoTokenException NoAnswerInTime(string endpoint, Exception failure) => new(
        ErrorCode.Network, $"{endpoint} did not answer in time",
            "check the way there: firewall, HTTPS_PROXY, VPC endpoint", failure);

    private static NoTokenException NotCodeArtifact(string endpoint, string why, Exception failure) => new(
        ErrorCode.Service, $"what answers at {endpoint} is not CodeArtifact ({why})",
            "check HTTPS_PROXY and AWS_ENDPOINT_URL_CODEARTIFACT", failure);

    private static NoTokenException NotSts(string region, string why, Exception failure) => new(
        ErrorCode.Service, $"what answers for STS in {region} is not STS ({why})",
            "check HTTPS_PROXY and AWS_ENDPOINT_URL_STS", failure);

    private static NoTokenException Unknown(AmazonServiceException e) => new(
        ErrorCode.Service, $"AWS answers {e.ErrorCode} ({(int)e.StatusCode}): {e.Message}",
            "try again; AWS's health is at https://health.aws.amazon.com", e);

    private static T? FindFirst<T>(Exception? failure)
        where T : Exception
    {
        for (; failure is not null; failure = failure.InnerException)
        {
            if (failure is T found)
                return found;
        }

        return null;
    }

    private static Exception Innermost(Exception failure) =>
        failure.InnerException is { } inner ? Innermost(inner) : failure;
}
