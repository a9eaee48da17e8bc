using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Amazon.SSOOIDC.Model;
using CredentialProvider.Errors;
using CredentialProvider.FastStart;
using CredentialProvider.Identity;
using CredentialProvider.Platform;

namespace CredentialProvider.Aws.Credentials;

/// <summary>
/// The files of IAM Identity Center that all AWS tools keep in ~/.aws/sso/cache, in the AWS CLI's format: the session,
/// which they share, and the registration of this program, which asks the user in its own name.
/// </summary>
/// <param name="folder">Null for a user without a home directory: nothing is read or stored.</param>
internal sealed class SsoCache(string? folder, SsoSource source)
{
    /// <summary>The name that the user sees in the browser.</summary>
    public const string ClientName = "nuget-plugin-codeartifact";

    /// <summary>Null without a folder.</summary>
    public string? SessionFile { get; } = FindFile(folder, source.Session ?? source.StartUrl);

    public string? RegistrationFile { get; } = FindFile(folder, RegistrationKey(source));

    /// <returns>Null if there is no session, or its file is damaged.</returns>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The file cannot be read.</exception>
    public SsoSession? ReadSession() => Read(SessionFile) is { } json ? SsoSession.From(json) : null;

    /// <returns>Null if there is none for this flow.</returns>
    public SsoRegistration? ReadRegistration(bool isForBrowser)
    {
        try
        {
            return Read(RegistrationFile) is { } json && SsoRegistration.From(json) is { } registration
                && registration.IsForBrowser == isForBrowser ? registration : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Readers see the old session or the new one, never a part.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">The file cannot be written.</exception>
    public void Write(SsoSession session) => Write(SessionFile, session.ToJson(source));

    /// <inheritdoc cref="Write(SsoSession)"/>
    public void Write(SsoRegistration registration) => Write(RegistrationFile, registration.ToJson(source));

    /// <summary>IAM Identity Center no longer knows the client.</summary>
    public void ForgetRegistration()
    {
        if (RegistrationFile is { } file)
            OwnerOnlyFile.TryDelete(file);
    }

    [SuppressMessage("Security", "CA5350", Justification = "AWS names these files by SHA-1")]
    private static string? FindFile(string? folder, string key) => folder is null ? null
        : Path.Combine(folder, $"{Convert.ToHexStringLower(SHA1.HashData(Encoding.UTF8.GetBytes(key)))}.json");

    /// <summary>As the AWS CLI writes it, which names itself <c>botocore</c>.</summary>
    private static string RegistrationKey(SsoSource source)
    {
        var scopes = source.Scopes.Length == 0 ? "null"
            : $"[{string.Join(", ", source.Scopes.Select(JsonString.Quote))}]";
        var session = source.Session is null ? "null" : JsonString.Quote(source.Session);
        return $$"""{"region": {{JsonString.Quote(source.Region)}}, "scopes": {{scopes}}, "session_name": {{session}}"""
            + $$""", "startUrl": {{JsonString.Quote(source.StartUrl)}}, "tool": "{{ClientName}}"}""";
    }

    private static JsonObject? Read(string? file)
    {
        if (file is not null && RegularFile.IsSpecial(file))
            throw new IOException("it is not a regular file");
        try
        {
            return file is null ? null : JsonNode.Parse(File.ReadAllBytes(file)) as JsonObject;
        }
        // A key that occurs twice is an ArgumentException.
        catch (Exception e) when (e is JsonException or ArgumentException
            or FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    private static void Write(string? file, JsonObject json)
    {
        if (file is null)
            throw new IOException("this user has no home directory");
        // Folders that are missing are created for this user only.
        Posix.KeepNewFilesPrivate();
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        OwnerOnlyFile.Replace(file, Encoding.UTF8.GetBytes(json.ToJsonString()));
    }
}

/// <summary>A session of IAM Identity Center.</summary>
/// <param name="RefreshToken">Null if the session ends without renewal.</param>
/// <param name="Registration">The client that got the session and may renew it; null if that is unknown.</param>
internal sealed record SsoSession(
    Secret AccessToken, DateTimeOffset Expires, Secret? RefreshToken, SsoRegistration? Registration)
{
    /// <returns>Null if the access token or its expiration is missing.</returns>
    /// <exception cref="ArgumentException">A key occurs twice.</exception>
    public static SsoSession? From(JsonObject json)
    {
        try
        {
            return LoginSession.GetString(json, "accessToken") is { } access
                && ReadTime(json, "expiresAt") is { } expires
                ? new SsoSession(new Secret(access), expires,
                    LoginSession.GetString(json, "refreshToken") is { } refresh ? new Secret(refresh) : null,
                    SsoRegistration.From(json, "registrationExpiresAt"))
                : null;
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    /// <summary>The response to a sign-in.</summary>
    /// <exception cref="JsonException">It has no access token.</exception>
    public static SsoSession From(CreateTokenResponse response, SsoRegistration? registration, DateTimeOffset now) =>
        response.AccessToken is { Length: > 0 } access
            ? new SsoSession(new Secret(access), now.AddSeconds(response.ExpiresIn ?? 0),
                response.RefreshToken is { Length: > 0 } refresh ? new Secret(refresh) : null, registration)
            : throw new JsonException("the response has no access token");

    /// <summary>The response to a renewal; without a new refresh token, AWS keeps the old one.</summary>
    /// <exception cref="JsonException">It has no access token.</exception>
    public SsoSession Renew(CreateTokenResponse response, DateTimeOffset now)
    {
        var renewed = From(response, Registration, now);
        return renewed with { RefreshToken = renewed.RefreshToken ?? RefreshToken };
    }

    /// <summary>True if renewal can be tried. A registration without a date is tried too.</summary>
    public bool IsRenewable(DateTimeOffset now) => RefreshToken is not null && Registration?.Expires > now;

    public JsonObject ToJson(SsoSource source)
    {
        var json = new JsonObject
        {
            ["startUrl"] = source.StartUrl,
            ["region"] = source.Region,
            ["accessToken"] = AccessToken.Reveal(),
            ["expiresAt"] = FormatTime(Expires),
        };
        if (Registration is { } registration)
        {
            json["clientId"] = registration.ClientId;
            json["clientSecret"] = registration.ClientSecret.Reveal();
            json["registrationExpiresAt"] = FormatTime(registration.Expires);
        }

        if (RefreshToken is not null)
            json["refreshToken"] = RefreshToken.Reveal();
        return json;
    }

    /// <summary>Old versions of the AWS CLI wrote <c>UTC</c> for <c>Z</c>.</summary>
    public static DateTimeOffset? ReadTime(JsonObject json, string name)
    {
        var text = LoginSession.GetString(json, name);
        if (text?.EndsWith("UTC", StringComparison.Ordinal) == true)
            text = text[..^3];
        return ExpiringCredentials.TryParseTime(text, out var time) ? time : null;
    }

    public static string FormatTime(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}

/// <summary>This program, or another AWS tool, as a client of IAM Identity Center.</summary>
/// <param name="Expires">After this, sessions of this client cannot be renewed.</param>
/// <param name="IsForBrowser">For the authorization code flow; otherwise for the device code flow.</param>
internal sealed record SsoRegistration(
    string ClientId, Secret ClientSecret, DateTimeOffset Expires, bool IsForBrowser = false)
{
    public static readonly string[] BrowserGrants = ["authorization_code", "refresh_token"];

    /// <param name="expires">The field is called otherwise beside a session.</param>
    /// <returns>Null if something is missing.</returns>
    public static SsoRegistration? From(JsonObject json, string expires = "expiresAt") =>
        LoginSession.GetString(json, "clientId") is { } id && LoginSession.GetString(json, "clientSecret") is { } secret
            ? new SsoRegistration(id, new Secret(secret), SsoSession.ReadTime(json, expires) ?? DateTimeOffset.MaxValue,
                json["grantTypes"] is JsonArray grants && grants.Any(grant =>
                    grant is JsonValue value && value.TryGetValue(out string? name) && name == BrowserGrants[0]))
            : null;

    public JsonObject ToJson(SsoSource source)
    {
        var json = new JsonObject
        {
            ["clientId"] = ClientId,
            ["clientSecret"] = ClientSecret.Reveal(),
            ["expiresAt"] = SsoSession.FormatTime(Expires),
        };
        if (source.Scopes.Length > 0)
            json["scopes"] = ToJson(source.Scopes);
        if (IsForBrowser)
            json["grantTypes"] = ToJson(BrowserGrants);
        return json;
    }

    private static JsonArray ToJson(IReadOnlyList<string> texts) =>
        [.. texts.Select(text => (JsonNode)JsonValue.Create(text)!)];
}
