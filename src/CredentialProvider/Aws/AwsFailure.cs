using System.Net;
using System.Net.Http;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text.Json;
using Amazon.Runtime;
using Amazon.Runtime.Internal;

namespace CredentialProvider.Aws;

/// <summary>
/// What kind of failure a failed AWS call is, by its AWS error code, or by its HTTP status if there is no code.
/// Codes: "Common errors" in the CodeArtifact and STS API references.
/// </summary>
/// <param name="Detail">In the words of AWS or of the operating system.</param>
/// <param name="Transient">Null if the failure lasts until a user changes something.</param>
internal sealed record AwsFailure(FailureKind Kind, string Detail, TransientFailure? Transient = null)
{
    private const int TooManyRequests = 429;

    /// <param name="cause">The SDK's or HttpClient's exception, with its inner exceptions.</param>
    public static AwsFailure Judge(AwsCall call, Exception cause)
    {
        var response = Find<AmazonServiceException>(cause);
        if (Find<ResponseTooLargeException>(cause) is { } tooLarge)
            return new AwsFailure(FailureKind.UnexpectedResponse, tooLarge.Message);
        if (response is { ErrorCode.Length: > 0 })
            return new AwsFailure(KindOf(call, response), DetailOf(call, response), TransientIn(response));
        if (response is { StatusCode: not 0 })
        {
            return new AwsFailure(FailureKind.UnexpectedResponse,
                $"HTTP {(int)response.StatusCode}{(call.IsToAws ? " without an AWS error code" : "")}", TransientIn(response));
        }

        return Find<JsonException>(cause) is { } json ? new AwsFailure(FailureKind.UnexpectedResponse, json.Message)
            : JudgeConnection(cause) is { } failure ? failure
            : new AwsFailure(call.Assumed is null ? FailureKind.NoCredentials : FailureKind.UnexpectedResponse,
                Innermost(cause).Message);
    }

    /// <summary>The error response of an AWS service; null if there was none.</summary>
    public static AmazonServiceException? FindResponse(Exception cause) => Find<AmazonServiceException>(cause);

    private static FailureKind KindOf(AwsCall call, AmazonServiceException e) => e.ErrorCode switch
    {
        "AccessDenied" or "AccessDeniedException" => FailureKind.AccessDenied,
        "RegionDisabledException" or "OptInRequired" => FailureKind.RegionOff,
        "InvalidIdentityToken" or "IDPRejectedClaim" or "IDPCommunicationError"
            when call.Assumed is not null => FailureKind.WebIdentityRefused,
        "ExpiredTokenException" when call.Assumed is not null => FailureKind.WebIdentityExpired,
        "ValidationError" when call.Assumed is not null => FailureKind.RoleNotAssumed,
        "ResourceNotFoundException" when call.Feed is not null => FailureKind.NotFound,
        "ValidationException" when call.Feed is not null => FailureKind.InvalidRequest,
        _ when IsThrottling(e) => FailureKind.Throttled,
        "ExpiredTokenException" or "ExpiredToken" => FailureKind.ExpiredCredentials,
        "RequestExpired" or "RequestTimeTooSkewed" => FailureKind.ClockSkew,
        "InvalidSignatureException" or "SignatureDoesNotMatch" =>
            IsAboutTime(e.Message) ? FailureKind.ClockSkew : FailureKind.InvalidCredentials,
        "UnrecognizedClientException" or "InvalidClientTokenId" or "InvalidAccessKeyId"
            or "MissingAuthenticationTokenException" or "MissingAuthenticationToken" => FailureKind.InvalidCredentials,
        _ => FailureKind.OtherError,
    };

    private static string DetailOf(AwsCall call, AmazonServiceException e) =>
        KindOf(call, e) == FailureKind.OtherError ? $"{e.ErrorCode} ({(int)e.StatusCode}): {e.Message}" : e.Message;

    private static bool IsAboutTime(string message) => message.Contains("Signature expired", StringComparison.Ordinal)
        || message.Contains("not yet current", StringComparison.Ordinal);

    /// <summary>True for an HTTP status after which the same request may succeed.</summary>
    public static bool IsTransient(HttpStatusCode status) => (int)status is >= 500 or TooManyRequests;

    private static bool IsThrottling(AmazonServiceException e) => (int)e.StatusCode == TooManyRequests
        || e.ErrorCode is "ThrottlingException" or "Throttling" or "TooManyRequestsException" or "RequestLimitExceeded";

    private static TransientFailure? TransientIn(AmazonServiceException e) =>
        IsThrottling(e) ? new TransientFailure(IsThrottling: true, RetryAfterOf(e))
        : (int)e.StatusCode is >= 500 and not 501 || e.StatusCode == HttpStatusCode.RequestTimeout
            || e.ErrorCode == "IDPCommunicationError" // a 400: STS could not reach the identity provider
            ? new TransientFailure(IsThrottling: false, RetryAfterOf(e)) : null;

    /// <summary>The Retry-After header in seconds; null if there is none or it is a date.</summary>
    private static TimeSpan? RetryAfterOf(AmazonServiceException e)
    {
        var seconds = e is AmazonCodeArtifactException { RetryAfterSeconds: { } known } ? known
            : Find<HttpErrorResponseException>(e)?.Response.GetHeaderValue("Retry-After") is { } header
                && int.TryParse(header, out var parsed) ? parsed : -1;
        return seconds < 0 ? null : TimeSpan.FromSeconds(seconds);
    }

    /// <returns>Null if the network is not the cause.</returns>
    private static AwsFailure? JudgeConnection(Exception cause)
    {
        var transient = new TransientFailure(IsThrottling: false);
        if (Find<AuthenticationException>(cause) is { } tls)
            return new AwsFailure(FailureKind.UntrustedCertificate, tls.Message);
        if (Find<SocketException>(cause) is { } socket)
        {
            return socket.SocketErrorCode switch
            {
                // A socket whose call was cancelled may report this inside, or instead of, the cancellation.
                SocketError.OperationAborted => new AwsFailure(FailureKind.Timeout, socket.Message, transient),
                SocketError.HostNotFound => new AwsFailure(FailureKind.Unreachable, socket.Message),
                _ => new AwsFailure(FailureKind.Unreachable, socket.Message, transient),
            };
        }

        if (Find<HttpRequestException>(cause) is { } http)
        {
            return IsTooLarge(http) ? new AwsFailure(FailureKind.UnexpectedResponse, "more than 64 KB")
                : new AwsFailure(FailureKind.NotSent, http.Message, IsRefusedByProxy(http) ? null : transient);
        }

        // A connection that is closed for a time limit reports that inside the cancellation.
        if (Find<OperationCanceledException>(cause) is { } timeout)
            return new AwsFailure(FailureKind.Timeout, timeout.Message, transient);
        if (Find<IOException>(cause) is { } io and not (FileNotFoundException or DirectoryNotFoundException))
            return new AwsFailure(FailureKind.ConnectionLost, io.Message, transient);
        return Find<WebException>(cause) is { } web
            ? new AwsFailure(web.Status == WebExceptionStatus.TrustFailure ? FailureKind.UntrustedCertificate
                : FailureKind.Unreachable, web.Message, transient) : null;
    }

    /// <summary>Reads the status in the message: .NET Framework's exception has no property for it.</summary>
    private static bool IsRefusedByProxy(HttpRequestException e) =>
        e.Message.Contains("'407'", StringComparison.Ordinal) || e.Message.Contains("'403'", StringComparison.Ordinal);

    /// <summary>Larger than HttpClient.MaxResponseContentBufferSize. As above, only the message says so.</summary>
    private static bool IsTooLarge(HttpRequestException e) => e.Message.Contains("maximum buffer size", StringComparison.Ordinal);

    private static T? Find<T>(Exception? cause)
        where T : Exception
    {
        for (; cause is not null; cause = cause.InnerException)
        {
            if (cause is T found)
                return found;
        }

        return null;
    }

    private static Exception Innermost(Exception cause) =>
        cause.InnerException is { } inner ? Innermost(inner) : cause;
}

/// <summary>A failure after which the same call may succeed.</summary>
/// <param name="IsThrottling">AWS is healthy and limits the rate of requests.</param>
/// <param name="RetryAfter">The wait that the response asks for; null if it asks for none.</param>
internal sealed record TransientFailure(bool IsThrottling, TimeSpan? RetryAfter = null);
