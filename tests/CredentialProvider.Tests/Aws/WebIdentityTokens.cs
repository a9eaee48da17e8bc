using System.Diagnostics;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Amazon.SecurityToken.Model;
using CredentialProvider.Aws;
using CredentialProvider.Aws.Credentials;
using CredentialProvider.Configuration;
using CredentialProvider.Errors;
using Microsoft.Extensions.Time.Testing;
using static CredentialProvider.Tests.Aws.FailedCalls;
using static CredentialProvider.Tests.Infra.SettingsFromVariables;
using static CredentialProvider.Tests.Tokens.Examples;

namespace CredentialProvider.Tests.Aws;

/// <summary>How web identity tokens are read and requested, and what users learn if there is none or STS refuses it.</summary>
public sealed class WebIdentityTokens : IDisposable
{
    private const string Secret = "hunter2-hunter2-hunter2", Jwt = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJzIn0.c2lnbmF0dXJl";

    private readonly TemporaryFolder _folder = new();

    private static WebIdentityOrigin GitHub => From(("CODEARTIFACT_WEB_IDENTITY", "github"),
        ("ACTIONS_ID_TOKEN_REQUEST_URL", "https://ci.test/idtoken?api-version=2.0"), ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", Secret)).WebIdentity!;

    private static WebIdentityOrigin Azure => From(("CODEARTIFACT_WEB_IDENTITY", "azure-pipelines:6c1f"),
        ("SYSTEM_OIDCREQUESTURI", "https://dev.azure.test/oidctoken"), ("SYSTEM_ACCESSTOKEN", Secret)).WebIdentity!;

    [Fact]
    public async Task GitHub_is_asked_with_the_job_s_request_token()
    {
        var ci = new FakeCi(200, $$"""{"count":1,"value":"{{Jwt}}"}""");
        Assert.Equal(Jwt, await JobTokenRequest.SendAsync(GitHub, new HttpClient(ci)));
        Assert.Equal($"GET https://ci.test/idtoken?api-version=2.0&audience=sts.amazonaws.com Bearer {Secret} ", ci.Request);
    }

    [Fact]
    public async Task Azure_Pipelines_is_asked_with_the_access_token()
    {
        var ci = new FakeCi(200, $$"""{"oidcToken":"{{Jwt}}"}""");
        Assert.Equal(Jwt, await JobTokenRequest.SendAsync(Azure, new HttpClient(ci)));
        Assert.Equal($"POST https://dev.azure.test/oidctoken?api-version=7.1&serviceConnectionId=6c1f Bearer {Secret} application/json; charset=utf-8", ci.Request);
    }

    [Theory]
    [InlineData(401, "<html>", "HTTP 401", "give the job 'permissions: id-token: write'")]
    [InlineData(403, """{"message":"no permission for hunter2-hunter2-hunter2\u001b[31m"}""", "HTTP 403: no permission for ***\\u001B[31m", "give the job")]
    [InlineData(302, "", "HTTP 302: a redirect, which is not followed", "check HTTPS_PROXY")]
    public async Task A_refusal_has_a_fix(int status, string body, string why, string fix)
    {
        var failure = await Assert.ThrowsAsync<NoTokenException>(() => JobTokenRequest.SendAsync(GitHub, new HttpClient(new FakeCi(status, body))));
        Assert.Equal((ErrorCode.NoCredentials, $"https://ci.test (CODEARTIFACT_WEB_IDENTITY is 'github') issued no ID token: {why}"), (failure.Code, failure.Why));
        Assert.StartsWith(fix, failure.Fix, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_refused_service_connection_is_named() => Assert.StartsWith("check the ID of the service connection",
        (await Assert.ThrowsAsync<NoTokenException>(() => JobTokenRequest.SendAsync(Azure, new HttpClient(new FakeCi(404, "{}"))))).Fix, StringComparison.Ordinal);

    [Theory]
    [InlineData(500, "{}", "HTTP 500; ", true)]
    [InlineData(429, "{}", "HTTP 429; ", true)]
    [InlineData(200, "<html>hunter2</html>", "not JSON with a token; ", false)]
    [InlineData(200, """{"value":""}""", "not JSON with a token; ", false)]
    [InlineData(200, """{"value":{"value":"x"}}""", "not JSON with a token; ", false)]
    [InlineData(200, "[]", "not JSON with a token; ", false)]
    [InlineData(200, "", "not JSON with a token; ", false)]
    public async Task Another_answer_is_unexpected(int status, string body, string detail, bool isTransient)
    {
        var failure = await Assert.ThrowsAsync<AwsCallException>(() => JobTokenRequest.SendAsync(GitHub, new HttpClient(new FakeCi(status, body))));
        Assert.Equal(isTransient, failure.Failure.Transient is not null);
        var message = FailureMessages.Describe(failure);
        Assert.StartsWith($"unexpected response from https://ci.test: {detail}", message.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", message.Message + failure.InnerException, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_without_end_is_not_read()
    {
        using var http = new HttpClient(new FakeCi(200, new string('x', 65 * 1024))) { MaxResponseContentBufferSize = 64 * 1024 };
        var failure = await Assert.ThrowsAsync<AwsCallException>(() => JobTokenRequest.SendAsync(GitHub, http));
        Assert.Contains("unexpected response", FailureMessages.Describe(failure).Why, StringComparison.Ordinal);
        Assert.Contains("more than 64 KB", FailureMessages.Describe(failure).Why, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("missing", "does not exist")]
    [InlineData("long", "has more than 20000 characters")]
    [InlineData("fifo", "is not a regular file")]
    [InlineData("/dev/zero", "is not a regular file")]
    public async Task A_file_without_a_token_is_named(string name, string why)
    {
        TemporaryFolder.RequireUnix();
        var file = Path.Combine(_folder.Path, name);
        if (name == "fifo")
            await Process.Start("mkfifo", file).WaitForExitAsync(TestContext.Current.CancellationToken);
        else if (name == "long")
            await File.WriteAllTextAsync(file, new string('x', 20_001), TestContext.Current.CancellationToken);
        foreach (var place in new[] { "CODEARTIFACT_WEB_IDENTITY", "AWS_WEB_IDENTITY_TOKEN_FILE" })
        {
            var failure = await Assert.ThrowsAsync<NoTokenException>(() => WebIdentityToken.GetAsync(WebIdentityOrigin.OfFile(file, place), From()));
            Assert.Equal((ErrorCode.NoCredentials, $"the web identity token file {file} ({place}) {why}", $"correct {place}"),
                (failure.Code, failure.Why, failure.Fix));
        }
    }

    [Theory]
    [InlineData(" " + Jwt + "\n", Jwt)]
    [InlineData("\n", null)]
    public async Task A_file_is_read_without_white_space(string content, string? token)
    {
        var file = _folder.Below("token");
        await File.WriteAllTextAsync(file, content, TestContext.Current.CancellationToken);
        var origin = WebIdentityOrigin.OfFile(file);
        if (token is null)
            Assert.Contains("is empty", (await Assert.ThrowsAsync<NoTokenException>(() => WebIdentityToken.GetAsync(origin, From()))).Why, StringComparison.Ordinal);
        else
            Assert.Equal(token, (await WebIdentityToken.GetAsync(origin, From())).Text.Reveal());
    }

    [Fact]
    public async Task A_session_that_has_expired_takes_a_new_token()
    {
        var (time, requested) = (new FakeTimeProvider(), 0);
        var role = new AssumeRoleCredentials(AwsCall.ToSts(new RoleRequest(RoleArn), FailedCalls.Sts()), time, () =>
        {
            requested++;
            return Task.FromResult<(Credentials?, AssumedRoleUser?)>((
                new Credentials { AccessKeyId = $"A{requested}", SecretAccessKey = "S", SessionToken = "T", Expiration = time.GetUtcNow().UtcDateTime.AddHours(1) }, null));
        });
        Assert.Equal(("A1", "A1"), ((await role.GetCredentialsAsync()).AccessKey, (await role.GetCredentialsAsync()).AccessKey));
        time.Advance(TimeSpan.FromHours(1));
        Assert.Equal("A2", (await role.GetCredentialsAsync()).AccessKey);
    }

    private const string Provider = "IAM identity provider for https://token.actions.githubusercontent.com";

    /// <summary>STS's part is as users have reported it.</summary>
    [Theory]
    [InlineData("github", "InvalidIdentityToken", "Incorrect token audience",
        $"add the audience 'sts.amazonaws.com' to the {Provider} in account 111122223333, or set CODEARTIFACT_WEB_IDENTITY_AUDIENCE to one that it has")]
    [InlineData("env:T", "InvalidIdentityToken", "Incorrect token audience", $"add the audience 'sts.amazonaws.com' to the {Provider} in account 111122223333")]
    [InlineData("github", "InvalidIdentityToken", "No OpenIDConnect provider found in your account for https://token.actions.githubusercontent.com",
        $"create an {Provider} with the audience 'sts.amazonaws.com' in account 111122223333")]
    [InlineData("github", "InvalidIdentityToken", "Couldn't retrieve verification key from your identity provider.",
        "make https://token.actions.githubusercontent.com/.well-known/openid-configuration, and the keys that it lists, reachable from the internet")]
    [InlineData("github", "IDPCommunicationError", "Could not reach the identity provider",
        "make https://token.actions.githubusercontent.com/.well-known/openid-configuration, and the keys that it lists, reachable from the internet")]
    [InlineData("file:/run/jwt", "InvalidIdentityToken", "The ID Token provided is not a valid JWT",
        $"check the {Provider} in account 111122223333, and that CODEARTIFACT_WEB_IDENTITY names the right token")]
    [InlineData("env:T", "ExpiredTokenException", "Token expired: current date/time 1764216300 must be before the expiration date/time 1764216000",
        "rerun the job, and restore earlier in it: the token in T is valid for 5 minutes")]
    [InlineData("file:/run/jwt", "ExpiredTokenException", "Token expired", "check what renews /run/jwt")]
    [InlineData("github", "ExpiredTokenException", "Token expired", "rerun the job: its CI system issued a token that has already expired")]
    [InlineData("github", "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity",
        "allow sts:AssumeRoleWithWebIdentity for this subject, issuer and audience in the role's trust policy, which this prints: "
            + "nuget-plugin-codeartifact policy contoso/app --owner 111122223333 --region us-east-1 --oidc https://token.actions.githubusercontent.com --subject repo:contoso/app:ref:refs/heads/main")]
    public void A_refusal_of_STS_shows_what_the_token_claims(string identity, string code, string message, string fix)
    {
        var failure = Refuse(identity, code, message,
            """{"iss":"https://token.actions.githubusercontent.com","aud":"sts.amazonaws.com","sub":"repo:contoso/app:ref:refs/heads/main","iat":1764215700,"exp":1764216000}""");
        Assert.Equal((ErrorCode.RoleNotAssumed, $"role {RoleArn} was not assumed: {message.TrimEnd('.')} (token with subject 'repo:contoso/app:ref:refs/heads/main', "
            + "issuer 'https://token.actions.githubusercontent.com' and audience 'sts.amazonaws.com')", fix), (failure.Code, failure.Why, failure.Fix));
    }

    [Theory]
    [InlineData("""{"iss":["a","b"],"aud":["x","y"],"sub":7}""", "subject '7', issuer 'a, b' and audience 'x, y'")]
    [InlineData("""{"sub":"\u001b[31mred\u202e"}""", "subject '\\u001B[31mred\\u202E', issuer 'unknown' and audience 'unknown'")]
    [InlineData("""{"sub":"\ud800","iss":["\udc00"],"aud":null}""", "subject 'unreadable', issuer 'unreadable' and audience ''")]
    [InlineData("[]", "subject 'unknown', issuer 'unknown' and audience 'unknown'")]
    [InlineData("no JSON", "subject 'unknown', issuer 'unknown' and audience 'unknown'")]
    public void Claims_of_any_form_are_shown_as_text(string payload, string claims) =>
        Assert.EndsWith($"(token with {claims})", Refuse("env:T", "AccessDenied", "Not authorized", payload).Why, StringComparison.Ordinal);

    [Theory]
    [InlineData("""{"iat":1,"exp":3601}""", "60 minutes")]
    [InlineData("""{"nbf":1,"exp":301}""", "5 minutes")]
    [InlineData("""{"iat":1,"exp":1e400}""", "a short time")]
    [InlineData("""{"iat":"1","exp":-5}""", "a short time")]
    [InlineData("{}", "a short time")]
    public void The_lifetime_of_a_token_in_a_variable_is_named(string payload, string lifetime) =>
        Assert.EndsWith($"is valid for {lifetime}", Refuse("env:T", "ExpiredTokenException", "Token expired", payload).Fix, StringComparison.Ordinal);

    [Theory]
    [InlineData("{\"value\":\"\\ud800\"}")]
    [InlineData("{\"message\":\"\\ud800\"}")]
    public async Task Text_that_is_not_Unicode_is_refused(string body)
    {
        await Assert.ThrowsAsync<AwsCallException>(() => JobTokenRequest.SendAsync(GitHub, new HttpClient(new FakeCi(200, body))));
        Assert.EndsWith("HTTP 401", (await Assert.ThrowsAsync<NoTokenException>(() => JobTokenRequest.SendAsync(GitHub, new HttpClient(new FakeCi(401, body))))).Why, StringComparison.Ordinal);
    }

    [Fact]
    public void Long_claims_are_cut()
    {
        var failure = Refuse("env:T", "AccessDenied", "Not authorized", $$"""{"sub":"{{new string('s', 5000)}}","iss":"{{new string('i', 5000)}}"}""");
        Assert.InRange(failure.Why.Length, 100, 500);
        Assert.EndsWith("in the role's trust policy", failure.Fix, StringComparison.Ordinal);
    }

    /// <summary>With one of them replaced or cut, or as a wildcard or a variable of IAM, the command would print a policy that trusts something
    /// else.</summary>
    [Theory]
    [InlineData("sub", "repo:contoso/nuget-token:ref:refs/heads/main")]
    [InlineData("sub", "repo:contoso/app\u001b")]
    [InlineData("iss", "https://bob:secret@ci.test")]
    [InlineData("aud", "x-token:app1")]
    [InlineData("sub", "repo:contoso/*")]
    [InlineData("sub", "repo:contoso/app:ref:refs/heads/ma?n")]
    [InlineData("sub", "repo:contoso/${aws:username}")]
    [InlineData("aud", "*")]
    public void Claims_that_cannot_be_printed_as_they_are_get_no_policy_command(string claim, string value)
    {
        var claims = new JsonObject { ["iss"] = "https://ci.test", ["sub"] = "repo:contoso/app", ["aud"] = "app", [claim] = value };
        Assert.EndsWith("in the role's trust policy", Refuse("env:T", "AccessDenied", "Not authorized", claims.ToJsonString()).Fix, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"app\"", " --audience app")]
    [InlineData("[\"sts.amazonaws.com\"]", "")]
    public void A_claim_of_one_text_gets_one(string audience, string option)
    {
        var fix = Refuse("env:T", "AccessDenied", "Not authorized", $$"""{"iss":"https://ci.test","sub":"repo:contoso/app","aud":{{audience}}}""").Fix;
        Assert.EndsWith($" --oidc https://ci.test --subject repo:contoso/app{option}", fix, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[\"x\",\"y\"]")]
    [InlineData("null")]
    [InlineData("\"\\ud800\"")]
    public void A_claim_of_any_other_form_gets_none(string audience)
    {
        var fix = Refuse("env:T", "AccessDenied", "Not authorized", $$"""{"iss":"https://ci.test","sub":"repo:contoso/app","aud":{{audience}}}""").Fix;
        Assert.EndsWith("in the role's trust policy", fix, StringComparison.Ordinal);
    }

    [Fact]
    public void A_token_that_is_not_a_JWT_is_never_shown()
    {
        var failure = FailureMessages.Describe(new AwsCallException(AwsCall.ToSts(new RoleRequest(RoleArn), FailedCalls.Sts(),
            token: new WebIdentityToken(Origin("env:T"), new Secret(Secret))), Response(400, "InvalidIdentityToken", "not a valid JWT")));
        Assert.Contains("subject 'unknown'", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", failure.Message, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private static NoTokenException Refuse(string identity, string code, string message, string payload) => FailureMessages.Describe(new AwsCallException(
        AwsCall.ToSts(new RoleRequest(RoleArn), FailedCalls.Sts(), token: new WebIdentityToken(Origin(identity),
            new Secret($"e30.{Base64UrlText.Encode(Encoding.UTF8.GetBytes(payload))}.c2ln"))), Response(400, code, message)));

    private static WebIdentityOrigin Origin(string identity) => From(("CODEARTIFACT_WEB_IDENTITY", identity), ("T", "t"),
        ("ACTIONS_ID_TOKEN_REQUEST_URL", "https://ci.test/"), ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", Secret)).WebIdentity!;

    /// <summary>Returns one response, and records the request in one line.</summary>
    private sealed class FakeCi(int status, string body) : HttpMessageHandler
    {
        public string? Request { get; private set; }

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Request = $"{request.Method} {request.RequestUri} {request.Headers.Authorization} {request.Content?.Headers.ContentType}";
            return Task.FromResult(new HttpResponseMessage((HttpStatusCode)status) { Content = new StringContent(body) });
        }
    }
}
