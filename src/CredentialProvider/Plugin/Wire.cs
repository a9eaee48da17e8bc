using System.Text;

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
/// <param name="Payload">Null where there is none.</param>
internal sealed record Message(string RequestId, string Type, string Method, JsonTree? Payload)
{
    /// <summary>Null for a line that is no message.</summary>
    public static Message? TryParse(ArraySegment<byte> line)
    {
        try
        {
            var root = new JsonReader("message", line).Read();
            return root.Find("RequestId") is { } id
                ? new Message(id.Text(), Text(root, "Type") ?? "", Text(root, "Method") ?? "None", root.Find("Payload"))
                : null;
        }
        catch (BadValueException)
        {
            return null;
        }
    }

    /// <summary>A text of the payload, null where it is absent or null.</summary>
    /// <exception cref="BadValueException">The field is no text.</exception>
    public string? Text(string field) => Text(Payload, field);

    public bool Has(string field) => Find(Payload, field) is not null;

    /// <exception cref="BadValueException">The field is absent or no number.</exception>
    public int Integer(string field) =>
        checked((int)(Find(Payload, field) ?? throw new BadValueException($"{field} is missing")).Number());

    public bool Question(string field, bool otherwise) => Find(Payload, field)?.Question() ?? otherwise;

    private static string? Text(JsonTree? value, string field) => Find(value, field)?.Text();

    private static JsonTree? Find(JsonTree? value, string field) =>
        value?.Find(field) is { Kind: not JsonKind.Null } found ? found : null;
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
