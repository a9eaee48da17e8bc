using System.Text;

namespace CredentialProvider.Errors;

/// <summary>
/// Replaces secrets in a text with <c>***</c>: user names and passwords in URLs, values that follow the name of a secret
/// (query strings, headers, JSON, XML, AWS's files, command lines), what is a secret by its form, and
/// <see cref="SecretVariables"/>. Where it cannot tell, it removes too much. Part of <see cref="PrintableText"/>, which calls
/// it for lines without control characters. Each search below looks at one position of the text and no further than at
/// what it removes or at a fixed distance, so that a long text takes linear time.
/// </summary>
internal static partial class Redaction
{
    private const string Mark = "***";

    /// <summary>In characters, for what is recognized by its form alone.</summary>
    private const int MinCredential = 12, MinToken = 20, MinRun = 30, SecretAccessKeyLength = 40;

    /// <summary>In characters: how far the words that explain a value may be away from it.</summary>
    private const int MaxDistance = 100;

    /// <summary>How these begin: JSON Web Tokens, which CodeArtifact's also resemble; session tokens of STS; tokens of IAM
    /// Identity Center, GitHub, GitLab, Vault, CircleCI, PyPI, Docker Hub, Artifactory, Slack, Atlassian, SonarQube,
    /// Google, DigitalOcean, Pulumi, Stripe and SendGrid.</summary>
    private static readonly string[] TokenPrefixes = ["eyJ", "IQoJ", "FwoG", "FQoG", "AQoD", "aoaAAAAA", "aorAAAAA",
        "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_",
        "glpat-", "gldt-", "glcbt-", "glrt-", "glrtr-", "glptt-", "gloas-", "glft-", "glimt-", "glagent-", "glsoat-",
        "glffct-", "hvs.", "hvb.", "hvr.", "CCIPAT_", "pypi-AgE", "dckr_pat_", "dckr_oat_", "cmVmdGtuO",
        "AKCp", "xoxa-", "xoxb-", "xoxp-", "xoxr-", "xoxs-", "xapp-", "ATATT3", "ATCTT3", "sqp_", "squ_", "sqa_", "AIza",
        "ya29.", "dop_v1_", "pul-", "sk_live_", "rk_live_", "SG."];

    /// <summary>How tokens of npm, Hugging Face, RubyGems, Buildkite, NuGet.org and crates.io begin. Names begin like
    /// this too, so at least <see cref="MinRun"/> letters and digits have to follow.</summary>
    private static readonly string[] WordPrefixes = ["npm_", "hf_", "rubygems_", "bkua_", "oy2", "cio"];

    /// <param name="text">One line.</param>
    public static string Apply(string text)
    {
        // What one pass removes can uncover the next secret, because quotes then pair differently.
        const int MaxPasses = 10;
        var before = "";
        text = SecretVariables.Hide(text, Mark);
        for (var pass = 0; pass < MaxPasses && text != before; pass++)
        {
            (before, text) = (text, Remove(text, (line, at) => FindUserInfo(line, at) ?? FindNamedValue(line, at)
                ?? FindToken(line, at) ?? FindPrivateKey(line, at)));
        }

        return text;
    }

    /// <summary>In a text of several lines, before it is split.</summary>
    public static string RemovePrivateKeys(string text) => Remove(text, FindPrivateKey);

    /// <param name="find">Finds what is to be removed because of what begins at a position, or after it.</param>
    private static string Remove(string text, Func<string, int, (int Start, int End)?> find)
    {
        StringBuilder? result = null;
        var copied = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (find(text, i) is not var (start, end) || IsRemoved(text, start, end))
                continue;
            result ??= new StringBuilder(text.Length);
            result.Append(text, copied, start - copied).Append(Mark);
            copied = end;
            i = Math.Max(i, end - 1);
        }

        return result?.Append(text, copied, text.Length - copied).ToString() ?? text;
    }

    /// <summary>Removed before, and perhaps cut to the limit.</summary>
    private static bool IsRemoved(string text, int start, int end)
    {
        while (start < end && text[start] is '*' or '.' or ' ' or ',' or ';')
            start++;
        return start == end;
    }

    /// <summary>Tokens by their beginning, and secret access keys by their length.</summary>
    private static (int Start, int End)? FindToken(string text, int i)
    {
        if (FindAt(text, i, TokenPrefixes) is not null)
            return EndOfToken(text, i) is var end && end - i >= MinToken ? (i, end) : null;
        if (FindAt(text, i, WordPrefixes) is { } prefix
            && (i == 0 || !IsTokenCharacter(text[i - 1]) || text[i - 1] is '=' or '/'))
        {
            var run = i + prefix.Length;
            return EndOfRun(text, run) is var end && end - run >= MinRun ? (i, end) : null;
        }

        return IsSecretAccessKey(text, i) ? (i, i + SecretAccessKeyLength) : null;
    }

    /// <summary>In Base64. Paths, and hashes in hexadecimal digits, are not.</summary>
    private static bool IsSecretAccessKey(string text, int start)
    {
        var end = start + SecretAccessKeyLength;
        if (end > text.Length || (start > 0 && text[start - 1] != '=' && IsTokenCharacter(text[start - 1]))
            || (end < text.Length && IsTokenCharacter(text[end])) || text[start] == '/')
        {
            return false;
        }

        var (hasLower, hasUpper, hasDigit) = (false, false, false);
        for (; start < end; start++)
        {
            var c = text[start];
            if (!IsAlphanumeric(c) && c is not ('+' or '/'))
                return false;
            hasLower |= c is >= 'a' and <= 'z';
            hasUpper |= c is >= 'A' and <= 'Z';
            hasDigit |= IsDigit(c);
        }

        return hasLower && hasUpper && hasDigit;
    }

    /// <summary>PEM, up to its last line.</summary>
    private static (int Start, int End)? FindPrivateKey(string text, int i)
    {
        const string Begin = "-----BEGIN ", Dashes = "-----";
        if (!Has(text, i, Begin))
            return null;
        var label = i + Begin.Length;
        var start = text.IndexOf(Dashes, label, Math.Min(MaxDistance, text.Length - label), StringComparison.Ordinal);
        if (start < 0 || text.IndexOf("PRIVATE KEY", label, start - label, StringComparison.Ordinal) < 0)
            return null;
        start += Dashes.Length;
        return (start, text.IndexOf("-----END ", start, StringComparison.Ordinal) is >= 0 and var end ? end : text.Length);
    }

    private static int EndOfToken(string text, int end)
    {
        while (end < text.Length && IsTokenCharacter(text[end]))
            end++;
        return end;
    }

    private static int EndOfRun(string text, int end)
    {
        while (end < text.Length && IsAlphanumeric(text[end]))
            end++;
        return end;
    }

    private static bool IsLowerCase(string text, int start, int end)
    {
        while (start < end && text[start] is (< 'A' or > 'Z') and (< '0' or > '9'))
            start++;
        return start == end;
    }

    private static string? FindAt(string text, int at, string[] parts)
    {
        foreach (var part in parts)
        {
            if (Has(text, at, part))
                return part;
        }

        return null;
    }

    /// <summary>True if a text stands before or after a position, at most <see cref="MaxDistance"/> away.</summary>
    private static bool HasNear(string text, int at, string part)
    {
        var before = Math.Max(0, at - MaxDistance);
        var count = Math.Min(text.Length, at + MaxDistance) - before;
        return text.IndexOf(part, before, count, StringComparison.OrdinalIgnoreCase) >= 0;
    }

    private static bool Has(string text, int at, string part) =>
        at < text.Length && text[at] == part[0] && string.CompareOrdinal(text, at, part, 0, part.Length) == 0;

    private static bool IsTokenCharacter(char c) => IsAlphanumeric(c) || c is '-' or '_' or '.' or '~' or '+' or '/' or '=';

    private static bool IsAlphanumeric(char c) => c is (>= 'a' and <= 'z') or (>= 'A' and <= 'Z') or (>= '0' and <= '9');

    private static bool IsDigit(char c) => c is >= '0' and <= '9';
}
