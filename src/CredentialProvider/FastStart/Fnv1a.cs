namespace CredentialProvider.FastStart;

/// <summary>
/// The 64-bit FNV-1a hash: names files, protects nothing. A cryptographic hash would load OpenSSL for every answer.
/// </summary>
internal static class Fnv1a
{
    /// <summary>Number of digits that <see cref="Hash"/> returns.</summary>
    public const int Length = 16;

    /// <returns>Lower-case hexadecimal digits.</returns>
    public static string Hash(string text)
    {
        var hash = 14695981039346656037;
        foreach (var c in text)
            hash = unchecked((hash ^ c) * 1099511628211);
        var digits = new char[Length];
        for (var i = digits.Length; i-- > 0; hash >>= 4)
            digits[i] = "0123456789abcdef"[(int)(hash & 15)];
        return new string(digits);
    }
}
