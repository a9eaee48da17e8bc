using System.Text;

namespace CredentialProvider.Identity;

/// <summary>Splits text into words as a POSIX shell does, without expanding anything. The AWS CLI reads section names and
/// <c>credential_process</c> commands this way.</summary>
internal static class ShellWords
{
    /// <returns>Null if a quote or an escape is not closed.</returns>
    public static string[]? Split(string text)
    {
        var words = new List<string>();
        StringBuilder? word = null;
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (c is ' ' or '\t' or '\r' or '\n')
            {
                if (word is not null)
                    words.Add(word.ToString());
                word = null;
                continue;
            }

            word ??= new StringBuilder();
            if (c is '\'' or '"')
            {
                if (!TryReadQuoted(text, ref i, word))
                    return null;
            }
            else if (c != '\\')
            {
                word.Append(c);
            }
            else if (++i < text.Length)
            {
                word.Append(text[i]);
            }
            else
            {
                return null;
            }
        }

        if (word is not null)
            words.Add(word.ToString());
        return [.. words];
    }

    /// <param name="i">At the opening quote; moved to the closing one.</param>
    private static bool TryReadQuoted(string text, ref int i, StringBuilder word)
    {
        var quote = text[i];
        for (i++; i < text.Length && text[i] != quote; i++)
        {
            // In double quotes a backslash escapes only a quote or another backslash.
            if (quote == '"' && text[i] == '\\' && i + 1 < text.Length && text[i + 1] is '"' or '\\')
                i++;
            word.Append(text[i]);
        }

        return i < text.Length;
    }
}
