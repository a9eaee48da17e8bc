using CredentialProvider.Aws;
using static CredentialProvider.Tests.Aws.FailedCalls;

namespace CredentialProvider.Tests.Aws;

/// <summary>Calls that fail, on a virtual clock.</summary>
public sealed class RetriedCalls
{
    private readonly VirtualTime _time = new();
    private readonly List<double> _calls = [];
    private int _waits;

    [Fact]
    public void A_transient_failure_is_retried_twice_with_growing_delays()
    {
        var outcome = Run(_ => throw ToCodeArtifact(Response(503)));

        Assert.IsType<AwsCallException>(outcome.Exception!.InnerException);
        Assert.Equal([0, 1, 3], _calls);
        Assert.Equal(0, _waits);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    public void A_clock_that_is_set_meanwhile_changes_nothing(int days)
    {
        var outcome = Run(_ =>
        {
            _time.ClockChange += TimeSpan.FromDays(days);
            throw ToCodeArtifact(Response(503));
        });

        Assert.IsType<AwsCallException>(outcome.Exception!.InnerException);
        Assert.Equal([0, 1, 3], _calls);
    }

    [Fact]
    public void Jitter_takes_any_part_of_the_delay()
    {
        Run(_ => throw ToCodeArtifact(Response(503)), random: 0.25);
        Assert.Equal([0, 0.25, 0.75], _calls);
    }

    [Fact]
    public async Task The_first_success_is_returned() =>
        Assert.Equal(2, await Run(count => count < 2 ? throw ToCodeArtifact(Response(500)) : count));

    [Fact]
    public void A_lasting_failure_is_not_retried()
    {
        Run(_ => throw ToCodeArtifact(Response(403, "AccessDeniedException")));
        Assert.Equal([0], _calls);
    }

    [Fact]
    public void An_exception_without_a_classification_is_not_retried()
    {
        Run(_ => throw new HttpRequestException("not judged"));
        Assert.Equal([0], _calls);
    }

    [Fact]
    public void Jitter_is_added_to_Retry_After()
    {
        Run(count => count < 3 ? throw Throttled(retryAfter: 7) : count);
        Assert.Equal([0, 8, 17], _calls);
        Assert.Equal(1, _waits);
    }

    [Fact]
    public void A_Retry_After_beyond_the_timeout_fails_at_once()
    {
        Assert.IsType<AwsCallException>(Run(_ => throw Throttled(retryAfter: 3600)).Exception!.InnerException);
        Assert.Equal([0], _calls);
        Assert.Equal(0, _waits);
    }

    [Fact]
    public void A_build_retries_throttled_calls_until_its_timeout()
    {
        Assert.True(Run(_ => throw Throttled()).IsFaulted);
        Assert.Equal([0, 1, 3, 7, 15, 31, 51, 71], _calls.Take(8));
        Assert.InRange(_calls[^1], 580, 600);
        Assert.Equal(1, _waits);
    }

    [Fact]
    public void A_user_learns_of_throttling_within_a_minute()
    {
        Assert.True(Run(_ => throw Throttled(), throttlingTimeout: Retries.Timeout).IsFaulted);
        Assert.InRange(_calls[^1], 30, 60);
    }

    [Fact]
    public void A_call_that_hangs_times_out()
    {
        var outcome = Run(async (_, stop) =>
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, stop);
            return 0;
        });

        Assert.IsType<TimeoutException>(outcome.Exception!.InnerException);
        Assert.Equal(Retries.Timeout, _time.Elapsed);
    }

    [Fact]
    public async Task Cancellation_ends_the_wait()
    {
        using var cancel = new CancellationTokenSource();
        var running = new Retries(_time, () => 1, Retries.BuildTimeout).RunAsync<int>(
            _ => throw Throttled(retryAfter: 30), waiting: null, cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    private Task<int> Run(Func<int, int> call, double random = 1, TimeSpan? throttlingTimeout = null) =>
        Run((count, _) => Task.FromResult(call(count)), random, throttlingTimeout);

    private Task<int> Run(Func<int, CancellationToken, Task<int>> call, double random = 1, TimeSpan? throttlingTimeout = null)
    {
        var count = 0;
        var running = new Retries(_time, () => random, throttlingTimeout ?? Retries.BuildTimeout).RunAsync(stop =>
        {
            _calls.Add(_time.Elapsed.TotalSeconds);
            return call(++count, stop);
        }, () => _waits++, TestContext.Current.CancellationToken);
        _time.Run();
        // Continuations of a cancellation run on another thread.
        Assert.True(SpinWait.SpinUntil(() => running.IsCompleted, TimeSpan.FromSeconds(30)));
        return running;
    }
}
