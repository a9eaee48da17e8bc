using System.Collections.Concurrent;
using CredentialProvider.Feeds;

namespace CredentialProvider.Tokens;

/// <summary>
/// Tokens for feeds: from memory or disk where there is a good one, else fetched, by one process at a time. An old
/// token that is still alive is given away only where a new one cannot be had.
/// </summary>
/// <param name="fetch">Asks AWS, and a person to sign in where it is given one. Throws
/// <see cref="NoTokenException"/>.</param>
internal sealed class TokenSource(
    Settings settings, TokenCache cache, TimeProvider time,
    Func<Feed, Person?, CancellationToken, Task<AuthorizationToken>> fetch)
{
    /// <summary>A cause that a person has to mend is still there for the next feed of the same build: not asked
    /// twice.</summary>
    private static readonly TimeSpan FailureLife = TimeSpan.FromSeconds(15);

    /// <summary>Who waits longer for another process calls on its own account: that one may be stopped, or wait for a
    /// person.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(60);

    /// <summary>Many who wait must not take the processor from the one that fetches.</summary>
    private static readonly TimeSpan FirstPoll = TimeSpan.FromMilliseconds(15),
        LastPoll = TimeSpan.FromMilliseconds(200);

    private readonly ConcurrentDictionary<TokenKey, AuthorizationToken> _memory = new();
    private readonly ConcurrentDictionary<TokenKey, Fetches> _fetches = new();

    /// <summary>
    /// The token that can be given at once, or null. Touches memory and one file.
    /// </summary>
    /// <param name="after">Only a token that was obtained later will do: what came before was refused.</param>
    public AuthorizationToken? TryGetCached(Feed feed, DateTimeOffset after)
    {
        var now = time.GetUtcNow();
        return Newest(TokenKey.For(feed, settings), after) is { } token && token.IsGood(now) ? token : null;
    }

    /// <summary>Half of its life is over: <see cref="RefreshAsync"/> would be timely.</summary>
    public bool IsAging(AuthorizationToken token) => token.IsAging(time.GetUtcNow());

    /// <summary>Gets the next token while the current one is in use. Fails silently: there is time to try
    /// again.</summary>
    public async Task RefreshAsync(Feed feed, AuthorizationToken current, CancellationToken cancel)
    {
        try
        {
            await GetAsync(feed, current.Obtained, person: null, cancel);
        }
        catch (Exception e) when (e is NoTokenException or OperationCanceledException)
        {
            // The current token is good for as long as it took to come here.
        }
    }

    /// <summary>The newest token obtained after <paramref name="after"/>, fetched if there is none.</summary>
    /// <param name="person">Is told what takes long, and asked to sign in; null where nobody is there.</param>
    /// <exception cref="NoTokenException">There is none and none can be fetched.</exception>
    public async Task<AuthorizationToken> GetAsync(
        Feed feed, DateTimeOffset after, Person? person, CancellationToken cancel)
    {
        var key = TokenKey.For(feed, settings);
        var turn = FetchesOf(key).Turn;
        await turn.WaitAsync(cancel);
        try
        {
            return await GetAloneAsync(new Wanted(feed, key, after, person), cancel);
        }
        finally
        {
            turn.Release();
        }
    }

    private async Task<AuthorizationToken> GetAloneAsync(Wanted wanted, CancellationToken cancel)
    {
        var (_, key, after, _) = wanted;
        var began = time.GetUtcNow();
        for (var poll = FirstPoll; ; poll = poll < LastPoll ? new TimeSpan(poll.Ticks * 3 / 2) : LastPoll)
        {
            if (Newest(key, after) is { } token && token.IsGood(time.GetUtcNow()))
                return token;
            if (FetchesOf(key).Failure is { } last && time.GetUtcNow() - last.At < FailureLife)
                return StillAlive(key, after) ?? throw last.Cause;

            using var held = cache.TryLock(key);
            if (held is null && time.GetUtcNow() - began < LongestWait)
            {
                // Somebody else is fetching this token: its result, or the lock if it dies, comes to us.
                await Task.Delay(poll, cancel);
                continue;
            }

            // The holder before us may have written between our look and our lock.
            if (Newest(key, after) is { } theirs && theirs.IsGood(time.GetUtcNow()))
                return theirs;
            // Or it has failed while we waited: the answer to us, too. Asked anew by each in turn, the last of many
            // would hear of it after minutes. Not where a person can sign in: the holder may have had nobody to ask.
            if (wanted.Person is not { CanSignIn: true } && held?.FailureAfter(began) is { } failure)
                return StillAlive(key, after) ?? throw Remember(key, failure);
            return await FetchAsync(wanted, held, cancel);
        }
    }

    private async Task<AuthorizationToken> FetchAsync(
        Wanted wanted, TokenCache.Lock? held, CancellationToken cancel)
    {
        var (feed, key, after, person) = wanted;
        try
        {
            var token = await fetch(feed, person, cancel);
            _memory[key] = token;
            FetchesOf(key).Failure = null;
            cache.Write(key, token, time.GetUtcNow());
            return token;
        }
        catch (NoTokenException failure)
        {
            Remember(key, failure);
            held?.Leave(failure, time.GetUtcNow());
            if (StillAlive(key, after) is { } old)
                return old;
            throw;
        }
    }

    private NoTokenException Remember(TokenKey key, NoTokenException failure)
    {
        FetchesOf(key).Failure = new PastFailure(failure, time.GetUtcNow());
        return failure;
    }

    private Fetches FetchesOf(TokenKey key) => _fetches.GetOrAdd(key, _ => new Fetches());

    private AuthorizationToken? StillAlive(TokenKey key, DateTimeOffset after) =>
        Newest(key, after) is { } token && token.IsAlive(time.GetUtcNow()) ? token : null;

    private AuthorizationToken? Newest(TokenKey key, DateTimeOffset after)
    {
        var known = _memory.TryGetValue(key, out var token) && token.Obtained > after ? token : null;
        if (known is not null && known.IsGood(time.GetUtcNow()))
            return known;
        if (cache.Read(key) is not { } stored || stored.Obtained <= after || known?.Obtained > stored.Obtained)
            return known;
        return _memory[key] = stored;
    }

    private sealed record Wanted(Feed Feed, TokenKey Key, DateTimeOffset After, Person? Person);

    /// <summary>Of one key in this process: one at a time, and how the last one failed.</summary>
    private sealed class Fetches
    {
        public SemaphoreSlim Turn { get; } = new(1);

        public PastFailure? Failure { get; set; }
    }

    private sealed record PastFailure(NoTokenException Cause, DateTimeOffset At);
}
