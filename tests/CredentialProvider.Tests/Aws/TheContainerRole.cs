using CredentialProvider.Aws;
using Microsoft.Extensions.Time.Testing;

namespace CredentialProvider.Tests.Aws;

/// <summary>The endpoint that gives containers their credentials.</summary>
public sealed class TheContainerRole
{
    private const string Document = """{"AccessKeyId":"A","SecretAccessKey":"S","Token":"T","Expiration":"2026-11-24T18:00:00Z"}""";

    [Fact]
    public async Task Is_asked_with_its_authorization_and_again_only_when_its_keys_expire()
    {
        using var server = new LoopbackServer(200, Document);
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero));
        var role = Role(server, time, ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "pass"));

        var keys = await role.GetCredentialsAsync();
        await role.GetCredentialsAsync();

        Assert.Equal(("A", "S", "T"), (keys.AccessKey, keys.SecretKey, keys.Token));
        Assert.Contains("Authorization: pass", Assert.Single(server.Requests), StringComparison.Ordinal);
        time.Advance(TimeSpan.FromMinutes(359));
        await role.GetCredentialsAsync();
        Assert.Equal(2, server.Requests.Count);
    }

    [Theory]
    [InlineData(200, "not json", "is not as it should be", 1)]
    [InlineData(200, "{}", "is not as it should be", 1)]
    [InlineData(200, """{"AccessKeyId":"","SecretAccessKey":"S","Token":"T","Expiration":"2026-11-24T18:00:00Z"}""", "is not as it should be", 1)]
    [InlineData(200, """{"AccessKeyId":7}""", "is not as it should be", 1)]
    [InlineData(200, """{"AccessKeyId":"A","SecretAccessKey":"S","Token":"T","Expiration":"soon"}""", "is not as it should be", 1)]
    [InlineData(401, "", "answers 401", 1)]
    [InlineData(302, "", "answers 302", 1)]
    [InlineData(503, "", "answers 503", 2)]
    public async Task Fails_for_a_reason_that_is_named(int status, string body, string reason, int requests)
    {
        using var server = new LoopbackServer(status, body);
        var failure = await Assert.ThrowsAsync<NoTokenException>(() => Role(server, TimeProvider.System).GetCredentialsAsync());
        Assert.Equal(ErrorCode.NoCredentials, failure.Code);
        Assert.Contains(reason, failure.Message, StringComparison.Ordinal);
        Assert.Equal(requests, server.Requests.Count);
    }

    [Fact]
    public async Task Is_bounded_in_memory()
    {
        using var server = new LoopbackServer(200, new string('x', 100_000));
        await Assert.ThrowsAsync<NoTokenException>(() => Role(server, TimeProvider.System).GetCredentialsAsync());
    }

    [Fact]
    public async Task Needs_the_token_file_that_is_named()
    {
        using var server = new LoopbackServer(200, Document);
        var failure = await Assert.ThrowsAsync<NoTokenException>(() =>
            Role(server, TimeProvider.System, ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/none/token")).GetCredentialsAsync());
        Assert.Contains("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", failure.Message, StringComparison.Ordinal);
        Assert.Empty(server.Requests);
    }

    private static ContainerRole Role(LoopbackServer server, TimeProvider time, params (string Name, string Value)[] variables) =>
        new(SettingsFromVariables.From([.. variables, ("AWS_CONTAINER_CREDENTIALS_FULL_URI", server.Url)]), time);
}
