using System.IO.Pipes;
using System.Net.Sockets;
using CredentialProvider.Platform;

namespace CredentialProvider.Agent;

/// <summary>A plugin's connection to an agent: a Unix domain socket, or on Windows a named pipe.</summary>
internal static class AgentConnection
{
    /// <exception cref="Errors.NoTokenException">There is no agent, or this user may not connect to it.</exception>
    /// <exception cref="IOException">More clients are waiting than the kernel keeps.</exception>
    public static async Task<Stream> OpenAsync(string path, CancellationToken cancel)
    {
        if (OperatingSystem.IsWindows())
            return await OpenPipeAsync(path, cancel);
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancel);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch (Exception e)
        {
            socket.Dispose();
            if (e is SocketException { SocketErrorCode: SocketError.AccessDenied })
            {
                throw AgentProtocol.Failure($"user {Posix.EffectiveUser} may not connect to the agent's socket {path}",
                    "add the user to the socket's group, or start the agent with --mode 0666");
            }

            throw e is SocketException { SocketErrorCode: SocketError.WouldBlock } ? new IOException(e.Message, e)
                : e is SocketException or ArgumentException ? AgentClient.NoAnswer(path, e) : e;
        }
    }

    /// <summary>Connects to a pipe of this user only, so that another user's cannot take its place.</summary>
    private static async Task<Stream> OpenPipeAsync(string path, CancellationToken cancel)
    {
        const int Milliseconds = 1000;
        var pipe = new NamedPipeClientStream(".", path[AgentClient.PipePrefix.Length..], PipeDirection.InOut,
            PipeOptions.Asynchronous | PipeOptions.CurrentUserOnly);
        try
        {
            await pipe.ConnectAsync(Milliseconds, cancel);
            return pipe;
        }
        catch (Exception e)
        {
            await pipe.DisposeAsync();
            throw e is TimeoutException or UnauthorizedAccessException ? AgentClient.NoAnswer(path, e) : e;
        }
    }
}
