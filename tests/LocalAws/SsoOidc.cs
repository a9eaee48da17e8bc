using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace LocalAws;

/// <summary>SSO OIDC: client registration, the authorization code grant with PKCE, the device authorization grant, and refresh tokens.</summary>
internal sealed class SsoOidc(World world, Func<DateTimeOffset> now)
{
    private const int LifeSeconds = 3600, IntervalSeconds = 1;

    public static void Name(Exchange exchange)
    {
        exchange.Service = "sso-oidc";
        exchange.Operation = (exchange.Method, exchange.Path) switch
        {
            ("POST", "/client/register") => "RegisterClient",
            ("POST", "/device_authorization") => "StartDeviceAuthorization",
            ("POST", "/token") => "CreateToken",
            ("GET", "/authorize") => "Authorize",
            _ => "unknown",
        };
    }

    public void Respond(Exchange exchange)
    {
        if (exchange.Operation == "Authorize")
        {
            Authorize(exchange);
            return;
        }

        var request = exchange.Operation == "unknown" ? null : JsonNode.Parse(exchange.Body);
        if (exchange.Operation == "RegisterClient")
            Register(exchange, request!);
        else if (request is null || !world.SsoClients.TryGetValue((string?)request["clientId"] ?? "", out var client) || client.Secret != (string?)request["clientSecret"])
            exchange.Error(401, "InvalidClientException", "Invalid client provided");
        else if (exchange.Operation == "StartDeviceAuthorization")
            StartDeviceAuthorization(exchange, (string)request["startUrl"]!);
        else
            CreateToken(exchange, request);
    }

    private void Register(Exchange exchange, JsonNode request)
    {
        exchange.Detail = (string?)request["clientName"] ?? "";
        var (id, secret) = (World.RandomText(22), World.RandomText(64));
        world.SsoClients[id] = new SsoClient(secret, Texts(request["grantTypes"]), Texts(request["redirectUris"]), (string?)request["issuerUrl"]);
        exchange.Json(new JsonObject
        {
            ["clientId"] = id,
            ["clientSecret"] = secret,
            ["clientIdIssuedAt"] = now().ToUnixTimeSeconds(),
            ["clientSecretExpiresAt"] = now().AddDays(90).ToUnixTimeSeconds(),
        });
    }

    /// <summary>The page where the user approves (RFC 6749, section 4.1.1; RFC 7636, section 4.3). A request that is not valid is not redirected.</summary>
    private void Authorize(Exchange exchange)
    {
        var (id, redirect, state) = (exchange.Query("client_id"), exchange.Query("redirect_uri"), exchange.Query("state"));
        if (!world.SsoClients.TryGetValue(id, out var client) || !client.GrantTypes.Contains("authorization_code")
            || client.IssuerUrl is null || !client.RedirectUris.Contains(WithoutPort(redirect)))
        {
            exchange.PlainText("unauthorized_client", 400);
        }
        else if (exchange.Query("response_type") != "code" || exchange.Query("code_challenge_method") != "S256" || exchange.Query("code_challenge").Length != 43
            || state.Length == 0 || exchange.Query("scopes").Length == 0)
        {
            exchange.PlainText("invalid_request", 400);
        }
        else if (world.SsoUser is { } role)
        {
            var code = World.RandomText(40);
            world.SsoCodes[code] = new SsoCode(id, redirect, exchange.Query("code_challenge"), role);
            Redirect(exchange, $"{redirect}?code={code}&state={Uri.EscapeDataString(state)}");
        }
        else
        {
            Redirect(exchange, $"{redirect}?error=access_denied&error_description=The+user+denied+the+request&state={Uri.EscapeDataString(state)}");
        }
    }

    /// <summary>RFC 8252, section 7.3: a loopback redirect may have any port.</summary>
    private static string WithoutPort(string url) => Uri.TryCreate(url, UriKind.Absolute, out var uri) && uri.Host == "127.0.0.1"
        ? $"{uri.Scheme}://{uri.Host}{uri.PathAndQuery}" : url;

    private static void Redirect(Exchange exchange, string location)
    {
        exchange.Http.Response.Headers.Location = location;
        exchange.PlainText("", 302);
    }

    private void CreateToken(Exchange exchange, JsonNode request)
    {
        switch ((string?)request["grantType"])
        {
            case "urn:ietf:params:oauth:grant-type:device_code":
                CreateDeviceToken(exchange, (string)request["deviceCode"]!);
                break;
            case "authorization_code":
                CreateCodeToken(exchange, request);
                break;
            case "refresh_token":
                if ((string?)request["refreshToken"] is { } old && world.SsoRefreshTokens.TryRemove(old, out var role))
                    Tokens(exchange, role);
                else
                    exchange.Error(400, "InvalidGrantException", "Invalid refresh token provided");
                break;
            default:
                exchange.Error(400, "UnsupportedGrantTypeException", "LocalAws supports the code, device code and refresh token grants only");
                break;
        }
    }

    /// <summary>A code can be used once, by its client, with its redirect_uri and the verifier of its challenge (RFC 7636, section 4.6).</summary>
    private void CreateCodeToken(Exchange exchange, JsonNode request)
    {
        var verifier = (string?)request["codeVerifier"] ?? "";
        if (!world.SsoCodes.TryRemove((string?)request["code"] ?? "", out var code) || code.ClientId != (string?)request["clientId"])
            exchange.Error(400, "InvalidGrantException", "Invalid authorization code provided");
        else if (code.RedirectUri != (string?)request["redirectUri"])
            exchange.Error(400, "InvalidGrantException", "The redirect URI differs from that of the authorization request");
        else if (verifier.Length is < 43 or > 128 || Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(verifier))) != code.Challenge)
            exchange.Error(400, "InvalidGrantException", "The code verifier does not match the code challenge");
        else
            Tokens(exchange, code.Role);
    }

    private static string[] Texts(JsonNode? array) => array is JsonArray texts ? [.. texts.Select(text => (string)text!)] : [];

    private void StartDeviceAuthorization(Exchange exchange, string startUrl)
    {
        var (device, user) = (World.RandomText(40), $"{World.RandomText(4)}-{World.RandomText(4)}".ToUpperInvariant());
        world.SsoDevices[device] = new SsoDevice(user) { Role = world.SsoUser };
        exchange.Json(new JsonObject
        {
            ["deviceCode"] = device,
            ["userCode"] = user,
            ["verificationUri"] = $"{startUrl.TrimEnd('/')}/#/device",
            ["verificationUriComplete"] = $"{startUrl.TrimEnd('/')}/#/device?user_code={user}",
            ["expiresIn"] = 600,
            ["interval"] = IntervalSeconds,
        });
    }

    private void CreateDeviceToken(Exchange exchange, string code)
    {
        if (!world.SsoDevices.TryGetValue(code, out var device))
            exchange.Error(400, "InvalidGrantException", "Invalid device code provided");
        else if (device.IsDenied)
            exchange.Error(400, "AccessDeniedException", "The user denied the request");
        else if (device.Role is { } role)
            Tokens(exchange, role);
        else
            exchange.Error(400, "AuthorizationPendingException", "");
    }

    private void Tokens(Exchange exchange, Role role)
    {
        var (access, refresh) = (World.RandomText(64), World.RandomText(64));
        world.SsoTokens[access] = role;
        world.SsoRefreshTokens[refresh] = role;
        exchange.Json(new JsonObject
        {
            ["accessToken"] = access,
            ["tokenType"] = "Bearer",
            ["expiresIn"] = LifeSeconds,
            ["refreshToken"] = refresh,
        });
    }
}
