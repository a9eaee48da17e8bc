namespace LocalAws;

/// <summary>The host names of AWS services in every partition.</summary>
internal static class AwsHosts
{
    /// <summary>The DNS suffixes in botocore's partitions.json, standard and dual-stack, and those of CodeArtifact repositories and of AWS Sign-In.</summary>
    private static readonly string[] Suffixes =
    [
        ".amazonaws.com", ".api.aws", ".on.aws", ".amazonaws.com.cn", ".api.amazonwebservices.com.cn", ".c2s.ic.gov", ".api.aws.ic.gov",
        ".sc2s.sgov.gov", ".api.aws.scloud", ".cloud.adc-e.uk", ".api.cloud-aws.adc-e.uk", ".csp.hci.ic.gov", ".api.aws.hci.ic.gov",
        ".amazonaws.eu", ".api.amazonwebservices.eu", ".signin.aws.amazon.com", ".signin.amazonaws.cn", ".signin.amazonaws-us-gov.com",
    ];

    public static bool IsAws(string host) => Array.Exists(Suffixes, suffix => host.EndsWith(suffix, StringComparison.Ordinal));

    /// <summary>The service (s3, sts, sso, sso-oidc, signin or codeartifact) and its region. Any other host is a repository: nuget, without a region.</summary>
    public static (string Service, string Region) Parse(string host) => host.Split('.') switch
    {
        // The global endpoint is signed for us-east-1.
        ["sts", "amazonaws", "com"] => ("sts", "us-east-1"),
        [_, "s3", var region, ..] => ("s3", region),
        ["sts" or "sts-fips", var region, ..] => ("sts", region),
        ["oidc", var region, ..] => ("sso-oidc", region),
        [var region, "signin", ..] => ("signin", region),
        ["portal", "sso", var region, ..] => ("sso", region),
        ["codeartifact" or "codeartifact-fips", var region, ..] => ("codeartifact", region),
        // A VPC endpoint without private DNS.
        [_, "api", "codeartifact", var region, "vpce", ..] => ("codeartifact", region),
        _ => ("nuget", ""),
    };
}
