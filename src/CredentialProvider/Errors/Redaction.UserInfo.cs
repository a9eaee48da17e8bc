namespace CredentialProvider.Errors;

// User names and passwords in URLs, and in proxies that are written without http://.
internal static partial class Redaction
{
    /// <summary>In characters, if it begins like a port.</summary>
    private const int MaxPassword = 4096;

    /// <summary>In URLs, and in proxies that are written without <c>http://</c>.</summary>
    private static (int Start, int End)? FindUserInfo(string text, int i) =>
        Has(text, i, "://") ? FindUserInfoOfUrl(text, i + 3)
        : i == 0 || text[i - 1] == ' ' ? FindUserInfoWithoutScheme(text, i) : null;

    private static (int Start, int End)? FindUserInfoWithoutScheme(string text, int i)
    {
        var wordEnd = EndOfWord(text, i);
        if (text.IndexOf("://", i, wordEnd - i, StringComparison.Ordinal) is >= 0 and var scheme)
            wordEnd = scheme;
        var at = text.IndexOf('@', i, wordEnd - i);
        if (at <= i || HasArn(text, i, at))
            return null;
        var last = text.LastIndexOf('@', wordEnd - 1, wordEnd - i);
        while (i < at && text[i] is '\'' or '"' or '(' or '<' or '[')
            i++;
        return text.IndexOf(':', i, at - i) >= 0 || text.IndexOf("%3A", i, at - i, StringComparison.OrdinalIgnoreCase) >= 0
            || IsProxy(text, i, last, wordEnd) ? (i, last) : null;
    }

    /// <summary>True for an address that is no e-mail address: it has a port, or the words around it say so.</summary>
    private static bool IsProxy(string text, int start, int at, int end)
    {
        var port = text.IndexOf(':', at, end - at) + 1;
        return (port > 0 && port < end && IsDigit(text[port]) && IsPort(text, port, end)) || HasNear(text, start, "proxy");
    }

    /// <summary>The session in the ARN of a role may be an e-mail address.</summary>
    private static bool HasArn(string text, int start, int end)
    {
        const int Colons = 5;
        var at = text.IndexOf("arn:aws", start, end - start, StringComparison.Ordinal);
        for (var colons = 0; at >= 0 && colons < Colons; colons++)
            at = text.IndexOf(':', at + 1, end - at - 1);
        return at >= 0;
    }

    private static (int Start, int End)? FindUserInfoOfUrl(string text, int start)
    {
        var wordEnd = EndOfWord(text, start);
        var end = text.IndexOfAny(['/', '?', '#'], start, wordEnd - start) is >= 0 and var delimiter ? delimiter : wordEnd;
        var at = LastAt(end);
        var address = Has(text, start, "[") ? Math.Max(text.IndexOf(']', start, wordEnd - start), start) : start;
        if (address < end && text.IndexOf(':', address, end - address) is >= 0 and var colon)
        {
            // A password may have unescaped delimiters, so take the last @ there is.
            at = Math.Max(at, LastAt(Math.Min(wordEnd, start + MaxPassword)));
            if (at < 0 && !IsPort(text, colon + 1, wordEnd))
            {
                // It may have blanks, too.
                var near = Math.Min(text.Length, wordEnd + MaxDistance);
                if (text.IndexOf('@', wordEnd, near - wordEnd) is >= 0 and var later
                    && text.IndexOf("://", wordEnd, later - wordEnd, StringComparison.Ordinal) < 0)
                {
                    at = LastAt(EndOfWord(text, later));
                }

                return (start, at < 0 ? wordEnd : at);
            }
        }

        return at < 0 ? null : (start, at);

        int LastAt(int before) => before > start ? text.LastIndexOf('@', before - 1, before - start) : -1;
    }

    /// <summary>False for what can only be a password.</summary>
    private static bool IsPort(string text, int start, int end)
    {
        var at = start;
        while (at < end && IsDigit(text[at]))
            at++;
        return at == end || (text[at] is '/' or '?' or '#' && at > start)
            || text[at] is '\'' or '"' or ')' or '>' or ']' or '}' or ',' or ';' or '.' or ':';
    }
}
