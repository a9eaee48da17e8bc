using CredentialProvider.Aws.Credentials;
using CredentialProvider.Errors;
using Microsoft.Extensions.Time.Testing;

namespace CredentialProvider.Tests.Aws;

/// <summary>Credentials from the endpoint of ECS and EKS.</summary>
public sealed class ContainerRole
{
    private const string Document = """{"AccessKeyId":"A","SecretAccessKey":"S","Token":"T","Expiration":"2026-11-24T18:00:00Z"}""";

    [Fact]
    public async Task Is_read_with_its_authorization_token_and_again_only_near_expiry()
    {
        using var server = new LoopbackServer(200, Document);
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero));
        var role = Role(server, time, ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "password"));

        var credentials = await role.GetCredentialsAsync();
        await role.GetCredentialsAsync();

        Assert.Equal(("A", "S", "T"), (credentials.AccessKey, credentials.SecretKey, credentials.Token));
        Assert.Contains("Authorization: password", Assert.Single(server.Requests), StringComparison.Ordinal);
        time.Advance(TimeSpan.FromMinutes(359));
        await role.GetCredentialsAsync();
        Assert.Equal(2, server.Requests.Count);
    }

    /// <summary>All that botocore, the AWS CLI's library, reads; it needs an offset.</summary>
    [Theory]
    [InlineData("2026-11-24T18:00:00+0000")]
    [InlineData("2026-11-24T18:00:00+00:00")]
    [InlineData("2026-11-24T20:00:00+02")]
    [InlineData("2026-11-24T18:00:00.123456789Z")]
    [InlineData("2026-11-24 18:00:00Z")]
    [InlineData("2026-11-24T18:00Z")]
    [InlineData("Tue, 24 Nov 2026 18:00:00 GMT")]
    [InlineData("2026-11-24T18:00:00")]
    public void May_write_its_expiration_in_any_form(string expiration)
    {
        var (_, expires) = ContainerCredentials.Parse(Document.Replace("2026-11-24T18:00:00Z", expiration, StringComparison.Ordinal));
        Assert.Equal(new DateTimeOffset(2026, 11, 24, 18, 0, 0, TimeSpan.Zero), expires, TimeSpan.FromSeconds(1));
    }

    [Theory]
    [InlineData("\"T\"", "null")]
    [InlineData("\"Token\":\"T\",", "")]
    public void May_return_a_key_without_a_session_token(string part, string replacement)
    {
        var (credentials, _) = ContainerCredentials.Parse(Document.Replace(part, replacement, StringComparison.Ordinal));
        Assert.Equal(("A", "S", false), (credentials.AccessKey, credentials.SecretKey, credentials.UseToken));
    }

    /// <summary>As botocore does, which makes three attempts.</summary>
    [Theory]
    [InlineData(200, "<html>")]
    [InlineData(200, "")]
    [InlineData(400, "")]
    [InlineData(404, "")]
    [InlineData(429, "")]
    [InlineData(503, "")]
    public async Task Is_asked_again_after_a_failure(int status, string body)
    {
        using var server = new LoopbackServer(status, body) { Next = (200, Document) };
        Assert.Equal("A", (await Role(server, new ImpatientTime()).GetCredentialsAsync()).AccessKey);
        Assert.Equal(2, server.Requests.Count);
    }

    [Theory]
    [InlineData(200, "not json", "no valid credentials")]
    [InlineData(200, "[]", "no valid credentials")]
    [InlineData(200, "{}", "no valid credentials")]
    [InlineData(200, """{"AccessKeyId":"","SecretAccessKey":"S","Token":"T","Expiration":"2026-11-24T18:00:00Z"}""", "no valid credentials")]
    [InlineData(200, """{"AccessKeyId":7}""", "no valid credentials")]
    [InlineData(200, """{"AccessKeyId":"A","SecretAccessKey":"S","Token":"T","Expiration":"soon"}""", "no valid credentials")]
    [InlineData(401, "", "returned 401")]
    [InlineData(302, "", "returned 302")]
    [InlineData(503, "", "returned 503")]
    public async Task A_failure_names_its_reason(int status, string body, string reason)
    {
        using var server = new LoopbackServer(status, body);
        var failure = await Assert.ThrowsAsync<NoTokenException>(() => Role(server, new ImpatientTime()).GetCredentialsAsync());
        Assert.Equal(ErrorCode.NoCredentials, failure.Code);
        Assert.Contains(reason, failure.Message, StringComparison.Ordinal);
        Assert.Equal(3, server.Requests.Count);
    }

    [Fact]
    public async Task A_large_response_is_rejected()
    {
        using var server = new LoopbackServer(200, new string('x', 100_000));
        await Assert.ThrowsAsync<NoTokenException>(() => Role(server, new ImpatientTime()).GetCredentialsAsync());
    }

    [Fact]
    public async Task A_missing_authorization_token_file_is_an_error()
    {
        using var server = new LoopbackServer(200, Document);
        var failure = await Assert.ThrowsAsync<NoTokenException>(() =>
            Role(server, TimeProvider.System, ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/none/token")).GetCredentialsAsync());
        Assert.Contains("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", failure.Message, StringComparison.Ordinal);
        Assert.Empty(server.Requests);
    }

    private static ContainerCredentials Role(LoopbackServer server, TimeProvider time, params (string Name, string Value)[] variables) =>
        new(SettingsFromVariables.From([.. variables, ("AWS_CONTAINER_CREDENTIALS_FULL_URI", server.Url)]), time);

    /// <summary>Its delays are over at once.</summary>
    private sealed class ImpatientTime : TimeProvider
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            base.CreateTimer(callback, state, TimeSpan.Zero, period);
    }
}
