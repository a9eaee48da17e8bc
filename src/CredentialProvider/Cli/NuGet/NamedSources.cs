using CredentialProvider.Configuration;
using CredentialProvider.Errors;
using CredentialProvider.Feeds;

namespace CredentialProvider.Cli.NuGet;

/// <summary>The CodeArtifact feeds that command lines name.</summary>
internal sealed class NamedSources(Settings settings, NuGetSources nuget)
{
    /// <summary>The sources that a command line names, or every CodeArtifact source if it names none.</summary>
    /// <param name="words">Each a URL, a name in nuget.config, DOMAIN or DOMAIN/REPOSITORY.</param>
    /// <param name="anyFormat">A URL may be that of another package format.</param>
    /// <exception cref="CommandFailedException">A word is none of these.</exception>
    public IReadOnlyList<Source> Find(string[] words, string? owner, string? region, bool anyFormat = false) =>
        words.Length == 0 ? nuget.CodeArtifact : [.. words.Select(word => Find(word, owner, region, anyFormat))];

    /// <summary>The CodeArtifact feeds among these URLs.</summary>
    public IReadOnlyList<Source> CodeArtifactAmong(string[] urls) =>
        [.. urls.Select(url => Source.Find(null, url, settings)).OfType<Source>()];

    /// <inheritdoc cref="Find(string[], string?, string?, bool)"/>
    private Source Find(string word, string? owner, string? region, bool anyFormat)
    {
        const string CargoPrefix = "sparse+";
        if (anyFormat && word.StartsWith(CargoPrefix, StringComparison.Ordinal))
            word = word[CargoPrefix.Length..];
        if (word.Contains("://", StringComparison.Ordinal))
        {
            return Source.Find(null, word, settings, anyFormat) ?? throw NotCodeArtifact(
                FeedRecognition.FindMistake(word, settings) is null ? FeedUrl.OriginOf(word) : word, word, anyFormat);
        }

        if (nuget.FindByName(word) is { } named)
            return Source.Find(named.Name, named.Source, settings) ?? throw NotCodeArtifact($"source {word}", named.Source);
        var source = FindDomain(word, owner, region);
        ThrowIfNotAllowed(word, source.Feed);
        return source;
    }

    /// <exception cref="CommandFailedException">A list of allowed domains excludes the feed.</exception>
    public void ThrowIfNotAllowed(string title, Feed feed)
    {
        if (settings.AllowedDomains.FindRefusal(feed) is { } refusal)
            throw new CommandFailedException($"{refusal.Code}: {title} is refused: {refusal.Message}");
    }

    /// <summary>DOMAIN or DOMAIN/REPOSITORY, whether or not the domain is allowed. Missing owner and region come from a
    /// source of the same domain.</summary>
    public Source FindDomain(string word, string? owner, string? region)
    {
        var parts = word.Split('/');
        if (parts.Length > 2 || !Feed.IsDomain(parts[0]) || (parts.Length == 2 && !Feed.IsRepository(parts[1])))
        {
            throw new CommandFailedException(
                $"unknown source '{word}': not a URL, a name in nuget.config, DOMAIN or DOMAIN/REPOSITORY; "
                + (Nearest(word) is { } name ? $"did you mean '{name}'?" : "see 'dotnet nuget list source'"));
        }

        var known = nuget.CodeArtifact.Where(source => source.Feed.Domain == parts[0]
            && (owner ?? source.Feed.Owner) == source.Feed.Owner
                && (region ?? source.Feed.Region) == source.Feed.Region).ToList();
        var like = (known.Find(source => parts.Length < 2 || source.Feed.Repository == parts[1])
            ?? known.FirstOrDefault())?.Feed;
        owner ??= like?.Owner;
        region ??= like?.Region ?? settings.AwsRegion;
        if (owner is null || region is null)
        {
            var missing = owner is not null ? "region" : region is not null ? "owner" : "owner and region";
            var options = owner is not null ? "--region REGION" : region is not null ? "--owner ACCOUNT"
                : "--owner ACCOUNT and --region REGION";
            throw new CommandFailedException(
                $"unknown {missing} of {word}: nuget.config has no source of this domain; add {options}",
                Nearest(parts[0]) is { } name ? $"did you mean '{name}'?" : null);
        }

        var feed = FeedFor(parts[0], owner, region, parts.Length == 2 ? parts[1] : like?.Repository ?? "");
        return new Source(null, feed.ToUrl(), feed);
    }

    private string? Nearest(string word) =>
        Spelling.FindNearest(word, nuget.CodeArtifact.SelectMany(source => new[] { source.Name!, source.Feed.Domain }));

    /// <exception cref="CommandFailedException">A part is invalid.</exception>
    public static Feed FeedFor(string domain, string owner, string region, string repository)
    {
        var error =
            !Feed.IsDomain(domain) ? $"'{domain}' is not a valid domain; expected 2 to 50 of a-z, 0-9 and hyphen"
            : !Feed.IsOwner(owner) ? $"'{owner}' is not a valid owner; expected an AWS account ID of 12 digits"
            : Partition.OfRegion(region) is null
                ? $"'{region}' is not a valid region; expected something like us-east-1"
            : repository.Length > 0 && !Feed.IsRepository(repository) ? $"'{repository}' is not a valid repository name"
            : null;
        if (error is not null)
            throw new CommandFailedException(error);
        return new Feed(domain, owner, region, repository);
    }

    private CommandFailedException NotCodeArtifact(string title, string url, bool anyFormat = false)
    {
        if (FeedRecognition.TryParse(url, settings, out var feed, anyFormat) && feed.Domain.Length > 0)
            ThrowIfNotAllowed(title, feed);
        var (why, fix, _) = FeedRecognition.FindMistake(url, settings) ?? ("its host is not a CodeArtifact host",
                "use another source, or add its host under \"hosts\" in codeartifact.json", null);
        return new CommandFailedException($"{title} is not a CodeArtifact feed: {why}; {fix}");
    }
}
