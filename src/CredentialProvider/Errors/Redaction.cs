using System.Text;

namespace CredentialProvider.Errors;

/// <summary>
/// Replaces secrets in a text with <c>***</c>: user names and passwords in URLs, values that follow the name of a secret
/// (query strings of presigned URLs, headers, JSON, AWS's files), what is a secret by its form, and
/// <see cref="SecretVariables"/>. Where it cannot tell, it removes too much. Part of <see cref="PrintableText"/>, which calls
/// it for lines without control characters.
/// </summary>
internal static class Redaction
{
    private const string Mark = "***";

    /// <summary>In characters, for what is recognized by its form alone.</summary>
    private const int MinCredential = 12, MinToken = 20;

    /// <summary>How JSON Web Tokens, which CodeArtifact's also resemble, and the session tokens of STS begin.</summary>
    private static readonly string[] TokenPrefixes = ["eyJ", "IQoJ", "FwoG", "FQoG"];

    private static readonly string[] SecretNameEnds =
        ["token", "secret", "password", "passwd", "pwd", "signature", "credential", "key", "authorization", "assertion"];

    private static readonly string[] ShortSecretNames = ["sig", "code", "auth", "pass"];

    private static readonly string[] Schemes = ["Basic", "Bearer"];

    /// <param name="text">One line.</param>
    public static string Apply(string text)
    {
        // What one pass removes can uncover the next secret, because quotes then pair differently.
        const int MaxPasses = 10;
        var before = "";
        text = SecretVariables.Hide(text, Mark);
        for (var pass = 0; pass < MaxPasses && text != before; pass++)
            (before, text) = (text, RemoveUserInfo(RemoveNamedValues(RemoveTokens(text))));
        return text;
    }

    /// <summary>In URLs, and in proxies that are written without <c>http://</c>.</summary>
    private static string RemoveUserInfo(string text)
    {
        if (!text.Contains(':'))
            return text;
        var words = text.Split(' ');
        for (var i = 0; i < words.Length; i++)
        {
            var word = words[i];
            words[i] = word.IndexOf("://", StringComparison.Ordinal) is >= 0 and var scheme
                ? RemoveUserInfoWithoutScheme(word[..scheme]) + "://" + RemoveUserInfoAtStart(word[(scheme + 3)..])
                : RemoveUserInfoWithoutScheme(word);
        }

        return string.Join(" ", words);
    }

    private static string RemoveUserInfoWithoutScheme(string word) =>
        word.IndexOf('@') is > 0 and var at && word[..at] is var user && user.Contains(':')
            // The session in the ARN of a role may be an e-mail address.
            && !user.Contains("arn:")
            ? word[..CountPunctuation(word)] + Mark + word[word.LastIndexOf('@')..] : word;

    /// <param name="rest">What follows a scheme, up to the next space.</param>
    private static string RemoveUserInfoAtStart(string rest)
    {
        var end = rest.IndexOfAny(['/', '?', '#']) is >= 0 and var delimiter ? delimiter : rest.Length;
        var at = rest[..end].LastIndexOf('@');
        var address = rest is ['[', ..] ? Math.Max(rest.IndexOf(']'), 0) : 0;
        if (address < end && rest.IndexOf(':', address, end - address) is >= 0 and var colon)
        {
            // A password may have unescaped delimiters, so take the last @ there is.
            at = Math.Max(at, rest.LastIndexOf('@'));
            if (at < 0 && !IsPort(rest[(colon + 1)..]))
                return Mark;
        }

        var (removed, kept) = at < 0 ? ("", rest) : (Mark, rest[at..]);
        return removed + (kept.IndexOf("://", StringComparison.Ordinal) is >= 0 and var scheme
            ? kept[..(scheme + 3)] + RemoveUserInfoAtStart(kept[(scheme + 3)..]) : kept);
    }

    /// <summary>False for what can only be a password.</summary>
    private static bool IsPort(string text)
    {
        var digits = 0;
        while (digits < text.Length && text[digits] is >= '0' and <= '9')
            digits++;
        return digits == text.Length || (text[digits] is '/' or '?' or '#' && digits > 0)
            || text[digits] is '\'' or '"' or ')' or '>' or ']' or '}' or ',' or ';' or '.' or ':';
    }

    private static int CountPunctuation(string word)
    {
        var count = 0;
        while (count < word.Length && word[count] is '\'' or '"' or '(' or '<' or '[')
            count++;
        return count;
    }

    /// <summary><c>name=value</c>, <c>name: value</c> and <c>"name":"value"</c>.</summary>
    private static string RemoveNamedValues(string text)
    {
        StringBuilder? result = null;
        var copied = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] is not ('=' or ':') || i < copied || FindValue(text, i) is not var (start, end)
                // Removed before, and perhaps cut to the limit.
                || text[start..end].Trim('*', '.', ' ').Length == 0)
            {
                continue;
            }

            result ??= new StringBuilder(text.Length);
            result.Append(text, copied, start - copied).Append(Mark);
            copied = end;
        }

        return result?.Append(text, copied, text.Length - copied).ToString() ?? text;
    }

    /// <summary>The value after a separator; null if the name before it is not that of a secret.</summary>
    private static (int Start, int End)? FindValue(string text, int separator)
    {
        var nameEnd = separator;
        while (nameEnd > 0 && text[nameEnd - 1] is '"' or '\'' or '\\' or ' ')
            nameEnd--;
        var nameStart = nameEnd;
        while (nameStart > 0 && (IsAlphanumeric(text[nameStart - 1]) || text[nameStart - 1] is '-' or '_'))
            nameStart--;
        var name = text[nameStart..nameEnd];
        if (!IsSecretName(name))
            return null;
        var start = separator + 1;
        while (start < text.Length && text[start] is ' ' or '\\')
            start++;
        if (start < text.Length && text[start] is '"' or '\'')
        {
            var close = text.IndexOf(text[start], start + 1);
            return (start + 1, close < 0 ? text.Length : close);
        }

        var end = start;
        while (end < text.Length && text[end] is not (' ' or '&' or ';' or ',' or '"' or '\'' or '<' or '>' or '#'))
            end++;
        // Otherwise the name may be a word of a sentence: "cannot renew the token: AccessDenied".
        return (text[separator] == '=' && start == separator + 1) || (end - start >= MinCredential && IsCompound(name))
            ? (start, end) : null;
    }

    /// <summary>A header, a setting or a JSON member rather than an English word.</summary>
    private static bool IsCompound(string name) => name.IndexOfAny(['-', '_']) >= 0
        || name.Skip(1).Any(c => c is >= 'A' and <= 'Z') || name.Equals("authorization", StringComparison.OrdinalIgnoreCase);

    public static bool IsSecretName(string name)
    {
        foreach (var end in SecretNameEnds)
        {
            if (name.EndsWith(end, StringComparison.OrdinalIgnoreCase))
                return true;
        }

        return Array.Exists(ShortSecretNames, known => name.Equals(known, StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>Tokens by their beginning, and what follows the name of an HTTP authentication scheme.</summary>
    private static string RemoveTokens(string text)
    {
        foreach (var prefix in TokenPrefixes)
        {
            for (var at = text.IndexOf(prefix, StringComparison.Ordinal); at >= 0;
                at = text.IndexOf(prefix, at + 1, StringComparison.Ordinal))
            {
                if (EndOfToken(text, at) is var end && end - at >= MinToken)
                    text = text[..at] + Mark + text[end..];
            }
        }

        foreach (var scheme in Schemes)
        {
            for (var at = text.IndexOf(scheme + " ", StringComparison.OrdinalIgnoreCase); at >= 0;
                at = text.IndexOf(scheme + " ", at + 1, StringComparison.OrdinalIgnoreCase))
            {
                var start = at + scheme.Length + 1;
                // "Basic authentication" is not one.
                if (EndOfToken(text, start) is var end && end - start >= MinCredential && HasUpperOrDigit(text, start, end))
                    text = text[..start] + Mark + text[end..];
            }
        }

        return text;
    }

    private static int EndOfToken(string text, int end)
    {
        while (end < text.Length && (IsAlphanumeric(text[end]) || text[end] is '-' or '_' or '.' or '~' or '+' or '/' or '='))
            end++;
        return end;
    }

    private static bool HasUpperOrDigit(string text, int start, int end)
    {
        for (; start < end; start++)
        {
            if (text[start] is (>= 'A' and <= 'Z') or (>= '0' and <= '9'))
                return true;
        }

        return false;
    }

    private static bool IsAlphanumeric(char c) => c is (>= 'a' and <= 'z') or (>= 'A' and <= 'Z') or (>= '0' and <= '9');
}
