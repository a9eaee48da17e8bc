using CredentialProvider.Configuration;
using CredentialProvider.Feeds;
using CredentialProvider.Tokens;

namespace CredentialProvider.MSBuild;

/// <summary>
/// Predicts from file names and times whether the plugin would find its tokens in the cache, because that is much
/// faster than starting it. Where names and times do not suffice, the plugin is started. A wrong "yes" costs only the
/// warm-up: the plugin then fetches the token when NuGet asks for it.
/// </summary>
internal static class CachedTokens
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(TokenLifetime.MaxSeconds);

    /// <summary>True if the cache has a recent token for each CodeArtifact feed among the sources, or there is no cache to
    /// fetch tokens for.</summary>
    /// <param name="sources">URLs, also of foreign feeds.</param>
    public static bool Cover(string[] sources)
    {
        if (KnownPaths.CacheFolder(Home, Variable) is not { } folder)
            return true;
        // These change how long tokens live, and which hosts are CodeArtifact feeds.
        if (Variable("CODEARTIFACT_TOKEN_DURATION") is not null || HasConfigurationFile)
            return false;
        return Directory.Exists(folder)
            && Array.TrueForAll(sources, source => !FeedUrl.TryParse(source, out var feed) || Covers(folder, feed));
    }

    /// <summary>False if the source is certainly another feed.</summary>
    public static bool MayBeCodeArtifact(string source) => HasConfigurationFile || FeedUrl.TryParse(source, out _);

    private static bool HasConfigurationFile => Variable("CODEARTIFACT_CONFIG") is not null
        || File.Exists(KnownPaths.UserConfigurationFile(Home, Variable))
        || File.Exists(KnownPaths.MachineConfigurationFile);

    private static bool Covers(string folder, Feed feed)
    {
        try
        {
            var files = Directory.GetFiles(folder, TokenFile.Pattern(feed.Domain, feed.Owner, feed.Region));
            return Array.Exists(files,
                file => !TokenLifetime.IsAging(DateTime.UtcNow - File.GetLastWriteTimeUtc(file), Lifetime));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The folder belongs to another user. The plugin reports it if it matters.
            return false;
        }
    }

    private static string? Home =>
        KnownPaths.Absolute(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile));

    private static string? Variable(string name) =>
        Environment.GetEnvironmentVariable(name)?.Trim() is { Length: > 0 } value ? value : null;
}
