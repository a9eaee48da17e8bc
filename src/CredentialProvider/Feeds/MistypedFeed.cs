namespace CredentialProvider.Feeds;

/// <summary>A URL that was meant for CodeArtifact and is not right: what a person overlooks at 5 pm.</summary>
internal static class MistypedFeed
{
    private const string Form =
        "https://DOMAIN-ACCOUNT.d.codeartifact.REGION.amazonaws.com/nuget/REPOSITORY/v3/index.json";

    /// <summary>What is wrong with it and what would be right; null for a URL that has nothing to do with CodeArtifact,
    /// or has nothing wrong.</summary>
    public static (string Why, string Fix)? Find(string url)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out var uri)
            || Array.IndexOf(uri.Host.Split('.'), "codeartifact") < 0)
            return null;
        if (uri.UserInfo.Length > 0)
            return ("it has a user name or password in it", "take them out: the plugin gets tokens");
        if (uri.Scheme == Uri.UriSchemeHttp)
            return ("it is http, and CodeArtifact speaks https only", $"write https{url[4..]}");
        if (!Feed.TryParse(url, out var feed))
            return FindInHost(uri) ?? FindInPath(uri);
        return uri.AbsolutePath.EndsWith("/v3/index.json", StringComparison.OrdinalIgnoreCase) ? null
            : ("it does not end in /v3/index.json, so NuGet speaks its version 2 to it, which CodeArtifact does not",
                $"write {uri.GetLeftPart(UriPartial.Authority)}{Before(uri.AbsolutePath, feed.Repository)}{feed.Repository}/v3/index.json");
    }

    /// <summary>The URL as it may be printed: what stands before an @ can be a password.</summary>
    public static string Printable(string url)
    {
        var start = url.IndexOf("://", StringComparison.Ordinal) + 3;
        var end = start < 3 ? -1 : url.IndexOf('/', start);
        var at = start < 3 ? -1 : url.LastIndexOf('@', (end < 0 ? url.Length : end) - 1);
        return at < start ? url : $"{url[..start]}***{url[at..]}";
    }

    private static (string Why, string Fix)? FindInHost(Uri uri)
    {
        var labels = uri.Host.Split('.');
        var at = Array.IndexOf(labels, "codeartifact");
        if (at == 0)
            return ("its host is the API's, not a repository's", $"write {Form}");
        if (at == 1 && labels.Length > 3 && labels[^1] == "com")
        {
            var right = uri.Host.Replace(".codeartifact.", ".d.codeartifact.");
            return Feed.TryParse($"https://{right}/nuget/any/", out _)
                ? ("its host lacks the .d. before codeartifact", $"write https://{right}{uri.AbsolutePath}") : Shape();
        }

        return Feed.TryParse($"https://{uri.Host}/nuget/any/", out _)
            || Feed.TryParse($"https://{uri.Host}/nuget/d/any-000000000000/any/", out _) ? null : Shape();

        (string, string) Shape() =>
            ($"its host {uri.Host} does not name domain, account (12 digits) and region", $"write {Form}");
    }

    private static (string Why, string Fix) FindInPath(Uri uri)
    {
        var segments = uri.AbsolutePath.Split('/');
        return segments.Length > 1 && segments[1] is { Length: > 0 } format and not "nuget" && segments.Length > 2
            ? ($"its path is that of a repository in the format {format}",
                $"write {uri.GetLeftPart(UriPartial.Authority)}/nuget/{segments[2]}/v3/index.json")
            : ("its path does not name a NuGet repository", $"write {Form}");
    }

    private static string Before(string path, string repository) =>
        path[..(path.IndexOf($"/{repository}", StringComparison.Ordinal) + 1)];
}
