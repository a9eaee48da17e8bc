using System.Collections.Concurrent;
using System.Text.Json.Nodes;

namespace LocalAws;

/// <summary>The instance metadata service, version 2 only, and the endpoint that gives containers their credentials.</summary>
internal sealed class MetadataService(World world, Func<DateTimeOffset> now)
{
    private const string Roles = "/latest/meta-data/iam/security-credentials";
    private readonly ConcurrentDictionary<string, bool> _tokens = new();
    private Session? _session;

    public static void Name(Exchange exchange)
    {
        exchange.Service = "metadata";
        exchange.Operation = exchange.Path switch
        {
            "/latest/api/token" => "PutToken",
            Roles or Roles + "/" => "GetRole",
            "/container-credentials" => "ContainerCredentials",
            { } path when path.StartsWith(Roles, StringComparison.Ordinal) => "GetCredentials",
            _ => "Get",
        };
    }

    public void Answer(Exchange exchange)
    {
        if (exchange.Operation == "ContainerCredentials")
        {
            AnswerContainer(exchange);
            return;
        }

        if (exchange.Header("X-Forwarded-For") is not null)
        {
            exchange.Text("Forbidden", 403);
            return;
        }

        if (exchange.Operation == "PutToken")
        {
            PutToken(exchange);
            return;
        }

        if (exchange.Header("X-aws-ec2-metadata-token") is not { } token || !_tokens.ContainsKey(token))
        {
            exchange.Operation = "V1";
            exchange.Text("Unauthorized", 401);
            return;
        }

        if (exchange.Path == "/latest/meta-data/placement/region")
            exchange.Text("us-east-1");
        else if (world.InstanceRole is not { } role || exchange.Operation == "Get")
            exchange.Text("Not Found", 404);
        else if (exchange.Operation == "GetRole")
            exchange.Text(role.Name);
        else if (exchange.Path == $"{Roles}/{role.Name}")
            exchange.Json(Credentials(role));
        else
            exchange.Text("Not Found", 404);
        exchange.Detail = world.InstanceRole?.Name ?? "no role";
    }

    private void PutToken(Exchange exchange)
    {
        if (exchange.Method != "PUT" || !int.TryParse(exchange.Header("X-aws-ec2-metadata-token-ttl-seconds"), out var ttl) || ttl is < 1 or > 21600)
        {
            exchange.Text("Bad Request", 400);
            return;
        }

        var token = World.RandomText(56);
        _tokens[token] = true;
        exchange.Text(token);
    }

    private void AnswerContainer(Exchange exchange)
    {
        if (exchange.Header("Authorization") != world.ContainerAuthorization || world.InstanceRole is not { } role)
            exchange.Text("Unauthorized", 401);
        else
            exchange.Json(Credentials(role));
    }

    private JsonObject Credentials(Role role)
    {
        // The real service gives the same keys until they are about to expire.
        if (_session is null || _session.Role != role || _session.Expires <= now() + TimeSpan.FromMinutes(5))
            _session = world.OpenSession(role, "i-0123456789abcdef0", now());
        return new JsonObject
        {
            ["Code"] = "Success",
            ["LastUpdated"] = now().UtcDateTime.ToString("s") + "Z",
            ["Type"] = "AWS-HMAC",
            ["AccessKeyId"] = _session.AccessKeyId,
            ["SecretAccessKey"] = _session.SecretAccessKey,
            ["Token"] = _session.Token,
            ["Expiration"] = _session.Expires.UtcDateTime.ToString("s") + "Z",
        };
    }
}
