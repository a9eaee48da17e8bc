using CredentialProvider.Cli.NuGet;
using CredentialProvider.Configuration;
using CredentialProvider.Feeds;
using CredentialProvider.Platform;

namespace CredentialProvider.Cli.Doctor;

/// <summary>What nuget.config and the environment say about one source.</summary>
internal sealed class SourceChecks(Settings settings, NuGetSources nuget, CheckedSource source)
{
    public IEnumerable<Finding> Run() =>
        [CheckUrl(), .. CheckSettings(), .. CheckEnabled(), .. CheckStoredCredentials(), CheckMapping()];

    private Finding CheckUrl()
    {
        if (MistypedFeed.Find(source.Url) is var (why, fix, url))
        {
            var text = $"{source.Url}: {why}";
            return url is null || source.Name is not { } name ? Finding.Fail(Checks.Url, text, fix)
                : Finding.FailWithCommand(Checks.Url, text, "correct the URL",
                    $"dotnet nuget update source {ShellText.Option("--source", url)} {ShellText.Argument(name)}");
        }

        if (FeedRecognition.TryFind(source.Url, settings, out var feed))
        {
            var repository = feed.Repository.Length > 0 ? $", repository {feed.Repository}" : "";
            return Finding.Ok(Checks.Url, feed.DomainName + repository);
        }

        if (FeedRecognition.TryParse(source.Url, settings, out feed)
            && settings.AllowedDomains.FindRefusal(feed) is { } refusal)
        {
            return Finding.Fail(Checks.Url, $"{refusal.Why}, so the plugin ignores this source", refusal.Fix,
                refusal.Code);
        }

        return Finding.Fail(Checks.Url,
            $"{source.Url} is not a CodeArtifact feed, so the plugin ignores this source",
            "if this is a reverse proxy in front of CodeArtifact, add its host under \"hosts\" in codeartifact.json");
    }

    /// <summary>Where each setting of this feed comes from, if anything is set.</summary>
    private IEnumerable<Finding> CheckSettings()
    {
        if (!FeedRecognition.TryFind(source.Url, settings, out var feed))
            yield break;
        var origins = SettingOrigin.Of(feed, settings);
        if (origins.Count > 0)
        {
            yield return Finding.Ok(Checks.Settings, string.Join("; ",
                origins.Select(setting => $"{setting.Key} {setting.Value} from {setting.Origin}")));
        }

        foreach (var setting in origins)
        {
            foreach (var ignored in setting.Ignored)
            {
                yield return Finding.Warn(Checks.Settings, setting.DescribeIgnored(ignored),
                    $"remove {setting.Key} there, or ask this machine's administrator to change {setting.Origin}");
            }
        }
    }

    private IEnumerable<Finding> CheckEnabled()
    {
        if (source.IsEnabled || source.Name is not { } name)
            yield break;
        yield return Finding.FailWithCommand(Checks.Enabled,
            $"NuGet ignores this source: it is disabled in {string.Join(", ", nuget.FilesThatDisable(name))}",
            "enable it", $"dotnet nuget enable source {ShellText.Argument(name)}");
    }

    /// <summary>NuGet asks a plugin only if it has no credentials of its own or the feed refuses them. Those in the
    /// environment come before those in nuget.config.</summary>
    private IEnumerable<Finding> CheckStoredCredentials()
    {
        const string Effect =
            "NuGet uses it before asking the plugin, so until it expires it determines what you can read";
        if (source.Name is not { } name)
        {
            yield return Finding.Skip(Checks.StoredCredentials, "the URL does not come from nuget.config");
            yield break;
        }

        var files = nuget.FilesWithCredentials(name);
        if (settings.HasNuGetCredentials(name))
        {
            var variable = Settings.NuGetCredentials(name);
            var text = $"{variable} has a password for this source; {Effect}";
            yield return ShellText.Unset(variable) is { } command
                ? Finding.FailWithCommand(Checks.StoredCredentials, text, "unset it", command)
                : Finding.Fail(Checks.StoredCredentials, text, "remove it where it is set: no shell can unset this name");
        }

        foreach (var file in files)
        {
            yield return Finding.FailWithCommand(Checks.StoredCredentials,
                $"{file} stores a password for this source; {Effect}",
                "remove it", $"nuget-plugin-codeartifact configure forget {ShellText.Argument(name)}");
        }

        if (files.Count == 0 && !settings.HasNuGetCredentials(name))
            yield return Finding.Ok(Checks.StoredCredentials, "none, so NuGet asks the plugin");
    }

    /// <summary>Dependency confusion: can another host serve packages with the IDs of this source's?</summary>
    private Finding CheckMapping()
    {
        if (source.Name is not { } name)
            return Finding.Skip(Checks.Mapping, "the URL does not come from nuget.config");
        if (!FeedRecognition.TryParse(source.Url, settings, out _))
            return Finding.Skip(Checks.Mapping, "not a CodeArtifact feed");
        var mapping = nuget.Mapping;
        if (mapping.IsEnabled && mapping.PatternsOf(name).Count == 0)
        {
            return Finding.Warn(Checks.Mapping,
                "nuget.config maps packages to sources, but none to this source, so NuGet never asks it",
                MappingFix(name));
        }

        if (mapping.FindRivals(name) is not { Count: > 0 } rivals)
        {
            return Finding.Ok(Checks.Mapping, mapping.ForeignSources.Count == 0
                ? "all other sources are CodeArtifact or folders" : "no other source serves the same package IDs");
        }

        var text = $"packages with the IDs of yours may come from {string.Join(", ", rivals)} (dependency confusion): "
            + (mapping.IsEnabled ? "nuget.config gives both sources the same pattern"
                : "nuget.config does not map packages to sources");
        return settings.Layers.Machine is { RequiresMapping: true, Path: { } path }
            ? Finding.Fail(Checks.Mapping, $"{text}; {path} requires it", MappingFix(name))
            : Finding.Warn(Checks.Mapping, text, MappingFix(name));
    }

    /// <summary>The prefix of the user's packages is unknown, so this cannot be a command to paste.</summary>
    private string MappingFix(string name)
    {
        const string Purpose = "map the IDs of your packages to this source";
        return FeedUrl.TryParse(source.Url, out var feed) && feed.ToUrl() == source.Url
            ? $"{Purpose}: nuget-plugin-codeartifact configure add --domain {feed.Domain} "
                + $"--owner {feed.Owner} --region {feed.Region} --repository {feed.Repository} --map 'PREFIX.*' "
                + ShellText.Argument(name)
            : $"{Purpose} in packageSourceMapping in nuget.config";
    }
}
