using System.IO.Pipelines;
using System.Text;
using System.Text.Json.Nodes;
using CredentialProvider.Aws;
using CredentialProvider.Configuration;
using CredentialProvider.Errors;
using CredentialProvider.Feeds;
using CredentialProvider.Platform;
using CredentialProvider.Plugin;
using CredentialProvider.Tokens;

namespace CredentialProvider.Tests.Infra;

/// <summary>A plugin host on its own thread, with pipes as standard input and output.</summary>
internal sealed class RunningHost : IDisposable
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(20);

    private readonly Pipe _input = new();
    private readonly Pipe _output = new();
    private readonly Lazy<StreamReader> _answers;
    private readonly PluginHost _host;
    private readonly Thread _running;

    /// <param name="ask">What the feed says to the token that NuGet was refused with; null for a feed that refuses it.</param>
    public RunningHost(Settings settings, Func<Feed, CancellationToken, Task<AuthorizationToken>> fetch, Func<Secret, FeedReply>? ask = null)
    {
        _answers = new(() => new StreamReader(Output));
        var tokens = new TokenSource(new TokenCache(null), TimeProvider.System,
            (request, _, cancel) => fetch(request.Feed, cancel));
        _host = new PluginHost(new Connection(_input.Reader.AsStream(), _output.Writer.AsStream()),
            new CredentialAnswer(settings, tokens, (_, _, token, _) => Task.FromResult(ask?.Invoke(token) ?? FeedReply.None), TimeProvider.System), new LogFile(null, null, TimeProvider.System));
        _running = new Thread(_host.Run);
        _running.Start();
    }

    /// <summary>The stream that NuGet writes to.</summary>
    public Stream Input => _input.Writer.AsStream();

    /// <summary>The stream that NuGet reads from, for tests that do not use <see cref="ReceiveAsync"/>.</summary>
    public Stream Output => _output.Reader.AsStream();

    public void Send(string line, string lineEnd = "\n") =>
        _input.Writer.WriteAsync(Encoding.UTF8.GetBytes(line + lineEnd)).AsTask().Wait();

    public void SendCredentialsRequest(string id, string uri, bool isRetry = false) => Send(new JsonObject
    {
        ["RequestId"] = id,
        ["Type"] = "Request",
        ["Method"] = "GetAuthenticationCredentials",
        ["Payload"] = new JsonObject { ["Uri"] = uri, ["IsRetry"] = isRetry, ["IsNonInteractive"] = true, ["CanShowDialog"] = true },
    }.ToJsonString());

    /// <summary>The next message from the plugin.</summary>
    /// <param name="isConfirming">Confirms a Log message, as NuGet does.</param>
    public async Task<JsonNode> ReceiveAsync(bool isConfirming = true)
    {
        var message = JsonNode.Parse((await _answers.Value.ReadLineAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(Timeout))!)!;
        if (isConfirming && (string?)message["Method"] == "Log")
            Confirm(message);
        return message;
    }

    public void Confirm(JsonNode log) =>
        Send($$$"""{"RequestId":"{{{(string?)log["RequestId"]}}}","Type":"Response","Method":"Log","Payload":{"ResponseCode":"Success"}}""");

    /// <summary>Closes the input, as happens when NuGet exits, and returns the output that has not been read yet.</summary>
    public string CloseInput()
    {
        _input.Writer.Complete();
        Assert.True(_running.Join(Timeout), "the end of input does not end the plugin");
        _output.Writer.Complete();
        return _answers.Value.ReadToEnd();
    }

    /// <summary>True if the plugin ends while its input is still open.</summary>
    public bool WaitForExit() => _running.Join(Timeout);

    public void Dispose()
    {
        _input.Writer.Complete();
        _running.Join();
        _host.Dispose();
    }
}
