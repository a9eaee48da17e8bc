namespace CredentialProvider.Aws;

/// <summary>A failure after which the same call may do better.</summary>
/// <param name="IsThrottling">AWS is well and asks for fewer requests: all get their turn.</param>
/// <param name="RetryAfter">What the other side asks for; null where it does not say.</param>
internal sealed record Setback(bool IsThrottling, TimeSpan? RetryAfter = null);

/// <summary>
/// Calls again after a setback, later each time and at random moments ("full jitter"), so that agents that start
/// together do not come back together. What AWS asks for by Retry-After is waited for in any case.
/// </summary>
/// <param name="random">From 0 to 1.</param>
/// <param name="patience">How long throttling is waited out, in all.</param>
internal sealed class Retries(TimeProvider time, Func<double> random, TimeSpan patience)
{
    /// <summary>For all attempts together, as long as nobody asks for more time.</summary>
    public static readonly TimeSpan Budget = TimeSpan.FromSeconds(60);

    /// <summary>Ten thousand agents behind a quota of 40 requests a second take half of it (docs/reliability.md).</summary>
    public static readonly TimeSpan BuildPatience = TimeSpan.FromMinutes(10);

    private const int Attempts = 3;

    private static readonly TimeSpan FirstDelay = TimeSpan.FromSeconds(1), LongestDelay = TimeSpan.FromSeconds(20);

    /// <param name="call">One attempt; its token is cancelled when the budget is used up.</param>
    /// <param name="judge">Null for a failure that stays.</param>
    /// <param name="waiting">Told once, when throttling begins to be waited out.</param>
    /// <exception cref="TimeoutException">The budget ended within a call.</exception>
    public async Task<T> RunAsync<T>(Func<CancellationToken, Task<T>> call, Func<Exception, Setback?> judge,
        Action? waiting, CancellationToken cancel)
    {
        var started = time.GetUtcNow();
        var deadline = started + Budget;
        var (failed, throttled) = (0, 0);
        while (true)
        {
            TimeSpan delay;
            using var limit = time.CreateCancellationTokenSource(Positive(deadline - time.GetUtcNow()));
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, limit.Token);
            try
            {
                return await call(either.Token);
            }
            catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancel.IsCancellationRequested)
            {
                throw new TimeoutException();
            }
            catch (Exception e) when (!cancel.IsCancellationRequested && judge(e) is { } setback)
            {
                delay = (setback.RetryAfter ?? TimeSpan.Zero) + Jitter(failed + throttled);
                var now = time.GetUtcNow();
                if (setback.IsThrottling)
                {
                    var latest = started + patience;
                    deadline = Earlier(now + delay + Budget, latest > deadline ? latest : deadline);
                    if (throttled++ == 0 && now + delay < deadline)
                        waiting?.Invoke();
                }
                else
                {
                    failed++;
                }

                if (failed == Attempts || now + delay >= deadline)
                    throw;
            }

            await time.Delay(delay, cancel);
        }
    }

    private TimeSpan Jitter(int setbacks)
    {
        const int EnoughDoublings = 5; // to reach the longest delay
        var most = Earlier(new TimeSpan(FirstDelay.Ticks << Math.Min(setbacks, EnoughDoublings)), LongestDelay);
        return new TimeSpan((long)(most.Ticks * random()));
    }

    private static TimeSpan Positive(TimeSpan time) => time > TimeSpan.Zero ? time : TimeSpan.Zero;

    private static TimeSpan Earlier(TimeSpan one, TimeSpan other) => one < other ? one : other;

    private static DateTimeOffset Earlier(DateTimeOffset one, DateTimeOffset other) => one < other ? one : other;
}
