using CredentialProvider.Cli.NuGet;
using CredentialProvider.Configuration;
using CredentialProvider.Feeds;
using CredentialProvider.Platform;

namespace CredentialProvider.Cli.Doctor;

/// <summary>What nuget.config and the environment say about one source.</summary>
internal sealed class SourceChecks(Settings settings, NuGetSources nuget, CheckedSource source)
{
    public IEnumerable<Finding> Run() => [CheckUrl(), .. CheckEnabled(), .. CheckStoredCredentials()];

    private Finding CheckUrl()
    {
        if (MistypedFeed.Find(source.Url) is var (why, fix, url))
        {
            var text = $"{source.Url}: {why}";
            return url is null || source.Name is not { } name ? Finding.Fail(Checks.Url, text, fix)
                : Finding.FailWithCommand(Checks.Url, text, "correct the URL",
                    $"dotnet nuget update source {ShellText.Quote(name)} --source {ShellText.Quote(url)}");
        }

        if (FeedRecognition.TryFind(source.Url, settings, out var feed))
        {
            var repository = feed.Repository.Length > 0 ? $", repository {feed.Repository}" : "";
            return Finding.Ok(Checks.Url, feed.DomainName + repository);
        }

        if (FeedUrl.TryParse(source.Url, out feed))
        {
            var domain = $"{feed.Domain}/{feed.Owner}";
            return Finding.Fail(Checks.Url,
                $"domain {domain} is not in the list of allowed domains, so the plugin ignores this source",
                $"add {domain} to CODEARTIFACT_DOMAINS or to \"domains\" in codeartifact.json, or remove that list");
        }

        return Finding.Fail(Checks.Url,
            $"{source.Url} is not a CodeArtifact feed, so the plugin ignores this source",
            "if this is a reverse proxy in front of CodeArtifact, add its host under \"hosts\" in codeartifact.json");
    }

    private IEnumerable<Finding> CheckEnabled()
    {
        if (source.IsEnabled || source.Name is not { } name)
            yield break;
        yield return Finding.FailWithCommand(Checks.Enabled,
            $"NuGet ignores this source: it is disabled in {string.Join(", ", nuget.FilesThatDisable(name))}",
            "enable it", $"dotnet nuget enable source {ShellText.Quote(name)}");
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
            yield return Finding.FailWithCommand(Checks.StoredCredentials,
                $"{variable} has a password for this source; {Effect}", "unset it", ShellText.Unset(variable));
        }

        foreach (var file in files)
        {
            yield return Finding.FailWithCommand(Checks.StoredCredentials,
                $"{file} stores a password for this source; {Effect}",
                "remove it", $"nuget-plugin-codeartifact configure forget {ShellText.Quote(name)}");
        }

        if (files.Count == 0 && !settings.HasNuGetCredentials(name))
            yield return Finding.Ok(Checks.StoredCredentials, "none, so NuGet asks the plugin");
    }
}
