using CredentialProvider.Feeds;
using NuGet.Configuration;

namespace CredentialProvider.Cli.Doctor;

/// <summary>A source that is examined; it may be wrong in any way.</summary>
/// <param name="Name">In nuget.config; null for a URL of the command line.</param>
internal sealed record Patient(string? Name, string Url, bool IsEnabled)
{
    /// <summary>As the findings name it.</summary>
    public string Title => Name ?? PrintableUrl;

    public string PrintableUrl => MistypedFeed.Printable(Url);

    /// <summary>Those that are named, or all that have to do with CodeArtifact.</summary>
    public static IReadOnlyList<Patient> Find(NuGetSources sources, Settings settings, string[] texts, string? owner,
        string? region)
    {
        if (texts.Length == 0)
            return [.. sources.All.Where(source => source.IsEnabled && IsMeant(source.Source, settings)).Select(From)];
        return [.. texts.Select(text =>
            sources.All.FirstOrDefault(source =>
                source.Name.Equals(text, StringComparison.OrdinalIgnoreCase)) is { } named ? From(named)
            : text.Contains("://", StringComparison.Ordinal) ? new Patient(null, text, IsEnabled: true)
            : Named(sources.Find(text, owner, region)))];
    }

    private static Patient Named(Source source) => source.Feed.Repository.Length > 0 ? new(null, source.Url, IsEnabled: true)
        : throw new CommandFailedException(
            $"nothing to examine in {source.Title}: it takes a repository, too; name {source.Title}/REPOSITORY");

    /// <summary>Meant for CodeArtifact, right or not.</summary>
    private static bool IsMeant(string url, Settings settings) =>
        Feed.TryParse(url, out _) || Feed.TryFind(url, settings, out _) || MistypedFeed.Find(url) is not null;

    private static Patient From(PackageSource source) => new(source.Name, source.Source, source.IsEnabled);
}
