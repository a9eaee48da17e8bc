using CredentialProvider.Aws;
using CredentialProvider.Feeds;
using CredentialProvider.Platform;

namespace CredentialProvider.Cli;

/// <summary><c>configure</c>: sources in nuget.config, and defaults in the configuration file.</summary>
internal sealed class ConfigureCommands(Settings settings, Terminal terminal, NuGetSources sources,
    TokenService service)
{
    /// <summary>What <c>configure add</c> was told.</summary>
    /// <param name="Owner">Null asks GetRepositoryEndpoint, which takes the caller's account.</param>
    /// <param name="Config">The nearest nuget.config if null.</param>
    public sealed record Wanted(
        string? Name, string Domain, string Repository, string? Owner, string? Region, bool IsDualStack,
            string[] Patterns, string? Config);

    public async Task AddAsync(Wanted wanted, CancellationToken cancel)
    {
        var region = wanted.Region ?? settings.AwsRegion
            ?? throw new CommandFailedException("no region: neither --region nor AWS_REGION is set; give --region");
        var name = wanted.Name ?? $"{wanted.Domain}/{wanted.Repository}";
        // Checked before anybody is called; the owner that is not known yet has the right shape.
        var feed = NuGetSources.FeedFor(wanted.Domain, wanted.Owner ?? "000000000000", region, wanted.Repository);
        var url = wanted.Owner is not null && !wanted.IsDualStack ? NuGetSources.UrlOf(feed)
            : await AskForUrlAsync(wanted.Owner is null ? feed with { Owner = "" } : feed, wanted.IsDualStack, cancel);
        var path = PathOf(wanted.Config);
        var file = new NuGetConfigFile(path);
        var hadMapping = file.HasMapping();
        terminal.Print(file.Add(name, url, wanted.Patterns) ? $"{path}: source {name} is {url}"
            : $"{path} has source {name} already");
        if (wanted.Patterns.Length == 0 && hadMapping)
            terminal.Hint($"{path} maps packages to sources, and none to {name}: add --map 'Contoso.*' with the ids that come from here");
        else if (wanted.Patterns.Length == 0 && sources.All.Count(source => source.IsEnabled) > 1)
            terminal.Hint("other sources can serve the same package ids; tie ids to this one: --map 'Contoso.*'");
        terminal.Hint($"next: nuget-plugin-codeartifact doctor {name}");
    }

    public void Remove(string name, string? config)
    {
        var files = FilesWith(name, config);
        var removed = files.Where(path => new NuGetConfigFile(path).Remove(name)).ToList();
        removed.ForEach(path => terminal.Print($"{path}: source {name} removed"));
        if (removed.Count == 0)
            throw new CommandFailedException(
                $"no source {name} in {string.Join(", ", files)}; see 'dotnet nuget list source'");
    }

    /// <summary>Stored credentials are tried before the plugin is asked, and expire.</summary>
    public void Forget(string name, string? config)
    {
        var changed = FilesWith(name, config).Where(path => new NuGetConfigFile(path).RemoveCredentials(name)).ToList();
        changed.ForEach(path => terminal.Print($"{path}: credentials of source {name} removed"));
        if (changed.Count == 0)
            terminal.Hint($"no credentials of source {name} are stored");
    }

    /// <summary>A key of the configuration file's defaults; null removes it.</summary>
    public void Set(string key, string? value)
    {
        if (Array.IndexOf(ConfigurationFile.OptionKeys, key) < 0)
        {
            throw new CommandFailedException($"'{key}' is no key; "
                + (Spelling.Nearest(key, ConfigurationFile.OptionKeys) is { } meant
                ? $"'{meant}' is" : $"keys are {string.Join(", ", ConfigurationFile.OptionKeys)}"));
        }

        var path = settings.OwnConfigurationFile;
        var old = File.Exists(path) ? File.ReadAllBytes(path) : [];
        if (old.Length > 0 && ConfigurationFile.Parse(path, old).Problem is { } problem)
            throw new CommandFailedException($"{problem}; correct the file first");
        var changed = DefaultsEditor.Set(old, key, value);
        if (ConfigurationFile.Parse(path, changed).Problem is { } refusal)
            throw new CommandFailedException($"nothing changed: {refusal}");
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        var (hasMode, mode) = ModeOf(path);
        OwnerOnlyFolder.Replace(Path.GetFullPath(path), changed);
        if (hasMode)
            _ = Posix.TrySetMode(path, mode);
        terminal.Print(value is null ? $"{path}: {key} removed from defaults" : $"{path}: {key} is {value} by default");
    }

    /// <summary>Whoever could read the file still can.</summary>
    private static (bool IsKnown, int Mode) ModeOf(string path) =>
        !OperatingSystem.IsWindows() && Posix.TryGetStatus(path, out var status, out _) ? (true, status.Mode)
            : (false, 0);

    private async Task<string> AskForUrlAsync(Feed feed, bool isDualStack, CancellationToken cancel)
    {
        try
        {
            var url = await service.FindEndpointAsync(feed, isDualStack, cancel);
            return url.TrimEnd('/') + "/v3/index.json";
        }
        catch (NoTokenException e)
        {
            var other = feed.Owner.Length == 0 && e.Code != ErrorCode.DomainNotFound
                ? ", or give --owner, and AWS is not asked" : "";
            throw new CommandFailedException(
                $"{e.Code}: no URL for {feed.Domain}/{feed.Repository}: {e.Message}{other}");
        }
    }

    private string PathOf(string? config) => config is not null ? Path.GetFullPath(config)
        : sources.Files.Count > 0 ? sources.Files[0] : Path.GetFullPath("nuget.config");

    private IReadOnlyList<string> FilesWith(string name, string? config)
    {
        if (config is null)
            return sources.Files;
        return File.Exists(config) ? [Path.GetFullPath(config)]
            : throw new CommandFailedException($"no {config}, so no source {name} in it");
    }
}
