using CredentialProvider.Cli.NuGet;
using CredentialProvider.Errors;
using CredentialProvider.Tokens;
using Microsoft.Extensions.Time.Testing;
using static CredentialProvider.Tests.Tokens.Examples;

namespace CredentialProvider.Tests.Tokens;

/// <summary>Where a token comes from: memory, disk, another process or AWS; and what happens while AWS fails.</summary>
public sealed class TokenRequests : IDisposable
{
    private static readonly DateTimeOffset Any = DateTimeOffset.MinValue;

    private readonly TemporaryFolder _temporary = new();
    private readonly SettableClock _time = new();
    private readonly TokenCache _cache;
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private int _fetched;
    private NoTokenException? _failure;

    public TokenRequests() => _cache = new TokenCache(_temporary.Below("cache"));

    [Fact]
    public async Task Keep_a_fetched_token()
    {
        var token = await Source().GetAsync(AppRequest, Any, prompt: null, Cancel);
        Assert.Equal("token 1", token.Token.Reveal());
        Assert.Equal("token 1", Source().TryGetCached(Key, Any)!.Token.Reveal());
    }

    [Fact]
    public async Task Share_one_call_when_made_at_once()
    {
        var gate = new TaskCompletionSource();
        var sources = Enumerable.Range(0, 5).Select(_ => Source(gate.Task)).ToList();
        var requests = sources.SelectMany(source => Enumerable.Range(0, 4).Select(_ => source.GetAsync(AppRequest, Any, prompt: null, Cancel))).ToList();
        gate.SetResult();
        var tokens = await Task.WhenAll(requests);
        Assert.Single(tokens.Select(token => token.Token.Reveal()).Distinct());
        Assert.Equal(1, _fetched);
    }

    [Fact]
    public async Task Replace_a_token_with_less_than_ten_minutes_left()
    {
        _cache.Write(Key, Token("old", obtained: -11.9), Noon);
        Assert.Null(Source().TryGetCached(Key, Any));
        Assert.Equal("token 1", (await Source().GetAsync(AppRequest, Any, prompt: null, Cancel)).Token.Reveal());
    }

    [Fact]
    public async Task Use_a_valid_token_while_no_new_one_can_be_fetched()
    {
        _cache.Write(Key, Token("old", obtained: -11.9), Noon);
        _failure = Failure();
        Assert.Equal("old", (await Source().GetAsync(AppRequest, Any, prompt: null, Cancel)).Token.Reveal());
    }

    [Fact]
    public async Task Never_use_an_expired_token()
    {
        _cache.Write(Key, Token("old", obtained: -12.1), Noon);
        _failure = Failure();
        await Assert.ThrowsAsync<NoTokenException>(() => Source().GetAsync(AppRequest, Any, prompt: null, Cancel));
    }

    [Fact]
    public async Task Never_return_a_refused_token_again()
    {
        _cache.Write(Key, Token("refused"), Noon);
        Assert.Null(Source().TryGetCached(Key, after: Noon));
        Assert.Equal("token 1", (await Source().GetAsync(AppRequest, after: Noon, prompt: null, Cancel)).Token.Reveal());
    }

    [Fact]
    public async Task Keep_a_refused_token_on_disk_until_there_is_a_newer_one()
    {
        _cache.Write(Key, Token("refused"), Noon);
        _failure = Failure();
        await Assert.ThrowsAsync<NoTokenException>(() => Source().GetAsync(AppRequest, after: Noon, prompt: null, Cancel));
        Assert.Equal("refused", _cache.Read(Key)!.Token.Reveal());
    }

    [Fact]
    public async Task Use_a_newer_token_from_another_process_without_a_call()
    {
        _cache.Write(Key, Token("newer", obtained: 0.001), Noon);
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal("newer", (await Source().GetAsync(AppRequest, after: Noon, prompt: null, Cancel)).Token.Reveal());
        Assert.Equal(0, _fetched);
    }

    [Fact]
    public async Task Repeat_a_recent_failure_without_a_call()
    {
        var source = Source();
        _failure = Failure();
        await Assert.ThrowsAsync<NoTokenException>(() => source.GetAsync(AppRequest, Any, prompt: null, Cancel));
        _failure = null;
        await Assert.ThrowsAsync<NoTokenException>(() => source.GetAsync(AppRequest, Any, prompt: null, Cancel));
        Assert.Equal(1, _fetched);
        _time.Advance(TimeSpan.FromSeconds(15));
        Assert.Equal("token 2", (await source.GetAsync(AppRequest, Any, prompt: null, Cancel)).Token.Reveal());
    }

    [Fact]
    public async Task Keep_a_token_in_memory_without_a_cache()
    {
        var source = new TokenSource(new TokenCache(null), _time, (_, _, _) => FetchAsync(Task.CompletedTask));
        await source.GetAsync(AppRequest, Any, prompt: null, Cancel);
        await source.GetAsync(TokenRequest.For(App with { Repository = "other" }, DefaultSettings), Any, prompt: null, Cancel);
        Assert.Equal(1, _fetched);
    }

    [Fact]
    public async Task Refresh_a_token_and_ignore_failures_to_do_so()
    {
        var old = Token("old", obtained: -7);
        _cache.Write(Key, old, Noon);
        var source = Source();
        _failure = Failure();
        await source.RefreshAsync(AppRequest, old, Cancel);
        Assert.Equal("old", _cache.Read(Key)!.Token.Reveal());
        (_failure, _) = (null, _fetched);
        _time.Advance(TimeSpan.FromSeconds(15));
        await source.RefreshAsync(AppRequest, old, Cancel);
        Assert.Equal("token 2", _cache.Read(Key)!.Token.Reveal());
    }

    [Fact]
    public async Task Can_be_cancelled_while_another_process_fetches()
    {
        using var held = Take(_cache, Key);
        using var cancel = new CancellationTokenSource();
        var waiting = Source().GetAsync(AppRequest, Any, prompt: null, cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        Assert.Equal(0, _fetched);
    }

    [Fact]
    public async Task Return_a_fresh_token_without_a_call()
    {
        _cache.Write(Key, Token("good", obtained: -11.8), Noon);
        Assert.Equal("good", (await Source().GetAsync(AppRequest, Any, prompt: null, Cancel)).Token.Reveal());
        Assert.Equal(0, _fetched);
    }

    [Fact]
    public async Task Take_over_when_the_caller_is_cancelled()
    {
        using var cancel = new CancellationTokenSource();
        var calls = 0;
        var source = new TokenSource(_cache, _time, async (_, _, stop) =>
        {
            if (Interlocked.Increment(ref calls) == 1)
                await Task.Delay(Timeout.Infinite, stop);
            return Token("second");
        });
        var first = source.GetAsync(AppRequest, Any, prompt: null, cancel.Token);
        var second = source.GetAsync(AppRequest, Any, prompt: null, Cancel);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        Assert.Equal("second", (await second).Token.Reveal());
    }

    [Fact]
    public async Task Can_be_cancelled_without_ending_the_call_they_wait_for()
    {
        var gate = new TaskCompletionSource();
        var source = Source(gate.Task);
        using var cancel = new CancellationTokenSource();
        var calling = source.GetAsync(AppRequest, Any, prompt: null, Cancel);
        var waiting = source.GetAsync(AppRequest, Any, prompt: null, cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        gate.SetResult();
        Assert.Equal("token 1", (await calling).Token.Reveal());
    }

    [Fact]
    public async Task For_one_domain_do_not_wait_for_another()
    {
        var gate = new TaskCompletionSource();
        var source = new TokenSource(_cache, _time, (request, _, _) => FetchAsync(request.Feed.Domain == "contoso" ? gate.Task : Task.CompletedTask));
        var slow = source.GetAsync(AppRequest, Any, prompt: null, Cancel);
        await source.GetAsync(TokenRequest.For(App with { Domain = "fabrikam" }, DefaultSettings), Any, prompt: null, Cancel);
        Assert.False(slow.IsCompleted);
        gate.SetResult();
        await slow;
    }

    [Fact]
    public async Task For_one_domain_are_not_failed_by_another()
    {
        var source = Source();
        _failure = Failure();
        await Assert.ThrowsAsync<NoTokenException>(() => source.GetAsync(AppRequest, Any, prompt: null, Cancel));
        _failure = null;
        Assert.Equal("token 2", (await source.GetAsync(TokenRequest.For(App with { Domain = "fabrikam" }, DefaultSettings), Any, prompt: null, Cancel)).Token.Reveal());
    }

    [Fact]
    public async Task Prefer_a_token_from_another_process_to_a_recent_failure()
    {
        var source = Source();
        _failure = Failure();
        await Assert.ThrowsAsync<NoTokenException>(() => source.GetAsync(AppRequest, Any, prompt: null, Cancel));
        _cache.Write(Key, Token("theirs"), Noon);
        Assert.Equal("theirs", (await source.GetAsync(AppRequest, Any, prompt: null, Cancel)).Token.Reveal());
    }

    [Fact]
    public async Task Do_not_repeat_a_cancellation_as_a_failure()
    {
        using var cancel = new CancellationTokenSource();
        var source = new TokenSource(_cache, _time, (_, _, stop) => FetchAsync(stop == cancel.Token ? Task.Delay(Timeout.Infinite, stop) : Task.CompletedTask));
        var cancelled = source.GetAsync(AppRequest, Any, prompt: null, cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        Assert.Equal("token 1", (await source.GetAsync(AppRequest, Any, prompt: null, Cancel)).Token.Reveal());
    }

    [Fact]
    public async Task Replace_a_token_obtained_in_the_future()
    {
        _cache.Write(Key, Token("future", obtained: 1), Noon);
        Assert.Equal("token 1", (await Source().GetAsync(AppRequest, Any, prompt: null, Cancel)).Token.Reveal());
        Assert.Equal("token 1", _cache.Read(Key)!.Token.Reveal());
    }

    [Fact]
    public async Task Fail_together_with_the_process_they_wait_for()
    {
        var gate = new TaskCompletionSource();
        _failure = Failure();
        var first = Source(gate.Task).GetAsync(AppRequest, Any, prompt: null, Cancel);
        _time.Advance(TimeSpan.FromSeconds(1));
        var others = Enumerable.Range(0, 5).Select(_ => Source(gate.Task).GetAsync(AppRequest, Any, prompt: null, Cancel)).ToList();
        _time.Advance(TimeSpan.FromSeconds(1));
        gate.SetResult();

        var failures = await Task.WhenAll(others.Append(first).Select(request => Assert.ThrowsAsync<NoTokenException>(() => request)));

        Assert.Equal(1, _fetched);
        Assert.Single(failures.Select(failure => failure.Describe("it")).Distinct());
        // A later request tries again.
        _failure = null;
        Assert.Equal("token 2", (await Source().GetAsync(AppRequest, Any, prompt: null, Cancel)).Token.Reveal());
    }

    [Fact]
    public async Task That_can_sign_in_are_made_despite_a_failure_elsewhere()
    {
        var gate = new TaskCompletionSource();
        _failure = Failure();
        var first = Source(gate.Task).GetAsync(AppRequest, Any, prompt: null, Cancel);
        _time.Advance(TimeSpan.FromSeconds(1));
        var prompt = new UserPrompt(_ => { }, CanSignIn: true);
        var second = Source().GetAsync(AppRequest, Any, prompt, Cancel);
        _time.Advance(TimeSpan.FromSeconds(1));
        gate.SetResult();

        await Assert.ThrowsAsync<NoTokenException>(() => first);
        await Assert.ThrowsAsync<NoTokenException>(() => second);
        Assert.Equal(2, _fetched);
    }

    [Fact]
    public async Task Call_AWS_after_waiting_a_minute_for_another_process()
    {
        using var held = Take(_cache, Key);
        var waiting = Source().GetAsync(AppRequest, Any, prompt: null, Cancel);
        Assert.False(waiting.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(60));
        Assert.Equal("token 1", (await waiting).Token.Reveal());
    }

    [Fact]
    public async Task Behind_a_stopped_process_share_one_call()
    {
        using var held = Take(_cache, Key);
        var gate = new TaskCompletionSource();
        var requests = Enumerable.Range(0, 6).Select(_ => Source(gate.Task).GetAsync(AppRequest, Any, prompt: null, Cancel)).ToList();
        _time.Advance(TimeSpan.FromSeconds(60));
        gate.SetResult();
        Assert.All(await Task.WhenAll(requests), token => Assert.Equal("token 1", token.Token.Reveal()));
        Assert.Equal(1, _fetched);
    }

    [Fact]
    public async Task Behind_a_stopped_process_share_one_failure()
    {
        using var held = Take(_cache, Key);
        var gate = new TaskCompletionSource();
        _failure = Failure();
        var requests = Enumerable.Range(0, 6).Select(_ => Source(gate.Task).GetAsync(AppRequest, Any, prompt: null, Cancel)).ToList();
        _time.Advance(TimeSpan.FromSeconds(60));
        gate.SetResult();
        await Task.WhenAll(requests.Select(request => Assert.ThrowsAsync<NoTokenException>(() => request)));
        Assert.Equal(1, _fetched);
    }

    [Fact]
    public async Task Behind_any_number_of_stopped_processes_end()
    {
        using var first = Take(_cache, Key);
        using var second = Take(_cache, Key, 1);
        using var third = Take(_cache, Key, 2);
        var waiting = Source().GetAsync(AppRequest, Any, prompt: null, Cancel);
        _time.Advance(TimeSpan.FromSeconds(179));
        Assert.False(waiting.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("token 1", (await waiting).Token.Reveal());
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    public async Task Wait_for_the_same_time_when_the_clock_is_set(int days)
    {
        using var held = Take(_cache, Key);
        var waiting = Source().GetAsync(AppRequest, Any, prompt: null, Cancel);
        _time.Change = TimeSpan.FromDays(days);
        _time.Advance(TimeSpan.FromSeconds(59));
        Assert.False(waiting.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("token 1", (await waiting).Token.Reveal());
    }

    [Fact]
    public async Task Repeat_a_failure_for_no_longer_when_the_clock_is_set_back()
    {
        var source = Source();
        _failure = Failure();
        await Assert.ThrowsAsync<NoTokenException>(() => source.GetAsync(AppRequest, Any, prompt: null, Cancel));
        _failure = null;
        _time.Change = TimeSpan.FromDays(-1);
        _time.Advance(TimeSpan.FromSeconds(15));
        Assert.Equal("token 2", (await source.GetAsync(AppRequest, Any, prompt: null, Cancel)).Token.Reveal());
    }

    [Fact]
    public async Task On_retry_share_one_call_among_processes()
    {
        _cache.Write(Key, Token("refused"), Noon);
        var gate = new TaskCompletionSource();
        var requests = Enumerable.Range(0, 6).Select(_ => Source(gate.Task).GetAsync(AppRequest, after: Noon, prompt: null, Cancel)).ToList();
        gate.SetResult();
        Assert.All(await Task.WhenAll(requests), token => Assert.Equal("token 1", token.Token.Reveal()));
        Assert.Equal(1, _fetched);
    }

    public void Dispose() => _temporary.Dispose();

    /// <summary>A clock that a user sets, while timestamps go on; FakeTimeProvider derives them from the time.</summary>
    private sealed class SettableClock() : FakeTimeProvider(Noon)
    {
        public TimeSpan Change { get; set; }

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Change;

        public override long GetTimestamp() => base.GetUtcNow().Ticks;
    }

    private static NoTokenException Failure() => new(ErrorCode.Network, "connection refused", "check the network");

    private TokenSource Source(Task? gate = null) =>
        new(_cache, _time, (_, _, _) => FetchAsync(gate ?? Task.CompletedTask));

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
