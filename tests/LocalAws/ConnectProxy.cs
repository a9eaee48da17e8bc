using System.Buffers;
using System.Text;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace LocalAws;

/// <summary>
/// The HTTP proxy that every client is pointed at: takes CONNECT for AWS's host names, answers as if it had connected, and lets TLS
/// begin. Nothing is ever forwarded.
/// </summary>
internal static class ConnectProxy
{
    /// <summary>Key of the host name that a connection was made for.</summary>
    public const string HostItem = "connect-host";

    private const int LongestPreamble = 8192;

    /// <param name="connect">Gives the status to answer for a host; null to end the connection.</param>
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
            if (read.IsCompleted || text.Length > LongestPreamble)
                return null;
        }
    }
}
