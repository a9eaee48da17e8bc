using System.Net.Http;
using System.Text;
using System.Text.Json;
using Amazon.Runtime;
using CredentialProvider.Configuration;
using CredentialProvider.Errors;

namespace CredentialProvider.Aws.Credentials;

/// <summary>Asks GitHub Actions or Azure Pipelines for the OIDC token of the running job: over TLS, and without following a
/// redirect, because the request has the job's secret.</summary>
internal static class JobTokenRequest
{
    /// <summary>In characters, of the CI system's words.</summary>
    private const int MaxReason = 200;

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    /// <exception cref="NoTokenException">The CI system issues no token.</exception>
    /// <exception cref="AwsCallException">It cannot be reached, or returned something else.</exception>
    public static async Task<string> SendAsync(WebIdentityOrigin origin, Settings settings)
    {
        using var http = AwsClients.CreateHttpClient(settings, Timeout, settings.AwsCaBundle);
        return await SendAsync(origin, http);
    }

    /// <param name="http">Must not follow redirects.</param>
    internal static async Task<string> SendAsync(WebIdentityOrigin origin, HttpClient http)
    {
        var url = UrlFor(origin);
        var endpoint = url.GetLeftPart(UriPartial.Authority);
        try
        {
            using var request = CreateRequest(origin, url);
            using var response = await http.SendAsync(request);
            var body = await response.Content.ReadAsStringAsync();
            var status = (int)response.StatusCode;
            if (AwsFailure.IsTransient(response.StatusCode))
                throw new AmazonServiceException("", ErrorType.Unknown, null, "", response.StatusCode);
            if (!response.IsSuccessStatusCode)
                throw Refused(origin, endpoint, status, body);
            return FindString(body, origin.Kind == WebIdentityOrigin.GitHub ? "value" : "oidcToken")
                ?? throw new JsonException("not JSON with a token");
        }
        catch (Exception e) when (e is not NoTokenException)
        {
            throw new AwsCallException(AwsCall.ToTokenIssuer(endpoint), e);
        }
    }

    /// <summary>https://docs.github.com/actions/reference/security/oidc,
    /// https://learn.microsoft.com/rest/api/azure/devops/distributedtask/oidctoken/create</summary>
    internal static Uri UrlFor(WebIdentityOrigin origin)
    {
        var query = origin.Kind == WebIdentityOrigin.GitHub ? $"audience={Uri.EscapeDataString(origin.Audience!)}"
            : "api-version=7.1" + (origin.Name is null ? "" : $"&serviceConnectionId={origin.Name}");
        return Uri.TryCreate(origin.Url + (origin.Url!.Contains('?') ? "&" : "?") + query, UriKind.Absolute, out var url) ? url
            : throw new NoTokenException(ErrorCode.Setting,
                $"{origin.Place} is '{origin}', but the URL that the CI system gave to the job is invalid",
                "leave the variables of the job as the CI system sets them");
    }

    private static HttpRequestMessage CreateRequest(WebIdentityOrigin origin, Uri url)
    {
        var isGitHub = origin.Kind == WebIdentityOrigin.GitHub;
        var request = new HttpRequestMessage(isGitHub ? HttpMethod.Get : HttpMethod.Post, url);
        request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {origin.Secret!.Reveal()}");
        request.Headers.TryAddWithoutValidation("Accept", "application/json");
        if (!isGitHub)
        {
            // Otherwise Azure DevOps answers a wrong token with a redirect to its sign-in page.
            request.Headers.TryAddWithoutValidation("X-TFS-FedAuthRedirect", "Suppress");
            request.Content = new StringContent("", Encoding.UTF8, "application/json");
        }

        return request;
    }

    private static NoTokenException Refused(WebIdentityOrigin origin, string endpoint, int status, string body)
    {
        var isRedirect = status < 400;
        var reason = isRedirect ? ": a redirect, which is not followed"
            // A proxy's page may repeat the request.
            : FindString(body, "message")?.Replace(origin.Secret!.Reveal(), "***") is { } text
                ? $": {PrintableText.Of(text, MaxReason)}" : "";
        return new NoTokenException(ErrorCode.NoCredentials,
            $"{endpoint} ({origin.Place} is '{origin}') issued no ID token: HTTP {status}{reason}",
            isRedirect ? "check HTTPS_PROXY, and that the URL is the one that the CI system gives to the job"
                : origin.Kind == WebIdentityOrigin.GitHub
                    ? "give the job 'permissions: id-token: write', and restore while the job runs"
                : origin.Name is null ? "map SYSTEM_ACCESSTOKEN to $(System.AccessToken) in the env of the step"
                : "check the ID of the service connection, that the pipeline may use it, and that a task of the job refers "
                    + "to it; without an ID, the token is the pipeline's");
    }

    private static string? FindString(string body, string name)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            return json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty(name, out var value)
                && value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text ? text : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null; // not JSON, or not UTF-8
        }
    }
}
