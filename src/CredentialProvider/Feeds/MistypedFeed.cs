namespace CredentialProvider.Feeds;

/// <summary>Finds mistakes in URLs that look like CodeArtifact feeds: on AWS's hosts. On any other host, a label
/// <c>codeartifact</c> says nothing about what its feeds are.</summary>
internal static class MistypedFeed
{
    private const string Form =
        "https://DOMAIN-ACCOUNT.d.codeartifact.REGION.amazonaws.com/nuget/REPOSITORY/v3/index.json";

    /// <summary>The mistake, its fix and the corrected URL if it is known; null if the URL is correct or has nothing
    /// to do with CodeArtifact.</summary>
    /// <param name="url">May contain a password, which no text repeats.</param>
    public static (string Why, string Fix, string? Url)? Find(string url)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out var uri)
            || Array.IndexOf(uri.Host.Split('.'), "codeartifact") < 0 || !IsAwsHost(uri.Host))
        {
            return null;
        }

        if (uri.UserInfo.Length > 0)
            return ("the URL contains a user name or password", "remove it from the URL; the plugin supplies tokens", null);
        if (uri.Scheme == Uri.UriSchemeHttp)
            return Correct("the URL uses http, but CodeArtifact supports https only", $"https{url[4..]}");
        if (!FeedUrl.TryParse(url, out var feed))
            return FindInHost(uri) ?? FindInPath(uri);
        return uri.AbsolutePath.EndsWith("/v3/index.json", StringComparison.OrdinalIgnoreCase) ? null
            : Correct("the URL does not end in /v3/index.json, so NuGet uses its V2 protocol, which CodeArtifact does not "
                + "support", $"{GetRepositoryUrl(uri, feed.Repository)}/v3/index.json");
    }

    private static (string Why, string Fix, string? Url)? FindInHost(Uri uri)
    {
        var labels = uri.Host.Split('.');
        var at = Array.IndexOf(labels, "codeartifact");
        if (at == 0)
            return ("the host is that of the CodeArtifact API, not of a repository", $"use {Form}", null);
        if (at == 1 && labels.Length > 3 && labels[^1] == "com")
        {
            var corrected = uri.Host.Replace(".codeartifact.", ".d.codeartifact.");
            return FeedUrl.TryParse($"https://{corrected}/nuget/any/", out _)
                ? Correct("the host is missing .d. before codeartifact", $"https://{corrected}{uri.AbsolutePath}")
                : InvalidHost();
        }

        return FeedUrl.TryParse($"https://{uri.Host}/nuget/any/", out _)
            || FeedUrl.TryParse($"https://{uri.Host}/nuget/d/any-000000000000/any/", out _) ? null : InvalidHost();

        (string, string, string?) InvalidHost() =>
            ($"the host {uri.Host} does not consist of domain, account (12 digits) and region", $"use {Form}", null);
    }

    private static bool IsAwsHost(string host) => Array.Exists(Partition.All, partition =>
        IsBelow(partition.DnsSuffix, host) || IsBelow(partition.ApiDualStackSuffix, host)
        || (partition.RepositoryDualStackSuffix is { } suffix && IsBelow(suffix, host)));

    private static bool IsBelow(string suffix, string host) =>
        host.EndsWith("." + suffix, StringComparison.OrdinalIgnoreCase);

    private static (string Why, string Fix, string? Url) FindInPath(Uri uri)
    {
        var segments = uri.AbsolutePath.Split('/');
        return segments.Length > 2 && FeedUrl.IsOtherFormat(segments[1])
            ? Correct($"the path is that of the package format {segments[1]}, not of nuget",
                $"{uri.GetLeftPart(UriPartial.Authority)}/nuget/{segments[2]}/v3/index.json")
            : ("the path does not contain a NuGet repository", $"use {Form}", null);
    }

    private static (string Why, string Fix, string? Url) Correct(string why, string url) => (why, $"use {url}", url);

    /// <summary>The URL up to the repository's name.</summary>
    private static string GetRepositoryUrl(Uri uri, string repository)
    {
        var path = uri.AbsolutePath;
        var end = path.IndexOf($"/{repository}", StringComparison.Ordinal) + 1 + repository.Length;
        return uri.GetLeftPart(UriPartial.Authority) + path[..end];
    }
}
