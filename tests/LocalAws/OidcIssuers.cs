using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace LocalAws;

/// <summary>A running job of a CI system.</summary>
/// <param name="Issuer">The iss of its ID tokens, for example https://token.actions.githubusercontent.com.</param>
/// <param name="Subject">The sub of its ID tokens.</param>
/// <param name="RequestToken">The secret with which the job asks for an ID token.</param>
public sealed record CiJob(string Issuer, string Subject, string RequestToken)
{
    public const string GitHub = "https://token.actions.githubusercontent.com", Buildkite = "https://agent.buildkite.com",
        Azure = "https://vstoken.dev.azure.com/0ca3ddd9-f0b0-4635-a98c-5866526961b6", AzureAudience = "api://AzureADTokenExchange";

    public string Id { get; } = Guid.NewGuid().ToString();

    public TimeSpan TokenLife { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Where the job asks for an ID token.</summary>
    public string RequestUrl => OidcIssuers.RequestUrl(this);
}

/// <summary>A statement of a role's trust policy for ID tokens.</summary>
/// <param name="Subject">Condition StringLike on sub.</param>
public sealed record WebIdentityTrust(string Issuer, string Subject);

/// <summary>
/// Issues the ID tokens of CI jobs, each as its system does:
/// https://docs.github.com/actions/reference/security/oidc,
/// https://learn.microsoft.com/rest/api/azure/devops/distributedtask/oidctoken/create and
/// https://buildkite.com/docs/agent/v3/cli-oidc, whose program posts to the agent API. Verifies them as STS does.
/// </summary>
internal sealed class OidcIssuers(World world, Func<DateTimeOffset> now)
{
    private const string GitHubHost = "run-actions-1-azure-eastus.actions.githubusercontent.com", AzureHost = "dev.azure.com",
        BuildkiteHost = "agent.buildkite.com";

    /// <summary>Shared by all issuers and servers.</summary>
    private static readonly ECDsa Key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public static bool IsHost(string host) => host is GitHubHost or AzureHost or BuildkiteHost;

    /// <summary>The URL that the CI system gives to a job.</summary>
    public static string RequestUrl(CiJob job) => job.Issuer == CiJob.GitHub ? $"https://{GitHubHost}/1/idtoken/{job.Id}?api-version=2.0"
        : job.Issuer == CiJob.Azure ? $"https://{AzureHost}/contoso/app/_apis/distributedtask/hubs/build/plans/1/jobs/{job.Id}/oidctoken"
        : $"https://{BuildkiteHost}/v3/jobs/{job.Id}/oidc/tokens";

    public static void Name(Exchange exchange)
    {
        exchange.Service = "ci";
        exchange.Operation = "RequestIdToken";
        exchange.Detail = exchange.Query("audience");
    }

    public void Respond(Exchange exchange)
    {
        var job = world.CiJobs.Find(job => new Uri(RequestUrl(job)) is var url && url.Host == exchange.Host && url.AbsolutePath == exchange.Path);
        var scheme = exchange.Host == BuildkiteHost ? "Token" : "Bearer";
        if (job is null || !$"{scheme} {job.RequestToken}".Equals(exchange.Header("Authorization"), StringComparison.OrdinalIgnoreCase))
        {
            exchange.Json(new JsonObject { ["message"] = $"TF400813: not authorized ({exchange.Header("Authorization")})" }, 401);
            return;
        }

        switch (exchange.Host, exchange.Method)
        {
            case (GitHubHost, "GET") when exchange.Query("api-version") == "2.0":
                exchange.Json(new JsonObject { ["count"] = 1, ["value"] = Issue(job, exchange.Query("audience")) });
                break;
            case (AzureHost, "POST") when exchange.Query("api-version") == "7.1" && exchange.Header("Content-Type") is { } type
                && type.StartsWith("application/json", StringComparison.Ordinal):
                // A token for a service connection names that one, any other the pipeline.
                var connection = exchange.Query("serviceConnectionId");
                exchange.Json(new JsonObject { ["oidcToken"] = Issue(connection.Length == 0 ? job : job with { Subject = $"sc://contoso/app/{connection}" }, CiJob.AzureAudience) });
                break;
            case (BuildkiteHost, "POST"):
                exchange.Json(new JsonObject { ["token"] = Issue(job, (string?)JsonNode.Parse(exchange.Body)?["audience"] ?? "https://buildkite.com/contoso") });
                break;
            default:
                exchange.Json(new JsonObject { ["message"] = "no such API" }, 404);
                break;
        }
    }

    public string Issue(CiJob job, string audience)
    {
        var time = now().ToUnixTimeSeconds();
        var content = Encode(new JsonObject { ["typ"] = "JWT", ["alg"] = "ES256" }) + "." + Encode(new JsonObject
        {
            ["jti"] = Guid.NewGuid().ToString(),
            ["iss"] = job.Issuer,
            ["aud"] = audience,
            ["sub"] = job.Subject,
            ["iat"] = time,
            ["nbf"] = time,
            ["exp"] = time + (long)job.TokenLife.TotalSeconds,
        });
        var token = $"{content}.{Base64Url.EncodeToString(Key.SignData(Encoding.ASCII.GetBytes(content), HashAlgorithmName.SHA256))}";
        world.IdTokens[token] = true;
        return token;
    }

    /// <summary>Verifies a token as STS does for a role. STS's messages are as users have reported them.</summary>
    /// <param name="exchange">Receives the error response, or the claims for the audit log.</param>
    public bool IsAccepted(Exchange exchange, string token, Role? role)
    {
        JsonNode claims;
        try
        {
            if (token.Split('.') is not [var header, var payload, var signature]
                || !Key.VerifyData(Encoding.ASCII.GetBytes($"{header}.{payload}"), Base64Url.DecodeFromChars(signature), HashAlgorithmName.SHA256))
            {
                exchange.Error(400, "InvalidIdentityToken", "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)");
                return false;
            }

            claims = JsonNode.Parse(Base64Url.DecodeFromChars(payload))!;
        }
        catch (Exception e) when (e is FormatException or JsonException)
        {
            exchange.Error(400, "InvalidIdentityToken", "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)");
            return false;
        }

        var (issuer, audience, subject) = ((string)claims["iss"]!, (string)claims["aud"]!, (string)claims["sub"]!);
        exchange.Detail += $" for {subject} of {issuer}, audience {audience}";
        var (time, end) = (now().ToUnixTimeSeconds(), (long)claims["exp"]!);
        if (!world.IdentityProviders.TryGetValue(issuer, out var audiences))
            exchange.Error(400, "InvalidIdentityToken", $"No OpenIDConnect provider found in your account for {issuer}");
        else if (!audiences.Contains(audience))
            exchange.Error(400, "InvalidIdentityToken", "Incorrect token audience");
        else if (time >= end)
            exchange.Error(400, "ExpiredTokenException", $"Token expired: current date/time {time} must be before the expiration date/time {end}");
        else if (role?.WebIdentityTrusts.Exists(trust => trust.Issuer == issuer && Iam.Matches(trust.Subject, subject)) is not true)
            exchange.Error(403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity");
        else
            return true;
        return false;
    }

    private static string Encode(JsonObject json) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json.ToJsonString()));
}
