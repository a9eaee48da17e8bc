using System.Diagnostics.CodeAnalysis;

namespace CredentialProvider.Feeds;

/// <summary>
/// A NuGet repository in CodeArtifact, as its URL names it. The URL alone decides; no network is touched. URL forms:
/// "Using CodeArtifact with NuGet" and "Working with Amazon VPC endpoints" in the CodeArtifact user guide.
/// </summary>
/// <param name="Domain">2 to 50 of a-z, 0-9 and hyphen, starting with a letter.</param>
/// <param name="Owner">The 12 digits of the AWS account that owns the domain.</param>
/// <param name="Region">For example us-east-1; it is where tokens for this feed are made.</param>
/// <param name="Repository">2 to 100 characters; empty where a private host's path does not tell.</param>
/// <param name="Host">The private host of the configuration file that the URL names; null on AWS's own hosts.</param>
internal sealed record Feed(string Domain, string Owner, string Region, string Repository, string? Host = null)
{
    /// <summary>Domain, owner and region as every message names them.</summary>
    public string DomainName => Domain.Length > 0 ? $"domain {Domain} ({Owner}, {Region})" : $"host {Host}";

    /// <summary>True if the list is empty or has this domain as <c>domain</c>, <c>domain/owner</c> or
    /// <c>*/owner</c>.</summary>
    public bool IsAmong(string[] domains)
    {
        foreach (var entry in domains)
        {
            var slash = Ascii.IndexOf(entry, '/');
            var domain = slash < 0 ? entry : entry[..slash];
            var owner = slash < 0 ? Owner : entry[(slash + 1)..];
            if ((domain == "*" || domain == Domain) && owner == Owner)
                return true;
        }

        return domains.Length == 0;
    }

    /// <summary>A feed that this program answers for: on AWS's hosts or a private host of the configuration file, and
    /// in an allowed domain.</summary>
    public static bool TryFind(string? url, Settings settings, [NotNullWhen(true)] out Feed? feed) =>
        (TryParse(url, out feed) || TryParse(url, settings.Configuration.Hosts, out feed))
            && feed.IsAmong(settings.Domains);

    /// <summary>
    /// Recognises <c>https://HOST/nuget/REPOSITORY/…</c> on AWS's own CodeArtifact hosts, and the same below
    /// <c>/nuget/d/DOMAIN-OWNER/REPOSITORY/</c> on an interface VPC endpoint. Anything else is a foreign feed.
    /// </summary>
    public static bool TryParse(string? url, [NotNullWhen(true)] out Feed? feed)
    {
        feed = null;
        if (!TryParseUrl(url, out var host, out var path))
            return false;
        if (!TryParseHost(Ascii.Split(host, '.'), out var owned, out var region, out var isVpcEndpoint))
            return false;
        if (!TryParsePath(path, out var ownedByPath, out var repository) || isVpcEndpoint != ownedByPath is not null)
            return false;
        if (!TrySplitOwner(ownedByPath ?? owned, out var domain, out var owner))
            return false;

        feed = new Feed(domain, owner, region, repository);
        return true;
    }

    /// <summary>
    /// A URL on a host that the configuration file maps. Such a host may serve anything else, too, but it is the
    /// person's own: every path on it is taken for a feed of its domain.
    /// </summary>
    private static bool TryParse(string? url, PrivateHost[] hosts, [NotNullWhen(true)] out Feed? feed)
    {
        feed = null;
        if (hosts.Length == 0 || !TryParseUrl(url, out var authority, out var path)
            || Array.Find(hosts, entry =>
                entry.Host.Equals(authority, StringComparison.OrdinalIgnoreCase)) is not { } host)
        {
            return false;
        }

        var hasRepository = TryParsePath(path, out var owned, out var repository);
        if (!hasRepository)
            repository = host.Repository ?? "";
        // Ours, but not to be understood: its settings have a problem that says why.
        if (host.Problem is not null)
            (feed, owned) = (new Feed("", "", "", repository, host.Host), null);
        else if (host is { Domain: { } domain, Owner: { } owner })
            feed = new Feed(domain, owner, host.Region, repository, host.Host);
        else if (owned is not null && TrySplitOwner(owned, out domain, out owner))
            feed = new Feed(domain, owner, host.Region, repository, host.Host);
        // A path that names another domain than the host's entry is not what the entry is about.
        return feed is not null && (owned is null || owned == $"{feed.Domain}-{feed.Owner}");
    }

    /// <summary>The host, with a port that is not 443, and the path of an https URL.</summary>
    private static bool TryParseUrl(string? url, out string authority, out string path)
    {
        (authority, path) = ("", "");
        return url is not null && (TrySplit(url, out authority, out path) || (IsPlain(url) && TryParseUri(url, out authority, out path)));
    }

    private static bool TryParseUri(string url, out string authority, out string path)
    {
        (authority, path) = ("", "");
        if (!Uri.TryCreate(url, UriKind.Absolute, out var uri) || uri.Scheme != Uri.UriSchemeHttps
            || uri.UserInfo.Length > 0 || uri.HostNameType != UriHostNameType.Dns)
        {
            return false;
        }

        (authority, path) = (uri.Authority, uri.AbsolutePath);
        return true;
    }

    /// <summary>
    /// What System.Uri says, for URLs in which it has nothing to change, as nearly all feeds have them. It takes 4 ms of
    /// the framework-dependent program's start.
    /// </summary>
    internal static bool TrySplit(string url, out string host, out string path)
    {
        const string Scheme = "https://";
        (host, path) = ("", "");
        var slash = Ascii.IndexOf(url, '/', Scheme.Length);
        if (slash < 0 || !url.StartsWith(Scheme, StringComparison.Ordinal) || !IsPlainHost(url, Scheme.Length, slash))
            return false;
        for (var i = slash; i < url.Length; i++)
        {
            // "." and ".." are steps.
            if (url[i] == '.' ? url[i - 1] == '/' : !Ascii.IsLetterOrDigit(url[i]) && url[i] is not ('/' or '-' or '_'))
                return false;
        }

        (host, path) = (url[Scheme.Length..slash], url[slash..]);
        return true;
    }

    /// <summary>Lower-case labels of the usual length; the last has a letter first, which no IP address has.</summary>
    private static bool IsPlainHost(string url, int start, int end)
    {
        const int LongestLabel = 63, LongestHost = 253;
        var label = start;
        for (var i = start; i < end; i++)
        {
            if (url[i] == '.' && i > label)
                label = i + 1;
            else if ((!Ascii.IsLower(url[i]) && !Ascii.IsDigit(url[i]) && (url[i] != '-' || i == label)) || i - label >= LongestLabel)
                return false;
        }

        return end - start <= LongestHost && label < end && Ascii.IsLower(url[label]);
    }

    /// <summary><c>/nuget/REPOSITORY/…</c> or <c>/nuget/d/DOMAIN-OWNER/REPOSITORY/…</c>; the second has an
    /// owner.</summary>
    private static bool TryParsePath(string path, out string? owned, out string repository)
    {
        (owned, repository) = (null, "");
        var segments = Ascii.Split(path, '/');
        if (segments.Length < 3 || segments[1] != "nuget")
            return false;
        // No repository has a name of one character.
        if (segments[2] != "d")
            repository = segments[2];
        else if (segments.Length > 4)
            (owned, repository) = (segments[3], segments[4]);
        return IsRepository(repository);
    }

    /// <summary>
    /// <c>DOMAIN-OWNER.d.codeartifact.REGION.SUFFIX</c>, <c>DOMAIN-OWNER[.d].codeartifact.REGION.on.aws</c> or
    /// <c>vpce-ID.d.codeartifact.REGION.vpce.SUFFIX</c>, by labels.
    /// </summary>
    private static bool TryParseHost(string[] labels, out string owned, out string region, out bool isVpcEndpoint)
    {
        owned = labels[0];
        region = "";
        isVpcEndpoint = false;

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
            return hasD && suffix == partition.DnsSuffix && IsVpcEndpoint(owned);

        // Sources differ on whether a dual-stack host has the "d": both name the same AWS-owned zone.
        return (hasD && suffix == partition.DnsSuffix) || suffix == partition.RepositoryDualStackSuffix;
    }

    /// <summary>A domain may contain hyphens and digits; the owner is what follows the last hyphen.</summary>
    private static bool TrySplitOwner(string owned, out string domain, out string owner)
    {
        var hyphen = owned.Length - 1;
        while (hyphen >= 0 && owned[hyphen] != '-')
            hyphen--;
        domain = hyphen > 0 ? owned[..hyphen] : "";
        owner = owned[(hyphen + 1)..];
        return IsOwner(owner) && IsDomain(domain);
    }

    /// <summary>An AWS account's number.</summary>
    public static bool IsOwner(string owner) => owner.Length == 12 && Ascii.AreDigits(owner);

    public static bool IsDomain(string domain)
    {
        if (domain.Length is < 2 or > 50 || !Ascii.IsLower(domain[0]) || domain[^1] == '-')
            return false;
        foreach (var c in domain)
        {
            if (!Ascii.IsLower(c) && !Ascii.IsDigit(c) && c != '-')
                return false;
        }

        return true;
    }

    public static bool IsRepository(string repository)
    {
        if (repository.Length is < 2 or > 100 || !Ascii.IsLetterOrDigit(repository[0]))
            return false;
        foreach (var c in repository)
        {
            if (!Ascii.IsLetterOrDigit(c) && c is not ('.' or '_' or '-'))
                return false;
        }

        return true;
    }

    /// <summary><c>vpce-0123456789abcdef0-abcdefgh</c>, with <c>-us-east-1a</c> behind it for one availability
    /// zone.</summary>
    private static bool IsVpcEndpoint(string label)
    {
        if (!label.StartsWith("vpce-", StringComparison.Ordinal))
            return false;
        foreach (var c in label)
        {
            if (!Ascii.IsLower(c) && !Ascii.IsDigit(c) && c != '-')
                return false;
        }

        return true;
    }

    /// <summary>
    /// Printable ASCII without a backslash: System.Uri maps other alphabets, white space and backslashes to what they
    /// resemble, and a feed's URL has none.
    /// </summary>
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
