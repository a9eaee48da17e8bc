using System.Text;
using System.Text.Json;

namespace CredentialProvider.Plugin;

// NuGet's plugin protocol 2.0.0 on one page: names and values are the protocol's. Messages are read field by field
// and written as text: a serializer's set-up would be most of what a start costs (DESIGN.md has the figures).
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

/// <summary>One line from NuGet. Type and Method stay text: one that is unknown must not make a line
/// unreadable.</summary>
/// <param name="Payload">Undefined where there is none. Good until the next line is received: it lies in the
/// connection's buffer.</param>
internal sealed record Message(string RequestId, string Type, string Method, JsonElement Payload)
{
    /// <summary>Null for a line that is no message.</summary>
    public static Message? TryParse(ReadOnlyMemory<byte> line)
    {
        try
        {
            // Not disposed: the payload outlives this method, and there are a dozen messages in a life.
            var root = JsonDocument.Parse(line).RootElement;
            return root.ValueKind == JsonValueKind.Object && Text(root, "RequestId") is { } id
                ? new Message(id, Text(root, "Type") ?? "", Text(root, "Method") ?? "None", Get(root, "Payload"))
                : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>A text of the payload, null where it is absent or null.</summary>
    /// <exception cref="InvalidOperationException">The payload is no object or the field no text.</exception>
    public string? Text(string field) => Text(Payload, field);

    public bool Has(string field) =>
        Get(Payload, field).ValueKind is not (JsonValueKind.Undefined or JsonValueKind.Null);

    public int Integer(string field) => Get(Payload, field).GetInt32();

    public bool Question(string field, bool otherwise) =>
        Has(field) ? Payload.GetProperty(field).GetBoolean() : otherwise;

    private static string? Text(JsonElement element, string field) =>
        Get(element, field) is { ValueKind: not JsonValueKind.Undefined } value ? value.GetString() : null;

    private static JsonElement Get(JsonElement element, string field) =>
        element.ValueKind != JsonValueKind.Undefined && element.TryGetProperty(field, out var value) ? value : default;
}

/// <summary>What NuGet asks; the other fields of the request change nothing here.</summary>
/// <param name="IsNonInteractive">Nobody is there to sign in.</param>
internal sealed record CredentialsRequest(string? Uri, bool IsRetry, bool IsNonInteractive = true)
{
    public static CredentialsRequest From(Message message) => new(message.Text("Uri"),
        message.Question("IsRetry", otherwise: false), message.Question("IsNonInteractive", otherwise: true));
}

/// <summary>What NuGet is told.</summary>
/// <param name="Reason">Goes with an Error; NuGet reads it, but shows only what comes by Log.</param>
internal sealed record CredentialsResponse(string Code, Secret? Token = null, string? Reason = null)
{
    /// <summary>CodeArtifact takes any token with the user name <c>aws</c>; NuGet's plugins know no bearer
    /// tokens.</summary>
    public string ToPayload() =>
        Token is not null ? $$"""{"ResponseCode":"Success","Username":"aws","Password":{{Json.Text(Token.Reveal())}},"AuthenticationTypes":["Basic"]}"""
        : Reason is not null ? $$"""{"ResponseCode":{{Json.Text(Code)}},"Message":{{Json.Text(Reason)}}}"""
        : $$"""{"ResponseCode":{{Json.Text(Code)}}}""";
}

internal static class Json
{
    /// <summary>A JSON string with its quotes, in ASCII (RFC 8259, section 7).</summary>
    public static string Text(string value)
    {
        // As tokens and URLs are.
        if (IsPlain(value))
            return $"\"{value}\"";
        var text = new StringBuilder(value.Length + 2).Append('"');
        foreach (var c in value)
        {
            if (c is '"' or '\\')
                text.Append('\\').Append(c);
            else if (c is < ' ' or > '~')
                text.Append("\\u").Append(((int)c).ToString("x4"));
            else
                text.Append(c);
        }

        return text.Append('"').ToString();
    }

    private static bool IsPlain(string value)
    {
        foreach (var c in value)
        {
            if (c is < ' ' or > '~' or '"' or '\\')
                return false;
        }

        return true;
    }
}
