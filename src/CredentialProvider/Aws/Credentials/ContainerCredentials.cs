using System.Net.Http;
using System.Text;
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

    private const int MaxAttempts = 3;

    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    /// <summary>For one attempt; the endpoint is on the same machine.</summary>
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(2);

    /// <summary>The link-local addresses of ECS and EKS. Only these and loopback may use plain HTTP.</summary>
    private static readonly string[] HttpHosts = ["169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"];

    private readonly Settings _settings;
    private readonly TimeProvider _time;
    private readonly ExpiringCredentials _credentials;

    public ContainerCredentials(Settings settings, TimeProvider time)
    {
        (_settings, _time) = (settings, time);
        _credentials = new ExpiringCredentials(time, () => FetchAsync(ParseEndpoint(settings.AwsContainerUri)));
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
            string? Find(string name) => json.RootElement.TryGetProperty(name, out var value) ? value.GetString() : null;
            if (Find("AccessKeyId") is { Length: > 0 } id && Find("SecretAccessKey") is { Length: > 0 } secret
                && ExpiringCredentials.TryParseTime(Find("Expiration"), out var expires))
            {
                return (new ImmutableCredentials(id, secret, Find("Token")), expires);
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // It is not the JSON object that is expected.
        }

        throw Error("the container credentials endpoint returned no valid credentials",
            "check what serves AWS_CONTAINER_CREDENTIALS_FULL_URI");
    }

    /// <exception cref="NoTokenException">The credentials could be read on the way from there.</exception>
    internal static Uri ParseEndpoint(string? text)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri))
        {
            // Its text is not repeated: the path may be all that authorizes.
            throw Invalid("the container credentials endpoint is not a valid URL",
                "check AWS_CONTAINER_CREDENTIALS_FULL_URI");
        }

        var isAllowed = uri.Scheme == Uri.UriSchemeHttps
            || (uri.Scheme == Uri.UriSchemeHttp && (uri.IsLoopback || Array.IndexOf(HttpHosts, uri.Host) >= 0));
        return isAllowed ? uri : throw Invalid(
            $"the container credentials endpoint {uri.GetLeftPart(UriPartial.Authority)} is neither https nor a "
                + "loopback, ECS or EKS address",
            "check AWS_CONTAINER_CREDENTIALS_FULL_URI");
    }

    /// <summary>Like the AWS CLI, repeats a request after any failure: EKS answers 404 until it knows a new association,
    /// and 429 while many pods start.</summary>
    private async Task<(ImmutableCredentials Credentials, DateTimeOffset Expires)> FetchAsync(Uri uri)
    {
        using var handler = HttpConnections.CreateHandler(proxy: null, useProxy: false, _settings.AwsCaBundle);
        using var http = new HttpClient(handler) { Timeout = Timeout, MaxResponseContentBufferSize = MaxResponseSize };
        for (var attempt = 1; ; attempt++)
        {
            var authorization = ReadAuthorization();
            try
            {
                return Parse(await RequestAsync(http, uri, authorization));
            }
            catch (NoTokenException) when (attempt < MaxAttempts)
            {
                await _time.Delay(RetryDelay, CancellationToken.None);
            }
        }
    }

    private static async Task<string> RequestAsync(HttpClient http, Uri uri, Secret? authorization)
    {
        var endpoint = uri.GetLeftPart(UriPartial.Authority);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, uri);
            if (authorization is not null)
                request.Headers.TryAddWithoutValidation("Authorization", authorization.Reveal());
            using var response = await http.SendAsync(request);
            return response.IsSuccessStatusCode ? await response.Content.ReadAsStringAsync()
                : throw Error($"the container credentials endpoint {endpoint} returned {(int)response.StatusCode}",
                    "check the task role (ECS) or the pod identity association (EKS), "
                        + "and AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
        {
            var cause = e.InnerException?.Message ?? e.Message;
            throw Error($"the container credentials endpoint {endpoint} did not respond ({cause})",
                "check AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and AWS_CONTAINER_CREDENTIALS_FULL_URI; "
                    + "outside of a container, unset them");
        }
    }

    /// <summary>The file takes precedence over the variable. It is read for each request, because the platform renews
    /// it.</summary>
    private Secret? ReadAuthorization()
    {
        if (_settings.AwsContainerTokenFile is not { } file)
            return RequireHeaderValue(_settings.AwsContainerToken, "AWS_CONTAINER_AUTHORIZATION_TOKEN");
        const string Variable = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE";
        return RegularFile.TryRead(file, RegularFile.MaxTokenSize) is { } bytes
            ? RequireHeaderValue(new Secret(Encoding.UTF8.GetString(bytes).Trim()), file)
            : throw Error($"the container's authorization token file {file} ({Variable}) cannot be read: "
                + RegularFile.WhyUnreadable(file, RegularFile.MaxTokenSize), $"check {Variable}");
    }

    /// <summary>A line break would end the header and start another.</summary>
    private static Secret? RequireHeaderValue(Secret? token, string place) =>
        token is null || AsciiText.IsHeaderValue(token.Reveal()) ? token : throw Invalid(
            $"the container's authorization token in {place} contains a line break or another character that is not valid in a header",
            "remove it");

    private static NoTokenException Invalid(string why, string fix) => new(ErrorCode.Setting, why, fix);

    private static NoTokenException Error(string why, string fix) => new(ErrorCode.NoCredentials, why, fix);
}
