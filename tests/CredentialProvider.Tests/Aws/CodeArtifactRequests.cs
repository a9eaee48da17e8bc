using System.Net;
using Amazon.Runtime;
using CredentialProvider.Aws;
using static CredentialProvider.Tests.Tokens.Examples;

namespace CredentialProvider.Tests.Aws;

/// <summary>GetAuthorizationToken requests and responses.</summary>
public sealed class CodeArtifactRequests
{
    [Theory]
    [InlineData("https://codeartifact.eu-west-1.amazonaws.com")]
    [InlineData("https://codeartifact.eu-west-1.api.aws")]
    [InlineData("https://codeartifact-fips.eu-west-1.amazonaws.com")]
    [InlineData("https://codeartifact-fips.eu-west-1.api.aws")]
    [InlineData("https://vpce-0a1b2c3d-abcd.api.codeartifact.eu-west-1.vpce.amazonaws.com")]
    [InlineData("https://artifacts.internal.example:8443")]
    public async Task Are_as_documented_and_signed_for_the_feeds_region(string endpoint)
    {
        var recorder = new Recorder();
        await CallAsync(endpoint, recorder);
        var request = recorder.Request!;
        Assert.Equal(("POST", $"{endpoint}/v1/authorization-token?domain=contoso&domain-owner=111122223333&duration=900"),
            (request.Method.Method, request.RequestUri!.AbsoluteUri));
        Assert.Matches("^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/[0-9]{8}/eu-west-1/codeartifact/aws4_request, ", request.Headers.GetValues("Authorization").Single());
        Assert.Equal("session-token", request.Headers.GetValues("x-amz-security-token").Single());
    }

    [Theory]
    [InlineData("1601616533", "2020-10-02T05:28:53.000Z")]
    [InlineData("1601616533.0", "2020-10-02T05:28:53.000Z")]
    [InlineData("1601616533.25", "2020-10-02T05:28:53.250Z")]
    [InlineData("1.6E9", "2020-09-13T12:26:40.000Z")]
    public async Task Accept_every_notation_of_the_expiration(string expiration, string time)
    {
        using var server = new LoopbackServer(200, $$"""{"expiration":{{expiration}},"new":{"field":[1]},"authorizationToken":"eyJ0b2tlbiI6IjEifQ=="}""");
        var response = await CallAsync(server);
        Assert.Equal("eyJ0b2tlbiI6IjEifQ==", response.AuthorizationToken);
        Assert.Equal(time, response.Expiration.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", null));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a b")]
    [InlineData("a$(touch${IFS}canary)b")]
    [InlineData("a;b")]
    [InlineData("a\\nb")]
    [InlineData("\u00fc")]
    public async Task Refuse_a_token_with_a_meaning_to_a_shell(string token)
    {
        using var server = new LoopbackServer(200, $$"""{"expiration":1601616533,"authorizationToken":"{{token}}"}""");
        var failure = await Assert.ThrowsAnyAsync<Exception>(() => CallAsync(server));
        Assert.Contains("authorizationToken is invalid", $"{failure.Message} {failure.InnerException?.Message}", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(403, """{"message":"no"}""", "x-amzn-ErrorType: AccessDeniedException\r\n", "AccessDeniedException", "no")]
    [InlineData(403, """{"Message":"no"}""", "x-amzn-ErrorType: AccessDeniedException:http://internal.amazon.com/\r\n", "AccessDeniedException", "no")]
    [InlineData(404, """{"__type":"com.amazonaws.codeartifact#ResourceNotFoundException","message":"none","resourceType":"domain"}""", "", "ResourceNotFoundException", "none")]
    [InlineData(400, """{"code":"ValidationException","message":"bad"}""", "", "ValidationException", "bad")]
    public async Task Report_the_error_from_header_or_body(int status, string body, string header, string code, string message)
    {
        using var server = new LoopbackServer(status, body, header);
        var failure = await Assert.ThrowsAsync<AmazonCodeArtifactException>(() => CallAsync(server));
        Assert.Equal((code, message, (HttpStatusCode)status), (failure.ErrorCode, failure.Message, failure.StatusCode));
        Assert.Null(failure.RetryAfterSeconds);
    }

    [Fact]
    public async Task Report_Retry_After()
    {
        using var server = new LoopbackServer(429, """{"message":"slower"}""", "x-amzn-ErrorType: ThrottlingException\r\nRetry-After: 7\r\n");
        var failure = await Assert.ThrowsAsync<AmazonCodeArtifactException>(() => CallAsync(server));
        Assert.Equal(("ThrottlingException", 7), (failure.ErrorCode, failure.RetryAfterSeconds));
    }

    [Theory]
    [InlineData(200, "")]
    [InlineData(200, "{}")]
    [InlineData(200, "<html>please log in</html>")]
    [InlineData(200, """{"authorizationToken":null,"expiration":1601616533}""")]
    [InlineData(200, """{"authorizationToken":"token"}""")]
    [InlineData(200, """{"authorizationToken":"token","expiration":1601616533000000}""")]
    [InlineData(200, """{"authorizationToken":"token","expira""")]
    [InlineData(403, "<html>blocked by policy</html>")]
    [InlineData(502, "")]
    public async Task Report_a_response_that_is_not_CodeArtifacts(int status, string body)
    {
        using var server = new LoopbackServer(status, body);
        var failure = await Assert.ThrowsAnyAsync<Exception>(() => CallAsync(server));
        Assert.Equal("CACP1013", FailureMessages.Describe(App, server.Url, failure).Code);
    }

    [Theory]
    [InlineData(200)]
    [InlineData(400)]
    [InlineData(503)]
    public async Task Reject_a_large_response(int status)
    {
        using var server = new LoopbackServer(status, new string('x', 2 * 1024 * 1024));
        var failure = await Assert.ThrowsAnyAsync<Exception>(() => CallAsync(server));
        var judged = FailedCalls.ToCodeArtifact(failure).Failure;
        Assert.Equal(new AwsFailure(FailureKind.UnexpectedResponse, "more than 1 MB"), judged);
    }

    private static Task<GetAuthorizationTokenResponse> CallAsync(LoopbackServer server) => CallAsync(server.Url, null);

    private static async Task<GetAuthorizationTokenResponse> CallAsync(string endpoint, HttpClientFactory? http)
    {
        var config = new AmazonCodeArtifactConfig(endpoint, "eu-west-1") { MaxErrorRetry = 0, HttpClientFactory = http };
        using var client = new AmazonCodeArtifactClient(new SessionAWSCredentials("AKIDEXAMPLE", "secret", "session-token"), config);
        return await client.GetAuthorizationTokenAsync(
            new GetAuthorizationTokenRequest { Domain = "contoso", DomainOwner = "111122223333", DurationSeconds = 900 },
            TestContext.Current.CancellationToken);
    }

    /// <summary>Records the request instead of sending it, so that it can name an AWS host.</summary>
    private sealed class Recorder : HttpClientFactory
    {
        public HttpRequestMessage? Request { get; private set; }

        public override HttpClient CreateHttpClient(IClientConfig clientConfig) => new(new Handler(this));

        private sealed class Handler(Recorder recorder) : HttpMessageHandler
        {
            protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
            {
                recorder.Request = request;
                return Task.FromResult(new HttpResponseMessage { Content = new StringContent("""{"authorizationToken":"token","expiration":1601616533}""") });
            }
        }
    }
}
