using CredentialProvider.Configuration;
using CredentialProvider.Feeds;
using NuGet.Configuration;
using Settings = CredentialProvider.Configuration.Settings;

namespace CredentialProvider.Cli.NuGet;

/// <summary>
/// Which package IDs NuGet gets from which sources. Where a source on another host may serve an ID as well, it can
/// offer a newer version of a package that exists in CodeArtifact only (dependency confusion).
/// https://learn.microsoft.com/nuget/consume-packages/package-source-mapping
/// </summary>
/// <param name="items">The effective mapping; empty if nuget.config maps no packages.</param>
internal sealed class SourceMapping(
    Settings settings, IReadOnlyList<PackageSource> sources, IReadOnlyList<PackageSourceMappingSourceItem> items)
{
    /// <summary>True if NuGet ignores sources without patterns.</summary>
    public bool IsEnabled => items.Count > 0;

    /// <summary>The enabled sources on other hosts than CodeArtifact's; not folders.</summary>
    public IReadOnlyList<string> ForeignSources => [.. sources.Where(IsForeign).Select(source => source.Name)];

    /// <summary>The foreign sources from which NuGet may take the packages of this CodeArtifact source.</summary>
    public IReadOnlyList<string> FindRivals(string source)
    {
        if (!IsEnabled)
            return ForeignSources;
        // NuGet takes a package from every source that has the longest pattern for its ID.
        var own = PatternsOf(source);
        return [.. ForeignSources.Where(other => PatternsOf(other).Overlaps(own))];
    }

    /// <summary>In any case, as NuGet compares them.</summary>
    public HashSet<string> PatternsOf(string source) => new(items
        .Where(item => item.Key.Equals(source, StringComparison.OrdinalIgnoreCase))
        .SelectMany(item => item.Patterns).Select(pattern => pattern.Pattern), StringComparer.OrdinalIgnoreCase);

    private bool IsForeign(PackageSource source) => source is { IsEnabled: true, IsLocal: false }
        && !FeedRecognition.TryParse(source.Source, settings, out _) && MistypedFeed.Find(source.Source) is null;
}
