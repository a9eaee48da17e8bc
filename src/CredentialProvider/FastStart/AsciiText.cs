namespace CredentialProvider.FastStart;

/// <summary>
/// ASCII-only character classes, so that no look-alike letter passes, and the few string operations that every answer
/// needs. README.md in this folder says why .NET's own are not used.
/// </summary>
internal static class AsciiText
{
    public static bool IsDigit(char c) => c is >= '0' and <= '9';

    public static bool IsLower(char c) => c is >= 'a' and <= 'z';

    public static bool IsLetterOrDigit(char c) => IsDigit(c) || IsLower((char)(c | 0x20));

    /// <summary>True for one or more digits and nothing else.</summary>
    public static bool AreDigits(string text)
    {
        foreach (var c in text)
        {
            if (!IsDigit(c))
                return false;
        }

        return text.Length > 0;
    }

    /// <summary>True for one or more lower-case letters or digits and nothing else.</summary>
    public static bool AreLettersOrDigits(string text)
    {
        foreach (var c in text)
        {
            if (!IsDigit(c) && !IsLower(c))
                return false;
        }

        return text.Length > 0;
    }

    /// <summary>True for what the value of an HTTP header may have: no control character, and nothing outside ASCII,
    /// which clients encode in different ways.</summary>
    public static bool IsHeaderValue(string text)
    {
        foreach (var c in text)
        {
            if (c is < ' ' or > '~')
                return false;
        }

        return true;
    }

    /// <summary>True for a bearer token (RFC 6750), of which no character has a meaning to a shell or in a netrc
    /// file.</summary>
    public static bool IsToken(string text)
    {
        foreach (var c in text)
        {
            if (!IsLetterOrDigit(c) && c is not ('-' or '.' or '_' or '~' or '+' or '/' or '='))
                return false;
        }

        return text.Length > 0;
    }

    /// <returns>-1 if the character does not occur.</returns>
    public static int IndexOf(string text, char wanted, int start = 0)
    {
        while (start < text.Length && text[start] != wanted)
            start++;
        return start < text.Length ? start : -1;
    }

    public static string[] Split(string text, char separator)
    {
        var parts = new List<string>();
        var start = 0;
        for (var end = IndexOf(text, separator); end >= 0; end = IndexOf(text, separator, start))
        {
            parts.Add(text.Substring(start, end - start));
            start = end + 1;
        }

        parts.Add(text.Substring(start));
        return parts.ToArray();
    }

    /// <returns>Null if the text is not pure ASCII.</returns>
    public static byte[]? Bytes(string text)
    {
        var bytes = new byte[text.Length];
        for (var i = 0; i < bytes.Length; i++)
        {
            if (text[i] > '\x7F')
                return null;
            bytes[i] = (byte)text[i];
        }

        return bytes;
    }
}
