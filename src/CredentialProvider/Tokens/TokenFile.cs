using CredentialProvider.FastStart;


namespace CredentialProvider.Tokens;

/// <summary>Names of the files in the cache folder: <c>DOMAIN-OWNER.REGION.HASH.json</c>, with a lock file beside each.
/// The MSBuild package uses the same source file.</summary>
internal static class TokenFile
{
    public const string Extension = ".json", LockExtension = ".lock";

    /// <param name="hash">As <see cref="Fnv1a.Hash"/> returns it.</param>
    public static string Name(string domain, string owner, string region, string hash) =>
        domain + "-" + owner + "." + region + "." + hash + Extension;

    /// <summary>Name of the token's lock file. Numbers above 0 are used when the holder of the previous lock does not
    /// respond.</summary>
    public static string LockName(string name, int number) => name + (number == 0 ? "" : $".{number}") + LockExtension;

    /// <summary>Matches the files of a domain, whatever their hash.</summary>
    public static string Pattern(string domain, string owner, string region) => Name(domain, owner, region, "*");

    /// <summary>True for a token file, its lock, and a temporary file that a killed process left behind.</summary>
    public static bool IsName(string name)
    {
        var end = name.IndexOf(Extension, StringComparison.Ordinal);
        return end > Fnv1a.Length && name[end - Fnv1a.Length - 1] == '.'
            && name.Substring(end - Fnv1a.Length, Fnv1a.Length)
                .All(c => c is (>= '0' and <= '9') or (>= 'a' and <= 'f'));
    }
}
