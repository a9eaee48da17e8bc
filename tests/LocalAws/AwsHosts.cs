namespace LocalAws;

/// <summary>Which host names are AWS's, in every partition, and which service and region they name.</summary>
internal static class AwsHosts
{
    /// <summary>Partitions of botocore's endpoint rules, first without and then with dual stack, and the repositories' own.</summary>
    private static readonly string[] Suffixes =
    [
        ".amazonaws.com", ".api.aws", ".on.aws", ".amazonaws.com.cn", ".api.amazonwebservices.com.cn", ".c2s.ic.gov", ".api.aws.ic.gov",
        ".sc2s.sgov.gov", ".api.aws.scloud", ".cloud.adc-e.uk", ".api.cloud-aws.adc-e.uk", ".csp.hci.ic.gov", ".api.aws.hci.ic.gov",
        ".amazonaws.eu", ".api.amazonwebservices.eu",
    ];

    public static bool IsAws(string host) => Array.Exists(Suffixes, suffix => host.EndsWith(suffix, StringComparison.Ordinal));

    /// <summary>sts, sso, sso-oidc or codeartifact, with its region; every other name is a repository's.</summary>
    public static (string Service, string Region) Parse(string host) => host.Split('.') switch
    {
        // The global endpoint.
        ["sts", "amazonaws", "com"] => ("sts", "us-east-1"),
        ["sts" or "sts-fips", var region, ..] => ("sts", region),
        ["oidc", var region, ..] => ("sso-oidc", region),
        ["portal", "sso", var region, ..] => ("sso", region),
        ["codeartifact" or "codeartifact-fips", var region, ..] => ("codeartifact", region),
        // A VPC endpoint without private DNS.
        [_, "api", "codeartifact", var region, "vpce", ..] => ("codeartifact", region),
        _ => ("nuget", ""),
    };
}
