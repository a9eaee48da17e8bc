namespace CredentialProvider.Fuzzing;

/// <summary>An independent list of AWS's host suffixes. It shares no code with the program that it checks.</summary>
internal static class AwsHosts
{
    private static readonly string[] Suffixes =
    [
        ".amazonaws.com", ".amazonaws.com.cn", ".on.aws", ".c2s.ic.gov", ".sc2s.sgov.gov", ".cloud.adc-e.uk", ".csp.hci.ic.gov", ".amazonaws.eu",
    ];

    /// <exception cref="InvalidOperationException">The URL is not on an AWS host for CodeArtifact.</exception>
    public static void Require(string url)
    {
        var uri = new Uri(url);
        if (!uri.IsAbsoluteUri || uri.Scheme != "https" || uri.Port != 443 || uri.UserInfo.Length > 0
            || !Array.Exists(Suffixes, suffix => uri.Host.EndsWith(suffix, StringComparison.Ordinal)) || !uri.Host.Contains("codeartifact", StringComparison.Ordinal))
            throw new InvalidOperationException($"not an AWS host: {url}");
    }
}
