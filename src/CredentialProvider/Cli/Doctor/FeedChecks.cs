using System.Net;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using CredentialProvider.Aws;
using CredentialProvider.Feeds;

namespace CredentialProvider.Cli.Doctor;

/// <summary>What the repository itself says to a token.</summary>
internal sealed class FeedChecks(Settings settings, Feed feed, string url, Secret token)
{
    /// <summary>The gallery behind an external connection may have to be asked first.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <param name="package">Id that the repository or what is behind it should have; null is not asked.</param>
    /// <param name="published">Id of a package that is offered again; null is not asked.</param>
    public async IAsyncEnumerable<Finding> RunAsync(string? package, string? published)
    {
        using var http = AwsCall.Http(settings, Patience);
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic",
            Convert.ToBase64String(Encoding.ASCII.GetBytes($"aws:{token.Reveal()}")));
        ServiceIndex? index = null;
        yield return await SafelyAsync(Checks.Read, async () =>
        {
            (var finding, index) = await CheckReadAsync(http);
            return finding;
        });
        if (package is not null)
            yield return await AskAsync(Checks.Package, found => CheckPackageAsync(http, found, package));
        yield return published is null ? Finding.Skip(Checks.Publish, "not asked: --publish ID")
            : await AskAsync(Checks.Publish, found => CheckPublishAsync(http, found, published));

        Task<Finding> AskAsync(string check, Func<ServiceIndex, Task<Finding>> ask) => index is { } found
            ? SafelyAsync(check, () =>
                ask(found)) : Task.FromResult(Finding.Skip(check, "the repository cannot be read"));
    }

    /// <summary>A repository that does not answer, or not as a repository does, fails the check and not the rest.</summary>
    private async Task<Finding> SafelyAsync(string check, Func<Task<Finding>> run)
    {
        try
        {
            return await run();
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException or JsonException
            or KeyNotFoundException or InvalidOperationException)
        {
            return Finding.Fail(check, AwsFailure.OfToken(feed, new Uri(url).GetLeftPart(UriPartial.Authority), e));
        }
    }

    private async Task<(Finding, ServiceIndex?)> CheckReadAsync(HttpClient http)
    {
        using var response = await http.GetAsync(new Uri(url));
        var body = await response.Content.ReadAsStringAsync();
        if (response.StatusCode == HttpStatusCode.OK)
            return (Finding.Ok(Checks.Read, "the repository answers with the token"), ServiceIndex.Parse(body));
        var (why, fix) = response.StatusCode switch
        {
            HttpStatusCode.Unauthorized when settings.AuthToken is not null => (
                $"{ErrorCode.TokenRefused}: the repository refuses the token in CODEARTIFACT_AUTH_TOKEN",
                "unset CODEARTIFACT_AUTH_TOKEN, or set a new one"),
            HttpStatusCode.Unauthorized => (
                $"{ErrorCode.TokenRefused}: the repository refuses a token that was made for it just now",
                "check domain, owner and region in the feed's URL, and that no proxy changes the request"),
            HttpStatusCode.Forbidden =>
                ($"{ErrorCode.AccessDenied}: {Message(body)}", AwsFailure.FixOfDenial(feed, body)),
            HttpStatusCode.NotFound => (
                $"there is no repository {feed.Repository} in {feed.DomainName}",
                "correct the name in the URL: aws codeartifact list-repositories-in-domain "
                    + $"--domain {feed.Domain} --domain-owner {feed.Owner} --region {feed.Region}"),
            var other => ($"the repository answers {(int)other}: {Message(body)}", "try again; check HTTPS_PROXY"),
        };
        return (Finding.Fail(Checks.Read, why, fix), null);
    }

    private async Task<Finding> CheckPackageAsync(HttpClient http, ServiceIndex index, string id)
    {
        var versions = await VersionsAsync(http, index, id);
        return versions.Count > 0
            ? Finding.Ok(Checks.Package,
                $"{id} has {versions.Count} {(versions.Count == 1 ? "version" : "versions")} here, the latest {versions[^1]}")
            : Finding.Fail(Checks.Package,
                $"neither repository {feed.Repository} nor an upstream or external connection behind it has {id}",
                $"give it one: aws codeartifact update-repository --domain {feed.Domain} --domain-owner {feed.Owner} --region {feed.Region} "
                + $"--repository {feed.Repository} --upstreams repositoryName=UPSTREAM");
    }

    /// <summary>Offers a version that is there already: whoever may publish is told that it exists, others that they may
    /// not. Nothing changes.</summary>
    private async Task<Finding> CheckPublishAsync(HttpClient http, ServiceIndex index, string id)
    {
        var versions = await VersionsAsync(http, index, id);
        if (versions.Count == 0)
            return Finding.Skip(Checks.Publish, $"{id} has no version here that could be offered again");
        var (name, version) = (id.ToLowerInvariant(), versions[^1]);
        var package = await http.GetByteArrayAsync(
            new Uri(index.PackageBaseAddress, $"{name}/{version}/{name}.{version}.nupkg"));
        using var form = new MultipartFormDataContent { { new ByteArrayContent(package), "package", "package.nupkg" } };
        using var response = await http.PutAsync(index.PackagePublish, form);
        var body = await response.Content.ReadAsStringAsync();
        return response.StatusCode switch
        {
            HttpStatusCode.Conflict =>
                Finding.Ok(Checks.Publish, $"allowed: {id} {version} was offered again, and it is there already"),
            HttpStatusCode.Forbidden =>
                Finding.Fail(Checks.Publish, $"{ErrorCode.AccessDenied}: {Message(body)}",
                AwsFailure.FixOfDenial(feed, body, isPublishing: true)),
            var other when (int)other < 300 => Finding.Ok(Checks.Publish, $"allowed: {id} {version} was taken"),
            var other => Finding.Fail(Checks.Publish, $"the repository answers {(int)other}: {Message(body)}",
                "try again"),
        };
    }

    private static async Task<List<string>> VersionsAsync(HttpClient http, ServiceIndex index, string id)
    {
        using var response =
            await http.GetAsync(new Uri(index.PackageBaseAddress, $"{id.ToLowerInvariant()}/index.json"));
        if (response.StatusCode == HttpStatusCode.NotFound)
            return [];
        response.EnsureSuccessStatusCode();
        using var json = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        return [.. json.RootElement.GetProperty("versions").EnumerateArray().Select(version => version.GetString()!)];
    }

    /// <summary>AWS's own words, if it is AWS that speaks.</summary>
    private static string Message(string body)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            return json.RootElement.GetProperty("message").GetString() ?? body;
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return body.Length > 200 ? body[..200] : body;
        }
    }

    /// <summary>Of NuGet's service index, what is asked here: https://learn.microsoft.com/nuget/api/service-index</summary>
    private sealed record ServiceIndex(Uri PackageBaseAddress, Uri PackagePublish)
    {
        public static ServiceIndex Parse(string text)
        {
            using var json = JsonDocument.Parse(text);
            var resources = json.RootElement.GetProperty("resources").EnumerateArray().ToList();
            Uri Find(string type) =>
                resources.Find(resource =>
                resource.GetProperty("@type").GetString()!.StartsWith(type, StringComparison.Ordinal))
                is { ValueKind: JsonValueKind.Object } found ? new Uri(found.GetProperty("@id").GetString()!)
                    : throw new JsonException($"the service index has no {type}");
            return new ServiceIndex(new Uri(Find("PackageBaseAddress").AbsoluteUri.TrimEnd('/') + "/"),
                Find("PackagePublish"));
        }
    }
}
