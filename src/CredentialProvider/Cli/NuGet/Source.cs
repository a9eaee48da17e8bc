using CredentialProvider.Configuration;
using CredentialProvider.Feeds;

namespace CredentialProvider.Cli.NuGet;

/// <summary>A CodeArtifact feed that a command works on.</summary>
/// <param name="Name">Its name in nuget.config; null if it comes from the command line.</param>
internal sealed record Source(string? Name, string Url, Feed Feed)
{
    /// <summary>The feed's name in messages.</summary>
    public string Title => Name ?? (Feed.Repository.Length > 0 ? $"{Feed.Domain}/{Feed.Repository}" : Feed.Domain);

    /// <summary>Null for a foreign feed.</summary>
    /// <param name="anyFormat">The URL may be that of another package format.</param>
    public static Source? Find(string? name, string url, Settings settings, bool anyFormat = false) =>
        FeedRecognition.TryFind(url, settings, out var feed, anyFormat) ? new Source(name, url, feed) : null;
}
