using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace CredentialProvider.Plugin;

/// <summary>
/// NuGet's side of the conversation, from handshake to Close. Messages are taken one by one on the caller's thread; a request for
/// credentials that has to wait for AWS goes on beside it, so that Cancel, Close and other requests get through.
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

    /// <summary>Returns when NuGet closes the conversation, its end of the pipe, or itself.</summary>
    public void Run()
    {
        SendRequest(MessageMethod.Handshake, new HandshakeRequest(ProtocolVersion, MinimumProtocolVersion), Wire.Default.HandshakeRequest);
        while (connection.Receive() is { } message && message is not { Type: MessageType.Request, Method: MessageMethod.Close })
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
        if (message.RequestId is null)
            return;
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
                AnswerCredentials(message, Payload(message, Wire.Default.CredentialsRequest));
                break;
            case MessageMethod.Handshake:
                Respond(message, Handshake(Payload(message, Wire.Default.HandshakeRequest)), Wire.Default.HandshakeResponse);
                break;
            case MessageMethod.GetOperationClaims:
                // Asked without a source: what this plugin can do at all. With one: what it serves there, which is nothing but answers to a 401.
                var claims = Payload(message, Wire.Default.ClaimsRequest);
                var isSourceAgnostic = claims is { PackageSourceRepository: null, ServiceIndex: null or { ValueKind: JsonValueKind.Null } };
                Respond(message, new ClaimsResponse(isSourceAgnostic ? ["Authentication"] : []), Wire.Default.ClaimsResponse);
                break;
            default:
                Respond(message, new PlainResponse(Accept(message)), Wire.Default.PlainResponse);
                break;
        }
    }

    /// <summary>The requests that tell something and want to hear that it was understood.</summary>
    private string Accept(Message message)
    {
        switch (message.Method)
        {
            case MessageMethod.MonitorNuGetProcessExit:
                _parentWatch ??= ParentWatch.Start(Payload(message, Wire.Default.MonitorRequest).ProcessId);
                return ResponseCode.Success;
            case MessageMethod.Initialize:
                // Two signs of life within NuGet's patience, whatever it is set to.
                if (Payload(message, Wire.Default.InitializeRequest).RequestTimeout is { Ticks: > 0 } timeout && timeout < _progressInterval + _progressInterval)
                    _progressInterval = new TimeSpan(timeout.Ticks / 3);
                return ResponseCode.Success;
            case MessageMethod.SetLogLevel:
                _logLevel = Payload(message, Wire.Default.LogLevelRequest).LogLevel ?? _logLevel;
                return ResponseCode.Success;
            case MessageMethod.SetCredentials:
                // Passwords of proxies and sources. Not ours, not kept, not even read.
                return ResponseCode.Success;
            default:
                return ResponseCode.Error;
        }
    }

    private static HandshakeResponse Handshake(HandshakeRequest request) =>
        Version.TryParse(request.ProtocolVersion, out var theirs) && theirs >= new Version(ProtocolVersion)
            && Version.TryParse(request.MinimumProtocolVersion, out var least) && least <= new Version(ProtocolVersion)
            ? new HandshakeResponse(ResponseCode.Success, ProtocolVersion)
            : new HandshakeResponse(ResponseCode.Error, null);

    private void AnswerCredentials(Message message, CredentialsRequest request)
    {
        if (answer.TryAtOnce(request) is { } response)
        {
            Respond(message, response, Wire.Default.CredentialsResponse);
            answer.AfterAnswer(request, _closing.Token);
            return;
        }

        var cancel = CancellationTokenSource.CreateLinkedTokenSource(_closing.Token);
        _running[message.RequestId!] = cancel;
        _ = Task.Run(() => AnswerInTimeAsync(message, request, cancel), CancellationToken.None);
    }

    private async Task AnswerInTimeAsync(Message message, CredentialsRequest request, CancellationTokenSource cancel)
    {
        try
        {
            var answering = answer.AnswerAsync(request, LogToNuGet, cancel.Token);
            while (await Task.WhenAny(answering, Task.Delay(_progressInterval, cancel.Token)) != answering && !cancel.IsCancellationRequested)
                connection.Send(message.RequestId!, MessageType.Progress, message.Method!, new ProgressPayload(null), Wire.Default.ProgressPayload);
            Respond(message, await answering, Wire.Default.CredentialsResponse);
        }
        catch (OperationCanceledException)
        {
            connection.Send<PlainResponse?>(message.RequestId!, MessageType.Cancel, message.Method!, null, Wire.Default.PlainResponse!);
        }
        catch (Exception e)
        {
            RespondToFailure(message, e);
        }
        finally
        {
            _running.TryRemove(message.RequestId!, out _);
            cancel.Dispose();
        }
    }

    /// <summary>Error lets NuGet go on; a Fault, or no answer, would fail the build.</summary>
    private void RespondToFailure(Message message, Exception failure)
    {
        log.Write(LogLevels.Error, $"{message.Method}: {failure}");
        if (message is { Type: MessageType.Request, RequestId: not null })
            Respond(message, new PlainResponse(ResponseCode.Error), Wire.Default.PlainResponse);
    }

    private void LogToNuGet(string level, string text)
    {
        log.Write(level, text);
        if (LogLevels.Includes(_logLevel, level))
            SendRequest(MessageMethod.Log, new LogRequest(level, text), Wire.Default.LogRequest);
    }

    private void SendRequest<T>(string method, T payload, JsonTypeInfo<T> type) =>
        connection.Send(Guid.NewGuid().ToString(), MessageType.Request, method, payload, type);

    private void Respond<T>(Message message, T payload, JsonTypeInfo<T> type) =>
        connection.Send(message.RequestId!, MessageType.Response, message.Method ?? "None", payload, type);

    private static T Payload<T>(Message message, JsonTypeInfo<T> type) =>
        message.Payload.Deserialize(type) ?? throw new JsonException("the payload is null");
}
