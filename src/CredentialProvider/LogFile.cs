namespace CredentialProvider;

/// <summary>NuGet's names for how much a line matters, least first.</summary>
internal static class LogLevels
{
    public const string Debug = nameof(Debug), Verbose = nameof(Verbose), Information = nameof(Information),
        Minimal = nameof(Minimal),
        Warning = nameof(Warning), Error = nameof(Error), Default = Information;

    private static readonly string[] All = [Debug, Verbose, Information, Minimal, Warning, Error];

    /// <summary>True if a line of <paramref name="level"/> is wanted by whoever asked for <paramref name="least"/>
    /// and above.</summary>
    public static bool Includes(string least, string level) => Rank(level) >= Rank(least);

    /// <summary>A name that nobody knows asks for everything.</summary>
    private static int Rank(string level) =>
        Array.FindIndex(All, name => name.Equals(level, StringComparison.OrdinalIgnoreCase));
}

/// <summary>
/// The log that a person asks for with CODEARTIFACT_LOG_FILE: one line an event, never a secret. Nothing is opened
/// without one, and a log that cannot be written is no reason to fail a build.
/// </summary>
internal sealed class LogFile(string? path, string? level, TimeProvider time)
{
    /// <summary>Bytes; one older file of this size is kept beside it.</summary>
    private const long LargestFile = 4 * 1024 * 1024;

    /// <summary>What is longer was somebody else's answer.</summary>
    private const int LongestText = 16 * 1024;

    private readonly object _writing = new();

    public void Write(string lineLevel, string text)
    {
        if (path is null || !LogLevels.Includes(level ?? LogLevels.Debug, lineLevel))
            return;
        if (text.Length > LongestText)
            text = text[..LongestText] + "...";
        var line = $"{time.GetUtcNow().UtcDateTime:o} {Environment.ProcessId} {lineLevel}: {text}{Environment.NewLine}";
        try
        {
            lock (_writing)
                Platform.OwnerOnlyFolder.Append(path, line, LargestFile);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException
            or NotSupportedException)
        {
            // The log's place is wrong; the build is not.
        }
    }
}
