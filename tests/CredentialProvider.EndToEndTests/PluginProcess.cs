using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace CredentialProvider.EndToEndTests;

/// <summary>A built plugin, started and spoken to as NuGet does. What it says besides answers is kept in order.</summary>
public sealed class PluginProcess : IAsyncDisposable
{
    private readonly Sandbox _sandbox;
    private readonly Process _process;
    private readonly ConcurrentDictionary<string, TaskCompletionSource<JsonNode>> _waiting = new();
    private readonly ConcurrentQueue<JsonNode> _spoken = new();
    private readonly TaskCompletionSource _handshake = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _reading;
    private readonly Lock _sending = new();
    private int _requests;

    private PluginProcess(Sandbox sandbox, Process process)
    {
        (_sandbox, _process) = (sandbox, process);
        _reading = Task.Run(ReadAsync);
    }

    public Process Process => _process;

    /// <summary>Log and Progress messages.</summary>
    public IReadOnlyList<JsonNode> Spoken => [.. _spoken];

    public IEnumerable<string> Warnings => Logged("Warning");

    public static PluginProcess Start(Sandbox sandbox, string plugin) => new(sandbox, plugin.EndsWith(".dll", StringComparison.Ordinal)
        ? sandbox.Launch("dotnet", sandbox.Home, plugin, "-Plugin")
        : plugin.EndsWith(".exe", StringComparison.Ordinal)
            ? sandbox.Launch("mono", sandbox.Home, plugin, "-Plugin")
            : sandbox.Launch(plugin, sandbox.Home, "-Plugin"));

    public IEnumerable<string> Logged(string level) => Spoken
        .Where(message => (string?)message["Method"] == "Log" && (string?)message["Payload"]!["LogLevel"] == level)
        .Select(message => (string)message["Payload"]!["Message"]!);

    /// <summary>Everything up to the point at which NuGet asks for credentials.</summary>
    public async Task<PluginProcess> HandshakeAsync()
    {
        await _handshake.Task.WaitAsync(TestContext.Current.CancellationToken);
        await AskAsync("Handshake", """{"ProtocolVersion":"2.0.0","MinimumProtocolVersion":"1.0.0"}""");
        await AskAsync("Initialize", """{"ClientVersion":"7.9.0","Culture":"en-US","RequestTimeout":"00:00:30"}""");
        await AskAsync("SetLogLevel", """{"LogLevel":"Debug"}""");
        return this;
    }

    public Task<JsonNode> CredentialsAsync(string uri, bool isRetry = false, bool isNonInteractive = true) => AskAsync(
        "GetAuthenticationCredentials", $$"""
        {"Uri":"{{uri}}","IsRetry":{{Json(isRetry)}},"IsNonInteractive":{{Json(isNonInteractive)}},"CanShowDialog":true}
        """);

    /// <summary>Sends a request and returns the payload of its response.</summary>
    public async Task<JsonNode> AskAsync(string method, string payload)
    {
        var id = $"test-{Interlocked.Increment(ref _requests)}";
        var answer = _waiting[id] = new TaskCompletionSource<JsonNode>(TaskCreationOptions.RunContinuationsAsynchronously);
        Send($$"""{"RequestId":"{{id}}","Type":"Request","Method":"{{method}}","Payload":{{payload}}}""");
        return (await answer.Task.WaitAsync(TestContext.Current.CancellationToken))["Payload"]!;
    }

    public void Send(string line)
    {
        lock (_sending)
        {
            _process.StandardInput.Write(line + "\r\n");
            _process.StandardInput.Flush();
        }
    }

    /// <summary>Ends the conversation as NuGet does; fails the test if the process does not end.</summary>
    public async Task CloseAsync()
    {
        Send("""{"RequestId":"close","Type":"Request","Method":"Close"}""");
        await ExitAsync();
    }

    public async Task ExitAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        await _process.WaitForExitAsync(limit.Token);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            _process.Kill();
        await _reading;
        _process.Dispose();
    }

    private static string Json(bool value) => value ? "true" : "false";

    private async Task ReadAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            var message = JsonNode.Parse(line)!;
            var id = (string)message["RequestId"]!;
            switch ((string)message["Type"]!, (string)message["Method"]!)
            {
                case ("Request", "Handshake"):
                    _handshake.TrySetResult();
                    break;
                case ("Response" or "Cancel", _) when _waiting.TryRemove(id, out var answer):
                    answer.SetResult(message);
                    break;
                case ("Request", "Log"):
                    Send($$$"""{"RequestId":"{{{id}}}","Type":"Response","Method":"Log","Payload":{"ResponseCode":"Success"}}""");
                    goto default;
                default:
                    _sandbox.Printed.Enqueue(line);
                    _spoken.Enqueue(message);
                    break;
            }
        }

        var ended = new IOException("the plugin ended");
        _handshake.TrySetException(ended);
        foreach (var answer in _waiting.Values)
            answer.TrySetException(ended);
    }
}
