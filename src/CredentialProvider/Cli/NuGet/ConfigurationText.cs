using System.Text;

namespace CredentialProvider.Cli.NuGet;

/// <summary>
/// The bytes of a nuget.config after a change by NuGet, which writes a byte order mark, the platform's line ends and no
/// final one, and UTF-8 unless the file declares another encoding.
/// </summary>
internal static class ConfigurationText
{
    /// <summary>Lines that are compared at most; beyond, only those before and after the change keep their ends.</summary>
    private const int MaxComparisons = 4_000_000;

    private static readonly Encoding StrictUtf8 = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <param name="End">CR, LF or both; empty at the end of the file.</param>
    private sealed record Line(string Text, string End);

    /// <summary>An encoding, and what a file in it begins with.</summary>
    private sealed record Format(Encoding Encoding, byte[] Mark)
    {
        /// <exception cref="DecoderFallbackException">The bytes are not in this encoding.</exception>
        public string Decode(byte[] bytes) => Encoding.GetString(bytes, Mark.Length, bytes.Length - Mark.Length);

        /// <exception cref="EncoderFallbackException">The encoding does not have a character.</exception>
        public byte[] Encode(string text) => [.. Mark, .. Encoding.GetBytes(text)];
    }

    /// <summary>What NuGet has written, with the encoding and the line ends of the old file.</summary>
    /// <returns><paramref name="written"/>, which is as valid, if the encoding is not known here.</returns>
    public static byte[] Restore(byte[] old, byte[] written)
    {
        try
        {
            if (FormatOf(old) is not { } format || FormatOf(written) is not { } own)
                return written;
            var text = own.Decode(written);
            if (format.Encoding.CodePage != own.Encoding.CodePage)
            {
                // Without a declaration, only the byte order mark says that a file is UTF-16, and NuGet adds one that says UTF-8.
                if (format.Encoding is not UnicodeEncoding || own.Encoding is not (UnicodeEncoding or UTF8Encoding))
                    return written;
                if (FindDeclared(text) is var (start, end))
                    text = $"{text[..start]}utf-16{text[end..]}";
            }

            return format.Encode(WithLineEnds(format.Decode(old), text));
        }
        catch (Exception e) when (e is DecoderFallbackException or EncoderFallbackException)
        {
            return written;
        }
    }

    /// <summary>Null for an encoding that cannot be recognized.</summary>
    private static Format? FormatOf(byte[] bytes)
    {
        var start = bytes.AsSpan();
        if (start.StartsWith((ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF]))
            return new Format(StrictUtf8, [0xEF, 0xBB, 0xBF]);
        if (start.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xFE, 0, 0]))
            return null;
        if (start.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xFE]))
            return new Format(new UnicodeEncoding(bigEndian: false, byteOrderMark: false, throwOnInvalidBytes: true), [0xFF, 0xFE]);
        if (start.StartsWith((ReadOnlySpan<byte>)[0xFE, 0xFF]))
            return new Format(new UnicodeEncoding(bigEndian: true, byteOrderMark: false, throwOnInvalidBytes: true), [0xFE, 0xFF]);
        // The declaration is in ASCII. UTF-16 without a mark has zeros.
        const int MaxDeclaration = 200;
        var ascii = Encoding.ASCII.GetString(bytes, 0, Math.Min(bytes.Length, MaxDeclaration));
        if (ascii.Contains('\0'))
            return null;
        if (FindDeclared(ascii) is not var (from, to))
            return new Format(StrictUtf8, []);
        try
        {
            return new Format(Encoding.GetEncoding(
                ascii[from..to], EncoderFallback.ExceptionFallback, DecoderFallback.ExceptionFallback), []);
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    /// <summary>Where the XML declaration names the encoding; null if it does not.</summary>
    private static (int Start, int End)? FindDeclared(string text)
    {
        const string Attribute = "encoding";
        var close = text.IndexOf("?>", StringComparison.Ordinal);
        if (close < 0 || !text.StartsWith("<?xml", StringComparison.Ordinal))
            return null;
        var name = text.IndexOf(Attribute, 0, close, StringComparison.Ordinal);
        var start = name < 0 ? -1 : text.IndexOfAny(['"', '\''], name + Attribute.Length, close - name - Attribute.Length);
        var end = start < 0 ? -1 : text.IndexOf(text[start], start + 1, close - start - 1);
        return end < 0 ? null : (start + 1, end);
    }

    /// <summary>A line that the old text has keeps its end. A new one gets the end that most lines have.</summary>
    private static string WithLineEnds(string before, string after)
    {
        var (old, lines) = (Split(before), Split(after));
        if (old.Count > 1 && old[^1].Text.Length == 0 && lines[^1].Text.Length > 0)
            lines.Add(new Line("", ""));
        var ends = old.Select(line => line.End).Where(end => end.Length > 0).Distinct().ToList();
        var usual = ends.OrderByDescending(end => old.FindAll(line => line.End == end).Count).FirstOrDefault() ?? "\n";
        var kept = ends.Count > 1 ? Match(old, lines) : new Line?[lines.Count];
        var text = new StringBuilder();
        for (var i = 0; i < lines.Count; i++)
        {
            text.Append(lines[i].Text);
            if (i < lines.Count - 1)
                text.Append(kept[i] is { End.Length: > 0 } line ? line.End : usual);
        }

        return text.ToString();
    }

    /// <summary>At least one line; the last has no end.</summary>
    private static List<Line> Split(string text)
    {
        var (lines, start) = (new List<Line>(), 0);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] is not ('\r' or '\n'))
                continue;
            var length = text[i] == '\r' && i + 1 < text.Length && text[i + 1] == '\n' ? 2 : 1;
            lines.Add(new Line(text[start..i], text.Substring(i, length)));
            i += length - 1;
            start = i + 1;
        }

        lines.Add(new Line(text[start..], ""));
        return lines;
    }

    /// <summary>The old line of each line, or null for a new one: the longest common subsequence.</summary>
    private static Line?[] Match(List<Line> old, List<Line> lines)
    {
        var found = new Line?[lines.Count];
        bool AreSame(int one, int other) => old[one].Text == lines[other].Text;
        var (first, oldEnd, end) = (0, old.Count, lines.Count);
        for (; first < oldEnd && first < end && AreSame(first, first); first++)
            found[first] = old[first];
        for (; oldEnd > first && end > first && AreSame(oldEnd - 1, end - 1); oldEnd--, end--)
            found[end - 1] = old[oldEnd - 1];
        var (height, width) = (oldEnd - first, end - first);
        if ((long)height * width > MaxComparisons)
            return found;
        // How many lines the rests from here on have in common.
        var common = new int[height + 1][];
        for (var i = 0; i <= height; i++)
            common[i] = new int[width + 1];
        for (var i = height - 1; i >= 0; i--)
        {
            for (var j = width - 1; j >= 0; j--)
            {
                common[i][j] = AreSame(first + i, first + j) ? common[i + 1][j + 1] + 1
                    : Math.Max(common[i + 1][j], common[i][j + 1]);
            }
        }

        for (var (i, j) = (0, 0); i < height && j < width;)
        {
            if (AreSame(first + i, first + j))
                found[first + j++] = old[first + i++];
            else if (common[i + 1][j] >= common[i][j + 1])
                i++;
            else
                j++;
        }

        return found;
    }
}
