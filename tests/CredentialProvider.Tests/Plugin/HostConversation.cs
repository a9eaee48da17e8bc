using System.Text.Json.Nodes;
using CredentialProvider.Feeds;

namespace CredentialProvider.Tests.Plugin;

/// <summary>What takes time: requests that wait for AWS.</summary>
public sealed class HostConversation : IDisposable
{
    private const string App = "https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com/nuget/app/v3/index.json";
    private const string Shared = "https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com/nuget/shared/v3/index.json";

    private readonly TaskCompletionSource _gate = new();
    private readonly RunningHost _host;
    private Func<Feed, CancellationToken, Task<AuthorizationToken>> _fetch;

    public HostConversation()
    {
        _fetch = async (_, cancel) =>
        {
            await _gate.Task.WaitAsync(cancel);
            return Fresh("token");
        };
        _host = new RunningHost(SettingsFromVariables.From(("CODEARTIFACT_CACHE", "off")), (feed, cancel) => _fetch(feed, cancel));
        Assert.Equal("Handshake", (string?)_host.HearAsync().Result["Method"]);
    }

    [Fact]
    public async Task Other_requests_are_answered_while_one_waits()
    {
        Ask("slow", App);
        Say("""{"RequestId":"quick","Type":"Request","Method":"GetOperationClaims","Payload":{}}""");
        Assert.Equal("quick", Id(await HearAsync()));
        _gate.SetResult();
        Assert.Equal("slow", Id(await HearAsync()));
    }

    [Fact]
    public async Task A_cancelled_request_is_answered_with_Cancel_and_the_next_one_works()
    {
        Ask("1", App);
        Say("""{"RequestId":"1","Type":"Cancel","Method":"GetAuthenticationCredentials"}""");
        var cancelled = await HearAsync();
        Assert.Equal(("1", "Cancel"), (Id(cancelled), (string?)cancelled["Type"]));
        _gate.SetResult();
        Ask("2", App);
        Assert.Equal("Success", (string?)(await HearAsync())["Payload"]!["ResponseCode"]);
    }

    [Fact]
    public async Task Progress_comes_twice_within_the_clients_patience()
    {
        Say("""{"RequestId":"i","Type":"Request","Method":"Initialize","Payload":{"RequestTimeout":"00:00:00.3000000"}}""");
        await HearAsync();
        Ask("1", App);
        for (var i = 0; i < 2; i++)
        {
            var progress = await HearAsync();
            Assert.Equal(("1", "Progress"), (Id(progress), (string?)progress["Type"]));
        }

        _gate.SetResult();
    }

    [Fact]
    public async Task A_refused_permission_is_told_once_a_domain()
    {
        _fetch = (_, _) => throw new NoTokenException(ErrorCode.AccessDenied, "nobody may", "ask nicely");
        Ask("1", App);
        var log = await HearAsync();
        Assert.Equal(("Log", "Warning"), ((string?)log["Method"], (string?)log["Payload"]!["LogLevel"]));
        Assert.Equal("CACP1001: no token for domain contoso (111122223333, us-east-1): nobody may; ask nicely", (string?)log["Payload"]!["Message"]);
        Assert.Equal("1", Id(await HearAsync()));
        Ask("2", Shared);
        var second = await HearAsync();
        Assert.Equal(("2", "Error"), (Id(second), (string?)second["Payload"]!["ResponseCode"]));
    }

    [Fact]
    public async Task A_failure_is_answered_when_NuGet_has_taken_the_warning()
    {
        _fetch = (_, _) => throw new NoTokenException(ErrorCode.AccessDenied, "nobody may", "ask nicely");
        Ask("1", App);
        var log = await _host.HearAsync(isConfirming: false);
        Say("""{"RequestId":"meanwhile","Type":"Request","Method":"GetOperationClaims","Payload":{}}""");
        Assert.Equal("meanwhile", Id(await HearAsync()));
        _host.Confirm(log);
        Assert.Equal("1", Id(await HearAsync()));
    }

    [Fact]
    public async Task A_failure_does_not_wait_for_the_warning_of_another()
    {
        _fetch = (_, _) => throw new NoTokenException(ErrorCode.AccessDenied, "nobody may", "ask nicely");
        Ask("1", App);
        var first = await _host.HearAsync(isConfirming: false);
        Ask("2", "https://fabrikam-444455556666.d.codeartifact.us-east-1.amazonaws.com/nuget/app/v3/index.json");
        _host.Confirm(await _host.HearAsync(isConfirming: false));
        Assert.Equal("2", Id(await HearAsync()));
        _host.Confirm(first);
        Assert.Equal("1", Id(await HearAsync()));
    }

    [Fact]
    public async Task A_failure_is_answered_where_nobody_confirms_the_warning()
    {
        _fetch = (_, _) => throw new NoTokenException(ErrorCode.AccessDenied, "nobody may", "ask nicely");
        Ask("1", App);
        await _host.HearAsync(isConfirming: false);
        Assert.Equal("1", Id(await HearAsync()));
    }

    [Fact]
    public async Task A_fresh_token_that_is_refused_again_ends_the_retries()
    {
        _gate.SetResult();
        Ask("1", App);
        await HearAsync();
        var number = 1;
        _fetch = (_, _) => Task.FromResult(Fresh($"token {++number}"));
        Ask("2", App, isRetry: true);
        Assert.Equal("token 2", (string?)(await HearAsync())["Payload"]!["Password"]);
        Ask("3", App, isRetry: true);
        Assert.StartsWith("CACP1011", (string?)(await HearAsync())["Payload"]!["Message"], StringComparison.Ordinal);
        Assert.Equal("Error", (string?)(await HearAsync())["Payload"]!["ResponseCode"]);
    }

    [Fact]
    public async Task A_failure_that_nobody_foresaw_is_still_an_answer()
    {
        _fetch = (_, _) => throw new InvalidCastException("a bug");
        Ask("1", App);
        var warning = (await HearAsync())["Payload"]!;
        Assert.Equal("Warning", (string?)warning["LogLevel"]);
        Assert.Contains("CACP1013: no token for domain contoso (111122223333, us-east-1): unexpected InvalidCastException; ", (string?)warning["Message"], StringComparison.Ordinal);
        Assert.Equal("Error", (string?)(await HearAsync())["Payload"]!["ResponseCode"]);
    }

    [Fact]
    public async Task A_line_of_two_megabytes_is_dropped_and_the_next_understood()
    {
        Say(new string('x', 2 * 1024 * 1024));
        Say("""{"RequestId":"next","Type":"Request","Method":"GetOperationClaims","Payload":{}}""");
        Assert.Equal("next", Id(await HearAsync()));
    }

    [Fact]
    public async Task Another_repository_of_the_domain_gets_the_token_that_a_retry_brought()
    {
        var number = 0;
        _fetch = (_, _) => Task.FromResult(Fresh($"token {++number}"));
        string[] expected = ["token 1", "token 1", "token 2", "token 2"];
        Ask("1", App);
        Assert.Equal(expected[0], await HearPasswordAsync());
        Ask("2", Shared);
        Assert.Equal(expected[1], await HearPasswordAsync());
        Ask("3", App, isRetry: true);
        Assert.Equal(expected[2], await HearPasswordAsync());
        Ask("4", Shared, isRetry: true);
        Assert.Equal(expected[3], await HearPasswordAsync());
    }

    [Fact]
    public async Task Answers_come_in_the_order_in_which_AWS_gives_tokens()
    {
        var gates = new Dictionary<string, TaskCompletionSource> { ["contoso"] = new(), ["fabrikam"] = new() };
        _fetch = async (feed, cancel) =>
        {
            await gates[feed.Domain].Task.WaitAsync(cancel);
            return Fresh(feed.Domain);
        };
        Ask("1", App);
        Ask("2", "https://fabrikam-444455556666.d.codeartifact.us-east-1.amazonaws.com/nuget/app/v3/index.json");
        gates["fabrikam"].SetResult();
        Assert.Equal("fabrikam", await HearPasswordAsync());
        gates["contoso"].SetResult();
        Assert.Equal("contoso", await HearPasswordAsync());
    }

    [Fact]
    public void Close_ends_the_plugin_while_a_request_waits_and_its_input_is_open()
    {
        Ask("1", App);
        Say("""{"RequestId":"2","Type":"Request","Method":"Close"}""");
        Assert.True(_host.Ends());
    }

    [Fact]
    public void The_end_of_input_ends_the_plugin_while_a_request_waits()
    {
        Ask("1", App);
        Assert.DoesNotContain("Response", _host.End(), StringComparison.Ordinal);
    }

    public void Dispose() => _host.Dispose();

    private static AuthorizationToken Fresh(string text) =>
        new(new Secret(text), DateTimeOffset.UtcNow, DateTimeOffset.UtcNow.AddHours(12));

    private static string? Id(JsonNode message) => (string?)message["RequestId"];

    private void Ask(string id, string uri, bool isRetry = false) => _host.Ask(id, uri, isRetry);

    private void Say(string line) => _host.Say(line);

    private Task<JsonNode> HearAsync() => _host.HearAsync();

    private async Task<string?> HearPasswordAsync() => (string?)(await HearAsync())["Payload"]!["Password"];
}
