using System.Net;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using CredentialProvider.Configuration;
using CredentialProvider.Errors;
using CredentialProvider.Feeds;

namespace CredentialProvider.Aws;

/// <summary>
/// Requests to one feed. The token is sent over https, and only to hosts for which the plugin would give NuGet the same
/// token, whatever URLs the feed returns. No redirect is followed with the token, and no answer is read beyond a limit.
/// </summary>
/// <exception cref="AwsCallException">From every method: no response, or one that cannot be read.</exception>
/// <exception cref="FeedResponseException">From every method: an HTTP status that is not the wanted one.</exception>
/// <exception cref="TokenWithheldException">From every method: the next request is not the feed's.</exception>
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
    private readonly CancellationToken _cancel;

    /// <param name="url">Of the feed's service index; https.</param>
    public FeedClient(Settings settings, Feed feed, string url, Secret token, CancellationToken cancel)
    {
        (_settings, _feed, _url, _cancel) = (settings, feed, new Uri(url), cancel);
        // Without AWS_CA_BUNDLE, which NuGet does not read.
        _http = AwsClients.CreateHttpClient(settings, RequestTimeout);
        _authorization = new AuthenticationHeaderValue("Basic",
            Convert.ToBase64String(Encoding.ASCII.GetBytes($"aws:{token.Reveal()}")));
    }

    public Task<ServiceIndex> GetIndexAsync() => GetAsync(_url, ServiceIndex.Parse);

    /// <summary>The versions of a package, lowest first; none if the feed does not have it.</summary>
    public async Task<IReadOnlyList<string>> GetVersionsAsync(ServiceIndex index, string id)
    {
        try
        {
            return await GetAsync(new Uri(index.PackageBaseAddress, $"{id.ToLowerInvariant()}/index.json"),
                json => (string[])[.. json.GetProperty("versions").EnumerateArray().Select(TextOf)]);
        }
        catch (FeedResponseException e) when (e.Status == HttpStatusCode.NotFound)
        {
            return [];
        }
    }

    /// <summary>Any package that the feed has; null if a search finds none.</summary>
    public async Task<(string Id, string Version)?> FindPackageAsync(ServiceIndex index) => index.Search is null ? null
        : await GetAsync(new Uri(index.Search.AbsoluteUri + "?q=&take=1&prerelease=true"), json =>
            json.GetProperty("data").EnumerateArray().Select(found =>
                ((string, string)?)(TextOf(found.GetProperty("id")), TextOf(found.GetProperty("version"))))
            .FirstOrDefault());

    /// <summary>Offers a package to the feed.</summary>
    public Task PutAsync(ServiceIndex index, byte[] package) => SendAsync(() =>
    {
        var request = WithToken(HttpMethod.Put, index.PackagePublish);
        request.Content = new MultipartFormDataContent { { new ByteArrayContent(package), "package", "package.nupkg" } };
        return request;
    }, async response =>
    {
        await ThrowUnlessSuccessAsync(response);
        return true;
    });

    /// <summary>Downloads a package. CodeArtifact may redirect to a presigned URL of S3, which is requested without the
    /// token.</summary>
    /// <param name="isWhole">False to read only as much as shows that it is a package.</param>
    public async Task<byte[]> DownloadAsync(ServiceIndex index, string id, string version, bool isWhole)
    {
        id = id.ToLowerInvariant();
        version = version.ToLowerInvariant();
        var url = new Uri(index.PackageBaseAddress, $"{id}/{version}/{id}.{version}.nupkg");
        var (package, target) = await SendAsync(() => WithToken(HttpMethod.Get, url), ReadPackageAsync);
        if (target is not null)
        {
            if (target.Scheme != Uri.UriSchemeHttps || !IsOfAws(target))
                throw new TokenWithheldException($"the package's download redirects to {Show(target)}, which is not an AWS host");
            (package, target) = await SendAsync(() => new HttpRequestMessage(HttpMethod.Get, target), ReadPackageAsync);
        }

        return package ?? throw new TokenWithheldException($"the package's download redirects again, to {Show(target!)}");

        async Task<(byte[]? Package, Uri? Target)> ReadPackageAsync(HttpResponseMessage response)
        {
            if (RedirectOf(response) is { } location)
                return (null, location);
            await ThrowUnlessSuccessAsync(response);
            var content = await ReadAsync(response, MaxPackageSize, isWhole ? int.MaxValue : 4);
            return content is [(byte)'P', (byte)'K', ..] ? (content, null) : throw new JsonException("it is not a package");
        }
    }

    public void Dispose() => _http.Dispose();

    private Task<T> GetAsync<T>(Uri url, Func<JsonElement, T> read) =>
        SendAsync(() => WithToken(HttpMethod.Get, url), async response =>
    {
        await ThrowUnlessSuccessAsync(response);
        using var json = JsonDocument.Parse(await ReadAsync(response, MaxTextSize));
        try
        {
            return read(json.RootElement);
        }
        catch (Exception e) when (e is KeyNotFoundException or InvalidOperationException or UriFormatException)
        {
            throw new JsonException(e.Message, e);
        }
    });

    private static string TextOf(JsonElement value) => value.GetString() ?? throw new JsonException("null is not text");

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
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(_cancel);
        limit.CancelAfter(RequestTimeout);
        try
        {
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
            return await read(response).WaitAsync(limit.Token);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or JsonException or ResponseTooLargeException
            or OperationCanceledException)
        {
            throw new AwsCallException(AwsCall.ToRepository(_feed, request.RequestUri!), e);
        }
    }

    private async Task ThrowUnlessSuccessAsync(HttpResponseMessage response)
    {
        if (RedirectOf(response) is { } target)
            throw new TokenWithheldException($"the feed redirects to {Show(target)}");
        if (!response.IsSuccessStatusCode)
        {
            throw new FeedResponseException(_feed, response.RequestMessage!.RequestUri!, response.StatusCode,
                Encoding.UTF8.GetString(await ReadAsync(response, MaxTextSize)),
                isDownload: response.RequestMessage.Headers.Authorization is null);
        }
    }

    /// <param name="wanted">In bytes; the rest is not read.</param>
    private static async Task<byte[]> ReadAsync(HttpResponseMessage response, int maxSize, int wanted = int.MaxValue)
    {
        using var stream = await response.Content.ReadAsStreamAsync();
        using var content = new MemoryStream();
        var buffer = new byte[64 * 1024];
        while (content.Length < wanted && await stream.ReadAsync(buffer.AsMemory()) is > 0 and var read)
        {
            if (content.Length + read > maxSize)
                throw new ResponseTooLargeException($"more than {maxSize / (1024 * 1024)} MB");
            await content.WriteAsync(buffer.AsMemory(0, read));
        }

        return content.ToArray();
    }

    /// <summary>Absolute; null if the answer is not a redirect.</summary>
    private static Uri? RedirectOf(HttpResponseMessage response) =>
        (int)response.StatusCode is >= 300 and < 400 && response.Headers.Location is { } location
            ? new Uri(response.RequestMessage!.RequestUri!, location) : null;

    private bool IsOfAws(Uri url) => url.Authority == _url.Authority || (Partition.OfRegion(_feed.Region) is { } partition
        && url.IdnHost.EndsWith("." + partition.DnsSuffix, StringComparison.OrdinalIgnoreCase));

    private static string Show(Uri url) => url.IsAbsoluteUri ? url.GetLeftPart(UriPartial.Authority) : url.ToString();
}

/// <summary>The resources that are used here: https://learn.microsoft.com/nuget/api/service-index</summary>
/// <param name="Search">Null if the feed cannot be searched.</param>
internal sealed record ServiceIndex(Uri PackageBaseAddress, Uri PackagePublish, Uri? Search)
{
    /// <exception cref="JsonException">Another resource is missing.</exception>
    public static ServiceIndex Parse(JsonElement index)
    {
        var resources = index.GetProperty("resources").EnumerateArray().ToList();
        return new ServiceIndex(new Uri(Require("PackageBaseAddress").AbsoluteUri.TrimEnd('/') + "/"),
            Require("PackagePublish"), Find("SearchQueryService"));

        Uri Require(string type) => Find(type) ?? throw new JsonException($"the service index has no {type}");
        Uri? Find(string type) => resources.Find(resource =>
            resource.GetProperty("@type").GetString()!.StartsWith(type, StringComparison.Ordinal))
            is { ValueKind: JsonValueKind.Object } found ? new Uri(found.GetProperty("@id").GetString()!) : null;
    }
}

/// <summary>The next request would take the token somewhere else, so it was not sent.</summary>
internal sealed class TokenWithheldException(string message) : Exception(message);
