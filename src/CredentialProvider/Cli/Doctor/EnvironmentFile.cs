using System.Text;
using CredentialProvider.Platform;

namespace CredentialProvider.Cli.Doctor;

/// <summary>
/// A file with variables, as systemd's <c>EnvironmentFile=</c> reads it: comments, quotes, and lines that go on after a
/// backslash. Nothing is expanded.
/// </summary>
internal static class EnvironmentFile
{
    /// <summary>The variables in the order of the file; of two with one name, the later one wins.</summary>
    public static IReadOnlyList<(string Name, string Value)> Read(string text)
    {
        var variables = new List<(string Name, string Value)>();
        text = text.Replace("\r\n", "\n");
        for (var i = 0; i < text.Length;)
        {
            i = SkipBlanks(text, i, " \t\n");
            var start = i;
            if (i < text.Length && text[i] is '#' or ';')
            {
                i = EndOfComment(text, i);
                continue;
            }

            while (i < text.Length && text[i] is not ('=' or '\n'))
                i++;
            if (i == text.Length || text[i] == '\n')
                continue;
            var name = text[start..i].Trim();
            i = ReadValue(text, i + 1, out var value);
            // systemd ignores other names.
            if (ShellText.IsIdentifier(name))
                variables.Add((name, value));
        }

        return variables;
    }

    /// <returns>The index after the value's line.</returns>
    private static int ReadValue(string text, int i, out string value)
    {
        var (read, kept, quote) = (new StringBuilder(), 0, '\0');
        i = SkipBlanks(text, i, " \t");
        // A quote has a meaning at the beginning of a value and after another quoted part.
        var isStart = true;
        for (; i < text.Length && (quote != '\0' || text[i] != '\n'); i++)
        {
            var c = text[i];
            if (c == quote)
            {
                (quote, isStart, kept) = ('\0', true, read.Length);
            }
            else if (quote == '\0' && isStart && c is '"' or '\'')
            {
                quote = c;
            }
            else if (c == '\\' && quote != '\'' && i + 1 < text.Length)
            {
                // Within double quotes, only what has a meaning there is escaped.
                if (text[++i] != '\n' && quote == '"' && !"\"\\`$".Contains(text[i]))
                    read.Append('\\');
                if (text[i] != '\n')
                    read.Append(text[i]);
                (isStart, kept) = (false, read.Length);
            }
            else
            {
                read.Append(c);
                isStart &= c is ' ' or '\t';
                // Blanks at the end of a value without quotes do not belong to it.
                if (quote != '\0' || c is not (' ' or '\t'))
                    kept = read.Length;
            }
        }

        value = read.ToString(0, kept);
        return i + 1;
    }

    private static int SkipBlanks(string text, int i, string blanks)
    {
        while (i < text.Length && blanks.Contains(text[i]))
            i++;
        return i;
    }

    /// <summary>A comment, too, goes on after a backslash.</summary>
    private static int EndOfComment(string text, int i)
    {
        while (i < text.Length && text[i] != '\n')
            i += text[i] == '\\' ? 2 : 1;
        return i;
    }
}
