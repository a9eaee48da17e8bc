using CredentialProvider.FastStart;

namespace CredentialProvider.Feeds;

/// <summary>
/// A group of AWS regions that share host name suffixes. Regions are matched by shape, so that new ones work without an
/// update. Source: the endpoint rule set in AWS's service model of CodeArtifact.
/// </summary>
/// <param name="Name">The partition in ARNs.</param>
/// <param name="RegionPrefixes">Region names start with one of these, followed by <c>-place-number</c>.</param>
/// <param name="DnsSuffix">Suffix of API and repository hosts.</param>
/// <param name="ApiDualStackSuffix">Suffix of API hosts that also support IPv6.</param>
/// <param name="RepositoryDualStackSuffix">The same for repository hosts; null where AWS documents none.</param>
internal sealed record Partition(
    string Name, string[] RegionPrefixes, string DnsSuffix, string ApiDualStackSuffix,
    string? RepositoryDualStackSuffix)
{
    public static readonly Partition[] All =
    [
        new("aws", ["us", "eu", "ap", "sa", "ca", "me", "af", "il", "mx"], "amazonaws.com", "api.aws", "on.aws"),
        new("aws-us-gov", ["us-gov"], "amazonaws.com", "api.aws", "on.aws"),
        new("aws-cn", ["cn"], "amazonaws.com.cn", "api.amazonwebservices.com.cn", null),
        new("aws-iso", ["us-iso"], "c2s.ic.gov", "api.aws.ic.gov", null),
        new("aws-iso-b", ["us-isob"], "sc2s.sgov.gov", "api.aws.scloud", null),
        new("aws-iso-e", ["eu-isoe"], "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk", null),
        new("aws-iso-f", ["us-isof", "eu-isof"], "csp.hci.ic.gov", "api.aws.hci.ic.gov", null),
        new("aws-eusc", ["eusc-de"], "amazonaws.eu", "api.amazonwebservices.eu", null),
    ];

    /// <summary>The partition that a region belongs to; null if the name has no region's shape.</summary>
    public static Partition? OfRegion(string region)
    {
        foreach (var partition in All)
        {
            foreach (var prefix in partition.RegionPrefixes)
            {
                if (IsRegionOf(prefix, region))
                    return partition;
            }
        }

        return null;
    }

    /// <summary>True for <c>prefix-place-number</c> in lower case, such as us-east-1 or us-gov-west-1.</summary>
    private static bool IsRegionOf(string prefix, string region)
    {
        if (!region.StartsWith(prefix, StringComparison.Ordinal) || region.Length <= prefix.Length + 1)
            return false;
        var place = prefix.Length + 1;
        var hyphen = AsciiText.IndexOf(region, '-', place);
        return region[prefix.Length] == '-' && hyphen > 0
            && AsciiText.AreLettersOrDigits(region.Substring(place, hyphen - place))
            && AsciiText.AreDigits(region.Substring(hyphen + 1));
    }
}
