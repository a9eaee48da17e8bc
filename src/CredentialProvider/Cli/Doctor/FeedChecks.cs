using System.Net;
using System.Net.Http;
using System.Text.Json;
using CredentialProvider.Aws;
using CredentialProvider.Configuration;
using CredentialProvider.Errors;
using CredentialProvider.Feeds;
using CredentialProvider.Platform;

namespace CredentialProvider.Cli.Doctor;

/// <summary>What the repository allows with a token.</summary>
internal sealed class FeedChecks(Settings settings, Feed feed, string url, Secret token)
{
    /// <summary>In characters, of a response that is not AWS's.</summary>
    private const int MaxExcerpt = 200;

    /// <param name="package">ID of a package that the repository or an upstream should have; null if not asked.</param>
    /// <param name="publish">ID of a package to offer again; null if not asked.</param>
    public async IAsyncEnumerable<Finding> RunAsync(string? package, string? publish)
    {
        using var http = new FeedClient(settings, feed, url, token);
        ServiceIndex? index = null;
        yield return await SafelyAsync(Checks.Read, async () =>
        {
            (var finding, index) = await CheckReadAsync(http);
            return finding;
        });
        if (package is not null)
            yield return await WithIndexAsync(Checks.Package, found => CheckPackageAsync(http, found, package));
        yield return publish is null ? Finding.Skip(Checks.Publish, "not checked; add --publish ID")
            : await WithIndexAsync(Checks.Publish, found => CheckPublishAsync(http, found, publish));

        Task<Finding> WithIndexAsync(string check, Func<ServiceIndex, Task<Finding>> run) => index is { } found
            ? SafelyAsync(check, () => run(found))
            : Task.FromResult(Finding.Skip(check, "the repository cannot be read"));
    }

    /// <summary>No response, or an unexpected one, fails this check and no other.</summary>
    private async Task<Finding> SafelyAsync(string check, Func<Task<Finding>> run)
    {
        try
        {
            return await run();
        }
        catch (TokenWithheldException e)
        {
            return Finding.Fail(check, $"{e.Message}; no token was sent there",
                "check the feed's URL, and what answers for that host");
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException or JsonException
            or KeyNotFoundException or InvalidOperationException or UriFormatException or ResponseTooLargeException
            or IOException)
        {
            return Finding.Fail(check, FailureMessages.Describe(feed, new Uri(url).GetLeftPart(UriPartial.Authority), e));
        }
    }

    private async Task<(Finding, ServiceIndex?)> CheckReadAsync(FeedClient http)
    {
        var (status, body) = await http.GetIndexAsync();
        if (status == HttpStatusCode.OK)
            return (Finding.Ok(Checks.Read, "the repository accepts the token"), ServiceIndex.Parse(body));
        return (status switch
        {
            HttpStatusCode.Unauthorized when settings.AuthToken is not null => Finding.FailWithCommand(Checks.Read,
                "the repository refuses the token in CODEARTIFACT_AUTH_TOKEN", "set a new one, or unset it",
                ShellText.Unset("CODEARTIFACT_AUTH_TOKEN")!, ErrorCode.TokenRefused),
            HttpStatusCode.Unauthorized => Finding.Fail(Checks.Read,
                "the repository refuses a token that CodeArtifact has just issued",
                "check domain, owner and region in the feed's URL, and that no proxy changes the request",
                ErrorCode.TokenRefused),
            HttpStatusCode.Forbidden => Denied(Checks.Read, body, isPublishing: false),
            HttpStatusCode.NotFound => Finding.FailWithCommand(Checks.Read,
                $"repository {feed.Repository} does not exist in {feed.DomainName}",
                "correct the name in the URL", "aws codeartifact list-repositories-in-domain "
                    + Domain),
            _ => Unexpected(Checks.Read, status, body),
        }, null);
    }

    /// <summary>Options of the AWS CLI.</summary>
    private string Domain => $"--domain {ShellText.Quote(feed.Domain)} --domain-owner {ShellText.Quote(feed.Owner)} "
        + $"--region {ShellText.Quote(feed.Region)}";

    private Finding Denied(string check, string body, bool isPublishing)
    {
        var denial = Denial.Of(feed, body, isPublishing);
        return Finding.Fail(check, GetMessage(body), denial.Fix, ErrorCode.AccessDenied) with { Command = denial.Command };
    }

    private static Finding Unexpected(string check, HttpStatusCode status, string body) => Finding.Fail(check,
        $"unexpected response from the repository: HTTP {(int)status}: {GetMessage(body)}",
        "try again; check HTTPS_PROXY");

    private async Task<Finding> CheckPackageAsync(FeedClient http, ServiceIndex index, string id)
    {
        var versions = await VersionsAsync(http, index, id);
        return versions.Count > 0
            ? Finding.Ok(Checks.Package,
                $"{id} has {versions.Count} {(versions.Count == 1 ? "version" : "versions")}, latest {versions[^1]}")
            : Finding.Fail(Checks.Package,
                $"neither repository {feed.Repository} nor any upstream or external connection has {id}",
                "add an upstream that has it: aws codeartifact update-repository "
                + $"{Domain} --repository {ShellText.Quote(feed.Repository)} --upstreams repositoryName=UPSTREAM");
    }

    /// <summary>Offers an existing version again, which changes nothing. CodeArtifact answers that it exists (409) or
    /// that publishing is denied (403).</summary>
    private async Task<Finding> CheckPublishAsync(FeedClient http, ServiceIndex index, string id)
    {
        var versions = await VersionsAsync(http, index, id);
        if (versions.Count == 0)
            return Finding.Skip(Checks.Publish, $"{id} has no version that could be offered again");
        var (name, version) = (id.ToLowerInvariant(), versions[^1]);
        var package = await http.DownloadAsync(
            new Uri(index.PackageBaseAddress, $"{name}/{version}/{name}.{version}.nupkg"));
        var (status, body) = await http.PutAsync(index.PackagePublish, package);
        return status switch
        {
            HttpStatusCode.Conflict =>
                Finding.Ok(Checks.Publish, $"allowed; {id} {version} was offered again and already exists"),
            HttpStatusCode.Forbidden => Denied(Checks.Publish, body, isPublishing: true),
            var other when (int)other < 300 => Finding.Ok(Checks.Publish, $"allowed; {id} {version} was accepted"),
            var other => Unexpected(Checks.Publish, other, body),
        };
    }

    private static async Task<List<string>> VersionsAsync(FeedClient http, ServiceIndex index, string id)
    {
        var (status, body) =
            await http.GetAsync(new Uri(index.PackageBaseAddress, $"{id.ToLowerInvariant()}/index.json"));
        if (status == HttpStatusCode.NotFound)
            return [];
        if (status != HttpStatusCode.OK)
            throw new HttpRequestException($"HTTP {(int)status}: {GetMessage(body)}");
        using var json = JsonDocument.Parse(body);
        return [.. json.RootElement.GetProperty("versions").EnumerateArray().Select(version => version.GetString()!)];
    }

    /// <summary>AWS's message, or the beginning of a response that is not AWS's.</summary>
    private static string GetMessage(string body)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            return json.RootElement.GetProperty("message").GetString() ?? body;
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return PrintableText.Of(body, MaxExcerpt);
        }
    }

    /// <summary>The resources that the checks use: https://learn.microsoft.com/nuget/api/service-index</summary>
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
