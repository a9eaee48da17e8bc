using System.Globalization;
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

    public void Respond(Exchange exchange, string region)
    {
        if (Callers.Find(world, exchange, "codeartifact", region, now()) is not { } caller)
            return;
        exchange.Detail += $" as {caller.PrincipalArn}";
        exchange.Session = caller;
        var owner = exchange.Query("domain-owner") is { Length: > 0 } named ? named : caller.Role.Account;
        var requested = new Domain(exchange.Query("domain"), owner, region);
        var domain = world.Domains.Find(candidate => candidate == requested);
        if (exchange.Operation == "unknown")
            exchange.Error(404, "UnknownOperationException", "");
        else if (requested.Name.Length == 0)
            Invalid(exchange, "domain is required");
        else if (exchange.Operation == "GetAuthorizationToken")
            GetAuthorizationToken(exchange, caller, requested, domain);
        else
            GetRepositoryEndpoint(exchange, caller, requested, domain);
    }

    private void GetAuthorizationToken(Exchange exchange, Session caller, Domain requested, Domain? domain)
    {
        var text = exchange.Query("duration") is { Length: > 0 } given ? given : "43200";
        var isNumber = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds);
        var context = new RequestContext("codeartifact.amazonaws.com", seconds);
        if (!isNumber || seconds is not (0 or (>= 900 and <= 43200)))
            Invalid(exchange, "durationSeconds must be 0 or between 900 and 43200");
        else if ((Iam.FindDenial(caller, "codeartifact:GetAuthorizationToken", requested.Arn, context)
            ?? Iam.FindDenial(caller, "sts:GetServiceBearerToken", "*", context)
            ?? DomainDenial(caller, requested)) is { } denial)
            exchange.Error(403, "AccessDeniedException", denial);
        else if (domain is null)
            NoDomain(exchange, requested);
        else
        {
            var expires = world.TokenLife is { } life ? now() + life : seconds == 0 ? caller.Expires : now().AddSeconds(seconds);
            exchange.Json(new JsonObject
            {
                ["authorizationToken"] = world.IssueToken(domain, caller, expires),
                ["expiration"] = expires.ToUnixTimeMilliseconds() / 1000.0,
            });
        }
    }

    private void GetRepositoryEndpoint(Exchange exchange, Session caller, Domain requested, Domain? domain)
    {
        var (name, format) = (exchange.Query("repository"), exchange.Query("format"));
        var arn = new Repository(requested, name).Arn;
        if (name.Length == 0 || format.Length == 0 || exchange.Query("endpointType") is not ("" or "ipv4" or "dualstack"))
            Invalid(exchange, "repository and format are required, and endpointType must be ipv4 or dualstack");
        else if (Iam.FindDenial(caller, "codeartifact:GetRepositoryEndpoint", arn) is { } denial)
            exchange.Error(403, "AccessDeniedException", denial);
        else if (domain is null)
            NoDomain(exchange, requested);
        else if (world.FindRepository(domain.Name, domain.Owner, domain.Region, name) is null)
            NotFound(exchange, "repository", $"{domain.Name}/{name}",
                $"Repository not found. Repository '{name}' in domain '{domain.Name}' does not exist.");
        else
        {
            var host = exchange.Query("endpointType") == "dualstack"
                ? $"{domain.Name}-{domain.Owner}.codeartifact.{domain.Region}.on.aws"
                : $"{domain.Name}-{domain.Owner}.d.codeartifact.{domain.Region}.amazonaws.com";
            exchange.Json(new JsonObject { ["repositoryEndpoint"] = $"https://{host}/{format}/{name}/" });
        }
    }

    private string? DomainDenial(Session caller, Domain domain) => world.DomainPolicies.TryGetValue(domain, out var policy)
        ? Iam.FindDenial(caller, "codeartifact:GetAuthorizationToken", domain.Arn, domain.Owner, policy) : null;

    private static void Invalid(Exchange exchange, string message) => exchange.Error(
        400, "ValidationException", message, new() { ["reason"] = "FIELD_VALIDATION_FAILED" });

    private static void NoDomain(Exchange exchange, Domain domain) => NotFound(exchange, "domain", domain.Name,
        $"Domain not found. Domain '{domain.Name}' owned by account '{domain.Owner}' does not exist.");

    private static void NotFound(Exchange exchange, string type, string id, string message) => exchange.Error(
        404, "ResourceNotFoundException", message, new() { ["resourceId"] = id, ["resourceType"] = type });
}
