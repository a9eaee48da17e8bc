using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace LocalAws;

/// <summary>AWS Sign-In: renews sessions of <c>aws login</c>. The DPoP proof is checked as RFC 9449, section 4.3, says.</summary>
internal sealed class SignIn(World world, Func<DateTimeOffset> now)
{
    private static readonly TimeSpan CredentialsLife = TimeSpan.FromMinutes(15), MaxSkew = TimeSpan.FromMinutes(5);

    public static void Name(Exchange exchange)
    {
        exchange.Service = "signin";
        exchange.Operation = (exchange.Method, exchange.Path) == ("POST", "/v1/token") ? "CreateOAuth2Token" : "unknown";
    }

    public void Respond(Exchange exchange)
    {
        var request = exchange.Operation == "unknown" ? null : JsonNode.Parse(exchange.Body);
        if ((string?)request?["grantType"] != "refresh_token")
            Error(exchange, 400, "ValidationException", "INVALID_REQUEST", "LocalAws supports the refresh token grant only");
        else if (!world.LoginSessions.TryGetValue((string?)request["refreshToken"] ?? "", out var session) || session.ClientId != (string?)request["clientId"])
            Error(exchange, 401, "AccessDeniedException", "TOKEN_EXPIRED", "The refresh token has expired");
        else if (FindFlaw(exchange.Header("DPoP"), session.Key, $"https://{exchange.Host}{exchange.Path}") is { } flaw)
            Error(exchange, 400, "ValidationException", "INVALID_REQUEST", $"Invalid DPoP proof: {flaw}");
        else if (session.Error is { } error)
            Error(exchange, 403, "AccessDeniedException", error, "Access denied");
        else if (world.LoginSessions.TryRemove((string)request["refreshToken"]!, out _))
            Renew(exchange, session);
        else
            Error(exchange, 401, "AccessDeniedException", "TOKEN_EXPIRED", "The refresh token was used");
    }

    private void Renew(Exchange exchange, LoginSession login)
    {
        exchange.Detail = login.Role.Name;
        var session = world.OpenSession(login.Role, "login-user", now(), life: CredentialsLife);
        var refresh = World.RandomText(64);
        world.LoginSessions[refresh] = login;
        exchange.Json(new JsonObject
        {
            ["accessToken"] = new JsonObject
            {
                ["accessKeyId"] = session.AccessKeyId,
                ["secretAccessKey"] = session.SecretAccessKey,
                ["sessionToken"] = session.Token,
            },
            ["tokenType"] = "urn:aws:params:oauth:token-type:access_token_sigv4",
            ["expiresIn"] = (int)CredentialsLife.TotalSeconds,
            ["refreshToken"] = refresh,
        });
    }

    /// <summary>What is wrong with a proof; null if it is valid.</summary>
    private string? FindFlaw(string? proof, ECParameters key, string url)
    {
        try
        {
            if (proof?.Split('.') is not [var header, var payload, var signature])
                return "not a JWT";
            var (head, claims) = (JsonNode.Parse(Decode(header))!, JsonNode.Parse(Decode(payload))!);
            if (((string?)head["typ"], (string?)head["alg"]) != ("dpop+jwt", "ES256"))
                return "typ or alg";
            if (head["jwk"] is not JsonObject jwk || ((string?)jwk["kty"], (string?)jwk["crv"]) != ("EC", "P-256") || jwk.ContainsKey("d")
                || !Decode((string)jwk["x"]!).SequenceEqual(key.Q.X!) || !Decode((string)jwk["y"]!).SequenceEqual(key.Q.Y!))
            {
                return "jwk";
            }

            using var verifier = ECDsa.Create(key);
            if (!verifier.VerifyData(Encoding.ASCII.GetBytes($"{header}.{payload}"), Decode(signature), HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation))
                return "signature";
            if (((string?)claims["htm"], (string?)claims["htu"]) != ("POST", url))
                return "htm or htu";
            if ((DateTimeOffset.FromUnixTimeSeconds((long)claims["iat"]!) - now()).Duration() > MaxSkew)
                return "iat";
            return world.LoginProofs.TryAdd((string)claims["jti"]!, true) ? null : "jti was used";
        }
        catch (Exception e) when (e is FormatException or JsonException or InvalidOperationException or ArgumentException or CryptographicException)
        {
            return e.Message;
        }
    }

    private static byte[] Decode(string text) => System.Buffers.Text.Base64Url.DecodeFromChars(text);

    private static void Error(Exchange exchange, int status, string code, string error, string message) =>
        exchange.Error(status, code, message, new JsonObject { ["error"] = error });
}
