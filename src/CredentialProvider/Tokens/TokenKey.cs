using CredentialProvider.Feeds;

namespace CredentialProvider.Tokens;

/// <summary>
/// What a token is good for and whose it is: CodeArtifact makes tokens for a domain, not for a repository. The
/// identity is how credentials are found (profile, roles, kind of source), not an access key, which changes with
/// every session of a role.
/// </summary>
/// <param name="Endpoint">Host of the CodeArtifact API, or the URL that was set in its place.</param>
internal sealed record TokenKey(string Endpoint, string Region, string Domain, string Owner, string Identity)
{
    /// <summary>Reads nothing but the settings and whether the profile files exist.</summary>
    public static TokenKey For(Feed feed, Settings settings) => new(
        ApiEndpoint.For(feed, settings), feed.Region, feed.Domain, feed.Owner,
        IdentityFor(FeedSettings.For(feed, settings), settings));

    /// <summary>
    /// Readable, safe on every file system, and different for different keys but for chance: the key stands in the
    /// file too, so a collision costs a call and nothing else.
    /// </summary>
    public string FileName =>
        Domain + "-" + Owner + "." + Region + "." + Fnv1a(Endpoint + "\n" + Identity) + ".json";

    /// <summary>A name that <see cref="FileName"/> gives, or that of a file beside it: a lock, or what a process left that
    /// died while writing.</summary>
    public static bool IsFileName(string name)
    {
        const int HashLength = 16;
        var end = name.IndexOf(".json", StringComparison.Ordinal);
        return end > HashLength && name[end - HashLength - 1] == '.'
            && name.Substring(end - HashLength, HashLength).All(c => c is (>= '0' and <= '9') or (>= 'a' and <= 'f'));
    }

    /// <summary>As messages name it.</summary>
    public string DomainName => $"domain {Domain} ({Owner}, {Region})";

    /// <summary>The order is that of AWS's credential chain, with this project's own profile setting first.</summary>
    private static string IdentityFor(FeedSettings feed, Settings settings)
    {
        var identity =
            feed.Profile is { } own ? $"profile {own} of {settings.AwsConfigFile}"
            : settings.HasAwsKeys ? "environment"
            : settings.AwsWebIdentityTokenFile is not null && settings.AwsRoleArn is { } role ? $"web identity {role}"
            : settings.AwsProfile is { } named ? $"profile {named} of {settings.AwsConfigFile}"
            : settings.HasAwsFiles ? $"profile default of {settings.AwsConfigFile}"
            : settings.AwsContainerUri is { } uri ? $"container {uri}"
            : "instance role";
        foreach (var step in feed.Roles)
            identity += " -> " + step.Arn;
        return identity;
    }

    /// <summary>FNV-1a, 64 bit, as 16 hexadecimal digits: names files, protects nothing. A cryptographic hash would load
    /// OpenSSL for every answer, and .NET's way to write numbers takes 0.9 ms of the framework-dependent program's
    /// start.</summary>
    private static string Fnv1a(string text)
    {
        var hash = 14695981039346656037;
        foreach (var c in text)
            hash = unchecked((hash ^ c) * 1099511628211);
        var digits = new char[16];
        for (var i = digits.Length; i-- > 0; hash >>= 4)
            digits[i] = "0123456789abcdef"[(int)(hash & 15)];
        return new string(digits);
    }
}
