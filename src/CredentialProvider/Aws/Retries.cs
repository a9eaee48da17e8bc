namespace CredentialProvider.Aws;

/// <summary>
/// Repeats a call after a transient failure, with exponential backoff and full jitter, so that build agents that start
/// together do not retry together. The delay is never shorter than Retry-After. Throttling has a time limit of its own;
/// other failures have a number of attempts.
/// https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
/// </summary>
/// <param name="random">Returns 0 to 1.</param>
/// <param name="throttlingTimeout">How long to keep retrying throttled calls, in all.</param>
internal sealed class Retries(TimeProvider time, Func<double> random, TimeSpan throttlingTimeout)
{
    /// <summary>For all attempts together, unless AWS throttles.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(60);

    /// <summary>For throttled calls of a build. Sized for a large fleet: docs/internals/reliability.md.</summary>
    public static readonly TimeSpan BuildTimeout = TimeSpan.FromMinutes(10);

    /// <summary>Attempts that fail for a reason other than throttling.</summary>
    private const int MaxFailures = 3;

    private static readonly TimeSpan FirstDelay = TimeSpan.FromSeconds(1), MaxDelay = TimeSpan.FromSeconds(20);

    /// <param name="call">One attempt; its token is cancelled when time is up.</param>
    /// <param name="waiting">Called once, before the first wait because of throttling.</param>
    /// <exception cref="AwsCallException">The last attempt's failure.</exception>
    /// <exception cref="TimeoutException">Time ran out during an attempt.</exception>
    public async Task<T> RunAsync<T>(
        Func<CancellationToken, Task<T>> call, Action? waiting, CancellationToken cancel)
    {
        // From here on, times are since the first attempt, because the clock may be set.
        var first = time.GetTimestamp();
        var deadline = Timeout;
        var (failed, throttled) = (0, 0);
        while (true)
        {
            TimeSpan delay;
            var left = deadline - time.GetElapsedTime(first);
            using var limit = time.CreateCancellationTokenSource(Max(left, TimeSpan.Zero));
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, limit.Token);
            try
            {
                return await call(either.Token);
            }
            catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancel.IsCancellationRequested)
            {
                throw new TimeoutException();
            }
            catch (AwsCallException e) when (!cancel.IsCancellationRequested && e.Failure.Transient is not null)
            {
                var failure = e.Failure.Transient;
                delay = (failure.RetryAfter ?? TimeSpan.Zero) + Jitter(failed + throttled);
                var next = time.GetElapsedTime(first) + delay;
                if (failure.IsThrottling)
                {
                    // Each response shows that AWS is there: the next attempt gets its full time again.
                    deadline = Min(next + Timeout, Max(throttlingTimeout, deadline));
                    if (throttled++ == 0 && next < deadline)
                        waiting?.Invoke();
                }
                else
                {
                    failed++;
                }

                if (failed == MaxFailures || next >= deadline)
                    throw;
            }

            await time.Delay(delay, cancel);
        }
    }

    private TimeSpan Jitter(int attempts)
    {
        const int MaxDoublings = 5; // enough to reach MaxDelay; more would overflow
        var longest = Min(new TimeSpan(FirstDelay.Ticks << Math.Min(attempts, MaxDoublings)), MaxDelay);
        return new TimeSpan((long)(longest.Ticks * random()));
    }

    private static T Min<T>(T a, T b)
        where T : IComparable<T> => a.CompareTo(b) < 0 ? a : b;

    private static T Max<T>(T a, T b)
        where T : IComparable<T> => a.CompareTo(b) > 0 ? a : b;
}
