using System.Collections.Concurrent;

namespace CredentialProvider.Plugin;

/// <summary>
/// NuGet's side of the conversation, from handshake to Close. Messages are taken one by one on the caller's thread; a
/// request for credentials that has to wait for AWS goes on beside it, so that Cancel, Close and other requests get
/// through.
/// </summary>
internal sealed class PluginHost(Connection connection, CredentialAnswer answer, LogFile log) : IDisposable
{
    private const string ProtocolVersion = "2.0.0";
    private const string MinimumProtocolVersion = "1.0.0";

    private readonly ConcurrentDictionary<string, CancellationTokenSource> _running = new();
    private readonly ConcurrentDictionary<string, TaskCompletionSource<bool>> _told = new();
    private readonly CancellationTokenSource _closing = new();
    private IDisposable? _parentWatch;
    private string? _requestTimeout;
    private string _logLevel = LogLevels.Default;
    private int _logs;

    /// <summary>Returns when NuGet closes the conversation, its end of the pipe, or itself.</summary>
    public void Run()
    {
        connection.Send("codeartifact-handshake", MessageType.Request, MessageMethod.Handshake, $$"""{"ProtocolVersion":"{{ProtocolVersion}}","MinimumProtocolVersion":"{{MinimumProtocolVersion}}"}""");
        while (connection.Receive() is { } message
            && message is not { Type: MessageType.Request, Method: MessageMethod.Close })
        {
            try
            {
                Take(message);
            }
            catch (Exception e)
            {
                // A payload of another shape, most likely. Whoever sent it gets an answer all the same.
                RespondToFailure(message, e);
            }
        }
    }

    /// <summary>Stops what still runs.</summary>
    public void Dispose()
    {
        _closing.Cancel();
        _parentWatch?.Dispose();
        _closing.Dispose();
    }

    private void Take(Message message)
    {
        switch (message.Type)
        {
            case MessageType.Request:
                TakeRequest(message);
                break;
            case MessageType.Cancel when _running.TryGetValue(message.RequestId, out var request):
                request.Cancel();
                break;
            case MessageType.Response when _told.TryRemove(message.RequestId, out var heard):
                heard.TrySetResult(true);
                break;
            case MessageType.Fault:
                log.Write(LogLevels.Error, $"NuGet reports a fault in {message.Method}");
                break;
        }
    }

    private void TakeRequest(Message message)
    {
        switch (message.Method)
        {
            case MessageMethod.GetAuthenticationCredentials:
                AnswerCredentials(message, CredentialsRequest.From(message));
                break;
            case MessageMethod.Handshake:
                AnswerHandshake(message);
                break;
            case MessageMethod.GetOperationClaims:
                // Asked without a source: what this plugin can do at all. With one: what it serves there, which is
                // nothing but answers to a 401.
                var isSourceAgnostic = !message.Has("PackageSourceRepository") && !message.Has("ServiceIndex");
                Respond(message, isSourceAgnostic ? """{"Claims":["Authentication"]}""" : """{"Claims":[]}""");
                break;
            default:
                Respond(message, Outcome(Accept(message)));
                break;
        }
    }

    /// <summary>The requests that tell something and want to hear that it was understood.</summary>
    private string Accept(Message message)
    {
        switch (message.Method)
        {
            case MessageMethod.MonitorNuGetProcessExit:
                _parentWatch ??= ParentWatch.Start(message.Integer("ProcessId"));
                return ResponseCode.Success;
            case MessageMethod.Initialize:
                _requestTimeout = message.Text("RequestTimeout");
                return ResponseCode.Success;
            case MessageMethod.SetLogLevel:
                _logLevel = message.Text("LogLevel") ?? _logLevel;
                return ResponseCode.Success;
            case MessageMethod.SetCredentials:
                // Passwords of proxies and sources. Not ours, not kept, not even read.
                return ResponseCode.Success;
            default:
                return ResponseCode.Error;
        }
    }

    private void AnswerHandshake(Message message)
    {
        var (newest, oldest) = (message.Text("ProtocolVersion"), message.Text("MinimumProtocolVersion"));
        // As NuGet has asked for years. Reading versions takes 1.5 ms of the framework-dependent program's start.
        var isCommon = (newest == ProtocolVersion && oldest == MinimumProtocolVersion) || IsBetween(oldest, newest);
        Respond(message, isCommon ? $$"""{"ResponseCode":"Success","ProtocolVersion":"{{ProtocolVersion}}"}""" : Outcome(ResponseCode.Error));
    }

    private static bool IsBetween(string? oldest, string? newest)
    {
        var ours = new Version(ProtocolVersion);
        return Version.TryParse(newest, out var last) && last >= ours
            && Version.TryParse(oldest, out var first) && first <= ours;
    }

    private void AnswerCredentials(Message message, CredentialsRequest request)
    {
        if (answer.TryAtOnce(request) is { } response)
        {
            Respond(message, response.ToPayload());
            answer.AfterAnswer(request, _closing.Token);
        }
        else
        {
            AnswerLater(message, request);
        }
    }

    private void AnswerLater(Message message, CredentialsRequest request)
    {
        var cancel = CancellationTokenSource.CreateLinkedTokenSource(_closing.Token);
        _running[message.RequestId] = cancel;
        _ = Task.Run(() => AnswerInTimeAsync(message, request, cancel), CancellationToken.None);
    }

    private async Task AnswerInTimeAsync(Message message, CredentialsRequest request, CancellationTokenSource cancel)
    {
        try
        {
            var interval = ProgressInterval();
            var heard = Task.CompletedTask;
            var answering = answer.AnswerAsync(
                request, (level, text) => heard = LogToNuGet(level, text) ?? heard, cancel.Token);
            while (await Task.WhenAny(answering, Task.Delay(interval, cancel.Token)) != answering
                && !cancel.IsCancellationRequested)
                connection.SendProgress(message.RequestId, message.Method);
            var response = await answering;
            // NuGet takes answers at once and Log messages, in their order, 20 times a second: a restore that fails by the
            // answer may be over before the person is told why.
            if (response.Token is null)
                await Task.WhenAny(heard, Task.Delay(interval, cancel.Token));
            cancel.Token.ThrowIfCancellationRequested();
            Respond(message, response.ToPayload());
        }
        catch (OperationCanceledException)
        {
            // To one who has closed the conversation nothing is said.
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

    /// <summary>Two signs of life within NuGet's patience, whatever it is set to.</summary>
    private TimeSpan ProgressInterval() =>
        TimeSpan.TryParse(_requestTimeout, out var timeout) && timeout > TimeSpan.Zero && timeout < TimeSpan.FromSeconds(2)
            ? new TimeSpan(timeout.Ticks / 3) : TimeSpan.FromSeconds(1);

    /// <summary>Error lets NuGet go on; a Fault, or no answer, would fail the build.</summary>
    private void RespondToFailure(Message message, Exception failure)
    {
        log.Write(LogLevels.Error, $"{message.Method}: {failure}");
        if (message.Type == MessageType.Request)
            Respond(message, Outcome(ResponseCode.Error));
    }

    /// <returns>Ends when NuGet has confirmed it; null where NuGet does not want to hear it.</returns>
    private Task<bool>? LogToNuGet(string level, string text)
    {
        log.Write(level, text);
        if (!LogLevels.Includes(_logLevel, level))
            return null;
        var id = $"codeartifact-{Interlocked.Increment(ref _logs)}";
        var heard = _told[id] = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        connection.Send(id, MessageType.Request, MessageMethod.Log,
            $$"""{"LogLevel":{{Json.Text(level)}},"Message":{{Json.Text(text)}}}""");
        return heard.Task;
    }

    private void Respond(Message message, string payload) =>
        connection.Send(message.RequestId, MessageType.Response, message.Method, payload);

    private static string Outcome(string code) => $$"""{"ResponseCode":"{{code}}"}""";
}
