using System.Globalization;
using System.Text;
using CredentialProvider.Errors;
using CredentialProvider.FastStart;

namespace CredentialProvider.Platform;

/// <summary>
/// Parts of commands that users paste, for the shell they paste into: PowerShell on Windows, a POSIX shell elsewhere.
/// The values come from files that others wrote, so that no character of them may have a meaning to the shell.
/// </summary>
internal static class ShellText
{
    /// <summary>A word that the shell passes on unchanged.</summary>
    public static string Quote(string word)
    {
        // Escaped, a secret would pass the filter of printed texts. Without the escaped characters it does not.
        var rest = string.Concat(word.Where(c => !HasInvisible($"{c}") && !IsQuote(c) && !"\\&|<>^%".Contains(c)));
        if (Redaction.Apply(rest) != rest || Redaction.Apply(word) != word)
            word = PrintableText.Of(word);

        return OperatingSystem.IsWindows() ? QuoteForPowerShell(word) : QuoteForPosix(word);
    }

    /// <summary>The last argument of a command. A value that looks like an option or like a response file follows
    /// <c>--</c>.</summary>
    public static string Argument(string value) =>
        value.Length > 0 && value[0] is '-' or '@' ? $"-- {Quote(value)}" : Quote(value);

    /// <summary>An option with its value, in one word if the value looks like an option.</summary>
    public static string Option(string name, string value) =>
        value.Length > 0 && value[0] == '-' ? Quote($"{name}={value}") : $"{name} {Quote(value)}";

    /// <summary>The path of a file or folder, as an argument.</summary>
    public static string File(string path) => Quote(path.Length > 0 && path[0] == '-' ? $"./{path}" : path);

    /// <summary>Deletes a file, a link or a folder.</summary>
    public static string Remove(string path) =>
        OperatingSystem.IsWindows() ? $"Remove-Item -Recurse {File(path)}"
        : $"rm {(Directory.Exists(path) ? "-r " : "")}{File(path)}";

    /// <summary>Removes an environment variable.</summary>
    /// <returns>Null for a name that a POSIX shell can neither set nor unset.</returns>
    public static string? Unset(string variable)
    {
        var isIdentifier = IsIdentifier(variable);
        return OperatingSystem.IsWindows()
            ? isIdentifier ? $"Remove-Item Env:{variable}" : $"Remove-Item -LiteralPath {Quote($"Env:{variable}")}"
            : isIdentifier ? $"unset {variable}" : null;
    }

    /// <summary>True for the name of a variable that a POSIX shell can set and systemd passes on.</summary>
    public static bool IsIdentifier(string name) => name.Length > 0 && !AsciiText.IsDigit(name[0])
        && name.All(c => AsciiText.IsLetterOrDigit(c) || c == '_');

    /// <summary>True for a command that is nothing but words as <see cref="QuoteForPosix"/> writes them, so that the
    /// shell runs one program, and expands nothing.</summary>
    public static bool IsOneCommand(string text)
    {
        const string Printf = "\"$(printf '", PrintfEnd = "')\"";
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (c == '\'')
            {
                var end = text.IndexOf('\'', i + 1);
                if (end < 0 || !IsVerbatim(text[(i + 1)..end]))
                    return false;
                i = end;
            }
            else if (c == '"')
            {
                var start = i + Printf.Length;
                if (string.CompareOrdinal(text, i, Printf, 0, Printf.Length) != 0
                    || text.IndexOf(PrintfEnd, start, StringComparison.Ordinal) is var end && end < 0
                    || !text[start..end].All(part => IsPlain(part) || part == '\\'))
                {
                    return false;
                }

                i = end + PrintfEnd.Length - 1;
            }
            else if (!IsBare(c) && c != ' ' && (c != '=' || i == 0 || text[i - 1] == ' '))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>POSIX has no escape sequences within quotes, so a word with invisible characters is written by printf.
    /// So is one with what ends single quotes in fish (<c>\'</c>) or in PowerShell (typographic quotes), into which users
    /// paste as well. A line end at the end of the word is lost.</summary>
    public static string QuoteForPosix(string word)
    {
        // zsh replaces a word that begins with an equals sign, hence only these characters. What looks like a secret is
        // printed as asterisks, which a shell would expand.
        if (word.Length > 0 && word.All(IsBare) && Redaction.Apply(word) == word)
            return word;

        if (IsVerbatim(word))
            return $"'{word}'";
        var text = new StringBuilder("\"$(printf '");
        foreach (var unit in Encoding.UTF8.GetBytes(word))
        {
            if (IsPlain((char)unit))
                text.Append((char)unit);
            else
                text.Append('\\').Append(Convert.ToString(unit, 8).PadLeft(3, '0'));
        }

        return text.Append("')\"").ToString();
    }

    /// <summary>No program gets the word <c>--%</c> from PowerShell.</summary>
    public static string QuoteForPowerShell(string word)
    {
        // An at sign, a comma or a percent sign has a meaning at some places of a PowerShell command.
        if (word.Length > 0 && word.All(c => AsciiText.IsLetterOrDigit(c) || "_-./:+\\".Contains(c)))
            return word;
        // Before version 7.3, PowerShell passes quotes and a final backslash on without escaping them. It encloses only a word
        // with spaces in quotes.
        var escaped = ProcessArguments.Escape(word, isBeforeQuote: word.Any(char.IsWhiteSpace));
        return escaped == word ? PowerShellString(word)
            : $"$(if ($PSVersionTable.PSVersion.Major -lt 7) {{ {PowerShellString(escaped)} }} "
                + $"else {{ {PowerShellString(word)} }})";
    }

    /// <remarks>cmd.exe, into which users paste as well, does not know single quotes.</remarks>
    private static string PowerShellString(string text) => HasInvisible(text) || text.Any(c => "&|<>^%".Contains(c))
        ? $"\"{string.Concat(text.Select(c => IsPlain(c) ? $"{c}" : $"$([char]0x{(int)c:x})"))}\""
        : $"'{string.Concat(text.Select(c => IsQuote(c) ? $"{c}{c}" : $"{c}"))}'";

    /// <summary>True for control, line separator and format characters, such as those that change the direction of
    /// text. Surrogates count too, because format characters are among the characters that they form.</summary>
    public static bool HasInvisible(string word) => word.Any(c => char.GetUnicodeCategory(c) is UnicodeCategory.Control
        or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
        or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned);

    /// <summary>PowerShell takes the typographic single quotes for apostrophes.</summary>
    private static bool IsQuote(char c) => c is '\'' or (>= '\u2018' and <= '\u201b');

    /// <summary>Without quotes, it has no meaning to a shell.</summary>
    private static bool IsBare(char c) => AsciiText.IsLetterOrDigit(c) || "_-./:@%+,".Contains(c);

    /// <summary>Single quotes are enough for the word, in every shell.</summary>
    private static bool IsVerbatim(string word) => !HasInvisible(word) && !word.Any(c => IsQuote(c) || c == '\\');

    private static bool IsPlain(char c) => AsciiText.IsLetterOrDigit(c) || " _./:+".Contains(c);
}
