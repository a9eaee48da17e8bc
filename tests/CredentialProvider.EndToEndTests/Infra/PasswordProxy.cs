using System.Net;
using System.Net.Sockets;
using System.Text;

namespace CredentialProvider.EndToEndTests.Infra;

/// <summary>A proxy that requires a user name and a password, or refuses every connection, in front of the proxy of LocalAws.</summary>
/// <param name="refusal">The status for every connection; null to require the password.</param>
internal sealed class PasswordProxy(Uri next, int? refusal = null) : IDisposable
{
    public const string User = "build", Password = "proxy!password";

    private const int PasswordRequired = 407;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);

    /// <summary>Host and port.</summary>
    public string Start()
    {
        _listener.Start();
        _ = AcceptAsync();
        return _listener.LocalEndpoint.ToString()!;
    }

    public void Dispose() => _listener.Dispose();

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = AnswerAsync(await _listener.AcceptTcpClientAsync());
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Disposed.
        }
    }

    private async Task AnswerAsync(TcpClient client)
    {
        using var connection = client;
        try
        {
            var stream = connection.GetStream();
            var request = await ReadAsync(stream);
            if (refusal is not null || !request.Contains(Convert.ToBase64String(Encoding.UTF8.GetBytes($"{User}:{Password}")), StringComparison.Ordinal))
            {
                await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 {refusal ?? PasswordRequired} Refused\r\n"
                    + "Proxy-Authenticate: Basic realm=\"proxy\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"));
                return;
            }

            using var onward = new TcpClient();
            await onward.ConnectAsync(next.Host, next.Port);
            await onward.GetStream().WriteAsync(Encoding.ASCII.GetBytes(request));
            await Task.WhenAny(stream.CopyToAsync(onward.GetStream()), onward.GetStream().CopyToAsync(stream));
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            // The client has ended the connection.
        }
    }

    private static async Task<string> ReadAsync(NetworkStream stream)
    {
        var (text, next) = (new StringBuilder(), new byte[1]);
        while (!text.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal) && await stream.ReadAsync(next) > 0)
            text.Append((char)next[0]);
        return text.ToString();
    }
}
