using System.Diagnostics.Tracing;

namespace CredentialProvider.MSBuild;

/// <summary>
/// Runs an action once, before this process sends its first HTTP request to one of the sources. A restore with nothing
/// to do sends none, so it neither discovers nor starts a plugin.
/// </summary>
internal sealed class FirstFeedRequest : EventListener
{
    private readonly object _gate = new();
    private readonly string _sources;
    private Action? _action;

    /// <param name="sources">URLs with any separator.</param>
    /// <param name="action">Must not throw. Requests that start meanwhile wait until it returns.</param>
    public FirstFeedRequest(string sources, Action action) => (_sources, _action) = (sources, action);

    /// <summary>.NET raises an event when a request starts, on the thread that sends it and before a 401 can arrive.
    /// .NET Framework raises none.</summary>
    public static bool IsObservable(bool isNetFramework) => !isNetFramework
        && !(AppContext.TryGetSwitch("System.Diagnostics.Tracing.EventSource.IsSupported", out var isOn) && !isOn);

    /// <summary>The base constructor calls this for existing event sources, before this class's constructor has
    /// run.</summary>
    protected override void OnEventSourceCreated(EventSource eventSource)
    {
        if (eventSource.Name == "System.Net.Http")
            EnableEvents(eventSource, EventLevel.Informational);
    }

    protected override void OnEventWritten(EventWrittenEventArgs eventData)
    {
        // The payload is scheme, host, port, path.
        if (eventData.EventName != "RequestStart" || eventData.Payload?[1] is not string host || !IsSource(host))
            return;
        lock (_gate)
        {
            _action?.Invoke();
            _action = null;
        }
    }

    private bool IsSource(string host) =>
        _action is not null && _sources.IndexOf($"//{host}", StringComparison.OrdinalIgnoreCase) >= 0;
}
