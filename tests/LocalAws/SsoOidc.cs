using System.Text.Json.Nodes;

namespace LocalAws;

/// <summary>SSO OIDC: client registration, the device authorization grant, and refresh tokens.</summary>
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
            _ => "unknown",
        };
    }

    public void Respond(Exchange exchange)
    {
        var request = exchange.Operation == "unknown" ? null : JsonNode.Parse(exchange.Body);
        switch (exchange.Operation, (string?)request?["grantType"])
        {
            case ("RegisterClient", _):
                exchange.Detail = (string?)request!["clientName"] ?? "";
                exchange.Json(new JsonObject
                {
                    ["clientId"] = World.RandomText(22),
                    ["clientSecret"] = World.RandomText(64),
                    ["clientIdIssuedAt"] = now().ToUnixTimeSeconds(),
                    ["clientSecretExpiresAt"] = now().AddDays(90).ToUnixTimeSeconds(),
                });
                break;
            case ("StartDeviceAuthorization", _):
                StartDeviceAuthorization(exchange, (string)request!["startUrl"]!);
                break;
            case ("CreateToken", "urn:ietf:params:oauth:grant-type:device_code"):
                CreateDeviceToken(exchange, (string)request!["deviceCode"]!);
                break;
            case ("CreateToken", "refresh_token"):
                if ((string?)request!["refreshToken"] is { } old && world.SsoRefreshTokens.TryRemove(old, out var role))
                    Tokens(exchange, role);
                else
                    exchange.Error(400, "InvalidGrantException", "Invalid refresh token provided");
                break;
            default:
                exchange.Error(400, "UnsupportedGrantTypeException", "LocalAws supports the device code and refresh token grants only");
                break;
        }
    }

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
