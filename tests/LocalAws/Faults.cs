using System.Collections.Concurrent;

namespace LocalAws;

/// <summary>What goes wrong, for requests of one service and operation.</summary>
/// <param name="Operation">Null for all of the service's.</param>
/// <param name="Times">How often; then all is well again.</param>
public sealed record Fault(string Service, string? Operation = null, int Times = int.MaxValue)
{
    /// <summary>Only for requests whose host and path, written together, contain this.</summary>
    public string Url { get; init; } = "";

    /// <summary>Waits first, whatever follows.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>Takes the request and never answers.</summary>
    public bool Drops { get; init; }

    /// <summary>Does what was asked, then resets the connection without an answer.</summary>
    public bool Resets { get; init; }

    /// <summary>Sends half of the answer, then closes the connection.</summary>
    public bool Truncates { get; init; }

    /// <summary>Sends half of the answer and no more, and keeps the connection.</summary>
    public bool Stalls { get; init; }

    /// <summary>Names this in place of the answer's type.</summary>
    public string? ContentType { get; init; }

    /// <summary>Answers with this instead.</summary>
    public int? Status { get; init; }

    /// <summary>AWS's error code, with <see cref="Status"/>.</summary>
    public string? ErrorCode { get; init; }

    public string Message { get; init; } = "made by a fault of LocalAws";

    /// <summary>Answers with these bytes instead of an error document.</summary>
    public string? Body { get; init; }

    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>();
}

/// <summary>The faults that are on. The first that matches a request and has times left is used.</summary>
public sealed class Faults
{
    private readonly ConcurrentQueue<(Fault Fault, StrongBox Left)> _faults = new();

    private int _taken;

    /// <summary>Added to every answer, for each request: what a round trip costs in reality.</summary>
    public TimeSpan Latency { get; set; }

    /// <summary>How far AWS's clock is ahead of this machine's.</summary>
    public TimeSpan ClockSkew { get; set; }

    /// <summary>How many requests have met one.</summary>
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
