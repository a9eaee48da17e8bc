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

    [Theory]
    [InlineData(200, "not json", "no valid credentials", 1)]
    [InlineData(200, "{}", "no valid credentials", 1)]
    [InlineData(200, """{"AccessKeyId":"","SecretAccessKey":"S","Token":"T","Expiration":"2026-11-24T18:00:00Z"}""", "no valid credentials", 1)]
    [InlineData(200, """{"AccessKeyId":7}""", "no valid credentials", 1)]
    [InlineData(200, """{"AccessKeyId":"A","SecretAccessKey":"S","Token":"T","Expiration":"soon"}""", "no valid credentials", 1)]
    [InlineData(401, "", "returned 401", 1)]
    [InlineData(302, "", "returned 302", 1)]
    [InlineData(503, "", "returned 503", 2)]
    public async Task A_failure_names_its_reason(int status, string body, string reason, int requests)
    {
        using var server = new LoopbackServer(status, body);
        var failure = await Assert.ThrowsAsync<NoTokenException>(() => Role(server, TimeProvider.System).GetCredentialsAsync());
        Assert.Equal(ErrorCode.NoCredentials, failure.Code);
        Assert.Contains(reason, failure.Message, StringComparison.Ordinal);
        Assert.Equal(requests, server.Requests.Count);
    }

    [Fact]
    public async Task A_large_response_is_rejected()
    {
        using var server = new LoopbackServer(200, new string('x', 100_000));
        await Assert.ThrowsAsync<NoTokenException>(() => Role(server, TimeProvider.System).GetCredentialsAsync());
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
}
