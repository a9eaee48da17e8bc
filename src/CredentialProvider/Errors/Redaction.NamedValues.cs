namespace CredentialProvider.Errors;

// Values that follow the name of a secret.
internal static partial class Redaction
{
    /// <summary>Words that are followed by a colon in settings rather than in sentences.</summary>
    private static readonly string[] PasswordNameEnds = ["password", "passwd", "pwd", "passphrase", "passcode", "secret"];

    private static readonly string[] HeaderNameEnds = ["authorization", "cookie"];

    private static readonly string[] SecretNameEnds = [.. PasswordNameEnds, .. HeaderNameEnds,
        "token", "signature", "credential", "key", "assertion", "samlresponse"];

    /// <summary>Names, or the last words of names.</summary>
    private static readonly string[] ShortSecretNames = ["sig", "auth", "pass", "pat", "cred"];

    /// <summary>Words with this ending. Other names, such as <c>SSHPASS</c>, are those of passwords.</summary>
    private static readonly string[] WordsWithPass =
        ["bypass", "compass", "trespass", "surpass", "overpass", "underpass"];

    /// <summary>Secrets in a query string; elsewhere words that users need, such as <c>"code": "AccessDenied"</c>.</summary>
    private static readonly string[] QueryNames = ["code", "key"];

    /// <summary>Next to one of these, <c>-p</c> has a password.</summary>
    private static readonly string[] UserOptions = [" -u", " --user", "sshpass"];

    private static readonly string[] Schemes = ["Basic", "Bearer", "Negotiate", "NTLM"];

    /// <summary>Quotation marks, also as in JSON within JSON, in URLs and in XML.</summary>
    private static readonly string[] Quotes = ["\"", "'", "%22", "&quot;", "\\u0022"];

    /// <summary><c>name=value</c>, <c>name: value</c>, <c>"name":"value"</c>, <c>&lt;name&gt;value&lt;/name&gt;</c>,
    /// <c>--name value</c>.</summary>
    private static (int Start, int End)? FindNamedValue(string text, int i) => text[i] switch
    {
        '=' when Has(text, i, "=>") => FindAssigned(text, i, 2), // Ruby
        '=' or ':' => FindAssigned(text, i, 1),
        '%' when Has(text, i, "%3D") || Has(text, i, "%3A") => FindAssigned(text, i, 3),
        '>' => FindElement(text, i),
        ' ' => FindNextWord(text, i),
        '-' => FindAttached(text, i),
        _ => null,
    };

    private static (int Start, int End)? FindAssigned(string text, int separator, int length)
    {
        var name = NameBefore(text, separator, out var nameStart);
        // <add key="ClearTextPassword" value="..." />, {"Key":"password","Value":"..."}
        if (name.Equals("value", StringComparison.OrdinalIgnoreCase))
            name = NameBefore(text, nameStart, out _);
        if (!IsSecretName(name))
            return null;
        var start = SkipBlanks(text, separator + length);
        if (IsCounter(name) && IsCount(text, start))
            return null;
        var isTight = start == separator + length
            && (text[separator + length - 1] is '=' or 'D' || name.Equals("pass", StringComparison.OrdinalIgnoreCase));
        if (IsOneOf(name, QueryNames))
            return isTight && FindAt(text, start, Quotes) is null ? (start, EndOfValue(text, start)) : null;
        // The value of a header may be a list.
        if ((Has(text, start, "[") ? FindQuotedList(text, start + 1) : FindQuoted(text, start)) is { } quoted)
            return quoted;
        if (!isTight && EndsWithOneOf(name, HeaderNameEnds))
            return FindHeaderValue(text, start);
        // Otherwise the name may be a word of a sentence: "cannot renew the token: AccessDenied".
        var isValue = isTight || (IsCompound(name) || EndsWithOneOf(Singular(name), PasswordNameEnds)
            ? !IsWord(text, start) : IsOpaque(text, start));
        var isArn = Has(text, start, "arn:aws") && HasArn(text, start, Math.Min(text.Length, start + MaxDistance));
        return isValue && !isArn ? (start, EndOfValue(text, start)) : null;
    }

    /// <summary>A scheme and a token, or names with values: <c>Digest username="bob", response="x"</c>,
    /// <c>a=b; c=d</c>.</summary>
    private static (int Start, int End)? FindHeaderValue(string text, int start)
    {
        var hasScheme = IsWord(text, start);
        if (hasScheme && IsWord(text, start = SkipBlanks(text, EndOfWord(text, start))))
            return null;
        for (var end = start; ; end = SkipBlanks(text, end))
        {
            var word = end;
            for (; end < text.Length && text[end] != ' ' && !Has(text, end, @"\u000"); end++)
            {
                if (text[end] is not ('"' or '\''))
                    continue;
                // Not one of a value: the header's own.
                if (text[end - 1] != '=')
                    return (start, end);
                end = text.IndexOf(text[end], end + 1) is >= 0 and var close ? close : text.Length - 1;
            }

            var isFirst = word == start && !hasScheme && text.IndexOf('=', word, end - word) < 0;
            if (!Has(text, end, " ") || IsRemoved(text, word, end) || !(isFirst || text[end - 1] is ',' or ';'))
                return (start, end);
        }
    }

    private static (int Start, int End)? FindElement(string text, int close)
    {
        var name = NameBefore(text, close, out var nameStart);
        return nameStart > 0 && text[nameStart - 1] is '<' or ':' && IsSecretName(name) && !IsOneOf(name, QueryNames)
            && text.IndexOf('<', close) is > 0 and var end && Has(text, end, "</") ? (close + 1, end) : null;
    }

    /// <summary><c>Basic c2VjcmV0</c>, <c>--password secret</c>, <c>-u bob:secret</c>, <c>-u bob -p secret</c>.</summary>
    private static (int Start, int End)? FindNextWord(string text, int blank)
    {
        if (blank == 0 || !IsAlphanumeric(text[blank - 1]))
            return null;
        var start = SkipBlanks(text, blank);
        var word = NameBefore(text, blank, out var wordStart);
        // "Basic authentication" is not one.
        if (IsOneOf(word, Schemes))
        {
            var end = EndOfToken(text, start);
            return end - start >= MinCredential && !IsLowerCase(text, start, end) ? (start, end) : null;
        }

        var name = word.TrimStart('-');
        // ~/.netrc
        if (name == word && EndsWithOneOf(Singular(name), PasswordNameEnds) && IsOpaque(text, start))
            return (start, EndOfValue(text, start));
        if (name == word || IsOneOf(name, QueryNames) || Has(text, start, "-")
            || (IsCounter(name) && IsCount(text, start)))
        {
            return null;
        }

        var close = EndOfWord(text, start);
        // docker run has numbers after -p and --user.
        if (IsSecretName(name) || (word == "-p" && !IsPort(text, start, close)
            && Array.Exists(UserOptions, option => HasNear(text, wordStart, option))))
        {
            return FindQuoted(text, start) ?? (start, EndOfValue(text, start));
        }

        return name is "u" or "U" or "user" or "proxy-user" && text.IndexOf(':', start, close - start) is >= 0 and var colon && !IsPort(text, colon + 1, close)
            ? (colon + 1, EndOfValue(text, colon + 1)) : null;
    }

    /// <summary><c>-ubob:secret</c>, <c>-Ubob:secret</c> (a proxy's), <c>-u bob -psecret</c>.</summary>
    private static (int Start, int End)? FindAttached(string text, int dash)
    {
        var start = dash + 2;
        if ((dash > 0 && text[dash - 1] != ' ') || start >= text.Length || text[start] is ' ' or '-' or ':' or '=')
            return null;
        var end = EndOfWord(text, start);
        if ((Has(text, dash, "-u") || Has(text, dash, "-U")) && text.IndexOf(':', start, end - start) is >= 0 and var colon)
            start = colon + 1;
        else if (!Has(text, dash, "-p") || !Array.Exists(UserOptions, option => HasNear(text, dash, option)))
            return null;
        return IsPort(text, start, end) ? null : (start, EndOfValue(text, start));
    }

    /// <summary>The name that ends before a separator, without its quotes.</summary>
    private static string NameBefore(string text, int separator, out int start)
    {
        var end = separator;
        while (end > 0 && LengthOfGapBefore(text, end) is > 0 and var length)
            end -= length;
        start = end;
        while (start > 0 && (IsAlphanumeric(text[start - 1]) || text[start - 1] is '-' or '_'))
            start--;
        return text[start..end];
    }

    private static int LengthOfGapBefore(string text, int end) => text[end - 1] is '"' or '\'' or '\\' or ' ' or ',' ? 1
        : Array.Find(Quotes, quote => end >= quote.Length && Has(text, end - quote.Length, quote))?.Length ?? 0;

    /// <summary>What a quotation mark and its counterpart enclose, or the rest of the text; null without a quotation mark.
    /// Within JSON within JSON they have 1, 3 or 7 backslashes, and those in the value have more.</summary>
    private static (int Start, int End)? FindQuoted(string text, int at)
    {
        var expected = 0;
        while (Has(text, at + expected, "\\") && !Has(text, at + expected, Quotes[^1]))
            expected++;
        if (FindAt(text, at + expected, Quotes) is not { } quote)
            return null;
        var (start, backslashes) = (at + expected + quote.Length, 0);
        for (var i = start; i < text.Length; i++)
        {
            if (Has(text, i, quote) && backslashes % (2 * (expected + 1)) == expected)
                return (start, i - expected);
            backslashes = text[i] == '\\' ? backslashes + 1 : 0;
        }

        return (start, text.Length);
    }

    /// <summary>The first of several quoted values, up to the last.</summary>
    private static (int Start, int End)? FindQuotedList(string text, int at)
    {
        if (FindQuoted(text, at) is not var (start, end))
            return null;
        while (true)
        {
            var next = end;
            while (Has(text, next, "\\") && !Has(text, next, Quotes[^1]))
                next++;
            if (FindAt(text, next, Quotes) is not { } quote
                || text.Length <= (next = SkipBlanks(text, next + quote.Length)) || text[next] != ','
                || FindQuoted(text, SkipBlanks(text, next + 1)) is not { } another)
            {
                return (start, end);
            }

            end = another.End;
        }
    }

    private static int EndOfValue(string text, int end)
    {
        while (!IsEndOfValue(text, end))
            end++;
        return end;
    }

    private static bool IsEndOfValue(string text, int at) => at == text.Length
        || text[at] is ' ' or '&' or ';' or ',' or '"' or '\'' or '<' or '>' or '#' || Has(text, at, @"\u000");

    private static int EndOfWord(string text, int start) => text.IndexOf(' ', start) is >= 0 and var end ? end : text.Length;

    private static int SkipBlanks(string text, int at)
    {
        while (Has(text, at, " "))
            at++;
        return at;
    }

    /// <summary>A header, a setting or a JSON member rather than an English word.</summary>
    private static bool IsCompound(string name) =>
        name.IndexOfAny(['-', '_']) >= 0 || name.Skip(1).Any(c => c is >= 'A' and <= 'Z');

    public static bool IsSecretName(string name)
    {
        var singular = Singular(name);
        return EndsWithOneOf(singular, SecretNameEnds) || IsOneOf(name, QueryNames)
            || IsOneOf(LastWord(name), ShortSecretNames) || IsOneOf(LastWord(singular), ShortSecretNames)
            || (EndsWithOneOf(name, ["pass"]) && !EndsWithOneOf(name, WordsWithPass));
    }

    private static string Singular(string name) => name.Length > 0 && name[^1] is 's' or 'S' ? name[..^1] : name;

    /// <summary>True for names such as <c>max_tokens</c>.</summary>
    private static bool IsCounter(string name) =>
        Singular(name) is var singular && singular.Length < name.Length && !EndsWithOneOf(singular, PasswordNameEnds);

    /// <summary>True for a few digits and nothing else.</summary>
    private static bool IsCount(string text, int start)
    {
        const int MaxDigits = 9;
        var end = start;
        while (end < text.Length && end - start <= MaxDigits && IsDigit(text[end]))
            end++;
        return end > start && end - start <= MaxDigits
            && (end == text.Length || !(IsAlphanumeric(text[end]) || text[end] is '-' or '_'));
    }

    private static string LastWord(string name) => name[(name.LastIndexOfAny(['-', '_']) + 1)..];

    private static bool EndsWithOneOf(string name, string[] ends) =>
        Array.Exists(ends, end => name.EndsWith(end, StringComparison.OrdinalIgnoreCase));

    private static bool IsOneOf(string name, string[] names) =>
        Array.Exists(names, known => name.Equals(known, StringComparison.OrdinalIgnoreCase));

    /// <summary>True for a word of a sentence, with its punctuation.</summary>
    private static bool IsWord(string text, int start)
    {
        while (Has(text, start, "("))
            start++;
        var end = start;
        while (end < text.Length && end - start < MinCredential && (char.IsLetter(text[end]) || text[end] is '\'' or '-'))
        {
            if (end > start && char.IsUpper(text[end]) && char.IsLower(text[end - 1]))
                return false;
            end++;
        }

        while (end < text.Length && end - start < MinCredential && ".,:;!?)\"'".Contains(text[end]))
            end++;
        return end == text.Length || text[end] == ' ';
    }

    /// <summary>True for what is neither a word nor a number, a date, a host, a path or a URL.</summary>
    private static bool IsOpaque(string text, int start)
    {
        var (end, hasLetter, hasDigit) = (start, false, false);
        for (; end < text.Length && (IsAlphanumeric(text[end]) || text[end] is '-' or '_' or '+' or '='); end++)
        {
            hasDigit |= IsDigit(text[end]);
            hasLetter |= text[end] >= 'A' && text[end] != '_';
        }

        return end - start >= MinCredential && hasLetter && hasDigit && IsEndOfValue(text, end);
    }
}
