using CredentialProvider.Errors;

namespace CredentialProvider.Platform;

/// <summary>NuGet's log levels, least severe first.</summary>
internal static class LogLevels
{
    public const string Debug = nameof(Debug), Verbose = nameof(Verbose), Information = nameof(Information),
        Minimal = nameof(Minimal),
        Warning = nameof(Warning), Error = nameof(Error), Default = Information;

    private static readonly string[] All = [Debug, Verbose, Information, Minimal, Warning, Error];

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

    private readonly object _writing = new();

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

    public void Write(string lineLevel, string text)
    {
        if (path is null || !LogLevels.Includes(level ?? LogLevels.Debug, lineLevel))
            return;
        text = PrintableText.OfLines(text, Environment.NewLine + "  ", MaxTextLength);
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
