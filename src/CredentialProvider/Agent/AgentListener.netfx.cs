namespace CredentialProvider.Agent;

/// <summary>.NET Framework has no Unix domain sockets, so the agent is one of the other builds.</summary>
internal sealed class AgentListener : IDisposable
{
    public static AgentListener Create(string path, int mode) =>
        throw new IOException("the .NET Framework build has no agent; run the native executable");

    public static AgentListener FromSystemd() => Create("", 0);

    public Task<(Stream Stream, string Peer)> AcceptAsync(CancellationToken cancel) =>
        throw new NotSupportedException();

    public void Dispose()
    {
    }
}
