using CredentialProvider.Configuration;
using NuGet.Configuration;
using Settings = CredentialProvider.Configuration.Settings;

namespace CredentialProvider.Cli.NuGet;

/// <summary>
/// Which package IDs NuGet gets from which sources. Where a source on another host may serve an ID as well, it can
/// offer a newer version of a package that exists in CodeArtifact only (dependency confusion).
/// https://learn.microsoft.com/nuget/consume-packages/package-source-mapping
/// </summary>
/// <param name="items">The effective mapping; empty if nuget.config maps no packages.</param>
/// <param name="mapping">The same, as NuGet searches it.</param>
internal sealed class SourceMapping(Settings settings, IReadOnlyList<PackageSource> sources,
    IReadOnlyList<PackageSourceMappingSourceItem> items, PackageSourceMapping mapping)
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

    /// <summary>In any case, as NuGet compares them. NuGet knows no name for a URL with white space at an end.</summary>
    public HashSet<string> PatternsOf(string source) => new(items
        .Where(item => item.Key.Equals(source, StringComparison.OrdinalIgnoreCase) && !sources.Any(other => IsPadded(other)
            && other.Name.Equals(source, StringComparison.OrdinalIgnoreCase)))
        .SelectMany(item => item.Patterns).Select(pattern => pattern.Pattern), StringComparer.OrdinalIgnoreCase);

    /// <summary>The key of a source whose only keys have its name in another case; null for any other source.</summary>
    public string? FindOtherCase(string source) => items.Select(item => item.Key)
        .Where(key => key.Equals(source, StringComparison.OrdinalIgnoreCase))
        .OrderBy(key => key != source).FirstOrDefault() is { } key && key != source ? key : null;

    /// <summary>True if no CodeArtifact source that NuGet uses has a pattern.</summary>
    public bool LeavesCodeArtifactOut => IsEnabled && !sources.Any(source => source.IsEnabled
        && FeedRecognition.TryFind(source.Source, settings, out _) && PatternsOf(source.Name).Count > 0);

    /// <summary>The pattern that NuGet goes by for a package: its ID, or the longest prefix; null if none matches.</summary>
    public string? PatternFor(string package) => items.SelectMany(item => item.Patterns)
        .Select(pattern => pattern.Pattern.Trim()).Where(pattern => pattern.EndsWith('*')
            ? package.StartsWith(pattern[..^1], StringComparison.OrdinalIgnoreCase)
            : package.Equals(pattern, StringComparison.OrdinalIgnoreCase))
        .OrderBy(pattern => pattern.EndsWith('*')).ThenByDescending(pattern => pattern.Length).FirstOrDefault();

    /// <summary>The source names to which the mapping assigns a package, whether or not such sources exist.</summary>
    public IReadOnlyList<string> NamesFor(string package) => mapping.GetConfiguredPackageSources(package);

    /// <summary>The enabled sources that NuGet asks for a package.</summary>
    public IReadOnlyList<PackageSource> SourcesFor(string package) => [.. sources.Where(source => source.IsEnabled
        && FirstWithUrlOf(source) == source
        && (!IsEnabled || (!IsPadded(source) && NamesFor(package).Contains(source.Name, StringComparer.OrdinalIgnoreCase))))];

    /// <summary>True for a URL with white space at an end. MSBuild passes it to NuGet without, where nuget.config has no
    /// source with that URL: its name, and everything for that name, is lost.</summary>
    public static bool IsPadded(PackageSource source) => source.Source.Trim() != source.Source;

    /// <summary>The name under which NuGet uses a source's URL: the first of those that have it.</summary>
    public PackageSource FirstWithUrlOf(PackageSource source) =>
        sources.FirstOrDefault(other => other.IsEnabled && other.Source == source.Source) ?? source;

    private bool IsForeign(PackageSource source) => source is { IsEnabled: true, IsLocal: false }
        && !FeedRecognition.TryParse(source.Source, settings, out _)
        && FeedRecognition.FindMistake(source.Source, settings) is null;
}
