using System.Net.Http;
using System.Text.Json;
using Amazon.Runtime;
using CredentialProvider.Configuration;
using CredentialProvider.Errors;
using CredentialProvider.FastStart;
using CredentialProvider.Platform;

namespace CredentialProvider.Aws.Credentials;

/// <summary>
/// The credentials of a task or pod role, from the endpoint that ECS, EKS Pod Identity and Greengrass name in the
/// environment. Unlike the SDK's source, it never uses HTTP_PROXY: the proxy would see the credentials.
/// https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
/// </summary>
internal sealed class ContainerCredentials : AsyncCredentials
{
    /// <summary>Bytes.</summary>
    private const int MaxResponseSize = 64 * 1024;

    private const int MaxAttempts = 2;

    /// <summary>For one attempt; the endpoint is on the same machine.</summary>
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(2);

    /// <summary>The link-local addresses of ECS and EKS. Only these and loopback may use plain HTTP.</summary>
    private static readonly string[] HttpHosts = ["169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"];

    private readonly Settings _settings;
    private readonly ExpiringCredentials _credentials;

    public ContainerCredentials(Settings settings, TimeProvider time)
    {
        _settings = settings;
        _credentials = new ExpiringCredentials(time, async () => Parse(await FetchAsync(ParseEndpoint(settings.AwsContainerUri))));
    }

    /// <exception cref="NoTokenException">The endpoint returned no credentials.</exception>
    public override Task<ImmutableCredentials> GetCredentialsAsync() => _credentials.GetAsync();

    /// <summary>Reads the JSON document that the endpoint returns.</summary>
    /// <exception cref="NoTokenException">It has no valid credentials.</exception>
    internal static (ImmutableCredentials Credentials, DateTimeOffset Expires) Parse(string document)
    {
        try
        {
            using var json = JsonDocument.Parse(document);
            string GetString(string name) => json.RootElement.GetProperty(name).GetString() is { Length: > 0 } value
                ? value : throw new JsonException($"{name} is empty");
            return (new ImmutableCredentials(
                    GetString("AccessKeyId"), GetString("SecretAccessKey"), GetString("Token")),
                json.RootElement.GetProperty("Expiration").GetDateTimeOffset());
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException
            or FormatException)
        {
            throw Error("the container credentials endpoint returned no valid credentials",
                "check what serves AWS_CONTAINER_CREDENTIALS_FULL_URI");
        }
    }

    /// <exception cref="NoTokenException">The credentials could be read on the way from there.</exception>
    internal static Uri ParseEndpoint(string? text)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri))
        {
            throw Invalid($"the container credentials endpoint '{text}' is not a valid URL",
                "check AWS_CONTAINER_CREDENTIALS_FULL_URI");
        }

        var isAllowed = uri.Scheme == Uri.UriSchemeHttps
            || (uri.Scheme == Uri.UriSchemeHttp && (uri.IsLoopback || Array.IndexOf(HttpHosts, uri.Host) >= 0));
        return isAllowed ? uri : throw Invalid(
            $"the container credentials endpoint {uri.GetLeftPart(UriPartial.Authority)} is neither https nor a "
                + "loopback, ECS or EKS address",
            "check AWS_CONTAINER_CREDENTIALS_FULL_URI");
    }

    private async Task<string> FetchAsync(Uri uri)
    {
        TrustStore.Configure(_settings);
        using var handler = HttpConnections.CreateHandler(proxy: null, useProxy: false);
        using var http = new HttpClient(handler) { Timeout = Timeout, MaxResponseContentBufferSize = MaxResponseSize };
        var endpoint = uri.GetLeftPart(UriPartial.Authority);
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, uri);
                if (ReadAuthorization() is { } authorization)
                    request.Headers.TryAddWithoutValidation("Authorization", authorization.Reveal());
                using var response = await http.SendAsync(request);
                if (response.IsSuccessStatusCode)
                    return await response.Content.ReadAsStringAsync();
                if (attempt == MaxAttempts || (int)response.StatusCode < 500)
                {
                    throw Error($"the container credentials endpoint {endpoint} returned {(int)response.StatusCode}",
                        "check the task role (ECS) or the pod identity association (EKS), "
                            + "and AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
                }
            }
            catch (Exception e) when (e is HttpRequestException or OperationCanceledException && attempt == MaxAttempts)
            {
                var cause = e.InnerException?.Message ?? e.Message;
                throw Error($"the container credentials endpoint {endpoint} did not respond ({cause})",
                    "check AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and AWS_CONTAINER_CREDENTIALS_FULL_URI; "
                        + "outside of a container, unset them");
            }
            catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
            {
                // A lost connection or a slow response: try again.
            }
        }
    }

    /// <summary>The file takes precedence over the variable. It is read for each request, because the platform renews
    /// it.</summary>
    private Secret? ReadAuthorization()
    {
        if (_settings.AwsContainerTokenFile is not { } file)
            return RequireHeaderValue(_settings.AwsContainerToken, "AWS_CONTAINER_AUTHORIZATION_TOKEN");
        try
        {
            if (RegularFile.IsSpecial(file))
                throw new IOException("it is not a regular file");
            return RequireHeaderValue(new Secret(File.ReadAllText(file).Trim()), file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            const string Variable = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE";
            throw Error($"the container's authorization token file {file} ({Variable}) cannot be read: {e.Message}",
                $"check {Variable}");
        }
    }

    /// <summary>A line break would end the header and start another.</summary>
    private static Secret? RequireHeaderValue(Secret? token, string place) =>
        token is null || AsciiText.IsHeaderValue(token.Reveal()) ? token : throw Invalid(
            $"the container's authorization token in {place} contains a line break or another character that is not valid in a header",
            "remove it");

    private static NoTokenException Invalid(string why, string fix) => new(ErrorCode.Setting, why, fix);

    private static NoTokenException Error(string why, string fix) => new(ErrorCode.NoCredentials, why, fix);
}
