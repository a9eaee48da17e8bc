using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace CredentialProvider.EndToEndTests.Infra;

/// <summary>A running plugin and the client's side of the protocol, as NuGet speaks it.</summary>
public sealed class PluginProcess : IAsyncDisposable
{
    private readonly Sandbox _sandbox;
    private readonly Process _process;
    private readonly ConcurrentDictionary<string, TaskCompletionSource<JsonNode>> _pending = new();
    private readonly ConcurrentQueue<JsonNode> _messages = new();
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

    /// <summary>Every message except responses to our requests, such as Log and Progress, in order of arrival.</summary>
    public IReadOnlyList<JsonNode> Messages => [.. _messages];

    public IEnumerable<string> Warnings => LogMessages("Warning");

    /// <param name="plugin">A native executable, a .dll for dotnet or an .exe for mono.</param>
    public static PluginProcess Start(Sandbox sandbox, string plugin) => new(sandbox, Launch(sandbox, plugin));

    /// <summary>Starts a plugin without speaking the protocol.</summary>
    public static Process Launch(Sandbox sandbox, string plugin) => plugin.EndsWith(".dll", StringComparison.Ordinal)
        ? sandbox.Launch("dotnet", sandbox.Home, plugin, "-Plugin")
        : plugin.EndsWith(".exe", StringComparison.Ordinal)
            ? sandbox.Launch("mono", sandbox.Home, plugin, "-Plugin")
            : sandbox.Launch(plugin, sandbox.Home, "-Plugin");

    /// <param name="level">NuGet's LogLevel, for example Warning.</param>
    public IEnumerable<string> LogMessages(string level) => Messages
        .Where(message => (string?)message["Method"] == "Log" && (string?)message["Payload"]!["LogLevel"] == level)
        .Select(message => (string)message["Payload"]!["Message"]!);

    public int CountOf(string type) => Messages.Count(message => (string?)message["Type"] == type);

    /// <summary>Every step up to the point at which NuGet asks for credentials.</summary>
    public async Task<PluginProcess> InitializeAsync()
    {
        await _handshake.Task.WaitAsync(TimeLimit.Hang, TestContext.Current.CancellationToken);
        await RequestAsync("Handshake", """{"ProtocolVersion":"2.0.0","MinimumProtocolVersion":"1.0.0"}""");
        await RequestAsync("Initialize", """{"ClientVersion":"7.9.0","Culture":"en-US","RequestTimeout":"00:00:30"}""");
        await RequestAsync("SetLogLevel", """{"LogLevel":"Debug"}""");
        return this;
    }

    public Task<JsonNode> GetCredentialsAsync(string uri, bool isRetry = false, bool isNonInteractive = true) => RequestAsync(
        "GetAuthenticationCredentials", $$"""
        {"Uri":"{{uri}}","IsRetry":{{Json(isRetry)}},"IsNonInteractive":{{Json(isNonInteractive)}},"CanShowDialog":true}
        """);

    /// <summary>Sends a request and returns the payload of its response.</summary>
    /// <exception cref="IOException">The plugin ended without responding.</exception>
    public async Task<JsonNode> RequestAsync(string method, string payload)
    {
        var id = $"test-{Interlocked.Increment(ref _requests)}";
        var response = _pending[id] = new TaskCompletionSource<JsonNode>(TaskCreationOptions.RunContinuationsAsynchronously);
        Send($$"""{"RequestId":"{{id}}","Type":"Request","Method":"{{method}}","Payload":{{payload}}}""");
        return (await response.Task.WaitAsync(TimeLimit.Hang, TestContext.Current.CancellationToken))["Payload"]!;
    }

    /// <summary>Writes a line to the plugin's stdin.</summary>
    public void Send(string line)
    {
        lock (_sending)
        {
            _process.StandardInput.Write(line + "\r\n");
            _process.StandardInput.Flush();
        }
    }

    /// <summary>Closes the plugin as NuGet does and waits until the process has exited.</summary>
    public async Task CloseAsync()
    {
        Send("""{"RequestId":"close","Type":"Request","Method":"Close"}""");
        await ExitAsync();
    }

    public Task ExitAsync() => TimeLimit.ExitAsync(_process);

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            _process.Kill();
        await _reading;
        _process.Dispose();
    }

    /// <summary>The plugin may have been killed, or its stdin closed, meanwhile.</summary>
    private void Confirm(string log)
    {
        try
        {
            Send($$$"""{"RequestId":"{{{log}}}","Type":"Response","Method":"Log","Payload":{"ResponseCode":"Success"}}""");
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            Assert.True(_process.WaitForExit(TimeSpan.FromMinutes(1)));
        }
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
                case ("Response" or "Cancel", _) when _pending.TryRemove(id, out var response):
                    response.SetResult(message);
                    break;
                case ("Request", "Log"):
                    Confirm(id);
                    goto default;
                default:
                    _sandbox.Output.Enqueue(line);
                    _messages.Enqueue(message);
                    break;
            }
        }

        var ended = new IOException("the plugin ended");
        _handshake.TrySetException(ended);
        foreach (var response in _pending.Values)
            response.TrySetException(ended);
    }
}
