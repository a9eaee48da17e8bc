using System.Net;
using System.Net.Http;
using Amazon.Runtime;
using CredentialProvider.Configuration;

namespace CredentialProvider.Aws;

/// <summary>Every HTTP connection of this program. None follows redirects: one would carry a secret to another host, or a
/// request to one that the user did not name.</summary>
internal static class HttpConnections
{
    /// <param name="proxy">Null for the one in the variables.</param>
    /// <param name="bundle">A file of the certificates to trust; null for the system's.</param>
    public static SocketsHttpHandler CreateHandler(WebProxy? proxy, bool useProxy, string? bundle = null)
    {
        // .NET looks for distrusted certificates below HOME and fails without one.
        ProcessEnvironment.ReplaceHome();
        var handler = new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = useProxy, Proxy = proxy };
        if (OperatingSystem.IsLinux())
            SystemRoots.Apply(handler.SslOptions, bundle);
        return handler;
    }

    /// <summary>Lets the SDK use the same connections.</summary>
    public static void Apply(ClientConfig config, WebProxy? proxy, TimeSpan timeout, string? bundle) =>
        config.HttpClientFactory = new ClientFactory(proxy, timeout, bundle);

    /// <summary>Opens a connection in the background, before there is a request to send.</summary>
    /// <returns>Closes it.</returns>
    public static IDisposable? Connect(ClientConfig config, string endpoint) =>
        ((ClientFactory)config.HttpClientFactory).Connect(endpoint);

    private sealed class ClientFactory(WebProxy? proxy, TimeSpan timeout, string? bundle) : HttpClientFactory
    {
        private readonly SocketsHttpHandler _handler = CreateHandler(proxy, useProxy: true, bundle);

        public override HttpClient CreateHttpClient(IClientConfig clientConfig) => new(_handler) { Timeout = timeout };

        /// <summary>HttpClient finishes opening a connection even if the request that needed it is cancelled, and keeps it
        /// for the next request. This request is cancelled before it can be sent.</summary>
        public HttpClient Connect(string endpoint)
        {
            var stop = new CancellationTokenSource();
            _handler.PlaintextStreamFilter = async (connection, _) =>
            {
                // In case the connection is open before the last line below has run.
                await stop.CancelAsync();
                return connection.PlaintextStream;
            };
            var client = new HttpClient(_handler);
            _ = client.SendAsync(new HttpRequestMessage(HttpMethod.Head, endpoint), stop.Token);
            stop.Cancel();
            return client;
        }
    }
}
