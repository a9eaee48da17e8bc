using System.Globalization;
using CredentialProvider.Errors;

namespace CredentialProvider.Platform;

/// <summary>NuGet's log levels, least severe first.</summary>
internal static class LogLevels
{
    public const string Debug = nameof(Debug), Verbose = nameof(Verbose), Information = nameof(Information),
        Minimal = nameof(Minimal), Warning = nameof(Warning), Error = nameof(Error);

    public static readonly string[] All = [Debug, Verbose, Information, Minimal, Warning, Error];

    /// <summary>True if a line of <paramref name="level"/> is logged when <paramref name="minimum"/> is the
    /// configured level.</summary>
    public static bool Includes(string minimum, string level) => Rank(level) >= Rank(minimum);

    /// <summary>An unknown level ranks below all others, so it logs everything.</summary>
    private static int Rank(string level) =>
        Array.FindIndex(All, name => name.Equals(level, StringComparison.OrdinalIgnoreCase));
}

/// <summary>
/// The log that CODEARTIFACT_LOG_FILE asks for: one line per event, never a secret; only the other lines of a stack trace
/// are indented. Without it nothing is opened. Only its owner can read the file. A log that cannot be written never fails a
/// build.
/// </summary>
internal sealed class LogFile(string? path, string? level, TimeProvider time)
{
    /// <summary>In bytes. One older file of this size is kept next to the log.</summary>
    private const long MaxFileSize = 4 * 1024 * 1024;

    /// <summary>In characters.</summary>
    private const int MaxTextLength = 16 * 1024;

    /// <summary>Before the other lines of a text, such as a stack trace.</summary>
    private const string Indent = "  ";

    private readonly object _writing = new();

    /// <summary>False if there is no log. What only the log needs is not even created then.</summary>
    public bool IsOn => path is not null;

    public TimeProvider Time => time;

    /// <summary>Why the log cannot be written; null if it can. Creates the file.</summary>
    public static string? FindProblem(string path)
    {
        try
        {
            return Directory.Exists(Path.GetDirectoryName(Path.GetFullPath(path)))
                ? OwnerOnlyFile.Append(path, "", MaxFileSize) : "its folder does not exist";
        }
        catch (Exception e) when (IsUnusablePath(e))
        {
            return e.Message.TrimEnd('.');
        }
    }

    /// <summary>The last lines of a log, without any that <see cref="Write"/> has not written: the path may be that of
    /// another file.</summary>
    public static IReadOnlyList<string> ReadLast(string path, int count)
    {
        var lines = new List<string>();
        foreach (var line in File.ReadAllLines(path))
        {
            if (IsFirst(line) || (lines.Count > 0 && line.StartsWith(Indent, StringComparison.Ordinal)))
                lines.Add(line);
        }

        return lines.GetRange(Math.Max(0, lines.Count - count), Math.Min(count, lines.Count));
    }

    /// <summary>True for <c>TIME PID LEVEL: TEXT</c>.</summary>
    private static bool IsFirst(string line) =>
        line.Split([' '], 4) is [var at, var process, [.., ':'] level, _]
            && DateTimeOffset.TryParse(at, CultureInfo.InvariantCulture, DateTimeStyles.None, out _)
            && int.TryParse(process, NumberStyles.None, CultureInfo.InvariantCulture, out _)
            && Array.IndexOf(LogLevels.All, level[..^1]) >= 0;

    public void Write(string lineLevel, string text)
    {
        if (path is null || !LogLevels.Includes(level ?? LogLevels.Debug, lineLevel))
            return;
        text = PrintableText.OfLines(text, Environment.NewLine + Indent, MaxTextLength);
        var line = $"{time.GetUtcNow().UtcDateTime:o} {Environment.ProcessId} {lineLevel}: {text}{Environment.NewLine}";
        try
        {
            lock (_writing)
                OwnerOnlyFile.Append(path, line, MaxFileSize);
        }
        catch (Exception e) when (IsUnusablePath(e))
        {
            // A bad path for the log must not fail the build. Doctor reports it.
        }
    }

    private static bool IsUnusablePath(Exception e) =>
        e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException;
}
