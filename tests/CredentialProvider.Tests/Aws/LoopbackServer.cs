using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace CredentialProvider.Tests.Aws;

/// <summary>Returns the same response to every HTTP request on 127.0.0.1, or to the first one, and records the requests.</summary>
internal sealed class LoopbackServer : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly byte[] _response;

    public LoopbackServer(int status, string body, string headers = "")
    {
        _response = Response(status, body, headers);
        _listener.Start();
        _ = ServeAsync();
    }

    public string Url => $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";

    /// <summary>Request line and headers, one string per request.</summary>
    public ConcurrentQueue<string> Requests { get; } = new();

    /// <summary>For all requests but the first; null for the same response.</summary>
    public (int Status, string Body)? Next { get; init; }

    public void Dispose() => _listener.Dispose();

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                using var client = await _listener.AcceptTcpClientAsync();
                using var reader = new StreamReader(client.GetStream());
                var request = new StringBuilder();
                while (await reader.ReadLineAsync() is { Length: > 0 } line)
                    request.AppendLine(line);
                Requests.Enqueue(request.ToString());
                await client.GetStream().WriteAsync(Requests.Count > 1 && Next is var (status, body) ? Response(status, body, "") : _response);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or IOException)
        {
            // Disposed at the end of the test.
        }
    }

    private static byte[] Response(int status, string body, string headers) => Encoding.UTF8.GetBytes(
        $"HTTP/1.1 {status} X\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\nConnection: close\r\n{headers}\r\n{body}");
}
