using System.Collections.Concurrent;
using System.Diagnostics;

namespace CredentialProvider.EndToEndTests.Infra;

/// <summary>A running <c>nuget-plugin-codeartifact agent</c>, with the credentials that the sandbox has when it is started.</summary>
public sealed class AgentProcess : IAsyncDisposable
{
    private readonly Task _reading;

    private AgentProcess(Sandbox sandbox, Process process)
    {
        (Socket, Process) = (PathIn(sandbox), process);
        _reading = Task.WhenAll(ReadAsync(sandbox, process.StandardOutput), ReadAsync(sandbox, process.StandardError));
    }

    public Process Process { get; }

    public string Socket { get; }

    /// <summary>What it has printed.</summary>
    public ConcurrentQueue<string> Log { get; } = [];

    /// <summary>Returns when the agent is listening.</summary>
    public static async Task<AgentProcess> StartAsync(Sandbox sandbox, params string[] options)
    {
        Artifacts.RequireNative();
        var agent = new AgentProcess(sandbox, sandbox.Launch(Artifacts.Native, sandbox.Home, ["agent", "--socket", PathIn(sandbox), .. options]));
        await TimeLimit.UntilAsync(() => agent.Log.Any(line => line == $"listening on {agent.Socket}") || agent.Process.HasExited);
        Assert.False(agent.Process.HasExited, string.Join('\n', agent.Log));
        return agent;
    }

    /// <summary>From now on, the sandbox is a container that has the agent's socket, no cache and no credentials.</summary>
    public void UseAlone(Sandbox sandbox)
    {
        sandbox.Variables["CODEARTIFACT_AGENT"] = Socket;
        sandbox.Variables["CODEARTIFACT_CACHE"] = "off";
        sandbox.Variables["AWS_EC2_METADATA_DISABLED"] = "true";
    }

    public async ValueTask DisposeAsync()
    {
        if (!Process.HasExited)
            Process.Kill();
        await _reading;
        Process.Dispose();
    }

    private static string PathIn(Sandbox sandbox) => Path.Combine(sandbox.Root, "run", "agent.sock");

    private async Task ReadAsync(Sandbox sandbox, StreamReader reader)
    {
        while (await reader.ReadLineAsync() is { } line)
        {
            sandbox.Output.Enqueue(line);
            Log.Enqueue(line);
        }
    }
}
