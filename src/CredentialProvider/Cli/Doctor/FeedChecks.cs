using System.Net;
using CredentialProvider.Aws;
using CredentialProvider.Cli.NuGet;
using CredentialProvider.Configuration;
using CredentialProvider.Errors;
using CredentialProvider.Feeds;
using CredentialProvider.Platform;

namespace CredentialProvider.Cli.Doctor;

/// <summary>What the repository allows with a token.</summary>
internal sealed class FeedChecks(Settings settings, TimeProvider time, Feed feed, string url, Secret token)
{
    /// <param name="package">ID of a package that the repository or an upstream should have; null if not asked.</param>
    /// <param name="publish">ID of a package to offer again; null if not asked.</param>
    public async IAsyncEnumerable<Finding> RunAsync(string? package, string? publish)
    {
        using var client = new FeedClient(settings, feed, url, token, CancellationToken.None);
        ServiceIndex? index = null;
        yield return await SafelyAsync(Checks.Read, async () =>
        {
            index = await client.GetIndexAsync();
            return Finding.Ok(Checks.Read, "the repository accepts the token");
        });
        if (package is not null)
            yield return await WithIndexAsync(Checks.Package, found => CheckPackageAsync(client, found, package));
        yield return publish is null ? Finding.Skip(Checks.Publish, "not checked; add --publish ID")
            : await WithIndexAsync(Checks.Publish, found => CheckPublishAsync(client, found, publish));

        Task<Finding> WithIndexAsync(string check, Func<ServiceIndex, Task<Finding>> run) => index is { } found
            ? SafelyAsync(check, () => run(found))
            : Task.FromResult(Finding.Skip(check, "the repository cannot be read"));
    }

    /// <summary>False if the feed refuses a password that another plugin has for it.</summary>
    public static async Task<bool> AcceptsAsync(Settings settings, Feed feed, string url, Secret password)
    {
        try
        {
            using var client = new FeedClient(settings, feed, url, password, CancellationToken.None);
            await client.GetIndexAsync();
            return true;
        }
        catch (FeedResponseException e)
        {
            return e.Status is not (HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden);
        }
        catch (Exception e) when (e is AwsCallException or TokenWithheldException or NoTokenException)
        {
            // Whatever it is, the check of the source says so.
            return true;
        }
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
        catch (FeedResponseException e) when (e.Status == HttpStatusCode.Unauthorized
            && settings.ExternalToken is { } external)
        {
            return Finding.FailWithCommand(check, $"the repository refuses the token in {external.Place}",
                "set a new one, or unset it", ShellText.Unset(external.Source)!, ErrorCode.TokenRefused);
        }
        catch (FeedResponseException e)
        {
            return Finding.Fail(check, e.Describe(isPublishing: check == Checks.Publish));
        }
        catch (AwsCallException e)
        {
            return Finding.Fail(check, FailureMessages.Describe(e));
        }
    }

    private async Task<Finding> CheckPackageAsync(FeedClient client, ServiceIndex index, string id)
    {
        var versions = await client.GetVersionsAsync(index, id);
        if (versions.Count == 0)
        {
            return Finding.Fail(Checks.Package,
                $"neither repository {feed.Repository} nor any upstream or external connection has {id}",
                "add an upstream that has it: aws codeartifact update-repository "
                + $"{AwsCli.DomainOptions(feed)} --repository {ShellText.Quote(feed.Repository)} --upstreams repositoryName=UPSTREAM") with { MayBeElsewhere = true };
        }

        await client.DownloadAsync(index, id, versions[^1], isWhole: false);
        return FindOutdated(id, versions[^1]) ?? Finding.Ok(Checks.Package,
            $"{id} has {versions.Count} {(versions.Count == 1 ? "version" : "versions")}; the latest, {versions[^1]}, can be downloaded");
    }

    /// <returns>Null if NuGet's HTTP cache has that version, or will not be used.</returns>
    private Finding? FindOutdated(string package, string latest) => HttpCache.Folder is not { } folder
        || HttpCache.Find(folder, url, package, time.GetUtcNow()) is not var (versions, age)
            || versions.Contains(latest, StringComparer.OrdinalIgnoreCase) ? null
            : Finding.FailWithCommand(Checks.Package,
                $"NuGet's HTTP cache, {age.TotalMinutes:0} minutes old, does not have {package} {latest}; NuGet asks the feed again "
                + $"when it is {HttpCache.MaxAge.TotalMinutes} minutes old", "clear it", "dotnet nuget locals http-cache --clear")
                with { MayBeElsewhere = true };

    /// <summary>Offers an existing version again, which changes nothing. CodeArtifact answers that it exists (409) or
    /// that publishing is denied (403).</summary>
    private static async Task<Finding> CheckPublishAsync(FeedClient client, ServiceIndex index, string id)
    {
        var versions = await client.GetVersionsAsync(index, id);
        if (versions.Count == 0)
            return Finding.Skip(Checks.Publish, $"{id} has no version that could be offered again");
        var package = await client.DownloadAsync(index, id, versions[^1], isWhole: true);
        try
        {
            await client.PutAsync(index, package);
            return Finding.Ok(Checks.Publish, $"allowed; {id} {versions[^1]} was accepted");
        }
        catch (FeedResponseException e) when (e.Status == HttpStatusCode.Conflict)
        {
            return Finding.Ok(Checks.Publish, $"allowed; {id} {versions[^1]} was offered again and already exists");
        }
    }
}
