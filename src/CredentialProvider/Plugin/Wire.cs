using System.Text.Json;
using System.Text.Json.Serialization;

namespace CredentialProvider.Plugin;

// NuGet's plugin protocol 2.0.0 on one page: names and values are the protocol's.
// https://learn.microsoft.com/nuget/reference/extensibility/nuget-cross-platform-plugins
// https://learn.microsoft.com/nuget/reference/extensibility/nuget-cross-platform-authentication-plugin

/// <summary>What every line holds. Type and Method stay text: one that is unknown must not make a line unreadable.</summary>
internal sealed record Message(string? RequestId, string? Type, string? Method, JsonElement Payload);

internal static class MessageType
{
    public const string Request = nameof(Request), Response = nameof(Response), Progress = nameof(Progress),
        Cancel = nameof(Cancel), Fault = nameof(Fault);
}

internal static class MessageMethod
{
    public const string Handshake = nameof(Handshake), Initialize = nameof(Initialize), Close = nameof(Close), Log = nameof(Log),
        SetLogLevel = nameof(SetLogLevel), SetCredentials = nameof(SetCredentials), GetOperationClaims = nameof(GetOperationClaims),
        MonitorNuGetProcessExit = nameof(MonitorNuGetProcessExit), GetAuthenticationCredentials = nameof(GetAuthenticationCredentials);
}

internal static class ResponseCode
{
    public const string Success = nameof(Success), Error = nameof(Error);
}

internal sealed record HandshakeRequest(string ProtocolVersion, string MinimumProtocolVersion);

internal sealed record HandshakeResponse(string ResponseCode, string? ProtocolVersion);

internal sealed record InitializeRequest(string? ClientVersion, TimeSpan? RequestTimeout);

internal sealed record MonitorRequest(int ProcessId);

internal sealed record ClaimsRequest(string? PackageSourceRepository, JsonElement? ServiceIndex);

internal sealed record ClaimsResponse(string[] Claims);

internal sealed record LogLevelRequest(string? LogLevel);

internal sealed record LogRequest(string LogLevel, string Message);

internal sealed record ProgressPayload(double? Percentage);

internal sealed record CredentialsRequest(string? Uri, bool IsRetry, bool IsNonInteractive, bool CanShowDialog);

internal sealed record CredentialsResponse(
    string ResponseCode, string? Username = null, string? Password = null, string? Message = null, string[]? AuthenticationTypes = null)
{
    /// <summary>The compiler's text would show the token.</summary>
    public override string ToString() => $"{nameof(CredentialsResponse)} {ResponseCode}";
}

/// <summary>The answer to a request of which only the outcome matters.</summary>
internal sealed record PlainResponse(string ResponseCode);

[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Message))]
[JsonSerializable(typeof(HandshakeRequest))]
[JsonSerializable(typeof(HandshakeResponse))]
[JsonSerializable(typeof(InitializeRequest))]
[JsonSerializable(typeof(MonitorRequest))]
[JsonSerializable(typeof(ClaimsRequest))]
[JsonSerializable(typeof(ClaimsResponse))]
[JsonSerializable(typeof(LogLevelRequest))]
[JsonSerializable(typeof(LogRequest))]
[JsonSerializable(typeof(ProgressPayload))]
[JsonSerializable(typeof(CredentialsRequest))]
[JsonSerializable(typeof(CredentialsResponse))]
[JsonSerializable(typeof(PlainResponse))]
internal sealed partial class Wire : JsonSerializerContext;
