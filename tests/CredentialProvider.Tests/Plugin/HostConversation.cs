using System.IO.Pipelines;
using System.Text;
using System.Text.Json.Nodes;
using CredentialProvider.Feeds;
using CredentialProvider.Plugin;
using CredentialProvider.Tokens;

namespace CredentialProvider.Tests.Plugin;

/// <summary>What takes time: requests that wait for AWS.</summary>
public sealed class HostConversation : IDisposable
{
    private const string App = "https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com/nuget/app/v3/index.json";
    private const string Shared = "https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com/nuget/shared/v3/index.json";

    private readonly Pipe _input = new();
    private readonly Pipe _output = new();
    private readonly StreamReader _answers;
    private readonly TaskCompletionSource _gate = new();
    private readonly PluginHost _host;
    private readonly Thread _running;
    private Func<Feed, CancellationToken, Task<AuthorizationToken>> _fetch;

    public HostConversation()
    {
        var settings = SettingsFromVariables.From(("CODEARTIFACT_CACHE", "off"));
        _answers = new StreamReader(_output.Reader.AsStream());
        _fetch = async (_, cancel) =>
        {
            await _gate.Task.WaitAsync(cancel);
            return Fresh("token");
        };
        var tokens = new TokenSource(settings, new TokenCache(null), TimeProvider.System, (feed, cancel) => _fetch(feed, cancel));
        _host = new PluginHost(new Connection(_input.Reader.AsStream(), _output.Writer.AsStream()),
            new CredentialAnswer(settings, tokens, TimeProvider.System), new LogFile(null, null, TimeProvider.System));
        _running = new Thread(_host.Run);
        _running.Start();
        Assert.Contains("Handshake", _answers.ReadLine()!, StringComparison.Ordinal);
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
        Assert.Equal("Error", (string?)(await HearAsync())["Payload"]!["ResponseCode"]);
    }

    [Fact]
    public async Task A_line_of_two_megabytes_is_dropped_and_the_next_understood()
    {
        Say(new string('x', 2 * 1024 * 1024));
        Say("""{"RequestId":"next","Type":"Request","Method":"GetOperationClaims","Payload":{}}""");
        Assert.Equal("next", Id(await HearAsync()));
    }

    public void Dispose()
    {
        _input.Writer.Complete();
        _running.Join();
        _host.Dispose();
        _answers.Dispose();
    }

    private static AuthorizationToken Fresh(string text) =>
        new(new Secret(text), DateTimeOffset.UtcNow, DateTimeOffset.UtcNow.AddHours(12));

    private static string? Id(JsonNode message) => (string?)message["RequestId"];

    private void Ask(string id, string uri, bool isRetry = false) => Say(new JsonObject
    {
        ["RequestId"] = id,
        ["Type"] = "Request",
        ["Method"] = "GetAuthenticationCredentials",
        ["Payload"] = new JsonObject { ["Uri"] = uri, ["IsRetry"] = isRetry, ["IsNonInteractive"] = true, ["CanShowDialog"] = true },
    }.ToJsonString());

    private void Say(string line) => _input.Writer.WriteAsync(Encoding.UTF8.GetBytes(line + "\n")).AsTask().Wait();

    private async Task<JsonNode> HearAsync() =>
        JsonNode.Parse((await _answers.ReadLineAsync(TestContext.Current.CancellationToken))!)!;
}
