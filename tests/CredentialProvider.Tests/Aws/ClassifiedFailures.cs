using System.Net.Sockets;
using System.Security.Authentication;
using System.Text.Json;
using Amazon.Runtime;
using CredentialProvider.Aws;
using CredentialProvider.Errors;
using static CredentialProvider.Tests.Aws.FailedCalls;

namespace CredentialProvider.Tests.Aws;

/// <summary>From AWS's error codes, or from the network's errors, to a kind of failure and whether it is transient.</summary>
public sealed class ClassifiedFailures
{
    [Theory]
    [InlineData("AccessDeniedException", "message", nameof(FailureKind.AccessDenied))]
    [InlineData("ResourceNotFoundException", "message", nameof(FailureKind.NotFound))]
    [InlineData("ThrottlingException", "message", nameof(FailureKind.Throttled))]
    [InlineData("ExpiredTokenException", "message", nameof(FailureKind.ExpiredCredentials))]
    [InlineData("UnrecognizedClientException", "message", nameof(FailureKind.InvalidCredentials))]
    [InlineData("InvalidClientTokenId", "message", nameof(FailureKind.InvalidCredentials))]
    [InlineData("InvalidSignatureException", "The request signature we calculated does not match", nameof(FailureKind.InvalidCredentials))]
    [InlineData("MissingAuthenticationTokenException", "message", nameof(FailureKind.InvalidCredentials))]
    [InlineData("MissingAuthenticationToken", "message", nameof(FailureKind.InvalidCredentials))]
    [InlineData("InvalidSignatureException", "Signature expired: 20261124T120000Z is now earlier than 20261124T121500Z", nameof(FailureKind.ClockSkew))]
    [InlineData("InvalidSignatureException", "Signature not yet current: 20261124T120000Z is still later than 20261124T115500Z", nameof(FailureKind.ClockSkew))]
    [InlineData("RequestExpired", "message", nameof(FailureKind.ClockSkew))]
    [InlineData("ValidationException", "message", nameof(FailureKind.InvalidRequest))]
    [InlineData("InternalServerException", "message", nameof(FailureKind.OtherError))]
    [InlineData("ServiceUnavailable", "message", nameof(FailureKind.OtherError))]
    public void CodeArtifacts_error_code_decides(string code, string message, string kind) =>
        Assert.Equal(kind, $"{ToCodeArtifact(new InvalidOperationException("outer", Response(500, code, message))).Failure.Kind}");

    [Theory]
    [InlineData("AccessDenied", "message", nameof(FailureKind.AccessDenied))]
    [InlineData("ValidationError", "message", nameof(FailureKind.RoleNotAssumed))]
    [InlineData("InvalidIdentityToken", "message", nameof(FailureKind.WebIdentityRefused))]
    [InlineData("IDPRejectedClaim", "message", nameof(FailureKind.WebIdentityRefused))]
    [InlineData("IDPCommunicationError", "message", nameof(FailureKind.WebIdentityRefused))]
    [InlineData("ExpiredTokenException", "message", nameof(FailureKind.WebIdentityExpired))]
    [InlineData("ExpiredToken", "message", nameof(FailureKind.ExpiredCredentials))]
    [InlineData("SignatureDoesNotMatch", "Signature expired: then is now earlier than now", nameof(FailureKind.ClockSkew))]
    [InlineData("InvalidClientTokenId", "message", nameof(FailureKind.InvalidCredentials))]
    [InlineData("Throttling", "message", nameof(FailureKind.Throttled))]
    [InlineData("RegionDisabledException", "message", nameof(FailureKind.RegionOff))]
    public void The_error_code_of_STS_decides(string code, string message, string kind) =>
        Assert.Equal(kind, $"{ToSts(Response(403, code, message)).Failure.Kind}");

    public static TheoryData<string, Exception, string, bool> Causes => new()
    {
        { "connection reset", new HttpRequestException("sending", new IOException("reading", Socket(SocketError.ConnectionReset))), nameof(FailureKind.Unreachable), true },
        { "connection refused", new HttpRequestException("connecting", Socket(SocketError.ConnectionRefused)), nameof(FailureKind.Unreachable), true },
        { "unknown host", new HttpRequestException("connecting", Socket(SocketError.HostNotFound)), nameof(FailureKind.Unreachable), false },
        { "DNS server does not respond", new HttpRequestException("connecting", Socket(SocketError.TryAgain)), nameof(FailureKind.Unreachable), true },
        { "timeout", new TaskCanceledException("timeout"), nameof(FailureKind.Timeout), true },
        { "timeout in the socket", new HttpRequestException("sending", new IOException("reading", Socket(SocketError.OperationAborted))), nameof(FailureKind.Timeout), true },
        { "timeout that closes the connection", new TaskCanceledException("timeout", new IOException("The read operation failed", new ObjectDisposedException("stream"))),
            nameof(FailureKind.Timeout), true },
        { "truncated response", new AmazonServiceException("reading", new IOException("premature end")), nameof(FailureKind.ConnectionLost), true },
        { "untrusted CA", new HttpRequestException("TLS", new AuthenticationException("untrusted root")), nameof(FailureKind.UntrustedCertificate), false },
        { "untrusted CA, in the SDK's exception", new AmazonServiceException("TLS", new HttpRequestException("TLS", new AuthenticationException("untrusted root"))),
            nameof(FailureKind.UntrustedCertificate), false },
        { "proxy: 407", new HttpRequestException("The proxy tunnel request to proxy 'http://p/' failed with status code '407'."), nameof(FailureKind.NotSent), false },
        { "proxy: 403", new HttpRequestException("The proxy tunnel request to proxy 'http://p/' failed with status code '403'."), nameof(FailureKind.NotSent), false },
        { "proxy: 502", new HttpRequestException("The proxy tunnel request to proxy 'http://p/' failed with status code '502'."), nameof(FailureKind.NotSent), true },
        { "400", Response(400, "ValidationException"), nameof(FailureKind.InvalidRequest), false },
        { "404", Response(404, "ResourceNotFoundException"), nameof(FailureKind.NotFound), false },
        { "500", Response(500, "InternalServerException"), nameof(FailureKind.OtherError), true },
        { "501", Response(501), nameof(FailureKind.UnexpectedResponse), false },
        { "503 without an AWS error code", Response(503), nameof(FailureKind.UnexpectedResponse), true },
        { "429 without an AWS error code", Response(429), nameof(FailureKind.UnexpectedResponse), true },
        { "not JSON", new JsonException("'<' is an invalid start"), nameof(FailureKind.UnexpectedResponse), false },
        { "too large", new AmazonClientException("reading", new ResponseTooLargeException("more than 1 MB")), nameof(FailureKind.UnexpectedResponse), false },
        { "too large for HttpClient", new HttpRequestException("Cannot write more bytes to the buffer than the configured maximum buffer size: 65536."),
            nameof(FailureKind.UnexpectedResponse), false },
        { "the SDK's own reason", new AmazonClientException("outer", new InvalidDataException("inner")), nameof(FailureKind.NoCredentials), false },
        { "a bug", new InvalidOperationException("bug"), nameof(FailureKind.NoCredentials), false },
    };

    [Theory]
    [MemberData(nameof(Causes))]
    public void Transient_failures_are_told_from_lasting_ones(string name, Exception cause, string kind, bool isTransient)
    {
        Assert.NotEmpty(name);
        var failure = ToCodeArtifact(cause).Failure;
        Assert.Equal((kind, isTransient), ($"{failure.Kind}", failure.Transient is not null));
    }

    [Fact]
    public void Any_other_response_to_AssumeRole_is_unexpected() =>
        Assert.Equal(FailureKind.UnexpectedResponse, ToSts(new System.Xml.XmlException("no credentials")).Failure.Kind);

    [Fact]
    public void Throttling_has_the_wait_that_AWS_asks_for() =>
        Assert.Equal(new TransientFailure(IsThrottling: true, TimeSpan.FromSeconds(7)), Throttled(retryAfter: 7).Failure.Transient);

    [Fact]
    public void A_message_is_not_worded_again()
    {
        var described = new NoTokenException(ErrorCode.Profile, "why", "fix");
        Assert.Same(described, FailureMessages.Describe(Tokens.Examples.App, Endpoint, described));
    }

    private static SocketException Socket(SocketError error) => new((int)error);
}
