using System.Text.Json.Nodes;

namespace LocalAws;

/// <summary>SSO OIDC's CreateToken with a refresh token, as a client with a cached registration calls it.</summary>
internal sealed class SsoOidc(World world)
{
    private const int LifeSeconds = 3600;

    public static void Name(Exchange exchange)
    {
        exchange.Service = "sso-oidc";
        exchange.Operation = (exchange.Method, exchange.Path) is ("POST", "/token") ? "CreateToken" : "unknown";
    }

    public void Answer(Exchange exchange)
    {
        var request = exchange.Operation == "CreateToken" ? JsonNode.Parse(exchange.Body) : null;
        if ((string?)request?["grantType"] != "refresh_token")
        {
            exchange.Error(400, "UnsupportedGrantTypeException", "LocalAws renews tokens and does nothing else");
            return;
        }

        if ((string?)request["refreshToken"] is not { } old || !world.SsoRefreshTokens.TryRemove(old, out var role))
        {
            exchange.Error(400, "InvalidGrantException", "Invalid refresh token provided");
            return;
        }

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
