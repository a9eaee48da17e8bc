using System.Collections.Concurrent;
using CredentialProvider.Platform;

namespace CredentialProvider.Plugin;

/// <summary>
/// The protocol loop, from handshake to Close. Messages are handled one by one on the caller's thread. A request for
/// credentials that has to wait for AWS runs in the background, so that Cancel, Close and other requests get through.
/// </summary>
internal sealed class PluginHost(Connection connection, CredentialAnswer answer, LogFile log) : IDisposable
{
    private const string ProtocolVersion = "2.0.0";
    private const string MinimumProtocolVersion = "1.0.0";

    private readonly ConcurrentDictionary<string, CancellationTokenSource> _running = new();
    private readonly ConcurrentDictionary<string, TaskCompletionSource<bool>> _unconfirmedLogs = new();
    private readonly CancellationTokenSource _closing = new();
    private readonly RequestLog? _requests = RequestLog.Start(log, $"NuGet's plugin protocol {ProtocolVersion}");
    private IDisposable? _parentWatch;
    private string? _requestTimeout;

    /// <summary>NuGet's, until it sends SetLogLevel.</summary>
    private string _logLevel = LogLevels.Information;

    private int _logs;

    /// <summary>Returns when NuGet sends Close or closes its end of the pipe.</summary>
    public void Run()
    {
        connection.Send("codeartifact-handshake", MessageType.Request, MessageMethod.Handshake, $$"""{"ProtocolVersion":"{{ProtocolVersion}}","MinimumProtocolVersion":"{{MinimumProtocolVersion}}"}""");
        while (connection.Receive() is { } message
            && message is not { Type: MessageType.Request, Method: MessageMethod.Close })
        {
            try
            {
                Handle(message);
            }
            catch (Exception e)
            {
                // Most likely a payload with unexpected types. NuGet still gets an answer.
                RespondToFailure(message, e);
            }
        }

        _requests?.Ended();
    }

    /// <summary>Cancels what is still running.</summary>
    public void Dispose()
    {
        _closing.Cancel();
        _parentWatch?.Dispose();
        _closing.Dispose();
    }

    private void Handle(Message message)
    {
        switch (message.Type)
        {
            case MessageType.Request:
                HandleRequest(message);
                break;
            case MessageType.Cancel when _running.TryGetValue(message.RequestId, out var request):
                request.Cancel();
                break;
            case MessageType.Response when _unconfirmedLogs.TryRemove(message.RequestId, out var confirmed):
                confirmed.TrySetResult(true);
                break;
            case MessageType.Fault:
                log.Write(LogLevels.Error, $"NuGet reports a fault in {message.Method}");
                break;
        }
    }

    private void HandleRequest(Message message)
    {
        switch (message.Method)
        {
            case MessageMethod.GetAuthenticationCredentials:
                AnswerCredentials(message, CredentialsRequest.From(message));
                break;
            case MessageMethod.Handshake:
                _requests?.Received(message);
                AnswerHandshake(message);
                break;
            case MessageMethod.GetOperationClaims:
                _requests?.Received(message);
                // Without a source, NuGet asks what this plugin can do at all. With one, it asks for operations on that
                // source, and this plugin has none.
                var isSourceAgnostic = !message.Has("PackageSourceRepository") && !message.Has("ServiceIndex");
                Respond(message, isSourceAgnostic ? """{"Claims":["Authentication"]}""" : """{"Claims":[]}""");
                break;
            default:
                _requests?.Received(message);
                Respond(message, WithCode(Accept(message)));
                break;
        }
    }

    /// <summary>Handles requests that only need an acknowledgement.</summary>
    private string Accept(Message message)
    {
        switch (message.Method)
        {
            case MessageMethod.MonitorNuGetProcessExit:
                _parentWatch ??= ParentWatch.Start(message.GetInt32("ProcessId"));
                return ResponseCode.Success;
            case MessageMethod.Initialize:
                _requestTimeout = message.GetString("RequestTimeout");
                return ResponseCode.Success;
            case MessageMethod.SetLogLevel:
                _logLevel = message.GetString("LogLevel") ?? _logLevel;
                return ResponseCode.Success;
            case MessageMethod.SetCredentials:
                // Passwords of proxies and sources: not needed, so not even read.
                return ResponseCode.Success;
            default:
                return ResponseCode.Error;
        }
    }

    private void AnswerHandshake(Message message)
    {
        var (newest, oldest) = (message.GetString("ProtocolVersion"), message.GetString("MinimumProtocolVersion"));
        // What every NuGet sends. Parsing a Version is slow to start.
        var isCommon = (newest == ProtocolVersion && oldest == MinimumProtocolVersion) || IsBetween(oldest, newest);
        Respond(message, isCommon ? $$"""{"ResponseCode":"Success","ProtocolVersion":"{{ProtocolVersion}}"}""" : WithCode(ResponseCode.Error));
    }

    private static bool IsBetween(string? oldest, string? newest)
    {
        var ours = new Version(ProtocolVersion);
        return Version.TryParse(newest, out var last) && last >= ours
            && Version.TryParse(oldest, out var first) && first <= ours;
    }

    private void AnswerCredentials(Message message, CredentialsRequest request)
    {
        var asked = _requests?.GetTimestamp() ?? 0;
        var resolved = answer.Resolve(request);
        _requests?.Asked(message.RequestId, resolved);
        if (answer.TryAnswerFromCache(resolved) is { } response)
        {
            Respond(message, response.ToPayload());
            _requests?.Answered(message.RequestId, resolved, response, asked, isCached: true);
            answer.RefreshIfAging(resolved, _closing.Token);
        }
        else
        {
            AnswerInBackground(message, resolved, asked);
        }
    }

    private void AnswerInBackground(Message message, CredentialAnswer.ResolvedRequest resolved, long asked)
    {
        var cancel = CancellationTokenSource.CreateLinkedTokenSource(_closing.Token);
        _running[message.RequestId] = cancel;
        _ = Task.Run(() => AnswerAsync(message, resolved, asked, cancel), CancellationToken.None);
    }

    /// <summary>Answers, and meanwhile sends Progress often enough that NuGet does not give up.</summary>
    /// <param name="asked">When the request came, for the log.</param>
    private async Task AnswerAsync(Message message, CredentialAnswer.ResolvedRequest resolved, long asked,
        CancellationTokenSource cancel)
    {
        try
        {
            var interval = ProgressInterval();
            var lastLog = Task.CompletedTask;
            var answering = answer.AnswerAsync(
                resolved, (level, text) => lastLog = LogToNuGet(level, text) ?? lastLog, cancel.Token);
            while (await Task.WhenAny(answering, Task.Delay(interval, cancel.Token)) != answering
                && !cancel.IsCancellationRequested)
                connection.SendProgress(message.RequestId, message.Method);
            var response = await answering;
            // NuGet handles answers at once, but Log messages from a queue: a restore that fails because of this answer
            // could end before it shows the warning. So wait until NuGet confirms it.
            if (response.Token is null)
                await Task.WhenAny(lastLog, Task.Delay(interval, cancel.Token));
            cancel.Token.ThrowIfCancellationRequested();
            Respond(message, response.ToPayload());
            _requests?.Answered(message.RequestId, resolved, response, asked, isCached: false);
        }
        catch (OperationCanceledException)
        {
            _requests?.Cancelled(message.RequestId, asked);
            // After Close nothing may be sent.
            if (!_closing.IsCancellationRequested)
                connection.Send(message.RequestId, MessageType.Cancel, message.Method, payload: null);
        }
        catch (Exception e)
        {
            RespondToFailure(message, e);
        }
        finally
        {
            _running.TryRemove(message.RequestId, out _);
            cancel.Dispose();
        }
    }

    /// <summary>At least two Progress messages within NuGet's request timeout, whatever it is set to.</summary>
    private TimeSpan ProgressInterval() =>
        TimeSpan.TryParse(_requestTimeout, out var timeout) && timeout > TimeSpan.Zero && timeout < TimeSpan.FromSeconds(2)
            ? new TimeSpan(timeout.Ticks / 3) : TimeSpan.FromSeconds(1);

    /// <summary>Answers Error, which lets NuGet go on. A Fault, or no answer, would fail the build.</summary>
    private void RespondToFailure(Message message, Exception failure)
    {
        log.Write(LogLevels.Error, $"{message.Method}: {failure}");
        if (message.Type == MessageType.Request)
            Respond(message, WithCode(ResponseCode.Error));
    }

    /// <returns>Completes when NuGet confirms the message; null if NuGet's log level excludes it.</returns>
    private Task<bool>? LogToNuGet(string level, string text)
    {
        log.Write(level, text);
        if (!LogLevels.Includes(_logLevel, level))
            return null;
        var id = $"codeartifact-{Interlocked.Increment(ref _logs)}";
        var confirmed = _unconfirmedLogs[id] = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        connection.Send(id, MessageType.Request, MessageMethod.Log, new LogRequest(level, text).ToPayload());
        return confirmed.Task;
    }

    private void Respond(Message message, string payload) =>
        connection.Send(message.RequestId, MessageType.Response, message.Method, payload);

    private static string WithCode(string code) => $$"""{"ResponseCode":"{{code}}"}""";
}
