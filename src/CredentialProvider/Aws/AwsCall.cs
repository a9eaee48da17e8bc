using System.Net;
using System.Net.Http;
using System.Text.Json;
using Amazon.Runtime;
using Amazon.Runtime.Internal;

namespace CredentialProvider.Aws;

/// <summary>The limits that every call to AWS keeps: NuGet waits, and so does a person.</summary>
internal static class AwsCall
{
    /// <summary>From the first byte sent to the last one read.</summary>
    private static readonly TimeSpan OneCall = TimeSpan.FromSeconds(10);

    /// <summary>Fetches the keys now, so that a failure to find them is not taken for one of the call that they
    /// sign.</summary>
    public static async Task<AWSCredentials> FetchAsync(AWSCredentials source)
    {
        try
        {
            var keys = await source.GetCredentialsAsync();
            return keys.UseToken
                ? new SessionAWSCredentials(keys.AccessKey, keys.SecretKey, keys.Token)
                : new BasicAWSCredentials(keys.AccessKey, keys.SecretKey);
        }
        catch (JsonException e)
        {
            throw new NoTokenException(ErrorCode.NoCredentials,
                $"the source of AWS credentials answers what is not JSON: {e.Message}",
                "check the container's endpoint, or the files below ~/.aws/sso/cache", e);
        }
    }

    /// <summary>What calls need of the process: a home, and AWS_CA_BUNDLE in the place of the system's certificates. The
    /// latter on Linux alone: OpenSSL reads them where SSL_CERT_FILE says, once, so this comes before the first
    /// connection.</summary>
    /// <exception cref="NoTokenException">The bundle is not there.</exception>
    public static void Prepare(Settings settings)
    {
        // .NET looks below the home for certificates that are not to be trusted, and fails where a user has none, as in
        // containers that run with any user number. "/" is its own word for that, and nobody but root can put
        // anything there.
        if (Settings.Home is "" or "/")
            Environment.SetEnvironmentVariable("HOME", "/");
        if (settings.AwsCaBundle is not { } bundle || !OperatingSystem.IsLinux())
            return;
        if (!File.Exists(bundle))
        {
            throw new NoTokenException(ErrorCode.Setting, $"AWS_CA_BUNDLE names {bundle}, which is not there",
                "name a file of certificates (PEM), or unset it");
        }

        Platform.Posix.SetVariable("SSL_CERT_FILE", bundle);
    }

    /// <summary>A plain client with the proxy that calls to AWS take.</summary>
    public static HttpClient Http(Settings settings, TimeSpan patience)
    {
        Prepare(settings);
        var handler = new HttpClientHandler();
        if (ProxyOf(settings) is { } proxy)
            handler.Proxy = proxy;
        return new HttpClient(handler) { Timeout = patience };
    }

    public static void Bound(ClientConfig config, Settings settings)
    {
        // Once, and only for a wrong clock: see below.
        config.MaxErrorRetry = 1;
        config.Timeout = OneCall;
        // AWS redirects nobody, and a session's token would go along.
        config.AllowAutoRedirect = false;
        if (ProxyOf(settings) is { } proxy)
            config.SetWebProxy(proxy);
    }

    /// <summary>The SDK's own limit ends with an answer's headers; this one holds for the body, too.</summary>
    public static async Task<T> InTimeAsync<T>(Func<CancellationToken, Task<T>> call, CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(OneCall);
        return await call(limit.Token).WaitAsync(limit.Token);
    }

    /// <summary>Leaves the SDK's pipeline one retry, the one in which a wrong clock is made up for: all others are
    /// <see cref="Retries"/>'. And answers are of a size.</summary>
    public static void Bound(RuntimePipeline pipeline, IClientConfig config)
    {
        pipeline.ReplaceHandler<RetryHandler>(new RetryHandler(new RightClock(config)));
        pipeline.AddHandlerAfter<Unmarshaller>(new BoundedAnswers());
    }

    /// <summary>.NET reads HTTPS_PROXY by itself; .NET Framework does not.</summary>
    private static WebProxy? ProxyOf(Settings settings) =>
        Environment.Version.Major == 4 && settings.HttpsProxy is { } proxy ? new WebProxy(proxy) : null;

    /// <summary>The base class knows AWS's errors about the time, and how to sign by AWS's clock after one.</summary>
    private sealed class RightClock(IClientConfig config) : StandardRetryPolicy(config)
    {
        public override bool RetryForException(IExecutionContext executionContext, Exception exception) => false;

        public override Task<bool> RetryForExceptionAsync(IExecutionContext executionContext, Exception exception) =>
            Task.FromResult(false);

        public override Task WaitBeforeRetryAsync(IExecutionContext executionContext) => Task.CompletedTask;
    }
}
