using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using Amazon.Runtime;
using CredentialProvider.Aws;
using static CredentialProvider.Tests.Tokens.Examples;

namespace CredentialProvider.Tests.Aws;

/// <summary>From AWS's words to a code, a cause and a fix. Messages are those that AWS was seen to send.</summary>
public sealed class AwsFailures
{
    private const string Role = "arn:aws:iam::111122223333:role/Reader";
    private const string NotAllowed = "User: arn:aws:sts::111122223333:assumed-role/Reader/build is not authorized to perform: ";

    [Theory]
    [InlineData("AccessDeniedException", NotAllowed + "codeartifact:GetAuthorizationToken on resource: x", "CACP1001",
        "; attach what this prints: nuget-plugin-codeartifact policy contoso/app --owner 111122223333 --region us-east-1")]
    [InlineData("AccessDeniedException", NotAllowed + "sts:GetServiceBearerToken on resource: x", "CACP1001", "; attach what this prints: nuget-plugin-codeartifact policy contoso/app --owner 111122223333 --region us-east-1")]
    [InlineData("ResourceNotFoundException", "Domain not found.", "CACP1002", "aws codeartifact list-domains --region us-east-1")]
    [InlineData("ThrottlingException", "Rate exceeded", "CACP1003", "try again in a minute")]
    [InlineData("ExpiredTokenException", "The security token included in the request is expired", "CACP1005", "renew them")]
    [InlineData("UnrecognizedClientException", "The security token included in the request is invalid.", "CACP1005", "aws sts get-caller-identity")]
    [InlineData("InvalidClientTokenId", "The security token included in the request is invalid.", "CACP1005", "aws sts get-caller-identity")]
    [InlineData("InvalidSignatureException", "The request signature we calculated does not match", "CACP1005", "aws sts get-caller-identity")]
    [InlineData("MissingAuthenticationTokenException", "Missing Authentication Token", "CACP1005", "aws sts get-caller-identity")]
    [InlineData("MissingAuthenticationToken", "Missing Authentication Token", "CACP1005", "aws sts get-caller-identity")]
    [InlineData("InvalidSignatureException", "Signature expired: 20261124T120000Z is now earlier than 20261124T121500Z", "CACP1006", "set the clock")]
    [InlineData("InvalidSignatureException", "Signature not yet current: 20261124T120000Z is still later than 20261124T115500Z", "CACP1006", "set the clock")]
    [InlineData("RequestExpired", "Request has expired.", "CACP1006", "set the clock")]
    [InlineData("ValidationException", "Invalid duration", "CACP1013", "CODEARTIFACT_TOKEN_DURATION")]
    [InlineData("InternalServerException", "oops", "CACP1013", "AWS answers InternalServerException (500): oops; try again")]
    [InlineData("ServiceUnavailable", "busy", "CACP1013", "AWS answers ServiceUnavailable (500): busy; try again")]
    public void Of_CodeArtifact_have_a_code_and_a_fix(string error, string message, string code, string words)
    {
        var failure = AwsFailure.OfToken(App, "https://codeartifact.us-east-1.amazonaws.com", new InvalidOperationException("outer", Refusal(error, message)));
        Assert.Equal(code, failure.Code);
        Assert.Contains(words, failure.Message, StringComparison.Ordinal);
        Assert.Contains(message.TrimEnd('.'), failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void That_say_when_to_come_back_are_believed()
    {
        var throttled = new AmazonCodeArtifactException(
            new() { Code = "ThrottlingException", Message = "Rate exceeded" }, null, HttpStatusCode.TooManyRequests) { RetryAfterSeconds = 7 };
        Assert.EndsWith("; try again in 7 s", AwsFailure.OfToken(App, "https://x", throttled).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("AccessDenied", NotAllowed + "sts:AssumeRole on resource: x", "CACP1009", "allow sts:AssumeRole on it")]
    [InlineData("ValidationError", "The requested DurationSeconds exceeds the 1 hour session limit", "CACP1009", "was not assumed")]
    [InlineData("InvalidIdentityToken", "Couldn't retrieve verification key", "CACP1009", "was not assumed")]
    [InlineData("ExpiredTokenException", "Token expired", "CACP1009", "was not assumed")]
    [InlineData("ExpiredToken", "The security token included in the request is expired", "CACP1005", "renew them")]
    [InlineData("SignatureDoesNotMatch", "Signature expired: then is now earlier than now", "CACP1006", "set the clock")]
    [InlineData("InvalidClientTokenId", "The security token included in the request is invalid", "CACP1005", "get-caller-identity")]
    [InlineData("Throttling", "Rate exceeded", "CACP1003", "try again")]
    [InlineData("RegionDisabledException", "STS is not activated in this region", "CACP1013", "AWS answers RegionDisabledException")]
    public void Of_STS_name_the_role_where_it_is_the_role(string error, string message, string code, string words)
    {
        var failure = Assert.IsType<NoTokenException>(AwsFailure.OfRole(Role, "us-east-1", Refusal(error, message)));
        Assert.Equal(code, failure.Code);
        Assert.Contains(words, failure.Message, StringComparison.Ordinal);
        Assert.Equal(code == "CACP1009", failure.Message.Contains(Role, StringComparison.Ordinal));
    }

    public static TheoryData<Exception, string, string> Ways => new()
    {
        { new HttpRequestException("no", new SocketException((int)SocketError.HostNotFound)), "CACP1007", "cannot be reached" },
        { new HttpRequestException("no", new SocketException((int)SocketError.ConnectionRefused)), "CACP1007", "HTTPS_PROXY" },
        { new HttpRequestException("The proxy tunnel request failed with status code '407'."), "CACP1007", "'407'" },
        { new HttpRequestException("no", new AuthenticationException("PartialChain")), "CACP1008", "SSL_CERT_FILE" },
        { new AmazonServiceException("no", new HttpRequestException("no", new AuthenticationException("PartialChain"))), "CACP1008", "PartialChain" },
        { new TaskCanceledException("A task was canceled."), "CACP1007", "did not answer in time" },
        { new HttpRequestException("no", new IOException("no", new SocketException((int)SocketError.OperationAborted))), "CACP1007", "did not answer in time" },
        { new AmazonClientException("no", new InvalidDataException("the SSO session is over.")), "CACP1004", "the SSO session is over; check" },
    };

    [Theory]
    [MemberData(nameof(Ways), DisableDiscoveryEnumeration = true)]
    public void On_the_way_name_the_endpoint_or_the_innermost_cause(Exception failure, string code, string words)
    {
        var told = AwsFailure.OfToken(App, "https://codeartifact.us-east-1.amazonaws.com", failure);
        Assert.Equal(code, told.Code);
        Assert.Contains(words, told.Message, StringComparison.Ordinal);
        Assert.Equal(code != "CACP1004", told.Message.Contains("https://codeartifact.us-east-1.amazonaws.com", StringComparison.Ordinal));
    }

    [Fact]
    public void That_are_explained_already_stay_as_they_are()
    {
        var told = new NoTokenException(ErrorCode.Profile, "why", "fix");
        Assert.Same(told, AwsFailure.OfToken(App, "https://x", new AggregateException(new HttpRequestException("no", told))));
    }

    private static AmazonServiceException Refusal(string code, string message) =>
        new(message, null, ErrorType.Unknown, code, "request", HttpStatusCode.InternalServerError);
}
