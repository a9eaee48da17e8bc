using System.Collections.Concurrent;
using System.Text.Json.Nodes;

namespace LocalAws;

/// <summary>The instance metadata service (IMDSv2 only) and the container credentials endpoint.</summary>
internal sealed class MetadataService(World world, Func<DateTimeOffset> now)
{
    private const string Roles = "/latest/meta-data/iam/security-credentials";
    private const string Extended = Roles + "-extended";
    private const string Region = "us-east-1";
    private const string Instance = "i-0123456789abcdef0";
    private readonly ConcurrentDictionary<string, DateTimeOffset> _tokens = new();
    private readonly Lock _lock = new();
    private Session? _session;

    public static void Name(Exchange exchange)
    {
        exchange.Service = "metadata";
        exchange.Operation = exchange.Path switch
        {
            "/latest/api/token" => "PutToken",
            Roles or Roles + "/" or Extended or Extended + "/" => "GetRole",
            "/container-credentials" => "ContainerCredentials",
            { } path when path.StartsWith(Roles, StringComparison.Ordinal) => "GetCredentials",
            _ => "Get",
        };
    }

    public void Respond(Exchange exchange)
    {
        if (exchange.Operation == "ContainerCredentials")
        {
            RespondToContainer(exchange);
            return;
        }

        if (exchange.Header("X-Forwarded-For") is not null)
        {
            exchange.PlainText("Forbidden", 403);
            return;
        }

        if (exchange.Operation == "PutToken")
        {
            PutToken(exchange);
            return;
        }

        if (exchange.Header("X-aws-ec2-metadata-token") is not { } token || !_tokens.TryGetValue(token, out var expires) || expires <= now())
        {
            exchange.Operation = exchange.Header("X-aws-ec2-metadata-token") is null ? "V1" : exchange.Operation;
            exchange.PlainText("Unauthorized", 401);
            return;
        }

        if (exchange.Path == "/latest/meta-data/placement/region")
            exchange.PlainText(Region);
        else if (exchange.Path == "/latest/dynamic/instance-identity/document")
            exchange.Json(Identity());
        else if (world.InstanceRole is not { } role || exchange.Operation == "Get")
            exchange.PlainText("Not Found", 404);
        else if (exchange.Operation == "GetRole")
            exchange.PlainText(role.Name);
        else if (exchange.Path == $"{Roles}/{role.Name}")
            exchange.Json(Credentials(role));
        else if (exchange.Path == $"{Extended}/{role.Name}")
            exchange.Json(Credentials(role, isExtended: true));
        else
            exchange.PlainText("Not Found", 404);
        exchange.Detail = world.InstanceRole?.Name ?? "no role";
    }

    private void PutToken(Exchange exchange)
    {
        if (exchange.Method != "PUT" || !int.TryParse(exchange.Header("X-aws-ec2-metadata-token-ttl-seconds"), out var ttl) || ttl is < 1 or > 21600)
        {
            exchange.PlainText("Bad Request", 400);
            return;
        }

        var token = World.RandomText(56);
        _tokens[token] = now().AddSeconds(ttl);
        exchange.PlainText(token);
    }

    private void RespondToContainer(Exchange exchange)
    {
        if (exchange.Header("Authorization") != world.ContainerAuthorization || world.InstanceRole is not { } role)
            exchange.PlainText("Unauthorized", 401);
        else
            exchange.Json(Credentials(role));
    }

    private static JsonObject Identity() => new()
    {
        ["accountId"] = World.Account,
        ["architecture"] = "x86_64",
        ["availabilityZone"] = Region + "a",
        ["instanceId"] = Instance,
        ["instanceType"] = "m7i.large",
        ["region"] = Region,
        ["version"] = "2017-09-30",
    };

    private Session Current(Role role)
    {
        lock (_lock)
        {
            // Like the real service, return the same credentials until they are about to expire.
            if (_session is null || _session.Role != role || !world.Sessions.TryGetValue(_session.AccessKeyId, out var known)
                || known.Expires <= now() + TimeSpan.FromMinutes(5))
            {
                _session = world.OpenSession(role, Instance, now());
            }

            return _session;
        }
    }

    private JsonObject Credentials(Role role, bool isExtended = false)
    {
        var session = Current(role);
        var json = new JsonObject
        {
            ["Code"] = "Success",
            ["LastUpdated"] = now().UtcDateTime.ToString("s") + "Z",
            ["Type"] = "AWS-HMAC",
            ["AccessKeyId"] = session.AccessKeyId,
            ["SecretAccessKey"] = session.SecretAccessKey,
            ["Token"] = session.Token,
            ["Expiration"] = session.Expires.UtcDateTime.ToString("s") + "Z",
        };
        if (isExtended)
            json["AccountId"] = role.Account;
        return json;
    }
}
