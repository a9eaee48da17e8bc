namespace CredentialProvider.Tests.Aws;

/// <summary>A clock that jumps from one timer to the next, on the thread that runs it: simulates hours of ten thousand agents in seconds.</summary>
internal sealed class VirtualTime : TimeProvider
{
    private readonly PriorityQueue<Timer, (DateTimeOffset Due, long Order)> _timers = new();
    private DateTimeOffset _now = DateTimeOffset.UnixEpoch;
    private long _order;

    public TimeSpan Elapsed => _now - DateTimeOffset.UnixEpoch;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <summary>How far the clock of the machine has been set.</summary>
    public TimeSpan ClockChange { get; set; }

    public override DateTimeOffset GetUtcNow() => _now + ClockChange;

    public override long GetTimestamp() => _now.Ticks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Runs until no timer is left.</summary>
    public void Run()
    {
        while (_timers.TryDequeue(out var timer, out var at))
        {
            if (timer.Due != at.Due)
                continue;
            _now = at.Due;
            timer.Fire();
        }
    }

    private sealed class Timer(VirtualTime time, TimerCallback callback, object? state) : ITimer
    {
        /// <summary>Null once it is stopped or has fired. Periodic timers are not supported.</summary>
        public DateTimeOffset? Due { get; private set; }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            Due = dueTime < TimeSpan.Zero ? null : time._now + dueTime;
            if (Due is { } due)
                time._timers.Enqueue(this, (due, time._order++));
            return true;
        }

        public void Fire()
        {
            Due = null;
            callback(state);
        }

        public void Dispose() => Due = null;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
