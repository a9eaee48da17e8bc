using System.Net.Sockets;
using CredentialProvider.Configuration;
using CredentialProvider.Errors;
using CredentialProvider.FastStart;
using CredentialProvider.Tokens;

namespace CredentialProvider.Agent;

/// <summary>
/// Gives tokens, and nothing else, to the clients of a socket. What a client sends is limited in size and time, and so
/// are the number of clients and the calls to AWS that they can cause.
/// </summary>
/// <param name="domains">Narrows the lists of allowed domains in <paramref name="settings"/>; empty for no
/// list.</param>
/// <param name="fetch">Asks AWS.</param>
/// <param name="log">Receives a line per request: who asked for what, and the outcome.</param>
internal sealed class AgentServer(Settings settings, string[] domains, TimeProvider time,
    Func<TokenRequest, UserPrompt?, CancellationToken, Task<AuthorizationToken>> fetch, Action<string> log)
{
    /// <summary>Connections whose request has not arrived. One more closes the oldest, so that silent clients cannot
    /// keep others out.</summary>
    public const int MaxSilent = 256;

    /// <summary>Requests that wait for AWS. One with a token in the cache is answered all the same.</summary>
    public const int MaxWaiting = 256;

    /// <summary>For a client to send its line, and to take the answer.</summary>
    public static readonly TimeSpan ClientTimeout = TimeSpan.FromSeconds(5);

    /// <summary>After this long a client is told to ask again, so that it can tell a slow AWS from a dead
    /// agent.</summary>
    public static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(20);

    private static readonly TimeSpan AcceptDelay = TimeSpan.FromMilliseconds(100);

    private readonly AgentTokens _tokens = new(settings, time, fetch);
    private readonly LinkedList<Stream> _silent = new();
    private int _open, _waiting;

    /// <summary>Accepts connections until it is cancelled, or until there has been none for a time.</summary>
    /// <param name="accept">The next connection, and who is at its other end.</param>
    /// <param name="idle">That time; null to go on forever.</param>
    public async Task RunAsync(Func<CancellationToken, Task<(Stream Stream, string Peer)>> accept, TimeSpan? idle,
        CancellationToken cancel)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var limit = idle ?? Timeout.InfiniteTimeSpan;
        using var timer = time.CreateTimer(_ => EndIf(Volatile.Read(ref _open) == 0, ending), null, limit, limit);
        var clients = new List<Task>();
        while (!ending.IsCancellationRequested)
        {
            try
            {
                var (stream, peer) = await accept(ending.Token);
                timer.Change(limit, limit);
                clients.RemoveAll(client => client.IsCompleted);
                clients.Add(ServeAsync(stream, peer, ending.Token));
            }
            catch (OperationCanceledException)
            {
                // The loop ends.
            }
            catch (Exception e) when (e is SocketException or IOException)
            {
                // The client has gone, or too many files are open.
                await time.Delay(AcceptDelay, CancellationToken.None);
            }
        }

        await Task.WhenAll(clients);
    }

    /// <summary>Serves one client.</summary>
    public async Task ServeAsync(Stream stream, string peer, CancellationToken cancel)
    {
        Interlocked.Increment(ref _open);
        try
        {
            using var closing = stream;
            var line = await ReadAsync(stream, cancel);
            var (response, outcome) = await AnswerAsync(line, cancel);
            await InTimeAsync(async stop =>
            {
                await AgentProtocol.SendAsync(stream, response.ToLine(), stop);
                return true;
            }, cancel);
            log($"{peer}: {outcome}");
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException
            or OperationCanceledException)
        {
            log($"{peer}: no answer: " + (cancel.IsCancellationRequested ? "the agent is ending"
                : e is OperationCanceledException ? "the client is too slow" : e.Message));
        }
        finally
        {
            Interlocked.Decrement(ref _open);
        }
    }

    private static void EndIf(bool isIdle, CancellationTokenSource ending)
    {
        if (isIdle)
            ending.Cancel();
    }

    /// <returns>The request's line; null if it is longer than any request.</returns>
    private async Task<ArraySegment<byte>?> ReadAsync(Stream stream, CancellationToken cancel)
    {
        var place = Enter(stream);
        try
        {
            return await InTimeAsync<ArraySegment<byte>?>(async stop =>
                await AgentProtocol.ReadLineAsync(stream, AgentRequest.MaxLength, stop), cancel);
        }
        catch (InvalidValueException)
        {
            return null;
        }
        finally
        {
            Leave(place);
        }
    }

    private async Task<T> InTimeAsync<T>(Func<CancellationToken, Task<T>> run, CancellationToken cancel)
    {
        using var limit = time.CreateCancellationTokenSource(ClientTimeout);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, limit.Token);
        return await run(either.Token);
    }

    private LinkedListNode<Stream> Enter(Stream stream)
    {
        lock (_silent)
        {
            if (_silent is { Count: MaxSilent, First: { } oldest })
            {
                oldest.Value.Dispose();
                _silent.Remove(oldest);
            }

            return _silent.AddLast(stream);
        }
    }

    private void Leave(LinkedListNode<Stream> place)
    {
        lock (_silent)
        {
            if (place.List is not null)
                _silent.Remove(place);
        }
    }

    private async Task<(AgentResponse Response, string Outcome)> AnswerAsync(
        ArraySegment<byte>? line, CancellationToken cancel)
    {
        var what = "a request that cannot be read";
        try
        {
            var asked = AgentRequest.Parse(line ?? throw AgentProtocol.Failure(
                $"the request has more than {AgentRequest.MaxLength} bytes", AgentProtocol.SameVersion));
            what = $"{asked.Feed.DomainName} for repository {asked.Feed.Repository}";
            var token = await GetAsync(asked, cancel);
            return token is null ? (AgentResponse.Wait, $"{what}: waiting for AWS")
                : (new AgentResponse(token, null), $"{what}: token of {token.Identity ?? "unknown credentials"}, "
                    + $"valid until {token.Expires:u}");
        }
        catch (NoTokenException e)
        {
            return (new AgentResponse(null, e), $"{what}: {e.Code}: {e.Message}");
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // The message of an unexpected exception can contain anything, so it is for the agent's own log.
            return (new AgentResponse(null, new NoTokenException(ErrorCode.Service, $"unexpected {e.GetType().Name}",
                NoTokenException.ReportBug)), $"{what}: {e}");
        }
    }

    /// <summary>Null while AWS has not answered; the call goes on.</summary>
    private async Task<AuthorizationToken?> GetAsync(AgentRequest asked, CancellationToken cancel)
    {
        var feed = asked.Feed;
        // An agent runs for days: a domain that is removed from a list must be refused from then on.
        var current = settings.WithCurrentFiles();
        if (current.AllowedDomains.FindRefusal(feed) is { } refusal)
            throw refusal;
        if (!feed.IsAllowedBy(domains))
        {
            throw new NoTokenException(ErrorCode.Setting, $"the agent's --domains does not include {feed.Domain}/{feed.Owner}",
                $"start it with --domains {string.Join(",", domains)},{feed.Domain}/{feed.Owner}");
        }

        var request = TokenRequest.For(feed, current).WithoutAgent();
        request.FeedSettings.ThrowIfProblem();
        var tokens = _tokens.For(feed);
        if (tokens.TryGetCached(request.Key, asked.After) is { } cached)
        {
            if (tokens.IsAging(cached))
                _ = Task.Run(() => tokens.RefreshAsync(request, cached, cancel), CancellationToken.None);
            return cached;
        }

        if (Interlocked.Increment(ref _waiting) > MaxWaiting)
        {
            Interlocked.Decrement(ref _waiting);
            throw AgentProtocol.Failure($"{MaxWaiting} requests are waiting for AWS", "retry in a minute");
        }

        try
        {
            // Not cancelled when the client leaves: others may be waiting for the same token.
            var getting = tokens.GetAsync(request, asked.After, prompt: null, cancel);
            return await Task.WhenAny(getting, time.Delay(MaxWait, cancel)) == getting ? await getting : null;
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }
}
