using System.Net;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Text;
using CredentialProvider.Aws;
using CredentialProvider.Configuration;
using CredentialProvider.Errors;
using CredentialProvider.Feeds;

namespace CredentialProvider.Cli.Doctor;

/// <summary>
/// Requests to one feed. The token is sent over https, and only to hosts for which the plugin would give NuGet the same
/// token: what the feed's answers name does not decide that. No redirect is followed with the token, and no answer is
/// read beyond a limit.
/// </summary>
internal sealed class FeedClient : IDisposable
{
    /// <summary>In bytes: for JSON and error messages, and for a package.</summary>
    private const int MaxTextSize = 4 * 1024 * 1024, MaxPackageSize = 64 * 1024 * 1024;

    /// <summary>For one request with its answer. CodeArtifact may have to ask the public gallery of an external
    /// connection first.</summary>
    private static readonly TimeSpan RequestTimeout = TimeSpan.FromSeconds(30);

    private readonly HttpClient _http;
    private readonly Settings _settings;
    private readonly Feed _feed;
    private readonly Uri _url;
    private readonly AuthenticationHeaderValue _authorization;

    /// <param name="url">Of the feed's service index; https.</param>
    public FeedClient(Settings settings, Feed feed, string url, Secret token)
    {
        (_settings, _feed, _url) = (settings, feed, new Uri(url));
        _http = AwsLimits.CreateHttpClient(settings, RequestTimeout);
        _authorization = new AuthenticationHeaderValue("Basic",
            Convert.ToBase64String(Encoding.ASCII.GetBytes($"aws:{token.Reveal()}")));
    }

    /// <exception cref="TokenWithheldException">The answer is a redirect, or the URL is not the feed's.</exception>
    public Task<(HttpStatusCode Status, string Body)> GetIndexAsync() => GetAsync(_url);

    /// <inheritdoc cref="GetIndexAsync"/>
    public Task<(HttpStatusCode Status, string Body)> GetAsync(Uri url) =>
        SendAsync(() => WithToken(HttpMethod.Get, url), async response =>
    {
        ThrowIfRedirect(response);
        return (response.StatusCode, Encoding.UTF8.GetString(await ReadAsync(response, MaxTextSize)));
    });

    /// <summary>Offers a package to the feed.</summary>
    /// <inheritdoc cref="GetIndexAsync"/>
    public Task<(HttpStatusCode Status, string Body)> PutAsync(Uri url, byte[] package) => SendAsync(() =>
    {
        var request = WithToken(HttpMethod.Put, url);
        request.Content = new MultipartFormDataContent { { new ByteArrayContent(package), "package", "package.nupkg" } };
        return request;
    }, async response =>
    {
        ThrowIfRedirect(response);
        return (response.StatusCode, Encoding.UTF8.GetString(await ReadAsync(response, MaxTextSize)));
    });

    /// <summary>Downloads a package. CodeArtifact may redirect to a presigned URL of S3, which is requested without the
    /// token.</summary>
    /// <exception cref="TokenWithheldException">The URL, or the one it redirects to, is not AWS's.</exception>
    public async Task<byte[]> DownloadAsync(Uri url)
    {
        var (package, target) = await SendAsync(() => WithToken(HttpMethod.Get, url), ReadPackageAsync);
        if (target is not null)
        {
            if (target.Scheme != Uri.UriSchemeHttps || !IsOfAws(target))
                throw new TokenWithheldException($"the package's download redirects to {Show(target)}, which is not AWS's");
            (package, target) = await SendAsync(() => new HttpRequestMessage(HttpMethod.Get, target), ReadPackageAsync);
        }

        return package ?? throw new TokenWithheldException($"the package's download redirects again, to {Show(target!)}");

        static async Task<(byte[]? Package, Uri? Target)> ReadPackageAsync(HttpResponseMessage response)
        {
            if (RedirectOf(response) is { } location)
                return (null, location);
            response.EnsureSuccessStatusCode();
            return (await ReadAsync(response, MaxPackageSize), null);
        }
    }

    public void Dispose() => _http.Dispose();

    private HttpRequestMessage WithToken(HttpMethod method, Uri url)
    {
        var isFeeds = url.Scheme == Uri.UriSchemeHttps && (url.Authority == _url.Authority
            || (FeedRecognition.TryFind(url.AbsoluteUri, _settings, out var other)
                && (other.Domain, other.Owner, other.Region) == (_feed.Domain, _feed.Owner, _feed.Region)));
        return !isFeeds ? throw new TokenWithheldException($"the service index names {Show(url)}, which is not the feed's host")
            : new HttpRequestMessage(method, url) { Headers = { Authorization = _authorization } };
    }

    private async Task<T> SendAsync<T>(Func<HttpRequestMessage> create, Func<HttpResponseMessage, Task<T>> read)
    {
        using var request = create();
        using var limit = new CancellationTokenSource(RequestTimeout);
        using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
        return await read(response).WaitAsync(limit.Token);
    }

    private static async Task<byte[]> ReadAsync(HttpResponseMessage response, int maxSize)
    {
        using var stream = await response.Content.ReadAsStreamAsync();
        using var content = new MemoryStream();
        var buffer = new byte[64 * 1024];
        while (await stream.ReadAsync(buffer.AsMemory()) is > 0 and var read)
        {
            if (content.Length + read > maxSize)
                throw new ResponseTooLargeException($"more than {maxSize / (1024 * 1024)} MB");
            await content.WriteAsync(buffer.AsMemory(0, read));
        }

        return content.ToArray();
    }

    private static void ThrowIfRedirect(HttpResponseMessage response)
    {
        if (RedirectOf(response) is { } target)
            throw new TokenWithheldException($"the feed redirects to {Show(target)}");
    }

    /// <summary>Absolute; null if the answer is not a redirect.</summary>
    private static Uri? RedirectOf(HttpResponseMessage response) =>
        (int)response.StatusCode is >= 300 and < 400 && response.Headers.Location is { } location
            ? new Uri(response.RequestMessage!.RequestUri!, location) : null;

    private bool IsOfAws(Uri url) => url.Authority == _url.Authority || (Partition.OfRegion(_feed.Region) is { } partition
        && url.IdnHost.EndsWith("." + partition.DnsSuffix, StringComparison.OrdinalIgnoreCase));

    private static string Show(Uri url) => url.IsAbsoluteUri ? url.GetLeftPart(UriPartial.Authority) : url.ToString();
}

/// <summary>The next request would take the token somewhere else, so it was not sent.</summary>
internal sealed class TokenWithheldException(string message) : Exception(message);
