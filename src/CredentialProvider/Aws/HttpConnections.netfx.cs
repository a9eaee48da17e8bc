using System.Net;
using System.Net.Http;
using Amazon.Runtime;
using CredentialProvider.Configuration;

namespace CredentialProvider.Aws;

/// <summary>The same for .NET Framework and mono, which have no SocketsHttpHandler and whose AWS SDK does not use
/// HttpClient.</summary>
internal static class HttpConnections
{
    public static void Apply(ClientConfig config, WebProxy? proxy, TimeSpan timeout, string? bundle)
    {
        ProcessEnvironment.ReplaceHome();
        if (proxy is not null)
            config.SetWebProxy(proxy);
    }

    /// <summary>There is no way to open a connection without a request.</summary>
    public static IDisposable? Connect(ClientConfig config, string endpoint) => null;

    public static HttpMessageHandler CreateHandler(WebProxy? proxy, bool useProxy, string? bundle = null)
    {
        ProcessEnvironment.ReplaceHome();
        var handler = new HttpClientHandler { AllowAutoRedirect = false, UseProxy = useProxy };
        if (proxy is not null)
            handler.Proxy = proxy;
        return handler;
    }
}
