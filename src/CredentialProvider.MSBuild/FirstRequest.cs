using System.Diagnostics.Tracing;

namespace CredentialProvider.MSBuild;

/// <summary>
/// Does something once, before the first request of this process to any of some sources. A restore that has nothing to
/// do sends none, and so nothing is looked for or started.
/// </summary>
internal sealed class FirstRequest : EventListener
{
    private readonly object _gate = new();
    private readonly string _sources;
    private Action? _act;

    /// <param name="sources">URLs, whatever is between them.</param>
    /// <param name="act">Throws nothing; requests that begin meanwhile wait for it.</param>
    public FirstRequest(string sources, Action act) => (_sources, _act) = (sources, act);

    /// <summary>.NET tells of a request where it begins, before anybody has answered 401. .NET Framework does not.</summary>
    public static bool CanBeSeen(bool isNetFramework) => !isNetFramework
        && !(AppContext.TryGetSwitch("System.Diagnostics.Tracing.EventSource.IsSupported", out var isOn) && !isOn);

    /// <summary>For what is there already, before the constructor, and for what comes later.</summary>
    protected override void OnEventSourceCreated(EventSource eventSource)
    {
        if (eventSource.Name == "System.Net.Http")
            EnableEvents(eventSource, EventLevel.Informational);
    }

    protected override void OnEventWritten(EventWrittenEventArgs eventData)
    {
        // Scheme, host, port, path.
        if (eventData.EventName != "RequestStart" || eventData.Payload?[1] is not string host || !IsSource(host))
            return;
        lock (_gate)
        {
            _act?.Invoke();
            _act = null;
        }
    }

    private bool IsSource(string host) =>
        _act is not null && _sources.IndexOf($"//{host}", StringComparison.OrdinalIgnoreCase) >= 0;
}
