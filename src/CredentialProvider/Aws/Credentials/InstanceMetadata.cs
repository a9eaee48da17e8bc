using System.Net;
using System.Net.Http;
using System.Net.Sockets;
using CredentialProvider.Configuration;
using CredentialProvider.Errors;
using CredentialProvider.FastStart;

namespace CredentialProvider.Aws.Credentials;

/// <summary>
/// Reads from the EC2 instance metadata service, IMDSv2 only. Gives up sooner than the AWS SDK's client and names the
/// usual reasons for a missing response.
/// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html
/// </summary>
internal sealed class InstanceMetadata : IDisposable
{
    /// <summary>How long a TCP connection may take that only shows whether the service exists.</summary>
    private static readonly TimeSpan ProbeTimeout = TimeSpan.FromMilliseconds(300);

    /// <summary>Seconds. Enough to read the credentials once.</summary>
    private const string SessionLifetime = "300";

    /// <summary>Right after an instance has booted, its role may not be there yet.</summary>
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(100);

    /// <summary>Bytes.</summary>
    private const int MaxResponseSize = 64 * 1024;

    private readonly MetadataSettings _settings;
    private readonly string _otherSources;
    private readonly HttpClient _http;
    private Uri _endpoint;
    private string? _session;

    /// <param name="otherSources">The fix if there is no such service.</param>
    public InstanceMetadata(MetadataSettings settings, string otherSources)
    {
        (_settings, _otherSources, _endpoint) = (settings, otherSources, ToUri(settings.Endpoint));
        var handler = HttpConnections.CreateHandler(proxy: null, useProxy: false);
        _http = new HttpClient(handler)
        {
            // Each attempt has its own, shorter timeout.
            Timeout = Timeout.InfiniteTimeSpan,
            MaxResponseContentBufferSize = MaxResponseSize,
        };
    }

    /// <summary>For messages.</summary>
    private string Address => _endpoint.AbsoluteUri.TrimEnd('/');

    /// <param name="path">Relative to the endpoint.</param>
    /// <param name="describe">The error for a 4xx or 3xx status, or for a 5xx status of the last attempt; null for the
    /// general one.</param>
    /// <exception cref="NoTokenException">There was no usable response.</exception>
    public async Task<string> GetAsync(string path, Func<HttpStatusCode, NoTokenException?> describe)
    {
        var session = _session ??= await StartSessionAsync();
        if (!AsciiText.IsHeaderValue(session))
        {
            throw Error($"the instance metadata service at {Address} returned an invalid session token",
                "check what serves that address");
        }

        return await SendAsync(() => new HttpRequestMessage(HttpMethod.Get, new Uri(_endpoint, path))
        {
            Headers = { { "X-aws-ec2-metadata-token", session } },
        }, describe, async () => session = _session = await StartSessionAsync());
    }

    private static Uri ToUri(string endpoint) => new(endpoint.TrimEnd('/') + "/");

    private async Task<string> StartSessionAsync()
    {
        try
        {
            return await RequestSessionAsync();
        }
        catch (NoTokenException) when (_settings.OtherEndpoint is { } other && _endpoint != ToUri(other))
        {
            // Connect first: an attempt would take a second where nothing is there.
            if (!await CanConnectAsync(ToUri(other)))
                throw;
            _endpoint = ToUri(other);
            return await RequestSessionAsync();
        }
    }

    private Task<string> RequestSessionAsync() =>
        SendAsync(() => new HttpRequestMessage(HttpMethod.Put, new Uri(_endpoint, "latest/api/token"))
    {
        Headers = { { "X-aws-ec2-metadata-token-ttl-seconds", SessionLifetime } },
    }, describe: null, renew: null);

    public void Dispose() => _http.Dispose();

    /// <summary>Makes up to <see cref="MetadataSettings.Attempts"/> attempts, fewer if another would fail as
    /// well.</summary>
    /// <param name="renew">Starts a new session after a 401; null for the request that starts one.</param>
    private async Task<string> SendAsync(Func<HttpRequestMessage> create,
        Func<HttpStatusCode, NoTokenException?>? describe, Func<Task>? renew)
    {
        for (var attempt = 1; ; attempt++)
        {
            var isLast = attempt >= _settings.Attempts;
            try
            {
                using var limit = new CancellationTokenSource(_settings.Timeout);
                using var request = create();
                using var response = await _http.SendAsync(request, limit.Token);
                var status = response.StatusCode;
                if (response.IsSuccessStatusCode && await response.Content.ReadAsStringAsync() is var content
                    && (isLast || content.Length > 0))
                {
                    return content;
                }

                if (!response.IsSuccessStatusCode && (isLast || !MayChange(status)))
                    throw describe?.Invoke(status) ?? UnexpectedStatus(status);
                if (status == HttpStatusCode.Unauthorized && renew is not null)
                    await renew();
                await Task.Delay(RetryDelay);
            }
            catch (OperationCanceledException) when (isLast)
            {
                throw await CanConnectAsync(_endpoint) ? NoResponse() : NoService("no response");
            }
            catch (OperationCanceledException)
            {
                // Packets may have been dropped: try again.
            }
            catch (HttpRequestException e) when (isLast || e.InnerException is SocketException)
            {
                throw NoService(e.InnerException?.Message ?? e.Message);
            }
            catch (HttpRequestException)
            {
                // The connection was lost: try again.
            }
        }
    }

    /// <summary>True for a status after which another attempt may succeed.</summary>
    private static bool MayChange(HttpStatusCode status) => AwsFailure.IsTransient(status)
        || status is HttpStatusCode.Unauthorized or HttpStatusCode.NotFound;

    private static async Task<bool> CanConnectAsync(Uri endpoint)
    {
        using var client = new TcpClient(
            endpoint.HostNameType == UriHostNameType.IPv6 ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork);
        var connect = client.ConnectAsync(endpoint.Host, endpoint.Port);
        if (await Task.WhenAny(connect, Task.Delay(ProbeTimeout)) == connect)
            return connect.Status == TaskStatus.RanToCompletion;
        // Observe the exception that follows when the client is disposed.
        _ = connect.ContinueWith(task => task.Exception, TaskScheduler.Default);
        return false;
    }

    private NoTokenException UnexpectedStatus(HttpStatusCode status) => status == HttpStatusCode.Forbidden
        ? Error("instance metadata is disabled (403)",
            "enable it: aws ec2 modify-instance-metadata-options --instance-id ID --http-endpoint enabled")
        : Error($"the instance metadata service at {Address} returned {(int)status}",
            "provide credentials another way, or check what serves that address");

    private NoTokenException NoResponse() => Error(
        $"the instance metadata service at {Address} accepts connections but does not respond "
            + "(in a container, the usual cause is a hop limit of 1)",
        "raise it: aws ec2 modify-instance-metadata-options --instance-id ID --http-put-response-hop-limit 2");

    private NoTokenException NoService(string why) => Error(
        $"no instance metadata service at {Address} ({why}): this is not an EC2 instance, or its "
            + "metadata is unreachable", _otherSources);

    private static NoTokenException Error(string why, string fix) => new(ErrorCode.NoCredentials, why, fix);
}
