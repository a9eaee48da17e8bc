using System.Net.Http;
using System.Text.Json;
using Amazon.Runtime;

namespace CredentialProvider.Aws;

/// <summary>
/// The credentials of a task's or pod's role, from the endpoint that ECS, EKS Pod Identity and Greengrass name in the
/// environment. Unlike the SDK's own source it never asks by way of HTTP_PROXY, which would see the credentials.
/// https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
/// </summary>
internal sealed class ContainerRole : AWSCredentials
{
    private const int LargestAnswer = 64 * 1024, Attempts = 2;

    /// <summary>Plain http is for these alone, besides the loopback: addresses of ECS and EKS.</summary>
    private static readonly string[] PlainHosts = ["169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"];

    /// <summary>One attempt's; an agent on the same machine answers in milliseconds.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly Settings _settings;
    private readonly SharedKeys _keys;

    public ContainerRole(Settings settings, TimeProvider time)
    {
        _settings = settings;
        _keys = new SharedKeys(time, async () => Parse(await AskAsync(FindEndpoint())));
    }

    /// <summary>The SDK's synchronous path, which this program never takes.</summary>
    public override ImmutableCredentials GetCredentials() => throw new NotSupportedException();

    /// <exception cref="NoTokenException">The endpoint gives none.</exception>
    public override Task<ImmutableCredentials> GetCredentialsAsync() => _keys.GetAsync();

    private Uri FindEndpoint()
    {
        if (!Uri.TryCreate(_settings.AwsContainerUri, UriKind.Absolute, out var uri))
        {
            throw Nothing($"the container's credential endpoint '{_settings.AwsContainerUri}' is no URL",
                "check AWS_CONTAINER_CREDENTIALS_FULL_URI");
        }

        var isAllowed = uri.Scheme == Uri.UriSchemeHttps
            || (uri.Scheme == Uri.UriSchemeHttp && (uri.IsLoopback || Array.IndexOf(PlainHosts, uri.Host) >= 0));
        return isAllowed ? uri : throw Nothing(
            $"the container's credential endpoint {uri.GetLeftPart(UriPartial.Authority)} is neither https nor an address of this machine",
            "check AWS_CONTAINER_CREDENTIALS_FULL_URI");
    }

    private async Task<string> AskAsync(Uri uri)
    {
        using var handler = new HttpClientHandler
        {
            UseProxy = false,
            AllowAutoRedirect = false,
            CheckCertificateRevocationList = true,
        };
        using var http = new HttpClient(handler) { Timeout = Patience, MaxResponseContentBufferSize = LargestAnswer };
        var where = uri.GetLeftPart(UriPartial.Authority);
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
                if (attempt == Attempts || (int)response.StatusCode < 500)
                {
                    throw Nothing($"the container's credential endpoint {where} answers {(int)response.StatusCode}",
                        "check the task's role (ECS) or the pod identity association (EKS), and AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
                }
            }
            catch (Exception e) when (e is HttpRequestException or OperationCanceledException && attempt == Attempts)
            {
                var cause = e.InnerException?.Message ?? e.Message;
                throw Nothing($"the container's credential endpoint {where} does not answer ({cause})",
                    "check AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and _FULL_URI; outside a container, unset them");
            }
            catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
            {
                // Cut off or slow: once more.
            }
        }
    }

    /// <summary>The platform renews the file, so it is read for each call, and comes before the variable.</summary>
    private Secret? ReadAuthorization()
    {
        if (_settings.AwsContainerTokenFile is not { } file)
            return _settings.AwsContainerToken;
        try
        {
            return new Secret(File.ReadAllText(file).Trim());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Nothing($"the container's authorization token cannot be read: {e.Message}",
                "check AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
        }
    }

    internal static (ImmutableCredentials Credentials, DateTimeOffset Expires) Parse(string document)
    {
        try
        {
            using var json = JsonDocument.Parse(document);
            string Text(string name) => json.RootElement.GetProperty(name).GetString() is { Length: > 0 } text
                ? text : throw new JsonException($"{name} is empty");
            return (new ImmutableCredentials(Text("AccessKeyId"), Text("SecretAccessKey"), Text("Token")),
                json.RootElement.GetProperty("Expiration").GetDateTimeOffset());
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException
            or FormatException)
        {
            throw Nothing("the answer of the container's credential endpoint is not as it should be",
                "check what serves AWS_CONTAINER_CREDENTIALS_FULL_URI");
        }
    }

    private static NoTokenException Nothing(string why, string fix) => new(ErrorCode.NoCredentials, why, fix);
}
