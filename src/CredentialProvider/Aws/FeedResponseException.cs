using System.Net;
using System.Text.Json;
using CredentialProvider.Errors;
using CredentialProvider.Feeds;
using CredentialProvider.Platform;

namespace CredentialProvider.Aws;

/// <summary>A feed, or the host that a download redirects to, answered with an HTTP status that is not the wanted
/// one.</summary>
/// <param name="isDownload">The host that a download redirects to answered: S3, or a proxy in front of it.</param>
internal sealed class FeedResponseException(Feed feed, Uri url, HttpStatusCode status, string body, bool isDownload)
    : Exception($"HTTP {(int)status}")
{
    /// <summary>In characters, of a response that is not AWS's.</summary>
    private const int MaxExcerpt = 200;

    public HttpStatusCode Status { get; } = status;

    private string Host => url.GetLeftPart(UriPartial.Authority);

    /// <summary>The feed refuses a new token, so another one would not help.</summary>
    public static NoTokenException TokenRefused(Feed feed) => new(ErrorCode.TokenRefused,
        $"repository {feed.Repository} refuses a token that was just issued for its domain",
        "check the domain, owner and region in the feed's URL, and that no proxy changes the request");

    public NoTokenException Describe(bool isPublishing = false)
    {
        switch (Status)
        {
            case HttpStatusCode.Forbidden when isDownload:
                return DescribeDownload();
            case HttpStatusCode.Unauthorized when !isDownload:
                return TokenRefused(feed);
            case HttpStatusCode.Forbidden:
                var denial = Denial.Of(feed, Words(), isPublishing);
                return new NoTokenException(ErrorCode.AccessDenied, Words(), denial.Fix) { Command = denial.Command };
            case HttpStatusCode.NotFound when url.AbsolutePath.EndsWith("/v3/index.json", StringComparison.Ordinal):
                var list = $"aws codeartifact list-repositories-in-domain {AwsCli.DomainOptions(feed)}";
                return new NoTokenException(ErrorCode.DomainNotFound,
                    $"repository {feed.Repository} does not exist in {feed.DomainName}", $"correct the name in the URL: {list}")
                {
                    Command = list,
                };
            default:
                return new NoTokenException(ErrorCode.Service,
                    $"unexpected response from {Host}: HTTP {(int)Status}: {Words()}", "try again; check HTTPS_PROXY");
        }
    }

    /// <summary>https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html</summary>
    private NoTokenException DescribeDownload()
    {
        var words = ElementOf("Message");
        var fix = words is null ? $"a proxy may have answered: allow {url.Host} in it"
            : words.Contains("policy", StringComparison.OrdinalIgnoreCase) ? Denial.Of(feed, words).Fix
            : words.Contains("expired", StringComparison.OrdinalIgnoreCase)
                ? "set the clock, and check that no proxy caches redirects"
            : "in a VPC, allow s3:GetObject on "
                + $"arn:{Partition.OfRegion(feed.Region)?.Name ?? "aws"}:s3:::{Bucket}/* in the policy of the endpoint for s3";
        return new NoTokenException(ErrorCode.AccessDenied,
            $"{Host} refuses the package's download: {words ?? Words()}", fix);
    }

    /// <summary>The first label of a virtual-hosted bucket's host; else the first segment of the path.</summary>
    private string Bucket => url.Host.StartsWith("s3.", StringComparison.Ordinal)
        ? url.Segments.ElementAtOrDefault(1)?.TrimEnd('/') ?? "*" : url.Host[..url.Host.IndexOf('.')];

    /// <summary>Text of an element in S3's XML; null if the response is not S3's.</summary>
    private string? ElementOf(string name)
    {
        var start = body.IndexOf($"<{name}>", StringComparison.Ordinal) + name.Length + 2;
        var end = start < name.Length + 2 ? -1 : body.IndexOf('<', start);
        return end < 0 || !body.Contains("<Error>", StringComparison.Ordinal) ? null : body[start..end];
    }

    /// <summary>AWS's message, or the beginning of a response that is not AWS's.</summary>
    private string Words()
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
}
