using System.Diagnostics.CodeAnalysis;
using CredentialProvider.FastStart;

namespace CredentialProvider.Feeds;

/// <summary>
/// Recognizes CodeArtifact feeds by their URL. The URL alone decides; no network is touched. The grammar is strict: what
/// it does not know is a foreign feed, and foreign feeds never get a token. URL forms: "Using CodeArtifact with NuGet"
/// and "Working with Amazon VPC endpoints" in the CodeArtifact user guide.
/// </summary>
internal static class FeedUrl
{
    /// <summary>
    /// Accepts <c>https://HOST/nuget/REPOSITORY/…</c> on AWS's CodeArtifact hosts, and
    /// <c>https://HOST/nuget/d/DOMAIN-OWNER/REPOSITORY/…</c> on an interface VPC endpoint.
    /// </summary>
    /// <param name="anyFormat">Also accept the URL of another package format, which is no NuGet feed: the domain's token is
    /// the same.</param>
    public static bool TryParse(string? url, [NotNullWhen(true)] out Feed? feed, bool anyFormat = false)
    {
        feed = null;
        if (!TrySplit(url, out var host, out var path))
            return false;
        if (!TryParseHost(AsciiText.Split(host, '.'), out var domainOwner, out var region, out var isVpcEndpoint,
            out var isDualStack))
        {
            return false;
        }

        if (!TryParsePath(path, out var domainOwnerInPath, out var repository, anyFormat)
            || isVpcEndpoint != domainOwnerInPath is not null)
        {
            return false;
        }

        if (!TrySplitOwner(domainOwnerInPath ?? domainOwner, out var domain, out var owner))
            return false;

        feed = new Feed(domain, owner, region, repository) { IsDualStack = isDualStack };
        return true;
    }

    /// <summary>
    /// Splits an https URL by hand, because System.Uri is slow to start and maps look-alike characters. Rejects user
    /// info, IP addresses, non-ASCII characters, white space, backslashes and dot segments. White space at the end is
    /// ignored: NuGet passes on what nuget.config has, and sends its requests without it.
    /// </summary>
    /// <param name="host">Lower case, with <c>:port</c> if the port is not 443.</param>
    /// <param name="path">Starts with a slash; without query and fragment.</param>
    public static bool TrySplit(string? url, out string host, out string path)
    {
        const string Scheme = "https://";
        (host, path) = ("", "");
        url = TrimEnd(url);
        if (url is null || url.Length <= Scheme.Length || !IsPlain(url)
            || !url.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        var pathStart = EndOf(url, Scheme.Length, '/');
        var pathEnd = EndOf(url, pathStart, '?');
        if (!TryReadHost(url, Scheme.Length, pathStart, out host) || HasDotSegment(url, pathStart, pathEnd))
            return false;
        path = pathStart < pathEnd ? url[pathStart..pathEnd] : "/";
        return true;
    }

    /// <summary>Scheme, host and port, to be printed for a foreign feed: its path or query may be a password. A folder
    /// stays as it is.</summary>
    public static string OriginOf(string url)
    {
        const string Separator = "://";
        var start = url.IndexOf(Separator, StringComparison.Ordinal) is >= 0 and var at ? at + Separator.Length : url.Length;
        var end = url.IndexOfAny(['/', '?', '#', '\\'], start);
        return end > start ? url[..end] : url;
    }

    private static string? TrimEnd(string? url)
    {
        var end = url?.Length ?? 0;
        while (end > 0 && url![end - 1] is ' ' or '\t' or '\r' or '\n')
            end--;
        return url is null || end == url.Length ? url : url[..end];
    }

    /// <summary>Reads <c>/nuget/REPOSITORY/…</c> or <c>/nuget/d/DOMAIN-OWNER/REPOSITORY/…</c>.</summary>
    /// <param name="domainOwner">Null in the first form.</param>
    /// <param name="anyFormat">Also accept another package format in place of <c>nuget</c>.</param>
    public static bool TryParsePath(
        string path, out string? domainOwner, out string repository, bool anyFormat = false)
    {
        (domainOwner, repository) = (null, "");
        var segments = AsciiText.Split(path, '/');
        if (segments.Length < 3 || !(segments[1] == "nuget" || (anyFormat && IsOtherFormat(segments[1]))))
            return false;
        // A repository name has two characters or more, so "d" is unambiguous.
        if (segments[2] != "d")
            repository = segments[2];
        else if (segments.Length > 4)
            (domainOwner, repository) = (segments[3], segments[4]);
        return Feed.IsRepository(repository);
    }

    /// <summary>True for the package formats of CodeArtifact besides nuget, as they appear in paths.</summary>
    public static bool IsOtherFormat(string segment) =>
        segment is "cargo" or "generic" or "maven" or "npm" or "pypi" or "ruby" or "swift";

    /// <summary>Splits <c>DOMAIN-OWNER</c> at the last hyphen: a domain may itself contain hyphens and digits.</summary>
    public static bool TrySplitOwner(string domainOwner, out string domain, out string owner)
    {
        var hyphen = domainOwner.Length - 1;
        while (hyphen >= 0 && domainOwner[hyphen] != '-')
            hyphen--;
        domain = hyphen > 0 ? domainOwner[..hyphen] : "";
        owner = domainOwner[(hyphen + 1)..];
        return Feed.IsOwner(owner) && Feed.IsDomain(domain);
    }

    /// <summary>
    /// Reads <c>DOMAIN-OWNER.d.codeartifact.REGION.SUFFIX</c>, <c>DOMAIN-OWNER[.d].codeartifact.REGION.on.aws</c> or
    /// <c>vpce-ID.d.codeartifact.REGION.vpce.SUFFIX</c>.
    /// </summary>
    private static bool TryParseHost(string[] labels, out string domainOwner, out string region,
        out bool isVpcEndpoint, out bool isDualStack)
    {
        domainOwner = labels[0];
        region = "";
        isVpcEndpoint = isDualStack = false;

        var next = 1;
        var hasD = labels.Length > next && labels[next] == "d";
        if (hasD)
            next++;
        if (labels.Length < next + 4 || labels[next++] != "codeartifact")
            return false;
        region = labels[next++];
        if (Partition.OfRegion(region) is not { } partition)
            return false;

        isVpcEndpoint = labels[next] == "vpce";
        if (isVpcEndpoint)
            next++;
        var suffix = string.Join(".", labels, next, labels.Length - next);
        if (isVpcEndpoint)
            return hasD && suffix == partition.DnsSuffix && IsVpcEndpoint(domainOwner);

        // Sources disagree on whether a dual-stack host has the "d"; both names are in the same AWS-owned zone.
        isDualStack = suffix == partition.RepositoryDualStackSuffix;
        return isDualStack || (hasD && suffix == partition.DnsSuffix);
    }

    /// <summary>True for <c>vpce-0123456789abcdef0-abcdefgh</c>, with or without an availability zone.</summary>
    private static bool IsVpcEndpoint(string label)
    {
        if (!label.StartsWith("vpce-", StringComparison.Ordinal))
            return false;
        foreach (var c in label)
        {
            if (!AsciiText.IsLower(c) && !AsciiText.IsDigit(c) && c != '-')
                return false;
        }

        return true;
    }

    private static bool TryReadHost(string url, int start, int end, out string host)
    {
        const int MaxLabel = 63, MaxHost = 253;
        host = "";
        var colon = start;
        while (colon < end && url[colon] != ':')
            colon++;
        if (!TryReadPort(url, colon, end, out var port) || colon - start > MaxHost)
            return false;
        var characters = new char[colon - start];
        var label = 0;
        for (var i = 0; i < characters.Length; i++)
        {
            var c = url[start + i];
            characters[i] = c is >= 'A' and <= 'Z' ? (char)(c | 0x20) : c;
            if (c == '.' && i > label)
                label = i + 1;
            else if ((!AsciiText.IsLetterOrDigit(c) && c is not ('-' or '_')) || i - label >= MaxLabel)
                return false;
        }

        // The last label of an IP address starts with a digit; no top-level domain does.
        if (label >= characters.Length || !AsciiText.IsLower(characters[label]))
            return false;
        host = new string(characters) + port;
        return true;
    }

    /// <summary>Reads the <c>:port</c> between two indexes; empty for none and for 443.</summary>
    private static bool TryReadPort(string url, int start, int end, out string port)
    {
        const string MaxPort = "65535";
        port = url[start..end];
        if (start == end || port == ":443")
            port = "";
        return port.Length == 0 || (port[1..] is var digits && AsciiText.AreDigits(digits) && digits[0] != '0'
            && (digits.Length < MaxPort.Length
                || (digits.Length == MaxPort.Length && string.CompareOrdinal(digits, MaxPort) <= 0)));
    }

    /// <summary>The index of the first <paramref name="stop"/>, query or fragment from <paramref name="start"/>
    /// on.</summary>
    private static int EndOf(string url, int start, char stop)
    {
        while (start < url.Length && url[start] != stop && url[start] is not ('?' or '#'))
            start++;
        return start;
    }

    /// <summary>True if a segment starts with a dot, encoded or not: "." and ".." would change the path.</summary>
    private static bool HasDotSegment(string url, int start, int end)
    {
        for (var i = start; i + 1 < end; i++)
        {
            if (url[i] == '/' && (url[i + 1] == '.'
                || (i + 3 < end && url[i + 1] == '%' && url[i + 2] == '2' && (url[i + 3] | 0x20) == 'e')))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>True for printable ASCII without a backslash.</summary>
    private static bool IsPlain(string url)
    {
        foreach (var c in url)
        {
            if (c is <= ' ' or > '~' or '\\')
                return false;
        }

        return true;
    }
}
