using CredentialProvider.Tokens;
using Microsoft.Extensions.Time.Testing;
using static CredentialProvider.Tests.Tokens.Examples;

namespace CredentialProvider.Tests.Tokens;

public sealed class TokensForFeeds : IDisposable
{
    private static readonly DateTimeOffset Any = DateTimeOffset.MinValue;

    private readonly TemporaryFolder _temporary = new();
    private readonly FakeTimeProvider _time = new(Noon);
    private readonly TokenCache _cache;
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private int _fetched;
    private NoTokenException? _failure;

    public TokensForFeeds() => _cache = new TokenCache(_temporary.Below("cache"));

    [Fact]
    public async Task A_fetched_token_is_kept()
    {
        var token = await Source().GetAsync(App, Any, person: null, Cancel);
        Assert.Equal("token 1", token.Token.Reveal());
        Assert.Equal("token 1", Source().TryGetCached(App, Any)!.Token.Reveal());
    }

    [Fact]
    public async Task Many_who_ask_at_once_wait_for_one_call()
    {
        var gate = new TaskCompletionSource();
        var sources = Enumerable.Range(0, 5).Select(_ => Source(gate.Task)).ToList();
        var asking = sources.SelectMany(source => Enumerable.Range(0, 4).Select(_ => source.GetAsync(App, Any, person: null, Cancel))).ToList();
        gate.SetResult();
        var tokens = await Task.WhenAll(asking);
        Assert.Single(tokens.Select(token => token.Token.Reveal()).Distinct());
        Assert.Equal(1, _fetched);
    }

    [Fact]
    public async Task A_token_with_less_than_ten_minutes_left_is_replaced_first()
    {
        _cache.Write(Key, Token("old", obtained: -11.9), Noon);
        Assert.Null(Source().TryGetCached(App, Any));
        Assert.Equal("token 1", (await Source().GetAsync(App, Any, person: null, Cancel)).Token.Reveal());
    }

    [Fact]
    public async Task An_old_token_serves_while_a_new_one_cannot_be_had()
    {
        _cache.Write(Key, Token("old", obtained: -11.9), Noon);
        _failure = Failure();
        Assert.Equal("old", (await Source().GetAsync(App, Any, person: null, Cancel)).Token.Reveal());
    }

    [Fact]
    public async Task An_expired_token_serves_nobody()
    {
        _cache.Write(Key, Token("old", obtained: -12.1), Noon);
        _failure = Failure();
        await Assert.ThrowsAsync<NoTokenException>(() => Source().GetAsync(App, Any, person: null, Cancel));
    }

    [Fact]
    public async Task A_refused_token_is_never_given_again()
    {
        _cache.Write(Key, Token("refused"), Noon);
        Assert.Null(Source().TryGetCached(App, after: Noon));
        Assert.Equal("token 1", (await Source().GetAsync(App, after: Noon, person: null, Cancel)).Token.Reveal());
    }

    [Fact]
    public async Task A_refused_token_stays_on_disk_until_there_is_a_newer_one()
    {
        _cache.Write(Key, Token("refused"), Noon);
        _failure = Failure();
        await Assert.ThrowsAsync<NoTokenException>(() => Source().GetAsync(App, after: Noon, person: null, Cancel));
        Assert.Equal("refused", _cache.Read(Key)!.Token.Reveal());
    }

    [Fact]
    public async Task A_newer_token_that_another_process_got_is_taken_instead_of_a_call()
    {
        _cache.Write(Key, Token("newer", obtained: 0.001), Noon);
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal("newer", (await Source().GetAsync(App, after: Noon, person: null, Cancel)).Token.Reveal());
        Assert.Equal(0, _fetched);
    }

    [Fact]
    public async Task A_failure_is_remembered_for_a_build_and_then_forgotten()
    {
        var source = Source();
        _failure = Failure();
        await Assert.ThrowsAsync<NoTokenException>(() => source.GetAsync(App, Any, person: null, Cancel));
        _failure = null;
        await Assert.ThrowsAsync<NoTokenException>(() => source.GetAsync(App, Any, person: null, Cancel));
        Assert.Equal(1, _fetched);
        _time.Advance(TimeSpan.FromSeconds(15));
        Assert.Equal("token 2", (await source.GetAsync(App, Any, person: null, Cancel)).Token.Reveal());
    }

    [Fact]
    public async Task Without_a_cache_a_token_is_kept_in_memory()
    {
        var source = new TokenSource(Plain, new TokenCache(null), _time, (_, _, _) => FetchAsync(Task.CompletedTask));
        await source.GetAsync(App, Any, person: null, Cancel);
        await source.GetAsync(App with { Repository = "other" }, Any, person: null, Cancel);
        Assert.Equal(1, _fetched);
    }

    [Fact]
    public async Task A_refresh_replaces_the_token_and_fails_in_silence()
    {
        var old = Token("old", obtained: -7);
        _cache.Write(Key, old, Noon);
        var source = Source();
        _failure = Failure();
        await source.RefreshAsync(App, old, Cancel);
        Assert.Equal("old", _cache.Read(Key)!.Token.Reveal());
        (_failure, _) = (null, _fetched);
        _time.Advance(TimeSpan.FromSeconds(15));
        await source.RefreshAsync(App, old, Cancel);
        Assert.Equal("token 2", _cache.Read(Key)!.Token.Reveal());
    }

    [Fact]
    public async Task Who_waits_for_another_process_can_be_cancelled()
    {
        using var held = _cache.TryLock(Key);
        using var cancel = new CancellationTokenSource();
        var waiting = Source().GetAsync(App, Any, person: null, cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        Assert.Equal(0, _fetched);
    }

    [Fact]
    public async Task A_good_token_is_given_without_a_call()
    {
        _cache.Write(Key, Token("good", obtained: -11.8), Noon);
        Assert.Equal("good", (await Source().GetAsync(App, Any, person: null, Cancel)).Token.Reveal());
        Assert.Equal(0, _fetched);
    }

    [Fact]
    public async Task Who_waits_takes_over_when_the_one_that_calls_is_cancelled()
    {
        using var cancel = new CancellationTokenSource();
        var calls = 0;
        var source = new TokenSource(Plain, _cache, _time, async (_, _, stop) =>
        {
            if (Interlocked.Increment(ref calls) == 1)
                await Task.Delay(Timeout.Infinite, stop);
            return Token("second");
        });
        var first = source.GetAsync(App, Any, person: null, cancel.Token);
        var second = source.GetAsync(App, Any, person: null, Cancel);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        Assert.Equal("second", (await second).Token.Reveal());
    }

    [Fact]
    public async Task Who_waits_for_a_call_in_the_same_process_can_be_cancelled_and_the_call_goes_on()
    {
        var gate = new TaskCompletionSource();
        var source = Source(gate.Task);
        using var cancel = new CancellationTokenSource();
        var calling = source.GetAsync(App, Any, person: null, Cancel);
        var waiting = source.GetAsync(App, Any, person: null, cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        gate.SetResult();
        Assert.Equal("token 1", (await calling).Token.Reveal());
    }

    [Fact]
    public async Task Domains_do_not_wait_for_each_other()
    {
        var gate = new TaskCompletionSource();
        var source = new TokenSource(Plain, _cache, _time, (feed, _, _) => FetchAsync(feed.Domain == "contoso" ? gate.Task : Task.CompletedTask));
        var slow = source.GetAsync(App, Any, person: null, Cancel);
        await source.GetAsync(App with { Domain = "fabrikam" }, Any, person: null, Cancel);
        Assert.False(slow.IsCompleted);
        gate.SetResult();
        await slow;
    }

    [Fact]
    public async Task A_failure_of_one_domain_is_not_anothers()
    {
        var source = Source();
        _failure = Failure();
        await Assert.ThrowsAsync<NoTokenException>(() => source.GetAsync(App, Any, person: null, Cancel));
        _failure = null;
        Assert.Equal("token 2", (await source.GetAsync(App with { Domain = "fabrikam" }, Any, person: null, Cancel)).Token.Reveal());
    }

    [Fact]
    public async Task A_remembered_failure_gives_way_to_a_token_that_another_process_got()
    {
        var source = Source();
        _failure = Failure();
        await Assert.ThrowsAsync<NoTokenException>(() => source.GetAsync(App, Any, person: null, Cancel));
        _cache.Write(Key, Token("theirs"), Noon);
        Assert.Equal("theirs", (await source.GetAsync(App, Any, person: null, Cancel)).Token.Reveal());
    }

    [Fact]
    public async Task A_cancelled_call_is_no_failure_to_remember()
    {
        using var cancel = new CancellationTokenSource();
        var source = new TokenSource(Plain, _cache, _time, (_, _, stop) => FetchAsync(stop == cancel.Token ? Task.Delay(Timeout.Infinite, stop) : Task.CompletedTask));
        var cancelled = source.GetAsync(App, Any, person: null, cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        Assert.Equal("token 1", (await source.GetAsync(App, Any, person: null, Cancel)).Token.Reveal());
    }

    [Fact]
    public async Task A_token_from_another_clock_is_replaced()
    {
        _cache.Write(Key, Token("future", obtained: 1), Noon);
        Assert.Equal("token 1", (await Source().GetAsync(App, Any, person: null, Cancel)).Token.Reveal());
        Assert.Equal("token 1", _cache.Read(Key)!.Token.Reveal());
    }

    [Fact]
    public async Task Who_waits_for_a_process_that_fails_takes_its_failure_for_an_answer()
    {
        var gate = new TaskCompletionSource();
        _failure = Failure();
        var first = Source(gate.Task).GetAsync(App, Any, person: null, Cancel);
        _time.Advance(TimeSpan.FromSeconds(1));
        var others = Enumerable.Range(0, 5).Select(_ => Source(gate.Task).GetAsync(App, Any, person: null, Cancel)).ToList();
        _time.Advance(TimeSpan.FromSeconds(1));
        gate.SetResult();

        var failures = await Task.WhenAll(others.Append(first).Select(asking => Assert.ThrowsAsync<NoTokenException>(() => asking)));

        Assert.Equal(1, _fetched);
        Assert.Single(failures.Select(failure => failure.Describe("it")).Distinct());
        // Whoever comes later asks anew.
        _failure = null;
        Assert.Equal("token 2", (await Source().GetAsync(App, Any, person: null, Cancel)).Token.Reveal());
    }

    [Fact]
    public async Task Who_can_sign_in_asks_in_spite_of_anothers_failure()
    {
        var gate = new TaskCompletionSource();
        _failure = Failure();
        var first = Source(gate.Task).GetAsync(App, Any, person: null, Cancel);
        _time.Advance(TimeSpan.FromSeconds(1));
        var person = new Person(_ => { }, CanSignIn: true);
        var second = Source().GetAsync(App, Any, person, Cancel);
        _time.Advance(TimeSpan.FromSeconds(1));
        gate.SetResult();

        await Assert.ThrowsAsync<NoTokenException>(() => first);
        await Assert.ThrowsAsync<NoTokenException>(() => second);
        Assert.Equal(2, _fetched);
    }

    [Fact]
    public async Task Who_has_waited_a_minute_calls_on_its_own()
    {
        using var held = _cache.TryLock(Key);
        var waiting = Source().GetAsync(App, Any, person: null, Cancel);
        Assert.False(waiting.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(60));
        Assert.Equal("token 1", (await waiting).Token.Reveal());
    }

    [Fact]
    public async Task A_retry_in_many_processes_makes_one_call()
    {
        _cache.Write(Key, Token("refused"), Noon);
        var gate = new TaskCompletionSource();
        var asking = Enumerable.Range(0, 6).Select(_ => Source(gate.Task).GetAsync(App, after: Noon, person: null, Cancel)).ToList();
        gate.SetResult();
        Assert.All(await Task.WhenAll(asking), token => Assert.Equal("token 1", token.Token.Reveal()));
        Assert.Equal(1, _fetched);
    }

    public void Dispose() => _temporary.Dispose();

    private static NoTokenException Failure() => new(ErrorCode.Network, "no way there", "build one");

    private TokenSource Source(Task? gate = null) =>
        new(Plain, _cache, _time, (_, _, _) => FetchAsync(gate ?? Task.CompletedTask));

    private async Task<AuthorizationToken> FetchAsync(Task gate)
    {
        await gate;
        var number = Interlocked.Increment(ref _fetched);
        if (_failure is not null)
            throw _failure;
        var now = _time.GetUtcNow().AddMilliseconds(1);
        return new AuthorizationToken(new Secret($"token {number}"), now, now.AddHours(12));
    }
}
