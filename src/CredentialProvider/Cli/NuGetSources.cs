using CredentialProvider.Feeds;
using NuGet.Configuration;

namespace CredentialProvider.Cli;

/// <summary>A feed that a person means.</summary>
/// <param name="Name">Its name in nuget.config; null where it comes from the command line.</param>
internal sealed record Source(string? Name, string Url, Feed Feed)
{
    /// <summary>As messages name it.</summary>
    public string Title => Name ?? (Feed.Repository.Length > 0 ? $"{Feed.Domain}/{Feed.Repository}" : Feed.Domain);
}

/// <summary>The effective nuget.config of a folder, read and written by NuGet's own code, and the SOURCE of every
/// command.</summary>
internal sealed class NuGetSources
{
    private readonly Settings _settings;
    private readonly Lazy<ISettings> _nuget;

    public NuGetSources(Settings settings, string folder)
    {
        _settings = settings;
        _nuget = new Lazy<ISettings>(() => Load(folder));
    }

    /// <summary>All sources that nuget.config names, disabled ones too.</summary>
    public IReadOnlyList<PackageSource> All => [.. new PackageSourceProvider(_nuget.Value).LoadPackageSources()];

    /// <summary>The files that count, the nearest first.</summary>
    public IReadOnlyList<string> Files => [.. _nuget.Value.GetConfigFilePaths()];

    /// <summary>The enabled sources that are CodeArtifact's.</summary>
    public IReadOnlyList<Source> CodeArtifact =>
        [.. All.Where(source => source.IsEnabled).Select(AsSource).OfType<Source>()];

    /// <summary>The sources that a command line names, or all of CodeArtifact's where it names none.</summary>
    /// <param name="texts">Each a URL, a name in nuget.config, DOMAIN or DOMAIN/REPOSITORY.</param>
    /// <exception cref="CommandFailedException">One of them is nothing of that.</exception>
    public IReadOnlyList<Source> Find(string[] texts, string? owner, string? region) =>
        texts.Length == 0 ? CodeArtifact : [.. texts.Select(text => Find(text, owner, region))];

    /// <summary>Those of these URLs that are CodeArtifact's.</summary>
    public IReadOnlyList<Source> Among(string[] urls) =>
        [.. urls.Select(url => Feed.TryFind(url, _settings, out var feed) ? new Source(null, url, feed) : null)
            .OfType<Source>()];

    /// <inheritdoc cref="Find(string[], string?, string?)"/>
    public Source Find(string text, string? owner, string? region)
    {
        if (text.Contains("://", StringComparison.Ordinal))
            return Feed.TryFind(text, _settings, out var feed) ? new Source(null, text, feed)
                : throw NotCodeArtifact(MistypedFeed.Printable(text), text);
        if (All.FirstOrDefault(source => source.Name.Equals(text, StringComparison.OrdinalIgnoreCase)) is { } named)
            return AsSource(named) ?? throw NotCodeArtifact($"source {text}", named.Source);
        return FindDomain(text, owner, region);
    }

    /// <summary>The files in which nuget.config keeps credentials for a source.</summary>
    public IReadOnlyList<string> FilesWithCredentials(string source) =>
        [.. FilesOf("packageSourceCredentials", item =>
            item is CredentialsItem credentials && credentials.ElementName == source)];

    /// <summary>The files that disable a source.</summary>
    public IReadOnlyList<string> FilesThatDisable(string source) =>
        [.. FilesOf("disabledPackageSources", item =>
            item is AddItem { Key: var key } && key.Equals(source, StringComparison.OrdinalIgnoreCase))];

    private IEnumerable<string> FilesOf(string section, Func<SettingItem, bool> isMeant)
    {
        foreach (var file in Files)
        {
            if (LoadFile(file).GetSection(section)?.Items.Any(isMeant) == true)
                yield return file;
        }
    }

    /// <summary>DOMAIN or DOMAIN/REPOSITORY: owner and region are taken from a source of that name, where they are not
    /// given.</summary>
    private Source FindDomain(string text, string? owner, string? region)
    {
        var parts = text.Split('/');
        if (parts.Length > 2 || !Feed.IsDomain(parts[0]) || (parts.Length == 2 && !Feed.IsRepository(parts[1])))
        {
            throw new CommandFailedException($"no source {text}: it is no URL, no name in nuget.config and no domain; "
                + "give one of them, or DOMAIN/REPOSITORY");
        }

        var alike = CodeArtifact.Where(source => source.Feed.Domain == parts[0]
            && (owner ?? source.Feed.Owner) == source.Feed.Owner
                && (region ?? source.Feed.Region) == source.Feed.Region).ToList();
        var known = (alike.Find(source =>
            parts.Length < 2 || source.Feed.Repository == parts[1]) ?? alike.FirstOrDefault())?.Feed;
        owner ??= known?.Owner;
        region ??= known?.Region ?? _settings.AwsRegion;
        if (owner is null || region is null)
        {
            throw new CommandFailedException(
                $"no owner and region for {text}: no source of nuget.config has this domain; "
                + $"give {(owner is null ? "--owner ACCOUNT" : "")}{(owner is null && region is null ? " and " : "")}{(region is null ? "--region REGION" : "")}");
        }

        var feed = FeedFor(parts[0], owner, region, parts.Length == 2 ? parts[1] : known?.Repository ?? "");
        return new Source(null, UrlOf(feed), feed);
    }

    /// <summary>Checks what a person typed.</summary>
    public static Feed FeedFor(string domain, string owner, string region, string repository)
    {
        if (!Feed.IsDomain(domain))
            throw new CommandFailedException($"'{domain}' is no domain; it takes 2 to 50 of a-z, 0-9 and hyphen");
        if (!Feed.IsOwner(owner))
            throw new CommandFailedException($"'{owner}' is no owner; it takes an account's 12 digits");
        if (Partition.OfRegion(region) is null)
            throw new CommandFailedException($"'{region}' is no region; it takes one like us-east-1");
        if (repository.Length > 0 && !Feed.IsRepository(repository))
            throw new CommandFailedException($"'{repository}' is no repository's name");
        return new Feed(domain, owner, region, repository);
    }

    /// <summary>The URL that NuGet wants for a feed on AWS's own hosts.</summary>
    public static string UrlOf(Feed feed) => $"https://{feed.Domain}-{feed.Owner}.d.codeartifact.{feed.Region}."
        + $"{Partition.OfRegion(feed.Region)!.DnsSuffix}/nuget/{feed.Repository}/v3/index.json";

    private Source? AsSource(PackageSource source) =>
        Feed.TryFind(source.Source, _settings, out var feed) ? new Source(source.Name, source.Source, feed) : null;

    private CommandFailedException NotCodeArtifact(string title, string url)
    {
        var (why, fix) = Feed.TryParse(url, out var feed) && !feed.IsAmong(_settings.Domains)
            ? ($"domain {feed.Domain}/{feed.Owner} is not among the allowed domains",
                "add it to CODEARTIFACT_DOMAINS or the configuration file's domains")
            : MistypedFeed.Find(url) ?? ("its URL is not CodeArtifact's",
                "name another source; a private host needs an entry in the configuration file's hosts");
        return new CommandFailedException($"{title} is not a CodeArtifact feed: {why}; {fix}");
    }

    private static ISettings Load(string folder)
    {
        try
        {
            return NuGet.Configuration.Settings.LoadDefaultSettings(folder);
        }
        catch (NuGetConfigurationException e)
        {
            throw new CommandFailedException(
                $"nuget.config cannot be read: {e.Message.TrimEnd('.')}; correct the file");
        }
    }

    /// <summary>One file, for reading what is in it and for writing.</summary>
    public static NuGet.Configuration.Settings LoadFile(string path)
    {
        try
        {
            return new NuGet.Configuration.Settings(Path.GetDirectoryName(path)!, Path.GetFileName(path));
        }
        catch (NuGetConfigurationException e)
        {
            throw new CommandFailedException($"{path} cannot be read: {e.Message.TrimEnd('.')}; correct the file");
        }
    }
}
