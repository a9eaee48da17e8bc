using CredentialProvider.Configuration;
using CredentialProvider.Errors;
using CredentialProvider.Feeds;
using CredentialProvider.Platform;
using NuGet.Common;
using NuGet.Configuration;
using NuGetSettings = NuGet.Configuration.Settings;
using Settings = CredentialProvider.Configuration.Settings;

namespace CredentialProvider.Cli.NuGet;

/// <summary>A CodeArtifact feed that a command works on.</summary>
/// <param name="Name">Its name in nuget.config; null if it comes from the command line.</param>
internal sealed record Source(string? Name, string Url, Feed Feed)
{
    /// <summary>The feed's name in messages.</summary>
    public string Title => Name ?? (Feed.Repository.Length > 0 ? $"{Feed.Domain}/{Feed.Repository}" : Feed.Domain);
}

/// <summary>The effective nuget.config of a folder, read by NuGet's own code, and the sources that command lines
/// name.</summary>
internal sealed class NuGetSources
{
    private const string CorrectTheFile = "correct the file: until then, every restore fails";

    private static readonly TimeSpan LockTimeout = TimeSpan.FromSeconds(10);

    private readonly Settings _settings;
    private readonly Lazy<ISettings> _nuget;

    /// <param name="folder">Null for the working directory. Nothing is read before the first use, so that help works
    /// with an invalid nuget.config or a deleted working directory.</param>
    public NuGetSources(Settings settings, string? folder = null)
        : this(settings, () => Read(() => Load(folder)))
    {
    }

    private NuGetSources(Settings settings, Func<ISettings> load)
    {
        _settings = settings;
        _nuget = new Lazy<ISettings>(load);
    }

    /// <summary>A file that replaces the configuration, as <c>dotnet restore --configfile</c> does.</summary>
    public static NuGetSources Of(Settings settings, string file)
    {
        var path = Path.GetFullPath(file);
        // NuGet's class would create it.
        return new NuGetSources(settings, () => File.Exists(path) ? LoadFile(path)
            : throw new CommandFailedException(
                $"nuget.config cannot be read: {path} does not exist", "name a file that exists")) { OnlyFile = path };
    }

    /// <summary>The only file; null if NuGet looks for its files.</summary>
    public string? OnlyFile { get; private init; }

    /// <summary>Another folder in which NuGet's search begins, as RestoreRootConfigDirectory names it.</summary>
    public static NuGetSources From(Settings settings, string folder)
    {
        var path = Path.GetFullPath(folder);
        return new NuGetSources(settings, path) { RootFolder = path };
    }

    /// <summary>Where NuGet's search begins; null for the working directory.</summary>
    public string? RootFolder { get; private init; }

    /// <summary>The file that commands have to name, because they would not find it; null if they do.</summary>
    public string? NamedFile => OnlyFile ?? (RootFolder is not null && Files is [var first, ..] ? first : null);

    /// <summary>The option that makes a command of NuGet change that file, after a space; empty if it finds its files.</summary>
    public string ConfigFileOption => NamedFile is not { } file ? "" : " " + ShellText.Option("--configfile", file);

    /// <summary>The configuration that a file is a part of: of its folder, or the file alone if NuGet reads it only
    /// when a command line names it.</summary>
    public static NuGetSources With(Settings settings, string path)
    {
        var sources = new NuGetSources(settings, Path.GetDirectoryName(path));
        return sources.Files.Contains(path) || !File.Exists(path) ? sources
            : new NuGetSources(settings, () => LoadFile(path));
    }

    /// <summary>All sources in nuget.config, disabled ones included.</summary>
    public IReadOnlyList<PackageSource> All => [.. new PackageSourceProvider(_nuget.Value).LoadPackageSources()];

    /// <summary>Why nuget.config cannot be used; null if it can.</summary>
    public CommandFailedException? Problem
    {
        get
        {
            try
            {
                _ = (All, Mapping);
                if (FallbackVariable is null)
                    _ = FallbackFolders;
                else
                    RequireUsable(FallbackVariable, () => _ = FallbackFolders);
                return null;
            }
            catch (CommandFailedException e)
            {
                return e;
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                // Such as a client certificate that does not exist.
                return new CommandFailedException($"nuget.config cannot be used: {e.Message}", CorrectTheFile);
            }
        }
    }

    /// <summary>A value that NuGet refuses, such as a relative path, comes from the variable and not from a file.</summary>
    private static void RequireUsable(string variable, Action read)
    {
        try
        {
            read();
        }
        catch (Exception e) when (e is InvalidOperationException or NuGetConfigurationException or ArgumentException)
        {
            var command = ShellText.Unset(variable);
            throw new CommandFailedException($"NuGet cannot use {variable}, so every restore fails: {e.Message.TrimEnd('.')}",
                $"correct or unset it: {command}")
            {
                Command = command,
            };
        }
    }

    /// <summary>The variable that replaces the fallback folders of nuget.config; null if it is not set.</summary>
    public static string? FallbackVariable => Variable("NUGET_FALLBACK_PACKAGES");

    /// <summary>The variable that replaces nuget.config's folder for packages; null if it is not set.</summary>
    public static string? PackagesVariable => Variable("NUGET_PACKAGES");

    private static string? Variable(string name) => string.IsNullOrEmpty(ProcessEnvironment.Get(name)) ? null : name;

    /// <summary>Folders in which NuGet looks for packages before it downloads them.</summary>
    public IReadOnlyList<string> FallbackFolders => SettingsUtility.GetFallbackPackageFolders(_nuget.Value);

    /// <summary>Where NuGet extracts packages.</summary>
    /// <exception cref="InvalidOperationException">NUGET_PACKAGES is relative.</exception>
    public string PackagesFolder => SettingsUtility.GetGlobalPackagesFolder(_nuget.Value);

    /// <summary>The user's files alone; for some keys, NuGet reads no other file.</summary>
    public static ISettings UserConfiguration =>
        Settings.OwnNuGetHome is null ? NullSettings.Instance : NuGetSettings.LoadDefaultSettings(null, null, null);

    /// <summary>The files that make up the configuration, the nearest first.</summary>
    public IReadOnlyList<string> Files => [.. _nuget.Value.GetConfigFilePaths()];

    /// <summary>The enabled CodeArtifact sources.</summary>
    public IReadOnlyList<Source> CodeArtifact =>
        [.. All.Where(source => source.IsEnabled).Select(ToSource).OfType<Source>()];

    /// <summary>The sources that a command line names, or every CodeArtifact source if it names none.</summary>
    /// <param name="words">Each a URL, a name in nuget.config, DOMAIN or DOMAIN/REPOSITORY.</param>
    /// <param name="anyFormat">A URL may be that of another package format.</param>
    /// <exception cref="CommandFailedException">A word is none of these.</exception>
    public IReadOnlyList<Source> Find(string[] words, string? owner, string? region, bool anyFormat = false) =>
        words.Length == 0 ? CodeArtifact : [.. words.Select(word => Find(word, owner, region, anyFormat))];

    /// <summary>The CodeArtifact feeds among these URLs.</summary>
    public IReadOnlyList<Source> CodeArtifactAmong(string[] urls) =>
        [.. urls.Select(url => ToSource(null, url)).OfType<Source>()];

    /// <inheritdoc cref="Find(string[], string?, string?, bool)"/>
    private Source Find(string word, string? owner, string? region, bool anyFormat)
    {
        const string CargoPrefix = "sparse+";
        if (anyFormat && word.StartsWith(CargoPrefix, StringComparison.Ordinal))
            word = word[CargoPrefix.Length..];
        if (word.Contains("://", StringComparison.Ordinal))
        {
            return ToSource(null, word, anyFormat) ?? throw NotCodeArtifact(
                FeedRecognition.FindMistake(word, _settings) is null ? FeedUrl.OriginOf(word) : word, word, anyFormat);
        }

        if (FindByName(word) is { } named)
            return ToSource(named) ?? throw NotCodeArtifact($"source {word}", named.Source);
        var source = FindDomain(word, owner, region);
        ThrowIfNotAllowed(word, source.Feed);
        return source;
    }

    /// <exception cref="CommandFailedException">A list of allowed domains excludes the feed.</exception>
    public void ThrowIfNotAllowed(string title, Feed feed)
    {
        if (_settings.AllowedDomains.FindRefusal(feed) is { } refusal)
            throw new CommandFailedException($"{refusal.Code}: {title} is refused: {refusal.Message}");
    }

    /// <summary>Null if nuget.config has no source of this name, in any case.</summary>
    public PackageSource? FindByName(string name) =>
        All.FirstOrDefault(source => source.Name.Equals(name, StringComparison.OrdinalIgnoreCase));

    public SourceMapping Mapping => new(_settings, All,
        new PackageSourceMappingProvider(_nuget.Value).GetPackageSourceMappingItems(),
        PackageSourceMapping.GetPackageSourceMapping(_nuget.Value));

    /// <summary>The files that store credentials for a source.</summary>
    public IReadOnlyList<string> FilesWithCredentials(string source) =>
        [.. FilesOf("packageSourceCredentials", item =>
            item is CredentialsItem credentials && credentials.ElementName == source)];

    /// <summary>The files that disable a source.</summary>
    public IReadOnlyList<string> FilesThatDisable(string source) =>
        [.. FilesOf("disabledPackageSources", item =>
            item is AddItem { Key: var key } && key.Equals(source, StringComparison.OrdinalIgnoreCase))];

    /// <summary>True for a file that NuGet's commands do not change: one of the machine, or another one of the user
    /// than NuGet.Config. https://learn.microsoft.com/nuget/consume-packages/configuring-nuget-behavior</summary>
    public static bool IsReadOnly(string file) => new[]
    {
        NuGetEnvironment.GetFolderPath(NuGetFolderPath.MachineWideConfigDirectory),
        Path.Combine(NuGetEnvironment.GetFolderPath(NuGetFolderPath.UserSettingsDirectory), "config"),
    }.Any(folder => file.StartsWith(folder + Path.DirectorySeparatorChar, StringComparison.Ordinal));

    /// <summary>Removes a source, or disables it where NuGet would remove nothing and report success.</summary>
    public string RemoveCommand(string name) =>
        $"dotnet nuget {(FindReadOnly(name) is null ? "remove" : "disable")} "
        + $"source{ConfigFileOption} {ShellText.Argument(name)}";

    /// <summary>The file with a source, if NuGet's commands do not change it; null for any other source.</summary>
    public string? FindReadOnly(string name) =>
        FilesWithUrl(name, _ => true) is [var file, ..] && IsReadOnly(file) ? file : null;

    /// <summary>The files that map packages to sources.</summary>
    /// <param name="pattern">Null for any pattern.</param>
    public IReadOnlyList<string> FilesThatMap(string? pattern = null) =>
        [.. FilesOf("packageSourceMapping", item => item is PackageSourceMappingSourceItem source && (pattern is null
            || source.Patterns.Any(own => own.Pattern.Trim().Equals(pattern, StringComparison.OrdinalIgnoreCase))))];

    /// <summary>The files that have a source of this name with a URL.</summary>
    /// <param name="isMeant">Which URLs.</param>
    public IReadOnlyList<string> FilesWithUrl(string name, Func<string, bool> isMeant) =>
        [.. FilesOf("packageSources", item => item is SourceItem source
            && source.Key.Equals(name, StringComparison.OrdinalIgnoreCase) && isMeant(source.GetValueAsPath()))];

    /// <summary>The files with a fallback folder.</summary>
    public IReadOnlyList<string> FilesWithFallback(string folder) =>
        [.. FilesOf("fallbackPackageFolders", item => item is AddItem added && added.GetValueAsPath() == folder)];

    private IEnumerable<string> FilesOf(string section, Func<SettingItem, bool> isMeant)
    {
        foreach (var file in Files)
        {
            if (LoadFile(file).GetSection(section)?.Items.Any(isMeant) == true)
                yield return file;
        }
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

        var known = CodeArtifact.Where(source => source.Feed.Domain == parts[0]
            && (owner ?? source.Feed.Owner) == source.Feed.Owner
                && (region ?? source.Feed.Region) == source.Feed.Region).ToList();
        var like = (known.Find(source => parts.Length < 2 || source.Feed.Repository == parts[1])
            ?? known.FirstOrDefault())?.Feed;
        owner ??= like?.Owner;
        region ??= like?.Region ?? _settings.AwsRegion;
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
        Spelling.FindNearest(word, CodeArtifact.SelectMany(source => new[] { source.Name!, source.Feed.Domain }));

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

    private Source? ToSource(PackageSource source) => ToSource(source.Name, source.Source);

    /// <summary>Null for a foreign feed.</summary>
    private Source? ToSource(string? name, string url, bool anyFormat = false) =>
        FeedRecognition.TryFind(url, _settings, out var feed, anyFormat) ? new Source(name, url, feed) : null;

    private CommandFailedException NotCodeArtifact(string title, string url, bool anyFormat = false)
    {
        if (FeedRecognition.TryParse(url, _settings, out var feed, anyFormat) && feed.Domain.Length > 0)
            ThrowIfNotAllowed(title, feed);
        var (why, fix, _) = FeedRecognition.FindMistake(url, _settings) ?? ("its host is not a CodeArtifact host",
                "use another source, or add its host under \"hosts\" in codeartifact.json", null);
        return new CommandFailedException($"{title} is not a CodeArtifact feed: {why}; {fix}");
    }

    private static ISettings Load(string? folder)
    {
        folder ??= WorkingDirectory();
        return Settings.OwnNuGetHome is null ? LoadWithoutUser(folder) : NuGetSettings.LoadDefaultSettings(folder);
    }

    /// <summary>Without a home directory, NuGet would take the working directory for one, and create the user's
    /// nuget.config in it.</summary>
    private static ISettings LoadWithoutUser(string folder)
    {
        var files = new List<string>();
        for (var parent = folder; parent is not null; parent = Path.GetDirectoryName(parent))
        {
            if (Array.Find(NuGetSettings.OrderedSettingsFileNames, name => File.Exists(Path.Combine(parent, name)))
                is { } file)
            {
                files.Add(Path.Combine(parent, file));
            }
        }

        return NuGetSettings.LoadSettingsGivenConfigPaths(files);
    }

    private static string WorkingDirectory()
    {
        try
        {
            return Directory.GetCurrentDirectory();
        }
        catch (IOException)
        {
            throw new CommandFailedException("the working directory no longer exists; change to another directory");
        }
    }

    /// <summary>One file, to read and to change.</summary>
    public static NuGetSettings LoadFile(string path) =>
        Read(() => new NuGetSettings(Path.GetDirectoryName(path)!, Path.GetFileName(path)));

    /// <summary>NuGet locks a file while it reads it, and waits half a minute for a lock that it may not take, and forever for one
    /// that another process has.</summary>
    internal static T Read<T>(Func<T> read, TimeSpan? timeout = null)
    {
        try
        {
            // Its thread keeps trying until this process ends.
            var reading = Task.Factory.StartNew(read, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            return ((IAsyncResult)reading).AsyncWaitHandle.WaitOne(timeout ?? LockTimeout) ? reading.GetAwaiter().GetResult()
                : throw NoLock("it timed out waiting for the lock");
        }
        catch (NuGetConfigurationException e)
        {
            throw new CommandFailedException(
                $"nuget.config cannot be read: {ConfigurationError.Describe(e)}", CorrectTheFile);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidOperationException)
        {
            // Whatever is wrong with the file itself is a NuGetConfigurationException.
            throw NoLock(e.Message.TrimEnd('.'));
        }
    }

    private static CommandFailedException NoLock(string why)
    {
        const string Variable = "NUGET_SCRATCH", Default = "NuGetScratch";
        var own = ProcessEnvironment.Get(Variable) is { Length: > 0 } set ? set : null;
        // NuGet's function for this folder fails if the folder belongs to another user.
        var folder = own ?? Path.Combine(Path.GetTempPath(), OperatingSystem.IsLinux() ? Default + Environment.UserName : Default);
        var (purpose, command) = own is not null ? ($"set {Variable} to a folder that this user can write to, or unset it", ShellText.Unset(Variable))
            : !Directory.Exists(folder) ? ($"set {Variable} to a folder that this user can write to", null)
            : ("remove it", OperatingSystem.IsWindows() || Posix.EffectiveUser == 0 ? ShellText.Remove(folder) : $"sudo {ShellText.Remove(folder)}");
        return new CommandFailedException($"nuget.config cannot be read, because NuGet cannot lock it in {folder}: {why}",
            command is null ? purpose : $"{purpose}: {command}")
        {
            Command = command,
        };
    }
}
