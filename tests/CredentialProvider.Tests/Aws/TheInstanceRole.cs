using System.Diagnostics;
using CredentialProvider.Aws;
using LocalAws;

namespace CredentialProvider.Tests.Aws;

/// <summary>The instance metadata service in every mood.</summary>
public sealed class TheInstanceRole : IAsyncLifetime
{
    private LocalAwsServer _aws = null!;

    public async ValueTask InitializeAsync() => _aws = await LocalAwsServer.StartAsync(ct: TestContext.Current.CancellationToken);

    public ValueTask DisposeAsync() => _aws.DisposeAsync();

    [Fact]
    public async Task Is_asked_with_a_session_token_only_and_once()
    {
        var role = Role();
        var first = await role.GetCredentialsAsync();
        var second = await role.GetCredentialsAsync();
        Assert.Same(first, second);
        Assert.Equal(["PutToken", "GetRole", "GetCredentials"], _aws.Audit.Entries.Select(entry => entry.Operation));
        Assert.Equal(_aws.World.Sessions[first.AccessKey].SecretAccessKey, first.SecretKey);
    }

    [Fact]
    public async Task Is_not_asked_for_its_name_where_it_is_given()
    {
        await Role(("AWS_EC2_INSTANCE_PROFILE_NAME", "BuildAgentRole")).GetCredentialsAsync();
        Assert.Equal(0, _aws.Audit.Count("metadata", "GetRole"));
    }

    [Fact]
    public async Task Answers_after_a_passing_fault()
    {
        _aws.Faults.Add(new Fault("metadata", "PutToken", Times: 1) { Status = 503 });
        _aws.Faults.Add(new Fault("metadata", "GetRole", Times: 1) { Resets = true });
        Assert.NotNull(await Role().GetCredentialsAsync());
    }

    [Theory]
    [InlineData("GetRole", "", 200, "the instance has no role")]
    [InlineData("GetRole", "", 404, "the instance has no role")]
    [InlineData("GetCredentials", "", 404, "the instance has no role BuildAgentRole")]
    [InlineData("PutToken", "", 403, "instance metadata is disabled (403)")]
    [InlineData("PutToken", "", 302, "answers 302")]
    [InlineData("GetCredentials", "not json", 200, "is not JSON as expected")]
    [InlineData("GetCredentials", "[]", 200, "is not JSON as expected")]
    [InlineData("GetCredentials", "{}", 200, "is not complete")]
    [InlineData("GetCredentials", """{"Code":"AssumeRoleUnauthorizedAccess"}""", 200, "answers AssumeRoleUnauthorizedAccess")]
    [InlineData("GetCredentials", """{"AccessKeyId":"A","SecretAccessKey":"S","Expiration":"2020-01-01T00:00:00Z"}""", 200, "expired at 2020-01-01 00:00:00Z")]
    [InlineData("GetCredentials", """{"AccessKeyId":7}""", 200, "is not JSON as expected")]
    public async Task Is_not_there_for_a_reason_that_is_named(string operation, string body, int status, string reason)
    {
        _aws.Faults.Add(new Fault("metadata", operation) { Body = body, Status = status });
        var failure = await Assert.ThrowsAsync<NoTokenException>(() => Role().GetCredentialsAsync());
        Assert.Contains(reason, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Does_not_follow_a_redirect()
    {
        _aws.Faults.Add(new Fault("metadata", "PutToken") { Status = 307, Headers = new Dictionary<string, string> { ["Location"] = "http://127.0.0.1:9/" } });
        var failure = await Assert.ThrowsAsync<NoTokenException>(() => Role().GetCredentialsAsync());
        Assert.Contains("answers 307", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Does_not_fill_the_memory()
    {
        _aws.Faults.Add(new Fault("metadata", "GetCredentials") { Body = new string('x', 1024 * 1024) });
        await Assert.ThrowsAsync<NoTokenException>(() => Role().GetCredentialsAsync());
    }

    [Theory]
    [InlineData("1", "2", 2.5)]
    [InlineData("1", "1", 1.5)]
    public async Task Is_waited_for_no_longer_than_set(string timeout, string attempts, double seconds)
    {
        _aws.Faults.Add(new Fault("metadata") { Drops = true });
        var watch = Stopwatch.StartNew();
        var failure = await Assert.ThrowsAsync<NoTokenException>(() =>
            Role(("AWS_METADATA_SERVICE_TIMEOUT", timeout), ("AWS_METADATA_SERVICE_NUM_ATTEMPTS", attempts)).GetCredentialsAsync());
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(seconds), $"took {watch.Elapsed}");
        Assert.Contains("hop limit", failure.Message, StringComparison.Ordinal);
    }

    private InstanceRole Role(params (string, string)[] variables) => new(SettingsFromVariables.From(
        [("AWS_EC2_METADATA_SERVICE_ENDPOINT", _aws.Metadata.AbsoluteUri), .. variables]).Metadata, TimeProvider.System);
}
