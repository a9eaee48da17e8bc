using CredentialProvider.Cli.NuGet;
using CredentialProvider.Configuration;
using CredentialProvider.Feeds;
using NuGet.Configuration;
using Settings = CredentialProvider.Configuration.Settings;

namespace CredentialProvider.Cli.Doctor;

/// <summary>A source to check. Unlike a <see cref="Source"/>, it may have an invalid URL.</summary>
/// <param name="Name">Its name in nuget.config; null for a URL from the command line.</param>
internal sealed record CheckedSource(string? Name, string Url, bool IsEnabled)
{
    /// <summary>True if the URL has white space at an end in nuget.config.</summary>
    public bool IsPadded { get; init; }

    /// <summary>True if NuGet speaks protocol 2 to it: its URL does not end in .json, and nuget.config does not set
    /// protocolVersion 3.</summary>
    public bool UsesProtocol2 { get; init; }

    /// <summary>The URL in findings; see <see cref="Show"/>.</summary>
    public string ShownUrl { get; init; } = Url;

    /// <summary>The source's name in findings.</summary>
    public string Title => Name ?? ShownUrl;

    /// <summary>The sources on the command line, or every enabled source that is meant for CodeArtifact. If nuget.config cannot be
    /// used, the URLs on the command line.</summary>
    /// <exception cref="CommandFailedException">A word is not a source, or a domain without repository.</exception>
    public static IReadOnlyList<CheckedSource> Find(
        NuGetSources sources, Settings settings, string[] words, string? owner, string? region) =>
        [.. (sources.Problem is not null ? words.Where(IsUrl).Select(FromUrl) : words.Length == 0
            ? sources.All.Where(source => source.IsEnabled && IsMeant(source.Source, settings)).Select(From)
            : words.Select(word =>
                sources.FindByName(word) is { } named ? From(named)
                : IsUrl(word) ? FromUrl(word)
                : From(sources.Named.FindDomain(word, owner, region))))
            .Select(source => source with { ShownUrl = Show(source.Url, settings) })];

    /// <summary>A URL as it is printed: of a foreign feed only the host.</summary>
    public static string Show(string url, Settings settings) => IsMeant(url, settings) ? url : FeedUrl.OriginOf(url);

    private static bool IsUrl(string word) => word.Contains("://", StringComparison.Ordinal);

    private static CheckedSource FromUrl(string url) => new(null, url, IsEnabled: true);

    private static CheckedSource From(PackageSource source) => new(source.Name, source.Source.Trim(), source.IsEnabled)
    {
        IsPadded = SourceMapping.IsPadded(source),
        UsesProtocol2 = (source.ProtocolVersion != PackageSource.MaxProtocolVersion || SourceMapping.IsPadded(source))
            && !source.Source.Trim().EndsWith(".json", StringComparison.OrdinalIgnoreCase),
    };

    private static CheckedSource From(Source source) => source.Feed.Repository.Length > 0
        ? new CheckedSource(null, source.Url, IsEnabled: true)
        : throw new CommandFailedException(
            $"cannot check {source.Title}: the repository is missing; use {source.Title}/REPOSITORY");

    /// <summary>True for CodeArtifact URLs and for mistyped ones.</summary>
    private static bool IsMeant(string url, Settings settings) =>
        FeedRecognition.TryParse(url, settings, out _) || FeedRecognition.FindMistake(url, settings) is not null;
}
