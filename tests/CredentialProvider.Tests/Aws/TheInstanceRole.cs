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
    public async Task Is_asked_once_by_all_who_ask_together_and_fails_for_all_of_them()
    {
        var role = Role();
        _aws.Faults.Add(new Fault("metadata", "PutToken", Times: 1) { Status = 404 });
        var failing = Enumerable.Range(0, 5).Select(_ => role.GetCredentialsAsync()).ToList();
        foreach (var asking in failing)
            await Assert.ThrowsAsync<NoTokenException>(() => asking);
        Assert.Equal(["PutToken"], _aws.Audit.Entries.Select(entry => entry.Operation));

        // Who asks later starts over.
        var answers = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => role.GetCredentialsAsync()));
        Assert.Single(answers.Distinct());
        Assert.Equal(["PutToken", "PutToken", "GetRole", "GetCredentials"], _aws.Audit.Entries.Select(entry => entry.Operation));
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
    [InlineData("1", "2", 2.5)] // the default
    [InlineData("1", "1", 1.5)]
    public async Task Is_waited_for_no_longer_than_set(string timeout, string attempts, double seconds)
    {
        _aws.Faults.Add(new Fault("metadata") { Drops = true });
        var watch = Stopwatch.StartNew();
        var failure = await Assert.ThrowsAsync<NoTokenException>(() =>
            Role(("AWS_METADATA_SERVICE_TIMEOUT", timeout), ("AWS_METADATA_SERVICE_NUM_ATTEMPTS", attempts)).GetCredentialsAsync());
        // A machine under load starts things late; without the limits it would be for ever.
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(seconds + 3), $"took {watch.Elapsed}");
        Assert.Contains("hop limit", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Is_asked_as_IMDSv2_is_documented()
    {
        using var server = new LoopbackServer(200, """{"Code":"Success","AccessKeyId":"A","SecretAccessKey":"S","Token":"T","Expiration":"2100-01-01T00:00:00Z"}""");
        var keys = await Role(("AWS_EC2_METADATA_SERVICE_ENDPOINT", server.Url + "/"), ("AWS_EC2_INSTANCE_PROFILE_NAME", "a role")).GetCredentialsAsync();
        Assert.Equal(("A", "S", "T"), (keys.AccessKey, keys.SecretKey, keys.Token));
        Assert.Collection(server.Requests,
            put => Assert.Matches("^PUT /latest/api/token HTTP/1.1\r?\n(.*\n)*(?i)x-aws-ec2-metadata-token-ttl-seconds: [0-9]+\r?\n", put),
            get => Assert.Matches("^GET /latest/meta-data/iam/security-credentials/a%20role HTTP/1.1\r?\n(.*\n)*(?i)x-aws-ec2-metadata-token: ", get));
    }

    [Fact]
    public async Task Is_not_there_and_said_at_once_where_the_port_is_closed()
    {
        var server = new LoopbackServer(200, "");
        var url = server.Url;
        server.Dispose();
        var watch = Stopwatch.StartNew();
        var failure = await Assert.ThrowsAsync<NoTokenException>(() => Role(
            ("AWS_EC2_METADATA_SERVICE_ENDPOINT", url), ("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "9")).GetCredentialsAsync());
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(5), $"took {watch.Elapsed}");
        Assert.Equal("CACP1004", failure.Code);
        Assert.Contains("this is no EC2 instance", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Is_not_asked_where_it_is_switched_off()
    {
        var failure = await Assert.ThrowsAsync<NoTokenException>(() => Role(("AWS_EC2_METADATA_DISABLED", "true")).GetCredentialsAsync());
        Assert.Contains("AWS_EC2_METADATA_DISABLED is true", failure.Message, StringComparison.Ordinal);
        Assert.Empty(_aws.Audit.Entries);
    }

    [Theory]
    [InlineData("169.254.169.254")]
    [InlineData("localhost:1338")]
    [InlineData("/run/metadata")]
    [InlineData("file:///run/metadata")]
    public async Task Is_at_an_HTTP_address_or_the_setting_is_named(string endpoint)
    {
        var failure = await Assert.ThrowsAsync<NoTokenException>(() => Role(("AWS_EC2_METADATA_SERVICE_ENDPOINT", endpoint)).GetCredentialsAsync());
        Assert.Equal("CACP1012", failure.Code);
        Assert.Contains($"AWS_EC2_METADATA_SERVICE_ENDPOINT is '{endpoint}'", failure.Message, StringComparison.Ordinal);
    }

    private InstanceRole Role(params (string, string)[] variables) => new(SettingsFromVariables.From(
        [.. variables, ("AWS_EC2_METADATA_SERVICE_ENDPOINT", _aws.Metadata.AbsoluteUri)]).Metadata, TimeProvider.System);
}
