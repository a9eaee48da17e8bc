using System.Buffers;
using System.Text;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace LocalAws;

/// <summary>
/// The HTTP proxy that clients are configured to use. It accepts CONNECT requests for the simulated hosts and hands the connection to
/// Kestrel, which terminates TLS. It never connects anywhere.
/// </summary>
internal static class ConnectProxy
{
    /// <summary>Key of the connection item that holds the host name of the CONNECT request.</summary>
    public const string HostItem = "connect-host";

    private const int MaxPreambleLength = 8192;

    /// <param name="connect">Returns the HTTP status for a host, or null to abort the connection.</param>
    public static async Task HandleAsync(
        ConnectionContext connection, Func<string, CancellationToken, Task<int?>> connect, Func<Task> next)
    {
        var host = await ReadHostAsync(connection);
        var status = host is null ? 502 : await connect(host, connection.ConnectionClosed);
        if (status is null)
        {
            connection.Abort();
            return;
        }

        if (status != 200)
        {
            await connection.Transport.Output.WriteAsync(
                Encoding.ASCII.GetBytes($"HTTP/1.1 {status} Refused\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"));
            return;
        }

        connection.Features.Get<IConnectionItemsFeature>()!.Items[HostItem] = host;
        await connection.Transport.Output.WriteAsync("HTTP/1.1 200 Connection established\r\n\r\n"u8.ToArray());
        await next();
    }

    private static async Task<string?> ReadHostAsync(ConnectionContext connection)
    {
        while (true)
        {
            var read = await connection.Transport.Input.ReadAsync();
            var text = Encoding.ASCII.GetString(read.Buffer.ToArray());
            var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            if (end >= 0)
            {
                connection.Transport.Input.AdvanceTo(read.Buffer.GetPosition(end + 4));
                return text.Split(' ') is ["CONNECT", var authority, ..] && authority.EndsWith(":443", StringComparison.Ordinal)
                    ? authority[..^4].ToLowerInvariant() : null;
            }

            connection.Transport.Input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            if (read.IsCompleted || text.Length > MaxPreambleLength)
                return null;
        }
    }
}
