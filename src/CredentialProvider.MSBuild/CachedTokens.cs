using System.Runtime.InteropServices;

namespace CredentialProvider.MSBuild;

/// <summary>
/// Tells from names and times in the program's cache whether it would find good tokens there: that takes 1 ms, and
/// starting it 10. Where the names do not tell, it is started; a token that is there and is not good costs the plugin a
/// call, as without all this.
/// </summary>
internal static class CachedTokens
{
    /// <summary>A token lives for 12 hours where nobody asks for less, and is renewed in the second half of
    /// them.</summary>
    private static readonly TimeSpan FirstHalf = TimeSpan.FromHours(5);

    /// <param name="sources">URLs, of other feeds too.</param>
    public static bool AreThereFor(string[] sources)
    {
        if (Variable("CODEARTIFACT_TOKEN_DURATION").Length > 0 || Variable("CODEARTIFACT_CONFIG").Length > 0
            || !Directory.Exists(Folder))
        {
            return false;
        }

        foreach (var source in sources)
        {
            if (!Uri.TryCreate(source, UriKind.Absolute, out var url))
                continue;
            var labels = url.Host.Split('.');
            var at = Array.IndexOf(labels, "codeartifact");
            // In the name of a VPC endpoint there is no domain.
            if (at > 0 && at + 1 < labels.Length && !IsThere($"{labels[0]}.{labels[at + 1]}.*.json"))
                return false;
        }

        return true;
    }

    private static bool IsThere(string pattern)
    {
        try
        {
            foreach (var file in Directory.GetFiles(Folder, pattern))
            {
                if (DateTime.UtcNow - File.GetLastWriteTimeUtc(file) < FirstHalf)
                    return true;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Another user's. The program says what comes of that, if anything does.
        }

        return false;
    }

    /// <summary>As the program's Settings have it.</summary>
    private static string Folder => Path.Combine(
        Variable("CODEARTIFACT_CACHE_DIR") is { Length: > 0 } own ? own
            : Variable("XDG_CACHE_HOME") is { Length: > 0 } cache && Path.IsPathRooted(cache) ? cache
            : RuntimeInformation.IsOSPlatform(OSPlatform.Windows)
                ? Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData)
            : RuntimeInformation.IsOSPlatform(OSPlatform.OSX) ? Path.Combine(Home, "Library", "Caches")
            : Path.Combine(Home, ".cache"),
        "codeartifact-credentials");

    private static string Home => Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);

    private static string Variable(string name) => Environment.GetEnvironmentVariable(name)?.Trim() ?? "";
}
