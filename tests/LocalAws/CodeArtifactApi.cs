using System.Text.Json.Nodes;

namespace LocalAws;

/// <summary>CodeArtifact's control plane: GetAuthorizationToken and GetRepositoryEndpoint.</summary>
internal sealed class CodeArtifactApi(World world, Func<DateTimeOffset> now)
{
    public static void Name(Exchange exchange)
    {
        exchange.Service = "codeartifact";
        exchange.Operation = (exchange.Method, exchange.Path) switch
        {
            ("POST", "/v1/authorization-token") => "GetAuthorizationToken",
            ("GET", "/v1/repository/endpoint") => "GetRepositoryEndpoint",
            _ => "unknown",
        };
        exchange.Detail = $"{exchange.Query("domain")} ({exchange.Query("domain-owner")})";
    }

    public void Answer(Exchange exchange, string region)
    {
        if (Callers.Find(world, exchange, "codeartifact", region, now()) is not { } caller)
            return;
        exchange.Detail += $" as {caller.PrincipalArn}";
        var owner = exchange.Query("domain-owner") is { Length: > 0 } named ? named : caller.Role.Account;
        var wanted = new Domain(exchange.Query("domain"), owner, region);
        var domain = world.Domains.Find(candidate => candidate == wanted);
        if (exchange.Operation == "GetAuthorizationToken")
            GetAuthorizationToken(exchange, caller, wanted, domain);
        else if (exchange.Operation == "GetRepositoryEndpoint" && domain is not null)
            GetRepositoryEndpoint(exchange, caller, domain);
        else
            exchange.Error(404, "UnknownOperationException", "");
    }

    private void GetAuthorizationToken(Exchange exchange, Session caller, Domain wanted, Domain? domain)
    {
        var seconds = int.TryParse(exchange.Query("duration"), out var asked) ? asked : 43200;
        if (seconds is not (0 or (>= 900 and <= 43200)))
            exchange.Error(400, "ValidationException", "durationSeconds must be 0 or between 900 and 43200");
        else if (Iam.Refusal(caller, "codeartifact:GetAuthorizationToken", wanted.Arn) is { } refusal)
            exchange.Error(403, "AccessDeniedException", refusal);
        else if (Iam.Refusal(caller, "sts:GetServiceBearerToken", "*") is { } bearerRefusal)
            exchange.Error(403, "AccessDeniedException", bearerRefusal);
        else if (domain is null)
            exchange.Error(404, "ResourceNotFoundException", $"Domain not found. Domain '{wanted.Name}' owned by account '{wanted.Owner}' does not exist.");
        else
        {
            var expires = seconds == 0 ? caller.Expires : now().AddSeconds(seconds);
            exchange.Json(new JsonObject
            {
                ["authorizationToken"] = world.IssueToken(domain, caller, expires),
                ["expiration"] = expires.ToUnixTimeMilliseconds() / 1000.0,
            });
        }
    }

    private void GetRepositoryEndpoint(Exchange exchange, Session caller, Domain domain)
    {
        var repository = world.FindRepository(domain.Name, domain.Owner, domain.Region, exchange.Query("repository"));
        if (repository is null)
            exchange.Error(404, "ResourceNotFoundException", "Repository not found.");
        else if (Iam.Refusal(caller, "codeartifact:GetRepositoryEndpoint", repository.Arn) is { } refusal)
            exchange.Error(403, "AccessDeniedException", refusal);
        else
        {
            var host = exchange.Query("endpointType") == "dualstack"
                ? $"{domain.Name}-{domain.Owner}.codeartifact.{domain.Region}.on.aws"
                : $"{domain.Name}-{domain.Owner}.d.codeartifact.{domain.Region}.amazonaws.com";
            exchange.Json(new JsonObject { ["repositoryEndpoint"] = $"https://{host}/nuget/{repository.Name}/" });
        }
    }
}
