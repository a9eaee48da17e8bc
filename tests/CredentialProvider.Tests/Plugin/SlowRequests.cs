using System.Text.Json.Nodes;
using CredentialProvider.Aws;
using CredentialProvider.Errors;
using CredentialProvider.Feeds;
using CredentialProvider.Tokens;

namespace CredentialProvider.Tests.Plugin;

/// <summary>Requests that wait for AWS: other requests, cancellation, progress and warnings in the meantime.</summary>
public sealed class SlowRequests : IDisposable
{
    private const string App = "https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com/nuget/app/v3/index.json";
    private const string Shared = "https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com/nuget/shared/v3/index.json";

    private readonly TaskCompletionSource _gate = new();
    private readonly RunningHost _host;
    private Func<Feed, CancellationToken, Task<AuthorizationToken>> _fetch;
    private Func<Secret, FeedReply> _ask = _ => FeedReply.None;

    public SlowRequests()
    {
        _fetch = async (_, cancel) =>
        {
            await _gate.Task.WaitAsync(cancel);
            return Fresh("token");
        };
        _host = new RunningHost(SettingsFromVariables.From(("CODEARTIFACT_CACHE", "off")), (feed, cancel) => _fetch(feed, cancel), token => _ask(token));
        Assert.Equal("Handshake", (string?)_host.ReceiveAsync().Result["Method"]);
    }

    [Fact]
    public async Task Do_not_block_other_requests()
    {
        RequestCredentials("slow", App);
        Send("""{"RequestId":"quick","Type":"Request","Method":"GetOperationClaims","Payload":{}}""");
        Assert.Equal("quick", Id(await ReceiveAsync()));
        _gate.SetResult();
        Assert.Equal("slow", Id(await ReceiveAsync()));
    }

    [Fact]
    public async Task Are_answered_with_Cancel_when_cancelled_and_the_next_one_succeeds()
    {
        RequestCredentials("1", App);
        Send("""{"RequestId":"1","Type":"Cancel","Method":"GetAuthenticationCredentials"}""");
        var cancelled = await ReceiveAsync();
        Assert.Equal(("1", "Cancel"), (Id(cancelled), (string?)cancelled["Type"]));
        _gate.SetResult();
        RequestCredentials("2", App);
        Assert.Equal("Success", (string?)(await ReceiveAsync())["Payload"]!["ResponseCode"]);
    }

    [Fact]
    public async Task Report_progress_twice_within_the_request_timeout()
    {
        Send("""{"RequestId":"i","Type":"Request","Method":"Initialize","Payload":{"RequestTimeout":"00:00:00.3000000"}}""");
        await ReceiveAsync();
        RequestCredentials("1", App);
        for (var i = 0; i < 2; i++)
        {
            var progress = await ReceiveAsync();
            Assert.Equal(("1", "Progress"), (Id(progress), (string?)progress["Type"]));
        }

        _gate.SetResult();
    }

    [Fact]
    public async Task Warn_once_per_domain_about_a_denied_permission()
    {
        _fetch = (_, _) => throw new NoTokenException(ErrorCode.AccessDenied, "access denied", "grant access");
        RequestCredentials("1", App);
        var log = await ReceiveAsync();
        Assert.Equal(("Log", "Warning"), ((string?)log["Method"], (string?)log["Payload"]!["LogLevel"]));
        Assert.Equal("CACP1001: no token for domain contoso (111122223333, us-east-1): access denied; grant access", (string?)log["Payload"]!["Message"]);
        Assert.Equal("1", Id(await ReceiveAsync()));
        RequestCredentials("2", Shared);
        var second = await ReceiveAsync();
        Assert.Equal(("2", "Error"), (Id(second), (string?)second["Payload"]!["ResponseCode"]));
    }

    [Fact]
    public async Task Answer_a_failure_after_NuGet_confirms_the_warning()
    {
        _fetch = (_, _) => throw new NoTokenException(ErrorCode.AccessDenied, "access denied", "grant access");
        RequestCredentials("1", App);
        var log = await _host.ReceiveAsync(isConfirming: false);
        Send("""{"RequestId":"meanwhile","Type":"Request","Method":"GetOperationClaims","Payload":{}}""");
        Assert.Equal("meanwhile", Id(await ReceiveAsync()));
        _host.Confirm(log);
        Assert.Equal("1", Id(await ReceiveAsync()));
    }

    [Fact]
    public async Task Answer_a_failure_without_waiting_for_another_warning()
    {
        _fetch = (_, _) => throw new NoTokenException(ErrorCode.AccessDenied, "access denied", "grant access");
        RequestCredentials("1", App);
        var first = await _host.ReceiveAsync(isConfirming: false);
        RequestCredentials("2", "https://fabrikam-444455556666.d.codeartifact.us-east-1.amazonaws.com/nuget/app/v3/index.json");
        _host.Confirm(await _host.ReceiveAsync(isConfirming: false));
        Assert.Equal("2", Id(await ReceiveAsync()));
        _host.Confirm(first);
        Assert.Equal("1", Id(await ReceiveAsync()));
    }

    [Fact]
    [Trait("Category", "Slow")]
    public async Task Answer_a_failure_even_if_the_warning_is_never_confirmed()
    {
        _fetch = (_, _) => throw new NoTokenException(ErrorCode.AccessDenied, "access denied", "grant access");
        RequestCredentials("1", App);
        await _host.ReceiveAsync(isConfirming: false);
        Assert.Equal("1", Id(await ReceiveAsync()));
    }

    [Fact]
    public async Task End_the_retries_when_a_new_token_is_refused_too()
    {
        _gate.SetResult();
        RequestCredentials("1", App);
        await ReceiveAsync();
        var number = 1;
        _fetch = (_, _) => Task.FromResult(Fresh($"token {++number}"));
        RequestCredentials("2", App, isRetry: true);
        Assert.Equal("token 2", (string?)(await ReceiveAsync())["Payload"]!["Password"]);
        RequestCredentials("3", App, isRetry: true);
        Assert.StartsWith("CACP1011", (string?)(await ReceiveAsync())["Payload"]!["Message"], StringComparison.Ordinal);
        Assert.Equal("Error", (string?)(await ReceiveAsync())["Payload"]!["ResponseCode"]);
    }

    [Fact]
    public async Task Give_a_token_again_once_if_the_feed_accepts_it()
    {
        var fetched = 0;
        _fetch = (_, _) => Task.FromResult(Fresh($"token {++fetched}"));
        _ask = token => new FeedReply(token.Reveal() == "token 1", new NoTokenException(ErrorCode.AccessDenied, "S3 refuses the download", "allow it"));
        RequestCredentials("1", App);
        Assert.Equal("token 1", await ReceivePasswordAsync());

        RequestCredentials("2", App, isRetry: true);
        Assert.Equal("token 1", await ReceivePasswordAsync());
        RequestCredentials("3", App, isRetry: true);

        Assert.Equal("CACP1001: no token for domain contoso (111122223333, us-east-1): S3 refuses the download; allow it", (string?)(await ReceiveAsync())["Payload"]!["Message"]);
        Assert.Equal("Error", (string?)(await ReceiveAsync())["Payload"]!["ResponseCode"]);
        Assert.Equal(1, fetched);
    }

    [Fact]
    public async Task Do_not_fetch_a_token_for_what_a_policy_denies()
    {
        var fetched = 0;
        _fetch = (_, _) => Task.FromResult(Fresh($"token {++fetched}"));
        _ask = _ => new FeedReply(false, new NoTokenException(ErrorCode.AccessDenied, "not allowed", "allow it"));
        RequestCredentials("1", App);
        await ReceivePasswordAsync();
        RequestCredentials("2", App, isRetry: true);
        Assert.StartsWith("CACP1001", (string?)(await ReceiveAsync())["Payload"]!["Message"], StringComparison.Ordinal);
        Assert.Equal("Error", (string?)(await ReceiveAsync())["Payload"]!["ResponseCode"]);
        Assert.Equal(1, fetched);
    }

    [Fact]
    public async Task Answer_an_unexpected_exception_with_CACP1013()
    {
        _fetch = (_, _) => throw new InvalidCastException("a bug");
        RequestCredentials("1", App);
        var warning = (await ReceiveAsync())["Payload"]!;
        Assert.Equal("Warning", (string?)warning["LogLevel"]);
        Assert.Contains("CACP1013: no token for domain contoso (111122223333, us-east-1): unexpected InvalidCastException; ", (string?)warning["Message"], StringComparison.Ordinal);
        Assert.Equal("Error", (string?)(await ReceiveAsync())["Payload"]!["ResponseCode"]);
    }

    [Fact]
    public async Task Continue_after_a_line_of_two_megabytes()
    {
        Send(new string('x', 2 * 1024 * 1024));
        Send("""{"RequestId":"next","Type":"Request","Method":"GetOperationClaims","Payload":{}}""");
        Assert.Equal("next", Id(await ReceiveAsync()));
    }

    [Fact]
    public async Task Share_a_retried_token_among_repositories_of_the_domain()
    {
        var number = 0;
        _fetch = (_, _) => Task.FromResult(Fresh($"token {++number}"));
        string[] expected = ["token 1", "token 1", "token 2", "token 2"];
        RequestCredentials("1", App);
        Assert.Equal(expected[0], await ReceivePasswordAsync());
        RequestCredentials("2", Shared);
        Assert.Equal(expected[1], await ReceivePasswordAsync());
        RequestCredentials("3", App, isRetry: true);
        Assert.Equal(expected[2], await ReceivePasswordAsync());
        RequestCredentials("4", Shared, isRetry: true);
        Assert.Equal(expected[3], await ReceivePasswordAsync());
    }

    [Fact]
    public async Task Are_answered_in_the_order_in_which_AWS_responds()
    {
        var gates = new Dictionary<string, TaskCompletionSource> { ["contoso"] = new(), ["fabrikam"] = new() };
        _fetch = async (feed, cancel) =>
        {
            await gates[feed.Domain].Task.WaitAsync(cancel);
            return Fresh(feed.Domain);
        };
        RequestCredentials("1", App);
        RequestCredentials("2", "https://fabrikam-444455556666.d.codeartifact.us-east-1.amazonaws.com/nuget/app/v3/index.json");
        gates["fabrikam"].SetResult();
        Assert.Equal("fabrikam", await ReceivePasswordAsync());
        gates["contoso"].SetResult();
        Assert.Equal("contoso", await ReceivePasswordAsync());
    }

    [Fact]
    public void End_with_the_plugin_on_Close_while_input_is_open()
    {
        RequestCredentials("1", App);
        Send("""{"RequestId":"2","Type":"Request","Method":"Close"}""");
        Assert.True(_host.WaitForExit());
    }

    [Fact]
    public void End_with_the_plugin_when_its_input_is_closed()
    {
        RequestCredentials("1", App);
        Assert.DoesNotContain("Response", _host.CloseInput(), StringComparison.Ordinal);
    }

    public void Dispose() => _host.Dispose();

    private static AuthorizationToken Fresh(string text) =>
        new(new Secret(text), DateTimeOffset.UtcNow, DateTimeOffset.UtcNow.AddHours(12));

    private static string? Id(JsonNode message) => (string?)message["RequestId"];

    private void RequestCredentials(string id, string uri, bool isRetry = false) => _host.SendCredentialsRequest(id, uri, isRetry);

    private void Send(string line) => _host.Send(line);

    private Task<JsonNode> ReceiveAsync() => _host.ReceiveAsync();

    private async Task<string?> ReceivePasswordAsync() => (string?)(await ReceiveAsync())["Payload"]!["Password"];
}
