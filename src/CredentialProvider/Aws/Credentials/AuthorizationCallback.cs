using System.Net;
using System.Net.Sockets;
using System.Text;

namespace CredentialProvider.Aws.Credentials;

/// <summary>
/// Waits on 127.0.0.1 for the browser that returns from a sign-in (RFC 8252, section 7.3). Every local program and web
/// page can send requests here, so only one with the secret state counts; all others are answered and forgotten.
/// </summary>
internal sealed class AuthorizationCallback : IDisposable
{
    private const string CallbackPath = "/oauth/callback";

    /// <summary>What a client registers; each sign-in adds a port.</summary>
    public const string RegisteredUri = "http://127.0.0.1" + CallbackPath;

    /// <summary>Bytes of a request's head.</summary>
    private const int MaxRequestSize = 16 * 1024;

    /// <summary>Browsers open connections that they may never use.</summary>
    private const int MaxConnections = 16;

    private static readonly TimeSpan ConnectionTimeout = TimeSpan.FromSeconds(5);

    private readonly string _state;
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly TaskCompletionSource<AuthorizationResponse> _answer =
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    private int _connections;

    /// <param name="state">Only the browser of this sign-in knows it.</param>
    /// <exception cref="SocketException">There is no loopback interface, or no free port.</exception>
    public AuthorizationCallback(string state)
    {
        _state = state;
        _listener.Start();
        RedirectUri = $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}{CallbackPath}";
        _ = AcceptAsync();
    }

    public string RedirectUri { get; }

    /// <returns>Null if there was no answer in time.</returns>
    public async Task<AuthorizationResponse?> WaitAsync(TimeSpan timeout, CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(timeout);
        try
        {
            return await _answer.Task.WaitAsync(limit.Token);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return null;
        }
    }

    public void Dispose()
    {
        _listener.Stop();
        // .NET Framework's listener has no Dispose. Open connections end by their timeout.
        (_listener as IDisposable)?.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync();
                if (Interlocked.Increment(ref _connections) > MaxConnections)
                    Close(client);
                else
                    _ = ServeAsync(client);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // Disposed.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        AuthorizationResponse? answer = null;
        try
        {
            using var limit = new CancellationTokenSource(ConnectionTimeout);
            using var closing = limit.Token.Register(client.Dispose);
            var stream = client.GetStream();
            var target = await ReadTargetAsync(stream);
            answer = target is null ? null : FindAnswer(target);
            await stream.WriteAsync(Response(answer));
            client.Client.Shutdown(SocketShutdown.Send);
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException
            or InvalidOperationException)
        {
            // The browser has gone, or took too long.
        }
        finally
        {
            Close(client);
            // After the response, because the process may end now.
            if (answer is not null)
                _answer.TrySetResult(answer);
        }
    }

    private void Close(TcpClient client)
    {
        client.Dispose();
        Interlocked.Decrement(ref _connections);
    }

    /// <summary>Path and query of a GET request; null for anything else.</summary>
    private static async Task<string?> ReadTargetAsync(NetworkStream stream)
    {
        var (bytes, length) = (new byte[MaxRequestSize], 0);
        while (length < bytes.Length)
        {
            var read = await stream.ReadAsync(bytes.AsMemory(length));
            if (read == 0)
                return null;
            length += read;
            var head = Encoding.ASCII.GetString(bytes, 0, length);
            if (head.Contains("\r\n\r\n", StringComparison.Ordinal))
            {
                return head[..head.IndexOf("\r\n", StringComparison.Ordinal)].Split(' ') is ["GET", var target, _]
                    ? target : null;
            }
        }

        return null;
    }

    /// <returns>Null unless the request has our path, our state, and a code or an error, each once.</returns>
    private AuthorizationResponse? FindAnswer(string target)
    {
        var parts = target.Split('?');
        if (parts.Length != 2 || parts[0] != CallbackPath)
            return null;
        var parameters = new Dictionary<string, string>();
        foreach (var pair in parts[1].Split('&'))
        {
            var (name, value) = pair.Split('=') is [var left, var right] ? (left, right) : (pair, "");
            if (!parameters.TryAdd(name, Uri.UnescapeDataString(value.Replace('+', ' '))))
                return null;
        }

        string? Find(string name) => parameters.TryGetValue(name, out var value) && value.Length > 0 ? value : null;
        if (Find("state") != _state)
            return null;
        return Find("error") is { } error ? new AuthorizationResponse(null, Find("error_description") is { } description
                ? $"{error} ({description})" : error)
            : Find("code") is { } code ? new AuthorizationResponse(code, null) : null;
    }

    /// <summary>Nothing of the request is repeated in the page.</summary>
    private static ReadOnlyMemory<byte> Response(AuthorizationResponse? answer)
    {
        var (status, text) = answer switch
        {
            { Code: not null } => ("200 OK", "Signed in. Close this page and return to the terminal."),
            { } => ("200 OK", "The sign-in was not completed. Close this page and return to the terminal."),
            null => ("400 Bad Request", "This address only completes a sign-in."),
        };
        var page = $"<!doctype html><html lang=\"en\"><title>{SsoCache.ClientName}</title><p>{text}</p></html>\n";
        return Encoding.ASCII.GetBytes($"HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\n"
            + $"Content-Length: {page.Length}\r\nConnection: close\r\nCache-Control: no-store\r\n"
            + $"Referrer-Policy: no-referrer\r\nContent-Security-Policy: default-src 'none'\r\n\r\n{page}");
    }
}

/// <summary>How a sign-in in the browser ended.</summary>
/// <param name="Code">To be exchanged for the session; null if there is an error.</param>
/// <param name="Error">In AWS's words, for example <c>access_denied</c>.</param>
internal sealed record AuthorizationResponse(string? Code, string? Error);
