using System.Diagnostics.Tracing;

namespace CredentialProvider.MSBuild;

/// <summary>
/// Runs each action once, before this process sends its first HTTP request to one of the action's sources. A restore with
/// nothing to do sends none, so it neither discovers nor starts a plugin.
/// </summary>
internal sealed class FirstFeedRequest : EventListener
{
    private readonly object _gate = new();

    /// <summary>What is left to do. Events may arrive before the constructor has run.</summary>
    private volatile (string Sources, Action Run)[] _actions = [];

    /// <param name="actions">URLs with any separator, and what to do in order. Must not throw. Requests that start meanwhile
    /// wait until all have returned.</param>
    public FirstFeedRequest(params (string Sources, Action Run)[] actions) => _actions = actions;

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
        if (eventData.EventName != "RequestStart" || eventData.Payload?[1] is not string host || !Array.Exists(_actions, IsDue))
            return;
        lock (_gate)
        {
            foreach (var (_, run) in Array.FindAll(_actions, IsDue))
                run();
            _actions = Array.FindAll(_actions, action => !IsDue(action));
        }

        bool IsDue((string Sources, Action Run) action) =>
            action.Sources.IndexOf($"//{host}", StringComparison.OrdinalIgnoreCase) >= 0;
    }
}
