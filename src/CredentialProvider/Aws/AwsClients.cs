using System.Net;
using System.Net.Http;
using Amazon;
using Amazon.Runtime;
using Amazon.Runtime.Internal;
using CredentialProvider.Configuration;

namespace CredentialProvider.Aws;

/// <summary>How every client calls AWS: the endpoint, the proxy, the trusted certificates, and limits of time, size,
/// redirects and retries, because a build or a user waits for the answer.</summary>
internal static class AwsClients
{
    /// <summary>For one attempt, from connecting to the last byte of the response.</summary>
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Bytes, of responses that are read whole.</summary>
    private const int MaxResponseSize = 64 * 1024;

    /// <summary>A client that uses the same proxy as calls through the SDK, or another one.</summary>
    /// <param name="bundle">See <see cref="ServiceEndpoint.CaBundle"/>.</param>
    public static HttpClient CreateHttpClient(
        Settings settings, TimeSpan timeout, string? bundle = null, WebProxy? proxy = null)
    {
        var http = new HttpClient(HttpConnections.CreateHandler(proxy ?? ProxyFrom(settings), useProxy: true, bundle))
        {
            Timeout = timeout,
            MaxResponseContentBufferSize = MaxResponseSize,
        };
        http.DefaultRequestHeaders.TryAddWithoutValidation("User-Agent", UserAgent.Text);
        return http;
    }

    /// <summary>As the other overload, for a service whose endpoint the SDK finds.</summary>
    /// <param name="endpoint">What the environment and the profile in use say.</param>
    public static void Configure(ClientConfig config, string region, ServiceEndpoint endpoint, Settings settings)
    {
        config.RegionEndpoint = RegionEndpoint.GetBySystemName(region);
        // The SDK rejects either together with a URL, which is final.
        config.UseFIPSEndpoint = endpoint is { UseFips: true, Url: null };
        config.UseDualstackEndpoint = endpoint is { UseDualStack: true, Url: null };
        // Otherwise the SDK would read the default profile's endpoint_url.
        config.IgnoreConfiguredEndpointUrls = true;
        if (endpoint.Url is { } url)
        {
            config.ServiceURL = url;
            config.AuthenticationRegion = region;
        }

        Configure(config, endpoint, settings);
    }

    public static void Configure(ClientConfig config, ServiceEndpoint endpoint, Settings settings)
    {
        if (endpoint.ApplicationId is { } application)
            config.ClientAppId = UserAgent.ApplicationId(application);
        // For ClockSkewRetry only.
        config.MaxErrorRetry = 1;
        config.Timeout = CallTimeout;
        // The SDK must leave redirects to ResponseLimits.
        config.AllowAutoRedirect = false;
        HttpConnections.Apply(config, ProxyFrom(settings), CallTimeout, endpoint.CaBundle);
    }

    /// <summary>Leaves the SDK one retry, which corrects clock skew; <see cref="Retries"/> does all others.</summary>
    public static void Configure(RuntimePipeline pipeline, IClientConfig config)
    {
        pipeline.ReplaceHandler<RetryHandler>(new RetryHandler(new ClockSkewRetry(config)));
        pipeline.AddHandlerAfter<Unmarshaller>(new ResponseLimits());
        pipeline.AddHandlerBefore<Marshaller>(new UserAgent());
    }

    /// <summary>Limits the whole call: the SDK's own timeout ends with the response headers.</summary>
    public static async Task<T> WithTimeoutAsync<T>(Func<CancellationToken, Task<T>> call, CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(CallTimeout);
        return await call(limit.Token).WaitAsync(limit.Token);
    }

    /// <summary>.NET reads HTTPS_PROXY itself; .NET Framework does not.</summary>
    private static WebProxy? ProxyFrom(Settings settings) =>
        Environment.Version.Major == 4 && settings.HttpsProxy is { } proxy ? new WebProxy(proxy) : null;

    /// <summary>The base class recognizes clock-skew errors, and signs the second attempt with AWS's time.</summary>
    private sealed class ClockSkewRetry(IClientConfig config) : StandardRetryPolicy(config)
    {
        public override bool RetryForException(IExecutionContext executionContext, Exception exception) => false;

        public override Task<bool> RetryForExceptionAsync(IExecutionContext executionContext, Exception exception) =>
            Task.FromResult(false);

        public override Task WaitBeforeRetryAsync(IExecutionContext executionContext) => Task.CompletedTask;
    }
}
