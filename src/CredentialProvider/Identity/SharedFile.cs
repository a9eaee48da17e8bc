using System.Text;
using CredentialProvider.FastStart;
using CredentialProvider.Platform;

namespace CredentialProvider.Identity;

/// <summary>
/// One of AWS's shared files (<c>config</c> or <c>credentials</c>), read by the rules of the AWS SDKs and Tools reference
/// guide and as leniently as the AWS CLI: comments, continuation lines, nested settings, <c>key: value</c>, a byte order
/// mark and Latin-1 text are accepted. A line that cannot be read affects only its own section.
/// https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
/// </summary>
internal sealed class SharedFile
{
    private const int MaxFileSize = 4 * 1024 * 1024;

    private readonly List<SharedSection> _sections = [];

    private readonly List<SharedSection> _defaults = [];

    private string _text = "";

    private SharedFile(string path) => Path = path;

    public string Path { get; }

    /// <summary>False if there is no such file.</summary>
    public bool Exists { get; private init; } = true;

    /// <summary>Why the file cannot be read, and the fix; null if it can or does not exist.</summary>
    public (string Why, string Fix)? Problem { get; private init; }

    /// <summary>All sections except <see cref="Defaults"/> in the order of the file; a name can occur more than
    /// once.</summary>
    public IReadOnlyList<SharedSection> Sections => _sections;

    /// <summary><c>[DEFAULT]</c>: no profile, but what all sections of the file inherit. Python's parser, which the AWS CLI
    /// uses, treats it the same way.</summary>
    public IReadOnlyList<SharedSection> Defaults => _defaults;

    /// <summary>Number of the first line above any section; null if there is none.</summary>
    public int? LineWithoutSection { get; private set; }

    /// <summary>Path and content, hashed.</summary>
    public string Fingerprint => Fnv1a.Hash($"{Path}\n{_text}");

    /// <summary>Never throws. Like the AWS CLI, ignores what is not a regular file: a folder, a FIFO, a device such as
    /// /dev/null.</summary>
    public static SharedFile Read(string path)
    {
        if (!RegularFile.Is(path))
            return new SharedFile(path) { Exists = false };
        return RegularFile.TryRead(path, MaxFileSize) is { } bytes ? Parse(path, bytes) : new SharedFile(path)
        {
            Problem = ($"{path} cannot be read: {RegularFile.WhyUnreadable(path, MaxFileSize)}",
                "correct its owner, mode or size, or name another file"),
        };
    }

    /// <param name="path">For errors.</param>
    public static SharedFile Parse(string path, byte[] bytes)
    {
        if (IsUtf16(bytes))
            return new SharedFile(path) { Problem = ($"{path} is not UTF-8 text", "save it as UTF-8") };
        var text = Decode(bytes);
        var file = new SharedFile(path) { _text = text };
        SharedSection? section = null;
        SharedProperty? property = null;
        var (start, number, indentOfProperty) = (0, 0, 0);
        while (start < text.Length)
        {
            var end = start;
            while (end < text.Length && text[end] is not ('\n' or '\r'))
                end++;
            var first = start;
            while (first < end && char.IsWhiteSpace(text[first]))
                first++;
            var line = text[first..end].TrimEnd();
            var indent = first - start;
            var isCrLf = end + 1 < text.Length && text[end] == '\r' && text[end + 1] == '\n';
            (start, number) = (end + (isCrLf ? 2 : 1), number + 1);

            if (line.Length == 0 || line[0] is '#' or ';')
                continue;
            if (property is not null && indent > indentOfProperty)
            {
                property.Value += "\n" + line;
                continue;
            }

            indentOfProperty = indent;
            property = null;
            if (line[0] == '[')
            {
                section = ParseHeader(path, line, number);
                (section.Name == "DEFAULT" ? file._defaults : file._sections).Add(section);
            }
            else if (section is null)
            {
                file.LineWithoutSection ??= number;
            }
            else
            {
                property = section.Add(line, number);
            }
        }

        return file;
    }

    private static SharedSection ParseHeader(string path, string line, int number)
    {
        // "[profile x] # comment": the header ends at the first bracket, unless more of the name follows it.
        var close = AsciiText.IndexOf(line, ']');
        while (close >= 0 && close + 1 < line.Length && line[(close + 1)..].TrimStart() is not ['#' or ';', ..]
            && AsciiText.IndexOf(line, ']', close + 1) is >= 0 and var next)
        {
            close = next;
        }

        return close < 0 ? new SharedSection(path, line[1..].Trim(), number) { Problem = (number, "the header has no ]") }
            : new SharedSection(path, line[1..close].Trim(), number);
    }

    /// <summary>With or without a byte order mark. As Latin-1, such a file would have no sections.</summary>
    private static bool IsUtf16(byte[] bytes) =>
        bytes is [0xFF, 0xFE, ..] or [0xFE, 0xFF, ..] or [0, ..] or [_, 0, ..];

    /// <summary>ASCII by hand, else UTF-8, else Latin-1.</summary>
    private static string Decode(byte[] bytes)
    {
        var characters = new char[bytes.Length];
        var isAscii = true;
        for (var i = 0; i < bytes.Length; i++)
        {
            characters[i] = (char)bytes[i];
            isAscii &= bytes[i] < 0x80;
        }

        return isAscii ? new string(characters) : DecodeUtf8(bytes) ?? new string(characters);
    }

    private static string? DecodeUtf8(byte[] bytes)
    {
        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes).TrimStart('\uFEFF');
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }
}
