using System.Collections.Concurrent;
using System.Text;
using CredentialProvider.Agent;
using CredentialProvider.Configuration;
using CredentialProvider.Errors;
using CredentialProvider.Feeds;
using CredentialProvider.Tokens;
using static CredentialProvider.Tests.Tokens.Examples;

namespace CredentialProvider.Tests.Infra;

/// <summary>An agent at a socket of its own. AWS issues "token-1", "token-2" and so on, each for 12 hours.</summary>
internal sealed class RunningAgent : IAsyncDisposable
{
    private readonly TemporaryFolder _temporary = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly AgentListener _listener;
    private int _fetched;

    public RunningAgent(TimeProvider time, string[]? domains = null, Settings? settings = null, TimeSpan? idle = null, int mode = 0x180)
    {
        TemporaryFolder.RequireUnix();
        Time = time;
        _listener = AgentListener.Create(Socket, mode);
        Server = new AgentServer(settings ?? SettingsOf(), domains ?? [], time, FetchAsync, Log.Enqueue);
        Running = Server.RunAsync(_listener.AcceptAsync, idle, _stop.Token);
    }

    public AgentServer Server { get; }

    public TimeProvider Time { get; }

    public Task Running { get; }

    public string Socket => _temporary.Below("agent/a.sock");

    public ConcurrentQueue<string> Log { get; } = [];

    /// <summary>How often AWS was asked.</summary>
    public int Fetched => _fetched;

    /// <summary>Completes when AWS answers.</summary>
    public Task Gate { get; set; } = Task.CompletedTask;

    public NoTokenException? Failure { get; set; }

    public static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public Task<AuthorizationToken> AskAsync(Feed? feed = null, DateTimeOffset after = default, TimeProvider? time = null) =>
        AgentClient.FetchAsync(Socket, feed ?? App, after, prompt: null, time ?? Time, Cancel);

    /// <summary>Without a cache on disk, and without AWS's shared files.</summary>
    public static Settings SettingsOf(params (string Name, string Value)[] variables) => SettingsFromVariables.From(
        [("CODEARTIFACT_CACHE", "off"), ("AWS_CONFIG_FILE", "/none"), ("AWS_SHARED_CREDENTIALS_FILE", "/none"), .. variables]);

    /// <summary>Sends bytes as another kind of client would, and returns the answer's line; null if there is none.</summary>
    public async Task<string?> SendAsync(string text)
    {
        using var stream = await AgentConnection.OpenAsync(Socket, Cancel);
        try
        {
            await stream.WriteAsync(Encoding.UTF8.GetBytes(text), Cancel);
        }
        catch (IOException)
        {
            // The agent answers a request that is too long before it has all of it.
        }

        return await ReadAsync(stream);
    }

    /// <summary>The answer's line; null if the agent closes the connection.</summary>
    public static async Task<string?> ReadAsync(Stream stream)
    {
        try
        {
            using var reader = new StreamReader(stream);
            return await reader.ReadLineAsync(Cancel);
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>Waits until the condition holds; a test that hangs is ended by its run.</summary>
    public static async Task UntilAsync(Func<bool> condition)
    {
        while (!condition())
            await Task.Delay(5, Cancel);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Running;
        _listener.Dispose();
        _stop.Dispose();
        _temporary.Dispose();
    }

    private async Task<AuthorizationToken> FetchAsync(TokenRequest request, UserPrompt? prompt, CancellationToken cancel)
    {
        var number = Interlocked.Increment(ref _fetched);
        await Gate.WaitAsync(cancel);
        if (Failure is { } failure)
            throw failure;
        var now = Time.GetUtcNow();
        return new AuthorizationToken(new Secret($"token-{number}"), now, now.AddHours(12)) { Source = "instance role", Principal = "BuildAgentRole" };
    }
}
