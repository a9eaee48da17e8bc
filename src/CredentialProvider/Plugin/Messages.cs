using CredentialProvider.Errors;
using CredentialProvider.FastStart;
using CredentialProvider.Tokens;

namespace CredentialProvider.Plugin;

// NuGet's plugin protocol 2.0.0 on one page; names and values are the protocol's. Messages are read field by field and
// written as text, because setting up a serializer would be most of the start-up cost.
// https://learn.microsoft.com/nuget/reference/extensibility/nuget-cross-platform-plugins
// https://learn.microsoft.com/nuget/reference/extensibility/nuget-cross-platform-authentication-plugin

internal static class MessageType
{
    public const string Request = nameof(Request), Response = nameof(Response), Progress = nameof(Progress),
        Cancel = nameof(Cancel), Fault = nameof(Fault);
}

internal static class MessageMethod
{
    public const string Handshake = nameof(Handshake), Initialize = nameof(Initialize), Close = nameof(Close),
        Log = nameof(Log), SetLogLevel = nameof(SetLogLevel), SetCredentials = nameof(SetCredentials),
        GetOperationClaims = nameof(GetOperationClaims), MonitorNuGetProcessExit = nameof(MonitorNuGetProcessExit),
        GetAuthenticationCredentials = nameof(GetAuthenticationCredentials);
}

internal static class ResponseCode
{
    public const string Success = nameof(Success), Error = nameof(Error);
}

/// <summary>One line from NuGet. Type and Method are strings, so that an unknown one does not make the line
/// unreadable.</summary>
internal sealed record Message(string RequestId, string Type, string Method, JsonTree? Payload)
{
    /// <summary>Null if the line is not a message. NuGet on .NET Framework begins its first line with a byte order mark in
    /// a console with code page 65001, and it passes on the URLs of foreign feeds as they are: without an answer, it
    /// would wait until its time limit.</summary>
    public static Message? TryParse(ArraySegment<byte> line)
    {
        try
        {
            var root = new JsonReader("message", line, acceptsAnyBytes: true).Read();
            return root.Find("RequestId") is { } id
                ? new Message(id.GetString(), GetString(root, "Type") ?? "", GetString(root, "Method") ?? "None",
                    root.Find("Payload"))
                : null;
        }
        catch (InvalidValueException)
        {
            return null;
        }
    }

    /// <summary>A string in the payload; null if the field is absent or null.</summary>
    /// <exception cref="InvalidValueException">The field is not a string.</exception>
    public string? GetString(string field) => GetString(Payload, field);

    public bool Has(string field) => Find(Payload, field) is not null;

    /// <exception cref="InvalidValueException">The field is absent or not a number.</exception>
    public int GetInt32(string field) =>
        checked((int)(Find(Payload, field) ?? throw new InvalidValueException($"{field} is missing")).GetInt64());

    /// <exception cref="InvalidValueException">The field is not a boolean.</exception>
    public bool GetBoolean(string field, bool defaultValue) => Find(Payload, field)?.GetBoolean() ?? defaultValue;

    private static string? GetString(JsonTree? value, string field) => Find(value, field)?.GetString();

    private static JsonTree? Find(JsonTree? value, string field) =>
        value?.Find(field) is { Kind: not JsonKind.Null } found ? found : null;
}

/// <summary>The fields of a GetAuthenticationCredentials request that this plugin uses.</summary>
/// <param name="IsNonInteractive">There is no user who could sign in.</param>
internal sealed record CredentialsRequest(string? Uri, bool IsRetry, bool IsNonInteractive = true)
{
    public static CredentialsRequest From(Message message) => new(message.GetString("Uri"),
        message.GetBoolean("IsRetry", defaultValue: false),
        message.GetBoolean("IsNonInteractive", defaultValue: true));
}

/// <summary>The response to GetAuthenticationCredentials.</summary>
/// <param name="Reason">Accompanies an Error. NuGet drops it and shows only Log messages.</param>
internal sealed record CredentialsResponse(string Code, Secret? Token = null, string? Reason = null)
{
    /// <summary>What the log says about <see cref="Token"/>; null if nothing is known.</summary>
    public AuthorizationToken? Given { get; init; }

    /// <summary>CodeArtifact accepts a token as the password of user <c>aws</c>. The plugin protocol has no bearer
    /// tokens.</summary>
    public string ToPayload() =>
        Token is not null ? $$"""{"ResponseCode":"Success","Username":"aws","Password":{{JsonString.Quote(Token.Reveal())}},"AuthenticationTypes":["Basic"]}"""
        : Reason is not null ? $$"""{"ResponseCode":{{JsonString.Quote(Code)}},"Message":{{JsonString.Quote(PrintableText.Of(Reason))}}}"""
        : $$"""{"ResponseCode":{{JsonString.Quote(Code)}}}""";
}

/// <summary>The Log request, with which a line gets into NuGet's log.</summary>
internal sealed record LogRequest(string Level, string Text)
{
    public string ToPayload() =>
        $$"""{"LogLevel":{{JsonString.Quote(Level)}},"Message":{{JsonString.Quote(PrintableText.OfLines(Text, " "))}}}""";
}
