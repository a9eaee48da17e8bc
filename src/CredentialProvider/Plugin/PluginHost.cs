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
    private readonly CancellationTokenSource _closing = new();
    private IDisposable? _parentWatch;
    private TimeSpan _progressInterval = TimeSpan.FromSeconds(1);
    private string _logLevel = LogLevels.Default;
    private int _requests;

    /// <summary>Returns when NuGet closes the conversation, its end of the pipe, or itself.</summary>
    public void Run()
    {
        SendRequest(MessageMethod.Handshake, $$"""{"ProtocolVersion":"{{ProtocolVersion}}","MinimumProtocolVersion":"{{MinimumProtocolVersion}}"}""");
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
                // Two signs of life within NuGet's patience, whatever it is set to.
                if (TimeSpan.TryParse(message.Text("RequestTimeout"), out var timeout) && timeout > TimeSpan.Zero
                    && timeout < _progressInterval + _progressInterval)
                {
                    _progressInterval = new TimeSpan(timeout.Ticks / 3);
                }

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
        var ours = new Version(ProtocolVersion);
        var isCommon = Version.TryParse(message.Text("ProtocolVersion"), out var newest) && newest >= ours
            && Version.TryParse(message.Text("MinimumProtocolVersion"), out var oldest) && oldest <= ours;
        Respond(message, isCommon ? $$"""{"ResponseCode":"Success","ProtocolVersion":"{{ProtocolVersion}}"}""" : Outcome(ResponseCode.Error));
    }

    private void AnswerCredentials(Message message, CredentialsRequest request)
    {
        if (answer.TryAtOnce(request) is { } response)
        {
            Respond(message, response.ToPayload());
            answer.AfterAnswer(request, _closing.Token);
            return;
        }

        var cancel = CancellationTokenSource.CreateLinkedTokenSource(_closing.Token);
        _running[message.RequestId] = cancel;
        _ = Task.Run(() => AnswerInTimeAsync(message, request, cancel), CancellationToken.None);
    }

    private async Task AnswerInTimeAsync(Message message, CredentialsRequest request, CancellationTokenSource cancel)
    {
        try
        {
            var answering = answer.AnswerAsync(request, LogToNuGet, cancel.Token);
            while (await Task.WhenAny(answering, Task.Delay(_progressInterval, cancel.Token)) != answering
                && !cancel.IsCancellationRequested)
                connection.SendProgress(message.RequestId, message.Method);
            Respond(message, (await answering).ToPayload());
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

    /// <summary>Error lets NuGet go on; a Fault, or no answer, would fail the build.</summary>
    private void RespondToFailure(Message message, Exception failure)
    {
        log.Write(LogLevels.Error, $"{message.Method}: {failure}");
        if (message.Type == MessageType.Request)
            Respond(message, Outcome(ResponseCode.Error));
    }

    private void LogToNuGet(string level, string text)
    {
        log.Write(level, text);
        if (!LogLevels.Includes(_logLevel, level))
            return;
        SendRequest(MessageMethod.Log, $$"""{"LogLevel":{{Json.Text(level)}},"Message":{{Json.Text(text)}}}""");
    }

    private void SendRequest(string method, string payload) =>
        connection.Send($"codeartifact-{Interlocked.Increment(ref _requests)}", MessageType.Request, method, payload);

    private void Respond(Message message, string payload) =>
        connection.Send(message.RequestId, MessageType.Response, message.Method, payload);

    private static string Outcome(string code) => $$"""{"ResponseCode":"{{code}}"}""";
}
