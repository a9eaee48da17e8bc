using System.IO.Pipelines;
using System.Text;
using System.Text.Json.Nodes;
using CredentialProvider.Feeds;
using CredentialProvider.Plugin;
using CredentialProvider.Tokens;

namespace CredentialProvider.Tests.Plugin;

/// <summary>A plugin host on a thread of its own, with pipes in the place of standard input and output.</summary>
internal sealed class RunningHost : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly Pipe _input = new();
    private readonly Pipe _output = new();
    private readonly Lazy<StreamReader> _answers;
    private readonly PluginHost _host;
    private readonly Thread _running;

    public RunningHost(Settings settings, Func<Feed, CancellationToken, Task<AuthorizationToken>> fetch)
    {
        _answers = new(() => new StreamReader(Output));
        var tokens = new TokenSource(settings, new TokenCache(null), TimeProvider.System,
            (feed, _, cancel) => fetch(feed, cancel));
        _host = new PluginHost(new Connection(_input.Reader.AsStream(), _output.Writer.AsStream()),
            new CredentialAnswer(settings, tokens, TimeProvider.System), new LogFile(null, null, TimeProvider.System));
        _running = new Thread(_host.Run);
        _running.Start();
    }

    /// <summary>What NuGet writes to.</summary>
    public Stream Input => _input.Writer.AsStream();

    /// <summary>What NuGet reads from, for those who do not call <see cref="HearAsync"/>.</summary>
    public Stream Output => _output.Reader.AsStream();

    public void Say(string line, string lineEnd = "\n") =>
        _input.Writer.WriteAsync(Encoding.UTF8.GetBytes(line + lineEnd)).AsTask().Wait();

    public void Ask(string id, string uri, bool isRetry = false) => Say(new JsonObject
    {
        ["RequestId"] = id,
        ["Type"] = "Request",
        ["Method"] = "GetAuthenticationCredentials",
        ["Payload"] = new JsonObject { ["Uri"] = uri, ["IsRetry"] = isRetry, ["IsNonInteractive"] = true, ["CanShowDialog"] = true },
    }.ToJsonString());

    /// <summary>The next message from the plugin; a Log is confirmed, as NuGet does.</summary>
    public async Task<JsonNode> HearAsync(bool isConfirming = true)
    {
        var message = JsonNode.Parse((await _answers.Value.ReadLineAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(Patience))!)!;
        if (isConfirming && (string?)message["Method"] == "Log")
            Confirm(message);
        return message;
    }

    public void Confirm(JsonNode log) =>
        Say($$$"""{"RequestId":"{{{(string?)log["RequestId"]}}}","Type":"Response","Method":"Log","Payload":{"ResponseCode":"Success"}}""");

    /// <summary>Ends the input, as a NuGet that is gone does, and returns what is left to hear.</summary>
    public string End()
    {
        _input.Writer.Complete();
        Assert.True(_running.Join(Patience), "the end of input does not end the plugin");
        _output.Writer.Complete();
        return _answers.Value.ReadToEnd();
    }

    /// <summary>True if the plugin ends by itself, its input still open.</summary>
    public bool Ends() => _running.Join(Patience);

    public void Dispose()
    {
        _input.Writer.Complete();
        _running.Join();
        _host.Dispose();
    }
}
