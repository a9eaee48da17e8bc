using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using LocalAws;
using Microsoft.Win32.SafeHandles;

namespace CredentialProvider.EndToEndTests.Infra;

/// <summary>
/// A network namespace whose only way out is a proxy that connects to feeds and the bucket of their packages: neither instance metadata nor
/// STS nor the CodeArtifact API can be reached from it.
/// </summary>
public sealed class IsolatedNetwork : IDisposable
{
    private readonly LocalAwsServer _aws;
    private readonly TcpListener _proxy;
    private readonly SafeFileHandle _namespace;

    private IsolatedNetwork(LocalAwsServer aws, TcpListener proxy, SafeFileHandle network)
    {
        (_aws, _proxy, _namespace) = (aws, proxy, network);
        _ = AcceptAsync();
    }

    /// <summary>Runs a program in it.</summary>
    public string[] Wrapper => ["nsenter", $"--net=/proc/{Environment.ProcessId}/fd/{_namespace.DangerousGetHandle()}"];

    /// <summary>Hosts that were asked for and are not feeds.</summary>
    public ConcurrentQueue<string> Refused { get; } = [];

    public int Port => ((IPEndPoint)_proxy.LocalEndpoint).Port;

    /// <summary>Skips the test where namespaces cannot be created.</summary>
    public static IsolatedNetwork Start(LocalAwsServer aws)
    {
        const int NewNetwork = 0x40000000;
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "network namespaces need root");
        Artifacts.Require("/usr/sbin/ip", "ip");
        IsolatedNetwork? started = null;
        // The namespace is that of a thread; a socket stays in the one where it was created.
        var thread = new Thread(() =>
        {
            if (Unshare(NewNetwork) != 0)
                return;
            using (var loopback = Process.Start("/usr/sbin/ip", "link set lo up"))
                loopback.WaitForExit();
            var proxy = new TcpListener(IPAddress.Loopback, 0);
            proxy.Start();
            started = new IsolatedNetwork(aws, proxy, File.OpenHandle("/proc/thread-self/ns/net", share: FileShare.ReadWrite | FileShare.Delete));
        });
        thread.Start();
        thread.Join();
        Assert.SkipWhen(started is null, "network namespaces cannot be created");
        return started!;
    }

    public void Dispose()
    {
        _proxy.Dispose();
        _namespace.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = ServeAsync(await _proxy.AcceptTcpClientAsync());
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Disposed.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        try
        {
            using var closing = client;
            var stream = client.GetStream();
            var (head, length) = (new byte[8192], 0);
            while (length == 0 || !Encoding.ASCII.GetString(head, 0, length).Contains("\r\n\r\n", StringComparison.Ordinal))
                length += await stream.ReadAsync(head.AsMemory(length)) is > 0 and var read ? read : throw new IOException("closed");
            var host = Encoding.ASCII.GetString(head, 0, length).Split(' ', 3)[1].Split(':')[0];
            if (!host.Contains(".d.codeartifact.", StringComparison.Ordinal) && !host.Contains(".s3.", StringComparison.Ordinal))
            {
                Refused.Enqueue(host);
                await stream.WriteAsync("HTTP/1.1 403 Forbidden\r\n\r\n"u8.ToArray());
                return;
            }

            using var aws = new TcpClient();
            await aws.ConnectAsync(_aws.Proxy.Host, _aws.Proxy.Port);
            await aws.GetStream().WriteAsync(head.AsMemory(0, length));
            await Task.WhenAny(stream.CopyToAsync(aws.GetStream()), aws.GetStream().CopyToAsync(stream));
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
        {
            // One side has closed the connection.
        }
    }

    [DllImport("libc", EntryPoint = "unshare")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Unshare(int flags);
}
