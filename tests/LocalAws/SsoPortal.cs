using System.Text.Json.Nodes;

namespace LocalAws;

/// <summary>The SSO portal: GetRoleCredentials.</summary>
internal sealed class SsoPortal(World world, Func<DateTimeOffset> now)
{
    public static void Name(Exchange exchange)
    {
        exchange.Service = "sso";
        exchange.Operation = "GetRoleCredentials";
        exchange.Detail = exchange.Query("role_name");
    }

    public void Respond(Exchange exchange)
    {
        if (exchange.Path != "/federation/credentials" || exchange.Header("x-amz-sso_bearer_token") is not { } token
            || !world.SsoTokens.TryGetValue(token, out var role))
        {
            exchange.Error(401, "UnauthorizedException", "Session token not found or invalid");
            return;
        }

        if (role.Name != exchange.Query("role_name") || role.Account != exchange.Query("account_id"))
        {
            exchange.Error(403, "ForbiddenException", "No access");
            return;
        }

        var session = world.OpenSession(role, "sso-user", now());
        exchange.Json(new JsonObject
        {
            ["roleCredentials"] = new JsonObject
            {
                ["accessKeyId"] = session.AccessKeyId,
                ["secretAccessKey"] = session.SecretAccessKey,
                ["sessionToken"] = session.Token,
                ["expiration"] = session.Expires.ToUnixTimeMilliseconds(),
            },
        });
    }
}
