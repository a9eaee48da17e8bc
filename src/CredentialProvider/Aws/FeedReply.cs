using System.Net;
using CredentialProvider.Configuration;
using CredentialProvider.Errors;
using CredentialProvider.Feeds;
using CredentialProvider.Platform;

namespace CredentialProvider.Aws;

/// <summary>
/// Whether a feed accepts a token that NuGet reports as refused. NuGet asks for another token after any 401 or 403,
/// even for a single package, and even from the host that a download redirects to.
/// </summary>
/// <param name="IsTokenAccepted">The feed accepts the token now: something else was refused, or the refusal has
/// passed.</param>
/// <param name="Refusal">What is refused although the token is good; null if another token may help.</param>
internal sealed record FeedReply(bool IsTokenAccepted, NoTokenException? Refusal)
{
    /// <summary>The feed refuses the token, or cannot be asked.</summary>
    public static readonly FeedReply None = new(false, null);

    /// <summary>For all requests: NuGet waits, and its restore fails anyway.</summary>
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    /// <param name="url">Of the feed's service index.</param>
    /// <returns>Never fails.</returns>
    public static async Task<FeedReply> AskAsync(
        Settings settings, Feed feed, string url, Secret token, CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(Timeout);
        try
        {
            using var client = new FeedClient(settings, feed, url, token, limit.Token);
            var index = await client.GetIndexAsync();
            return new FeedReply(true, await FindRefusalAsync(client, index, url));
        }
        catch (FeedResponseException e) when (e.Status == HttpStatusCode.Forbidden)
        {
            return new FeedReply(false, e.Describe());
        }
        catch (Exception e) when (e is AwsCallException or FeedResponseException or TokenWithheldException or NoTokenException)
        {
            return None;
        }
    }

    /// <summary>Downloads a package as NuGet does. Which one NuGet was refused is unknown here.</summary>
    private static async Task<NoTokenException> FindRefusalAsync(FeedClient client, ServiceIndex index, string url)
    {
        try
        {
            if (await client.FindPackageAsync(index) is var (id, version))
                await client.DownloadAsync(index, id, version, isWhole: false);
        }
        catch (FeedResponseException e) when (e.Status == HttpStatusCode.Forbidden)
        {
            return e.Describe();
        }
        catch (AwsCallException e)
        {
            return FailureMessages.Describe(e);
        }
        catch (Exception e) when (e is FeedResponseException or TokenWithheldException)
        {
            // Not what NuGet was refused.
        }

        var command = $"nuget-plugin-codeartifact doctor {ShellText.Argument(url)} --package ID";
        return new NoTokenException(ErrorCode.AccessDenied,
            "the repository accepts the token, but refuses another request, such as the download of one package",
            $"look at the package that NuGet names: {command}") { Command = command };
    }
}
