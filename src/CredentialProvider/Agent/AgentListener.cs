using System.IO.Pipes;
using System.Net.Sockets;
using CredentialProvider.Platform;

namespace CredentialProvider.Agent;

/// <summary>Where an agent accepts connections: a Unix domain socket, or on Windows a named pipe of this
/// user.</summary>
internal sealed class AgentListener : IDisposable
{
    /// <summary>The kernel keeps this many connections until they are accepted.</summary>
    private const int Backlog = 512;

    private readonly Socket? _socket;
    private readonly FileLock? _lock;
    private readonly string _path;

    private AgentListener(Socket? socket, FileLock? held, string path)
    {
        (_socket, _lock, _path) = (socket, held, path);
    }

    /// <summary>Creates the socket, and replaces one whose agent has died.</summary>
    /// <param name="mode">Permission bits: who may connect.</param>
    /// <exception cref="IOException">Another agent is using the path, or it is not safe.</exception>
    public static AgentListener Create(string path, int mode)
    {
        if (OperatingSystem.IsWindows())
            return new AgentListener(null, null, path);
        path = Path.GetFullPath(path);
        CreateFolder(Path.GetDirectoryName(path)!);
        // Held until the process ends, however it ends. Without it, two agents that start at once could each take the
        // other's socket for one that is left over.
        var held = new FileLock($"{path}.lock");
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            if (!held.TryTake())
                throw new IOException($"another agent is running at {path}");
            if (!held.IsHeld)
                throw new IOException($"{path}.lock cannot be locked");
            RemoveLeftOver(path);
            socket.Bind(new UnixDomainSocketEndPoint(path));
            // First, because setting the mode follows a link that another user may have put here.
            if (TrustedFile.FindSocketProblem(path) is { } problem)
                throw new IOException($"{problem.Why}; {problem.Fix}");
            if (!Posix.TrySetMode(path, mode))
                throw new IOException($"the mode of {path} cannot be set");
            // No client could connect before.
            socket.Listen(Backlog);
            return new AgentListener(socket, held, path);
        }
        catch (Exception e)
        {
            socket.Dispose();
            held.Dispose();
            throw e is SocketException or ArgumentException ? new IOException($"{path}: {e.Message}", e) : e;
        }
    }

    /// <summary>The socket that systemd passes to a service: sd_listen_fds(3).</summary>
    public static AgentListener FromSystemd()
    {
        const int FirstDescriptor = 3;
        Posix.SetCloseOnExec(FirstDescriptor);
        return new AgentListener(new Socket(new SafeSocketHandle(FirstDescriptor, ownsHandle: true)), null, "");
    }

    /// <summary>The next connection, and who is at its other end according to the kernel.</summary>
    /// <exception cref="SocketException">This connection could not be accepted.</exception>
    public async Task<(Stream Stream, string Peer)> AcceptAsync(CancellationToken cancel)
    {
        if (OperatingSystem.IsWindows())
            return await AcceptPipeAsync(cancel);
        var client = await _socket!.AcceptAsync(cancel);
        return (new NetworkStream(client, ownsSocket: true), PeerOf(client));
    }

    /// <summary>Removes the socket, unless systemd owns it.</summary>
    public void Dispose()
    {
        _socket?.Dispose();
        if (_lock is null)
            return;
        OwnerOnlyFile.TryDelete(_path);
        _lock.Dispose();
    }

    private async Task<(Stream Stream, string Peer)> AcceptPipeAsync(CancellationToken cancel)
    {
        var pipe = new NamedPipeServerStream(_path[AgentClient.PipePrefix.Length..], PipeDirection.InOut,
            NamedPipeServerStream.MaxAllowedServerInstances, PipeTransmissionMode.Byte,
            PipeOptions.Asynchronous | PipeOptions.CurrentUserOnly);
        try
        {
            await pipe.WaitForConnectionAsync(cancel);
            return (pipe, "this user");
        }
        catch
        {
            await pipe.DisposeAsync();
            throw;
        }
    }

    /// <summary>A missing folder is created for this user to write to and for all to search.</summary>
    private static void CreateFolder(string folder)
    {
        if (!Posix.Exists(folder) && Posix.TryCreateFolder(folder, Posix.EveryoneExecutes))
            Posix.TrySetMode(folder, Posix.EveryoneExecutes);
    }

    private static void RemoveLeftOver(string path)
    {
        if (!Posix.TryGetStatus(path, out var status, out _))
            return;
        if (!status.IsSocket || status.Owner != Posix.EffectiveUser)
            throw new IOException($"{path} exists and is not a socket of this user");
        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(new UnixDomainSocketEndPoint(path));
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionRefused)
        {
            File.Delete(path);
            return;
        }

        throw new IOException($"another program is listening on {path}");
    }

    /// <summary>For example <c>uid 1654 pid 4711</c>; the PID is 0 for a process of another PID namespace.</summary>
    private static string PeerOf(Socket client)
    {
        Span<byte> credentials = stackalloc byte[128];
        if (OperatingSystem.IsLinux())
        {
            // struct ucred: pid, uid and gid, of 32 bits each.
            const int SocketLevel = 1, PeerCredentials = 17;
            client.GetRawSocketOption(SocketLevel, PeerCredentials, credentials);
            return $"uid {BitConverter.ToUInt32(credentials[4..])} pid {BitConverter.ToInt32(credentials)}";
        }

        if (OperatingSystem.IsMacOS())
        {
            // struct xucred begins with version and uid. <sys/un.h>
            const int LocalLevel = 0, PeerCredentials = 1, PeerProcess = 2;
            client.GetRawSocketOption(LocalLevel, PeerCredentials, credentials);
            var user = BitConverter.ToUInt32(credentials[4..]);
            client.GetRawSocketOption(LocalLevel, PeerProcess, credentials);
            return $"uid {user} pid {BitConverter.ToInt32(credentials)}";
        }

        return "unknown peer";
    }
}
