using System.Net;
using System.Net.Http;
using System.Net.Sockets;
using System.Text.Json;
using Amazon.Runtime;

namespace CredentialProvider.Aws;

/// <summary>
/// The credentials of the role that an EC2 instance has, from its metadata service (IMDSv2 only). Unlike the SDK's
/// own source it is bounded: where nothing answers it gives up within 2.5 s by default, and it says which of the
/// usual reasons it was.
/// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-security-credentials.html
/// </summary>
internal sealed class InstanceRole : AWSCredentials
{
    private const string Roles = "latest/meta-data/iam/security-credentials/";

    /// <summary>Enough for the probe that tells a silent service from an absent one.</summary>
    private static readonly TimeSpan ProbeTime = TimeSpan.FromMilliseconds(300);

    /// <summary>Longer than any use of ours, shorter than what the service allows.</summary>
    private const string SessionSeconds = "300";

    /// <summary>A credentials document has about 2 KB.</summary>
    private const int LargestAnswer = 64 * 1024;

    private readonly MetadataSettings _settings;
    private readonly TimeProvider _time;
    private readonly SharedKeys _keys;

    public InstanceRole(MetadataSettings settings, TimeProvider time)
    {
        (_settings, _time, Name) = (settings, time, settings.RoleName);
        _keys = new SharedKeys(time, FetchAsync);
    }

    /// <summary>The role's name, once it has answered.</summary>
    public string? Name { get; private set; }

    /// <summary>The SDK's synchronous path, which this program never takes.</summary>
    public override ImmutableCredentials GetCredentials() => throw new NotSupportedException();

    /// <exception cref="NoTokenException">There is no instance role to be had.</exception>
    public override Task<ImmutableCredentials> GetCredentialsAsync() => _keys.GetAsync();

    private async Task<(ImmutableCredentials Credentials, DateTimeOffset Expires)> FetchAsync()
    {
        if (_settings.IsDisabled)
            throw Nothing("AWS_EC2_METADATA_DISABLED is true", "unset it, or give credentials another way");
        if (!Uri.TryCreate(_settings.Endpoint.TrimEnd('/') + "/", UriKind.Absolute, out var endpoint)
            || (endpoint.Scheme != Uri.UriSchemeHttp && endpoint.Scheme != Uri.UriSchemeHttps))
        {
            throw new NoTokenException(ErrorCode.Setting,
                $"AWS_EC2_METADATA_SERVICE_ENDPOINT is '{_settings.Endpoint}'",
                    "it takes a URL like http://169.254.169.254");
        }

        using var handler = new HttpClientHandler
        {
            UseProxy = false,
            AllowAutoRedirect = false,
            CheckCertificateRevocationList = true,
        };
        using var http = new HttpClient(handler)
        {
            BaseAddress = endpoint,
            // Each attempt has its own, shorter, limit.
            Timeout = Timeout.InfiniteTimeSpan,
            MaxResponseContentBufferSize = LargestAnswer,
        };
        var session = await AskAsync(http, () => new HttpRequestMessage(HttpMethod.Put, "latest/api/token")
        {
            Headers = { { "X-aws-ec2-metadata-token-ttl-seconds", SessionSeconds } },
        });
        Name ??= FirstLine(await ReadAsync(http, session, Roles));
        return Parse(await ReadAsync(http, session, Roles + Uri.EscapeDataString(Name)));
    }

    private Task<string> ReadAsync(HttpClient http, string session, string path) => AskAsync(
        http, () => new HttpRequestMessage(HttpMethod.Get, path)
        {
            Headers = { { "X-aws-ec2-metadata-token", session } },
        });

    /// <summary>Asks up to <see cref="MetadataSettings.Attempts"/> times; an answer that will not change is taken at
    /// once.</summary>
    private async Task<string> AskAsync(HttpClient http, Func<HttpRequestMessage> request)
    {
        for (var attempt = 1; ; attempt++)
        {
            var isLast = attempt >= _settings.Attempts;
            try
            {
                using var limit = new CancellationTokenSource(_settings.Timeout);
                using var message = request();
                using var response = await http.SendAsync(message, limit.Token);
                if (response.IsSuccessStatusCode)
                    return await response.Content.ReadAsStringAsync();
                if (isLast || (int)response.StatusCode < 500)
                    throw Refused(response.StatusCode, message.RequestUri!);
            }
            catch (OperationCanceledException) when (isLast)
            {
                throw await CanConnectAsync(http.BaseAddress!) ? Silent() : Absent("nothing answers");
            }
            catch (OperationCanceledException)
            {
                // Dropped packets: once more.
            }
            catch (HttpRequestException e) when (isLast || e.InnerException is SocketException)
            {
                throw Absent(e.InnerException?.Message ?? e.Message);
            }
            catch (HttpRequestException)
            {
                // Cut off half-way: once more.
            }
        }
    }

    private static async Task<bool> CanConnectAsync(Uri endpoint)
    {
        using var client = new TcpClient(
            endpoint.HostNameType == UriHostNameType.IPv6 ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork);
        var connected = client.ConnectAsync(endpoint.Host, endpoint.Port);
        if (await Task.WhenAny(connected, Task.Delay(ProbeTime)) == connected)
            return connected.Status == TaskStatus.RanToCompletion;
        // Nobody will await it any more; its failure is no surprise.
        _ = connected.ContinueWith(task => task.Exception, TaskScheduler.Default);
        return false;
    }

    internal (ImmutableCredentials Credentials, DateTimeOffset Expires) Parse(string document)
    {
        try
        {
            using var json = JsonDocument.Parse(document);
            string? Text(string name) =>
                json.RootElement.TryGetProperty(name, out var value) ? value.GetString() : null;

            if (Text("Code") is { } code and not "Success")
                throw Nothing($"the metadata service answers {code} for role {Name}",
                    "check the trust policy of the role: EC2 must be allowed to assume it");
            if (Text("AccessKeyId") is not { Length: > 0 } id || Text("SecretAccessKey") is not { Length: > 0 } secret
                || !DateTimeOffset.TryParse(Text("Expiration"), out var expires))
            {
                throw Nothing($"the metadata service's answer for role {Name} is not complete",
                    "check what serves AWS_EC2_METADATA_SERVICE_ENDPOINT");
            }

            if (expires <= _time.GetUtcNow())
            {
                throw new NoTokenException(ErrorCode.BadCredentials,
                    $"the metadata service hands out credentials of role {Name} that expired at {expires.UtcDateTime:u}",
                    "check this machine's clock, or stop and start the instance");
            }

            return (new ImmutableCredentials(id, secret, Text("Token")), expires);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw Nothing($"the metadata service's answer for role {Name} is not JSON as expected",
                "check what serves AWS_EC2_METADATA_SERVICE_ENDPOINT");
        }
    }

    private static string FirstLine(string roles)
    {
        var name = roles.Split('\n')[0].Trim();
        return name.Length > 0 ? name : throw NoRole();
    }

    private NoTokenException Refused(HttpStatusCode status, Uri uri) => status switch
    {
        HttpStatusCode.NotFound when uri.AbsolutePath.EndsWith(Roles, StringComparison.Ordinal) => NoRole(),
        HttpStatusCode.NotFound when Name is { } name => Nothing(
            $"the instance has no role {name}",
                "check the instance profile, and AWS_EC2_INSTANCE_PROFILE_NAME if it is set"),
        HttpStatusCode.Forbidden => Nothing(
            "instance metadata is disabled (403)",
                "enable it: aws ec2 modify-instance-metadata-options --instance-id ID --http-endpoint enabled"),
        _ => Nothing($"the metadata service at {_settings.Endpoint} answers {(int)status}",
            "give credentials another way, or check what serves this address"),
    };

    private static NoTokenException NoRole() => Nothing(
        "the instance has no role",
            "attach one: aws ec2 associate-iam-instance-profile --instance-id ID --iam-instance-profile Name=PROFILE");

    private NoTokenException Silent() => Nothing(
        $"the metadata service at {_settings.Endpoint} takes connections but does not answer, as behind a hop limit of 1 in a container",
        "raise it: aws ec2 modify-instance-metadata-options --instance-id ID --http-put-response-hop-limit 2");

    private NoTokenException Absent(string why) => Nothing(
        $"no metadata service at {_settings.Endpoint} ({why}), so this is no EC2 instance or its metadata is out of reach",
        "give credentials another way: AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY");

    private static NoTokenException Nothing(string why, string fix) => new(ErrorCode.NoCredentials, why, fix);
}
