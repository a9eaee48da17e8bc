using System.Collections.Concurrent;

namespace LocalAws;

/// <summary>A failure to inject into requests to one service.</summary>
/// <param name="Operation">The affected operation; null for all operations of the service.</param>
/// <param name="Times">The number of affected requests; later requests succeed.</param>
public sealed record Fault(string Service, string? Operation = null, int Times = int.MaxValue)
{
    /// <summary>Affects only requests whose host and path, concatenated, contain this text.</summary>
    public string Url { get; init; } = "";

    /// <summary>Delays the response, in addition to the other effects.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>Holds the response back until this has happened.</summary>
    public Task Until { get; init; } = Task.CompletedTask;

    /// <summary>Accepts the request and never responds.</summary>
    public bool Drops { get; init; }

    /// <summary>Performs the operation, then resets the connection without a response.</summary>
    public bool Resets { get; init; }

    /// <summary>Sends half of the response, then closes the connection.</summary>
    public bool Truncates { get; init; }

    /// <summary>Sends half of the response and keeps the connection open.</summary>
    public bool Stalls { get; init; }

    /// <summary>Replaces the response's Content-Type.</summary>
    public string? ContentType { get; init; }

    /// <summary>Responds with this HTTP status instead of performing the operation.</summary>
    public int? Status { get; init; }

    /// <summary>The AWS error code that goes with <see cref="Status"/>.</summary>
    public string? ErrorCode { get; init; }

    public string Message { get; init; } = "injected by LocalAws";

    /// <summary>Replaces the response body, for example the error document of <see cref="Status"/>.</summary>
    public string? Body { get; init; }

    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>();
}

/// <summary>The active faults. The first one that matches a request and is not used up applies.</summary>
public sealed class Faults
{
    private readonly ConcurrentQueue<(Fault Fault, StrongBox Left)> _faults = new();

    private int _taken;

    /// <summary>Delays every response, to simulate a network round trip.</summary>
    public TimeSpan Latency { get; set; }

    /// <summary>How far the clock of the simulated AWS is ahead of this machine's.</summary>
    public TimeSpan ClockSkew { get; set; }

    /// <summary>The number of requests that a fault was applied to.</summary>
    public int Taken => _taken;

    public void Add(Fault fault) => _faults.Enqueue((fault, new StrongBox { Value = fault.Times }));

    public void Clear() => _faults.Clear();

    internal Fault? Take(string service, string operation, string url)
    {
        foreach (var (fault, left) in _faults)
        {
            if (fault.Service == service && (fault.Operation is null || fault.Operation == operation)
                && url.Contains(fault.Url, StringComparison.Ordinal) && Interlocked.Decrement(ref left.Value) >= 0)
            {
                Interlocked.Increment(ref _taken);
                return fault;
            }
        }

        return null;
    }

    private sealed class StrongBox
    {
        public int Value;
    }
}
