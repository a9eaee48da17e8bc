using System.Diagnostics;
using CredentialProvider.Aws.Credentials;
using CredentialProvider.Errors;
using LocalAws;
using Microsoft.Extensions.Time.Testing;

namespace CredentialProvider.Tests.Aws;

/// <summary>Credentials from the instance metadata service, healthy and faulty.</summary>
public sealed class InstanceRole : IAsyncLifetime
{
    private LocalAwsServer _aws = null!;

    public async ValueTask InitializeAsync() => _aws = await LocalAwsServer.StartAsync(ct: TestContext.Current.CancellationToken);

    public ValueTask DisposeAsync() => _aws.DisposeAsync();

    [Fact]
    public async Task Is_read_once_and_with_IMDSv2_only()
    {
        var role = Role();
        var first = await role.GetCredentialsAsync();
        var second = await role.GetCredentialsAsync();
        Assert.Same(first, second);
        Assert.Equal(["PutToken", "GetRole", "GetCredentials"], _aws.Audit.Entries.Select(entry => entry.Operation));
        Assert.Equal(_aws.World.Sessions[first.AccessKey].SecretAccessKey, first.SecretKey);
    }

    [Fact]
    public async Task Is_read_once_for_concurrent_callers_also_when_it_fails()
    {
        var role = Role();
        _aws.Faults.Add(new Fault("metadata", "PutToken", Times: 1) { Status = 400 });
        var failing = Enumerable.Range(0, 5).Select(_ => role.GetCredentialsAsync()).ToList();
        foreach (var call in failing)
            await Assert.ThrowsAsync<NoTokenException>(() => call);
        Assert.Equal(["PutToken"], _aws.Audit.Entries.Select(entry => entry.Operation));

        // Later callers read it again.
        var credentials = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => role.GetCredentialsAsync()));
        Assert.Single(credentials.Distinct());
        Assert.Equal(["PutToken", "PutToken", "GetRole", "GetCredentials"], _aws.Audit.Entries.Select(entry => entry.Operation));
    }

    [Fact]
    public async Task Is_not_looked_up_if_its_name_is_configured()
    {
        await Role(("AWS_EC2_INSTANCE_PROFILE_NAME", "BuildAgentRole")).GetCredentialsAsync();
        Assert.Equal(0, _aws.Audit.Count("metadata", "GetRole"));
    }

    /// <summary>An agent runs for days.</summary>
    [Fact]
    public async Task Is_looked_up_again_when_the_credentials_expire()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        var role = Role(time);
        await role.GetCredentialsAsync();
        Assert.Equal("BuildAgentRole", role.Principal);
        _aws.World.InstanceRole = _aws.World.AddRole("OtherRole", World.ReadPolicy());
        time.Advance(TimeSpan.FromHours(24));
        await role.GetCredentialsAsync();
        Assert.Equal("OtherRole", role.Principal);
    }

    [Fact]
    public async Task Is_read_again_after_a_transient_failure()
    {
        _aws.Faults.Add(new Fault("metadata", "PutToken", Times: 1) { Status = 503 });
        _aws.Faults.Add(new Fault("metadata", "GetRole", Times: 1) { Resets = true });
        Assert.NotNull(await Role().GetCredentialsAsync());
    }

    /// <summary>As the AWS CLI does: right after boot, while the service is busy, and when it ends a session.</summary>
    [Theory]
    [InlineData("GetRole", 404, null)]
    [InlineData("GetRole", 401, null)]
    [InlineData("GetRole", 429, null)]
    [InlineData("GetRole", 200, "")]
    [InlineData("GetCredentials", 404, null)]
    [InlineData("GetCredentials", 401, null)]
    [InlineData("GetCredentials", 200, "")]
    [InlineData("PutToken", 429, null)]
    public async Task Is_read_again_after_a_response_that_may_change(string operation, int status, string? body)
    {
        _aws.Faults.Add(new Fault("metadata", operation, Times: 1) { Status = status, Body = body });
        Assert.NotNull(await Role().GetCredentialsAsync());
    }

    [Fact]
    public async Task Starts_a_new_session_after_a_401()
    {
        _aws.Faults.Add(new Fault("metadata", "GetCredentials", Times: 1) { Status = 401 });
        await Role().GetCredentialsAsync();
        Assert.Equal(["PutToken", "GetRole", "GetCredentials", "PutToken", "GetCredentials"], _aws.Audit.Entries.Select(entry => entry.Operation));
    }

    /// <summary>The service keeps returning old credentials during an outage, and a machine's clock may be ahead.</summary>
    [Fact]
    public async Task Is_used_although_its_credentials_look_expired()
    {
        _aws.Faults.Add(new Fault("metadata", "GetCredentials") { Body = """{"AccessKeyId":"A","SecretAccessKey":"S","Token":"T","Expiration":"2020-01-01T00:00:00Z"}""" });
        Assert.Equal("A", (await Role().GetCredentialsAsync()).AccessKey);
    }

    [Theory]
    [InlineData("GetRole", "", 200, "the instance has no role")]
    [InlineData("GetRole", "", 404, "the instance has no role")]
    [InlineData("GetCredentials", "", 404, "the instance has no role BuildAgentRole")]
    [InlineData("PutToken", "", 403, "instance metadata is disabled (403)")]
    [InlineData("PutToken", "", 302, "returned 302")]
    [InlineData("GetCredentials", "not json", 200, "invalid JSON")]
    [InlineData("GetCredentials", "[]", 200, "invalid JSON")]
    [InlineData("GetCredentials", "{}", 200, "incomplete credentials")]
    [InlineData("GetCredentials", """{"Code":"AssumeRoleUnauthorizedAccess"}""", 200, "returned AssumeRoleUnauthorizedAccess")]
    [InlineData("GetCredentials", """{"AccessKeyId":7}""", 200, "invalid JSON")]
    public async Task A_failure_names_its_reason(string operation, string body, int status, string reason)
    {
        _aws.Faults.Add(new Fault("metadata", operation) { Body = body, Status = status });
        var failure = await Assert.ThrowsAsync<NoTokenException>(() => Role().GetCredentialsAsync());
        Assert.Contains(reason, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Redirects_are_not_followed()
    {
        _aws.Faults.Add(new Fault("metadata", "PutToken") { Status = 307, Headers = new Dictionary<string, string> { ["Location"] = "http://127.0.0.1:9/" } });
        var failure = await Assert.ThrowsAsync<NoTokenException>(() => Role().GetCredentialsAsync());
        Assert.Contains("returned 307", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_large_response_is_rejected()
    {
        _aws.Faults.Add(new Fault("metadata", "GetCredentials") { Body = new string('x', 1024 * 1024) });
        await Assert.ThrowsAsync<NoTokenException>(() => Role().GetCredentialsAsync());
    }

    [Theory]
    [InlineData("1", "2", 2.5)] // the default
    [InlineData("1", "1", 1.5)]
    public async Task The_configured_timeout_is_kept(string timeout, string attempts, double seconds)
    {
        _aws.Faults.Add(new Fault("metadata") { Drops = true });
        var watch = Stopwatch.StartNew();
        var failure = await Assert.ThrowsAsync<NoTokenException>(() =>
            Role(("AWS_METADATA_SERVICE_TIMEOUT", timeout), ("AWS_METADATA_SERVICE_NUM_ATTEMPTS", attempts)).GetCredentialsAsync());
        // Generous, because a busy machine is slow; without the timeout, the call would never end.
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(seconds + 3), $"took {watch.Elapsed}");
        Assert.Contains("hop limit", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Requests_are_those_of_IMDSv2()
    {
        using var server = new LoopbackServer(200, """{"Code":"Success","AccessKeyId":"A","SecretAccessKey":"S","Token":"T","Expiration":"2100-01-01T00:00:00Z"}""");
        var credentials = await Role(("AWS_EC2_METADATA_SERVICE_ENDPOINT", server.Url + "/"), ("AWS_EC2_INSTANCE_PROFILE_NAME", "a role")).GetCredentialsAsync();
        Assert.Equal(("A", "S", "T"), (credentials.AccessKey, credentials.SecretKey, credentials.Token));
        Assert.Collection(server.Requests,
            put => Assert.Matches("^PUT /latest/api/token HTTP/1.1\r?\n(.*\n)*(?i)x-aws-ec2-metadata-token-ttl-seconds: [0-9]+\r?\n", put),
            get => Assert.Matches("^GET /latest/meta-data/iam/security-credentials/a%20role HTTP/1.1\r?\n(.*\n)*(?i)x-aws-ec2-metadata-token: ", get));
    }

    [Fact]
    public async Task A_closed_port_fails_without_more_attempts()
    {
        var server = new LoopbackServer(200, "");
        var url = server.Url;
        server.Dispose();
        var watch = Stopwatch.StartNew();
        var failure = await Assert.ThrowsAsync<NoTokenException>(() => Role(
            ("AWS_EC2_METADATA_SERVICE_ENDPOINT", url), ("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "9")).GetCredentialsAsync());
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(5), $"took {watch.Elapsed}");
        Assert.Equal("CACP1004", failure.Code);
        Assert.Contains("this is not an EC2 instance", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Is_not_read_if_disabled()
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
    public async Task An_invalid_endpoint_names_the_setting(string endpoint)
    {
        var failure = await Assert.ThrowsAsync<NoTokenException>(() => Role(("AWS_EC2_METADATA_SERVICE_ENDPOINT", endpoint)).GetCredentialsAsync());
        Assert.Equal("CACP1012", failure.Code);
        Assert.Contains($"AWS_EC2_METADATA_SERVICE_ENDPOINT is '{endpoint}'", failure.Message, StringComparison.Ordinal);
    }

    /// <summary>As on an instance whose network has IPv6 alone.</summary>
    [Fact]
    public async Task Is_read_at_the_other_address_if_nothing_listens_at_the_first()
    {
        var metadata = SettingsFromVariables.From().Metadata() with { Endpoint = UnusedAddress(), OtherEndpoint = _aws.Metadata.AbsoluteUri };
        Assert.NotNull(await new InstanceRoleCredentials(metadata, TimeProvider.System).GetCredentialsAsync());
    }

    [Fact]
    public async Task Is_reported_missing_at_the_first_address_if_nothing_listens_at_either()
    {
        var metadata = SettingsFromVariables.From().Metadata() with { Endpoint = UnusedAddress(), OtherEndpoint = UnusedAddress() };
        var e = await Assert.ThrowsAsync<NoTokenException>(() => new InstanceRoleCredentials(metadata, TimeProvider.System).GetCredentialsAsync());
        Assert.Contains(metadata.Endpoint, e.Why, StringComparison.Ordinal);
    }

    /// <summary>No other process gets this port for a while, because the system hands out others first.</summary>
    private static string UnusedAddress()
    {
        using var server = new LoopbackServer(200, "");
        return server.Url;
    }

    private InstanceRoleCredentials Role(params (string, string)[] variables) => Role(TimeProvider.System, variables);

    private InstanceRoleCredentials Role(TimeProvider time, params (string, string)[] variables) => new(SettingsFromVariables.From(
        [.. variables, ("AWS_EC2_METADATA_SERVICE_ENDPOINT", _aws.Metadata.AbsoluteUri)]).Metadata(), time);
}
