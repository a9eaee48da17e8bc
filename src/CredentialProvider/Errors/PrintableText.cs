using System.Globalization;
using System.Text;

namespace CredentialProvider.Errors;

/// <summary>
/// The one filter that every printed text passes: NuGet's log and answers, the terminal, JSON, the log file, and notes on
/// disk. Each of these has one place that writes to it, and that place calls this filter. The result has no secret, no
/// character that a terminal acts on, no command to a CI system that reads the log, and a limited length; filtering it
/// again changes nothing.
/// </summary>
internal static class PrintableText
{
    /// <summary>In characters, for one message. Its parts have limits of their own, so that a long cause never displaces
    /// the fix.</summary>
    public const int MaxLength = 1000, MaxCauseLength = 500, MaxFixLength = 400;

    private const string Ellipsis = " ...";

    /// <summary>In characters. Secrets are removed before the text is cut to its limit, so the limit cannot leave a part
    /// of one.</summary>
    private const int MaxInput = 64 * 1024;

    /// <summary>One line. Control characters, also line ends, appear as <c>\u001B</c>.</summary>
    public static string Of(string text, int maxLength = MaxLength) =>
        Cut(ShowLogCommands(Redaction.Apply(ShowControls(Cut(text, MaxInput)))), maxLength);

    /// <summary>A text of several lines, such as a stack trace: each line is filtered.</summary>
    public static string OfLines(string text, string separator, int maxLength = MaxLength) => Cut(string.Join(separator,
        Redaction.RemovePrivateKeys(Cut(text, MaxInput)).Split('\n').Select(line => Of(line.TrimEnd('\r'), maxLength))), maxLength);

    /// <summary>True for characters that a terminal acts on or does not show.</summary>
    public static bool HasControls(string text) => ShowControls(text) != text;

    private static string Cut(string text, int maxLength)
    {
        if (text.Length <= maxLength)
            return text;
        var end = maxLength - Ellipsis.Length;
        // Half of a surrogate pair is not a character.
        return text[..(char.IsHighSurrogate(text[end - 1]) ? end - 1 : end)] + Ellipsis;
    }

    /// <summary>Azure Pipelines acts on <c>##vso[…]</c> and <c>##[…]</c> anywhere in a line, GitHub on the latter and
    /// on a line that begins with <c>::name::</c>, TeamCity on <c>##teamcity[…]</c>. Comes after the search for secrets,
    /// which may contain these characters.</summary>
    private static string ShowLogCommands(string text)
    {
        for (var at = text.IndexOf("##", StringComparison.Ordinal); at >= 0 && at + 2 < text.Length;
            at = text.IndexOf("##", at + 1, StringComparison.Ordinal))
        {
            if (text[at + 2] == '[' || char.IsLetter(text[at + 2]))
                text = text[..(at + 1)] + "\\u0023" + text[(at + 2)..];
        }

        var start = text.Length - text.TrimStart().Length;
        return text.IndexOf("::", start, StringComparison.Ordinal) == start && start + 2 < text.Length
            && text.IndexOf("::", start + 2, StringComparison.Ordinal) >= 0
            ? text[..start] + "\\u003A" + text[(start + 1)..] : text;
    }

    private static string ShowControls(string text)
    {
        StringBuilder? shown = null;
        for (var i = 0; i < text.Length; i++)
        {
            var length = char.IsSurrogatePair(text, i) ? 2 : 1;
            var isShown = CharUnicodeInfo.GetUnicodeCategory(text, i) is UnicodeCategory.Control or UnicodeCategory.Format
                or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.Surrogate;
            if (isShown)
                shown ??= new StringBuilder(text, 0, i, text.Length + 16);
            for (var end = i + length; i < end; i++)
            {
                if (isShown)
                    shown!.Append("\\u").Append(((int)text[i]).ToString("X4", CultureInfo.InvariantCulture));
                else
                    shown?.Append(text[i]);
            }

            i--;
        }

        return shown?.ToString() ?? text;
    }
}
