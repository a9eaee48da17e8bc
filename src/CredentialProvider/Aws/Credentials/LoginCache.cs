using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Amazon.Runtime;
using CredentialProvider.Errors;
using CredentialProvider.Platform;

namespace CredentialProvider.Aws.Credentials;

/// <summary>
/// The file of an <c>aws login</c> session, which all AWS tools share. Each of them may renew it, so it is read again
/// for each use.
/// </summary>
/// <param name="folder">The login cache of the AWS CLI.</param>
/// <param name="session">The ARN in login_session.</param>
internal sealed class LoginCache(string folder, string session)
{
    public string File { get; } = Path.Combine(folder, FileName(session));

    /// <summary>The name that the AWS CLI gives the file of a session.</summary>
    public static string FileName(string session) =>
        $"{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(session)))}.json";

    /// <returns>Null if the file is damaged.</returns>
    /// <exception cref="IOException">The file cannot be read; <see cref="FileNotFoundException"/> and
    /// <see cref="DirectoryNotFoundException"/>: it does not exist.</exception>
    /// <exception cref="UnauthorizedAccessException">The file cannot be read.</exception>
    public LoginSession? Read()
    {
        if (RegularFile.IsSpecial(File))
            throw new IOException("it is not a regular file");
        if (!RegularFile.Is(File))
            throw new FileNotFoundException(null, File);
        try
        {
            return LoginSession.From(JsonNode.Parse(System.IO.File.ReadAllBytes(File)));
        }
        // A key that occurs twice is an ArgumentException.
        catch (Exception e) when (e is JsonException or ArgumentException)
        {
            return null;
        }
    }

    /// <exception cref="IOException">The file cannot be written.</exception>
    public void Write(LoginSession renewed) =>
        OwnerOnlyFile.Replace(File, Encoding.UTF8.GetBytes(renewed.Document.ToJsonString()));

    /// <summary>True if <see cref="Write"/> will probably succeed.</summary>
    public bool IsWritable() => OwnerOnlyFile.CanReplace(File);
}

/// <summary>An <c>aws login</c> session: credentials for a quarter of an hour, and what renews them.</summary>
/// <param name="Document">The whole file, with fields that only the AWS CLI knows.</param>
/// <param name="DpopKey">The private key that the refresh token is bound to, in PEM.</param>
internal sealed record LoginSession(JsonObject Document, ImmutableCredentials Credentials, DateTimeOffset Expires,
    string ClientId, Secret RefreshToken, Secret DpopKey)
{
    /// <returns>Null if something is missing.</returns>
    /// <exception cref="ArgumentException">A key occurs twice.</exception>
    public static LoginSession? From(JsonNode? file) =>
        file is JsonObject document && document["accessToken"] is JsonObject access
            && ReadCredentials(access) is { } credentials
            && ExpiringCredentials.TryParseTime(GetString(access, "expiresAt"), out var expires)
            && GetString(document, "clientId") is { } client && GetString(document, "refreshToken") is { } refresh
            && GetString(document, "dpopKey") is { } key
            ? new LoginSession(document, credentials, expires, client, new Secret(refresh), new Secret(key)) : null;

    /// <summary>This session with the credentials and the refresh token of a response; all other fields are
    /// kept.</summary>
    /// <returns>Null if the response is incomplete.</returns>
    public LoginSession? Renew(JsonNode? response, DateTimeOffset now)
    {
        if (response is not JsonObject answer || answer["accessToken"] is not JsonObject access
            || ReadCredentials(access) is not { } credentials || GetString(answer, "refreshToken") is not { } refresh
            || answer["expiresIn"] is not JsonValue lifetime || !lifetime.TryGetValue(out int seconds))
        {
            return null;
        }

        var document = (JsonObject)Document.DeepClone();
        var stored = (JsonObject)document["accessToken"]!;
        stored["accessKeyId"] = credentials.AccessKey;
        stored["secretAccessKey"] = credentials.SecretKey;
        stored["sessionToken"] = credentials.Token;
        stored["expiresAt"] = SsoSession.FormatTime(now.AddSeconds(seconds));
        document["refreshToken"] = refresh;
        return From(document);
    }

    /// <returns>Null unless the value is a string with at least one character.</returns>
    public static string? GetString(JsonObject json, string name) =>
        json[name] is JsonValue value && value.TryGetValue(out string? text) && text.Length > 0 ? text : null;

    /// <summary>For log and debugger: no secret.</summary>
    public override string ToString() => $"aws login session until {Expires:u}";

    private static ImmutableCredentials? ReadCredentials(JsonObject access) =>
        GetString(access, "accessKeyId") is { } id && GetString(access, "secretAccessKey") is { } secret
            && GetString(access, "sessionToken") is { } token ? new ImmutableCredentials(id, secret, token) : null;
}
