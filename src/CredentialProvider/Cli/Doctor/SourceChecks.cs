using CredentialProvider.Feeds;

namespace CredentialProvider.Cli.Doctor;

/// <summary>What nuget.config and the environment say about one source.</summary>
internal sealed class SourceChecks(Settings settings, NuGetSources sources, Patient patient)
{
    public IEnumerable<Finding> Run() => [CheckUrl(), .. CheckEnabled(), .. CheckStoredCredentials()];

    private Finding CheckUrl()
    {
        if (MistypedFeed.Find(patient.Url) is var (why, fix))
            return Finding.Fail(Checks.Url, $"{patient.PrintableUrl}: {why}", fix);
        if (Feed.TryFind(patient.Url, settings, out var feed))
            return Finding.Ok(Checks.Url,
                $"{feed.DomainName}{(feed.Repository.Length > 0 ? $", repository {feed.Repository}" : "")}");
        return Feed.TryParse(patient.Url, out feed)
            ? Finding.Fail(Checks.Url,
                $"domain {feed.Domain}/{feed.Owner} is not among the allowed domains, so the plugin does not answer for it",
                $"add {feed.Domain}/{feed.Owner} to CODEARTIFACT_DOMAINS or to the configuration file's domains, or unset them")
            : Finding.Fail(Checks.Url,
                $"{patient.PrintableUrl} is not CodeArtifact's, so the plugin does not answer for it",
                "if it stands before CodeArtifact, give its host an entry in the configuration file's hosts");
    }

    private IEnumerable<Finding> CheckEnabled()
    {
        if (patient.IsEnabled || patient.Name is not { } name)
            yield break;
        yield return Finding.Fail(Checks.Enabled,
            $"NuGet does not use it: it is disabled in {string.Join(", ", sources.FilesThatDisable(name))}",
            $"dotnet nuget enable source {name}");
    }

    /// <summary>NuGet asks a plugin only where its own credentials are missing or refused: those in the environment come
    /// first, then nuget.config's.</summary>
    private IEnumerable<Finding> CheckStoredCredentials()
    {
        if (patient.Name is not { } name)
        {
            yield return Finding.Skip(Checks.StoredCredentials, "the URL is not taken from nuget.config");
            yield break;
        }

        var files = sources.FilesWithCredentials(name);
        if (settings.HasNuGetCredentials(name))
        {
            yield return Finding.Fail(Checks.StoredCredentials,
                $"{Settings.NuGetCredentials(name)} is set: NuGet tries it before it asks the plugin, and as long as it is good it decides what may be read",
                $"unset {Settings.NuGetCredentials(name)}");
        }

        foreach (var file in files)
        {
            yield return Finding.Fail(Checks.StoredCredentials,
                $"{file} has a password for it: NuGet tries it before it asks the plugin, and as long as it is good it decides what may be read",
                $"nuget-plugin-codeartifact configure forget {name}");
        }

        if (files.Count == 0 && !settings.HasNuGetCredentials(name))
            yield return Finding.Ok(Checks.StoredCredentials, "none, so NuGet asks the plugin");
    }
}
