using System.Collections.Concurrent;
using CredentialProvider.Errors;

namespace CredentialProvider.Tokens;

/// <summary>
/// Tokens from memory, from disk, or fetched from AWS by one process at a time. A token that is about to expire is
/// returned only if there is no new one.
/// </summary>
/// <param name="fetch">Asks an agent for a token obtained later than the given time, or AWS, and lets the user sign in if
/// there is one. Throws <see cref="NoTokenException"/>.</param>
internal sealed class TokenSource(
    TokenCache cache, TimeProvider time,
    Func<TokenRequest, DateTimeOffset, UserPrompt?, CancellationToken, Task<AuthorizationToken>> fetch)
{
    /// <summary>The next feed of the same build would fail for the same reason, so AWS is not asked again.</summary>
    private static readonly TimeSpan FailureLifetime = TimeSpan.FromSeconds(15);

    /// <summary>After this long, stop waiting for the process that holds a lock: it may be suspended or waiting for a
    /// user to sign in. Of those that wait, the one that takes the next lock calls AWS.</summary>
    private static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(60);

    /// <summary>After waiting for this many processes in turn, call AWS without a lock.</summary>
    private const int MaxLocks = 3;

    /// <summary>How often a waiting process looks for a token that was fetched without the lock it waits for.</summary>
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<TokenKey, AuthorizationToken> _memory = new();
    private readonly ConcurrentDictionary<TokenKey, FetchState> _states = new();

    /// <param name="fetch">Asks AWS alone, which issues a new token each time.</param>
    public TokenSource(TokenCache cache, TimeProvider time,
        Func<TokenRequest, UserPrompt?, CancellationToken, Task<AuthorizationToken>> fetch)
        : this(cache, time, (request, _, prompt, cancel) => fetch(request, prompt, cancel))
    {
    }

    /// <summary>A fresh token from memory or one file; null if there is none.</summary>
    /// <param name="after">Accept only a token obtained later than this: earlier ones were refused.</param>
    public AuthorizationToken? TryGetCached(TokenKey key, DateTimeOffset after) =>
        FindNewest(key, after) is { } token && token.IsFresh(time.GetUtcNow()) ? token : null;

    /// <summary>Past half of its lifetime: call <see cref="RefreshAsync"/> soon.</summary>
    public bool IsAging(AuthorizationToken token) => token.IsAging(time.GetUtcNow());

    /// <summary>Fetches the next token while the current one is in use. Fails silently.</summary>
    public async Task RefreshAsync(TokenRequest request, AuthorizationToken current, CancellationToken cancel)
    {
        try
        {
            await GetAsync(request, current.Obtained, prompt: null, cancel);
        }
        catch (Exception e) when (e is NoTokenException or OperationCanceledException)
        {
            // The current token is still valid; the next request tries again.
        }
    }

    /// <summary>The newest token obtained after <paramref name="after"/>, fetched if there is none.</summary>
    /// <param name="prompt">The user to sign in and to tell about long waits; null if there is none.</param>
    /// <exception cref="NoTokenException">There is no such token and none can be fetched.</exception>
    public async Task<AuthorizationToken> GetAsync(
        TokenRequest request, DateTimeOffset after, UserPrompt? prompt, CancellationToken cancel)
    {
        var turn = StateOf(request.Key).Turn;
        await turn.WaitAsync(cancel);
        try
        {
            return await GetExclusivelyAsync(request, after, prompt, cancel);
        }
        finally
        {
            turn.Release();
        }
    }

    private async Task<AuthorizationToken> GetExclusivelyAsync(
        TokenRequest request, DateTimeOffset after, UserPrompt? prompt, CancellationToken cancel)
    {
        var (key, began, start) = (request.Key, time.GetUtcNow(), time.GetTimestamp());
        for (var number = 0; number < MaxLocks; number++)
        {
            using var fetchLock = cache.CreateLock(key, number);
            while (time.GetElapsedTime(start).Ticks < (number + 1) * MaxWait.Ticks)
            {
                if (TryGetCached(key, after) is { } token)
                    return token;
                if (StateOf(key).Failure is { } last && time.GetElapsedTime(last.At) < FailureLifetime)
                    return FindValid(key, after) ?? throw last.Cause;
                if (!await fetchLock.TakeAsync(LookInterval, time, cancel))
                    continue;

                // The holder before us may have failed while we waited. That is our answer too: if every waiting process
                // asked AWS again in turn, the last of many would wait for minutes. A user who can sign in is
                // different, because the holder may have had no one to ask.
                if (prompt is not { CanSignIn: true } && TryGetCached(key, after) is null
                    && fetchLock.FailureAfter(began, time.GetUtcNow()) is { } failure)
                {
                    return FindValid(key, after) ?? throw Remember(key, failure);
                }

                return await FetchAsync(request, after, prompt, fetchLock, cancel);
            }
        }

        return await FetchAsync(request, after, prompt, fetchLock: null, cancel);
    }

    private async Task<AuthorizationToken> FetchAsync(TokenRequest request, DateTimeOffset after, UserPrompt? prompt,
        TokenCache.FetchLock? fetchLock, CancellationToken cancel)
    {
        var key = request.Key;
        // The previous holder may have written its token between our look and our lock.
        if (TryGetCached(key, after) is { } theirs)
            return theirs;
        try
        {
            var token = await fetch(request, after, prompt, cancel);
            _memory[key] = token;
            StateOf(key).Failure = null;
            cache.Write(key, token, time.GetUtcNow());
            return token;
        }
        catch (NoTokenException failure)
        {
            Remember(key, failure);
            fetchLock?.Leave(failure, time.GetUtcNow());
            if (FindValid(key, after) is { } old)
                return old;
            throw;
        }
    }

    private NoTokenException Remember(TokenKey key, NoTokenException failure)
    {
        StateOf(key).Failure = new PastFailure(failure, time.GetTimestamp());
        return failure;
    }

    private FetchState StateOf(TokenKey key) => _states.GetOrAdd(key, _ => new FetchState());

    private AuthorizationToken? FindValid(TokenKey key, DateTimeOffset after) =>
        FindNewest(key, after) is { } token && token.IsValid(time.GetUtcNow()) ? token : null;

    private AuthorizationToken? FindNewest(TokenKey key, DateTimeOffset after)
    {
        var known = _memory.TryGetValue(key, out var token) && token.Obtained > after ? token : null;
        if (known is not null && known.IsFresh(time.GetUtcNow()))
            return known;
        if (cache.Read(key) is not { } stored || stored.Obtained <= after || known?.Obtained > stored.Obtained)
            return known;
        return _memory[key] = stored;
    }

    /// <summary>Fetches of one key in this process: one at a time, and how the last one failed.</summary>
    private sealed class FetchState
    {
        public SemaphoreSlim Turn { get; } = new(1);

        public PastFailure? Failure { get; set; }
    }

    /// <param name="At">A timestamp, because the clock may be set.</param>
    private sealed record PastFailure(NoTokenException Cause, long At);
}
