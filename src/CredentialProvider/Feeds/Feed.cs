using CredentialProvider.FastStart;


namespace CredentialProvider.Feeds;

/// <summary>A NuGet repository in CodeArtifact.</summary>
/// <param name="Domain">2 to 50 of a-z, 0-9 and hyphen, starting with a letter.</param>
/// <param name="Owner">The AWS account that owns the domain: 12 digits.</param>
/// <param name="Region">For example us-east-1. Tokens for this feed are issued there.</param>
/// <param name="Repository">2 to 100 characters; empty if the URL of a private host does not name it.</param>
/// <param name="Host">The private host from the configuration file; null on AWS's own hosts.</param>
internal sealed record Feed(string Domain, string Owner, string Region, string Repository, string? Host = null)
{
    /// <summary>Domain, owner and region as every message names them.</summary>
    public string DomainName => Domain.Length > 0 ? $"domain {Domain} ({Owner}, {Region})" : $"host {Host}";

    /// <summary>True for AWS's host that also answers over IPv6; the region's partition must have one.</summary>
    public bool IsDualStack { get; init; }

    /// <summary>The NuGet source URL on AWS's own hosts.</summary>
    public string ToUrl()
    {
        var partition = Partition.OfRegion(Region)!;
        var host = IsDualStack ? $"codeartifact.{Region}.{partition.RepositoryDualStackSuffix}"
            : $"d.codeartifact.{Region}.{partition.DnsSuffix}";
        return $"https://{Domain}-{Owner}.{host}/nuget/{Repository}/v3/index.json";
    }

    /// <summary>True if the list is empty or contains this domain as <c>domain</c>, <c>domain/owner</c> or
    /// <c>*/owner</c>. A feed whose owner is not known yet is allowed if the list allows its domain for any
    /// owner.</summary>
    public bool IsAllowedBy(string[] domains)
    {
        // A private host with an invalid entry has neither; it is not known to be in the list.
        var isOwnerUnknown = Owner.Length == 0 && Domain.Length > 0;
        foreach (var entry in domains)
        {
            var slash = AsciiText.IndexOf(entry, '/');
            var domain = slash < 0 ? entry : entry[..slash];
            var owner = slash < 0 ? Owner : entry[(slash + 1)..];
            if ((domain == "*" || domain == Domain) && (owner == Owner || isOwnerUnknown))
                return true;
        }

        return domains.Length == 0;
    }

    /// <summary>True for an AWS account id.</summary>
    public static bool IsOwner(string owner) => owner.Length == 12 && AsciiText.AreDigits(owner);

    public static bool IsDomain(string domain)
    {
        if (domain.Length is < 2 or > 50 || !AsciiText.IsLower(domain[0]) || domain[^1] == '-')
            return false;
        foreach (var c in domain)
        {
            if (!AsciiText.IsLower(c) && !AsciiText.IsDigit(c) && c != '-')
                return false;
        }

        return true;
    }

    public static bool IsRepository(string repository)
    {
        if (repository.Length is < 2 or > 100 || !AsciiText.IsLetterOrDigit(repository[0]))
            return false;
        foreach (var c in repository)
        {
            if (!AsciiText.IsLetterOrDigit(c) && c is not ('.' or '_' or '-'))
                return false;
        }

        return true;
    }
}
