using System.Net;
using System.Net.Http;
using Amazon.Runtime;

namespace CredentialProvider.Aws;

/// <summary>.NET Framework and mono leave certificates to the system.</summary>
internal static class SystemRoots
{
    public static void Defer()
    {
    }

    public static void Apply(ClientConfig config, WebProxy? proxy, TimeSpan timeout, string? bundle)
    {
        if (proxy is not null)
            config.SetWebProxy(proxy);
    }

    /// <summary>There is no way to open a connection without a request.</summary>
    public static IDisposable? Connect(ClientConfig config, string endpoint) => null;

    public static HttpMessageHandler CreateHandler(WebProxy? proxy, bool useProxy, string? bundle = null)
    {
        var handler = new HttpClientHandler { AllowAutoRedirect = false, UseProxy = useProxy };
        if (proxy is not null)
            handler.Proxy = proxy;
        return handler;
    }
}
