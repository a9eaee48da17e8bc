namespace CredentialProvider.Feeds;

/// <summary>Character classes of host names and ARNs: ASCII only, so that no look-alike letter passes.</summary>
internal static class Ascii
{
    public static bool IsDigit(char c) => c is >= '0' and <= '9';

    public static bool IsLower(char c) => c is >= 'a' and <= 'z';

    public static bool IsLetterOrDigit(char c) => IsDigit(c) || IsLower((char)(c | 0x20));

    /// <summary>At least one digit and nothing else.</summary>
    public static bool AreDigits(ReadOnlySpan<char> text)
    {
        foreach (var c in text)
        {
            if (!IsDigit(c))
                return false;
        }

        return !text.IsEmpty;
    }

    /// <summary>At least one lower-case letter or digit and nothing else.</summary>
    public static bool AreLettersOrDigits(ReadOnlySpan<char> text)
    {
        foreach (var c in text)
        {
            if (!IsDigit(c) && !IsLower(c))
                return false;
        }

        return !text.IsEmpty;
    }
}
