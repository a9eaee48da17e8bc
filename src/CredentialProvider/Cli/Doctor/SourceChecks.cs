using CredentialProvider.Cli.NuGet;
using CredentialProvider.Configuration;
using CredentialProvider.Feeds;
using CredentialProvider.Platform;
using NuGet.Configuration;
using Settings = CredentialProvider.Configuration.Settings;

namespace CredentialProvider.Cli.Doctor;

/// <summary>What nuget.config and the environment say about one source.</summary>
internal sealed class SourceChecks(Settings settings, NuGetSources nuget, CheckedSource source)
{
    public IEnumerable<Finding> CheckUrl()
    {
        // With protocol 2, NuGet finds no package in CodeArtifact and reports no error for the source.
        yield return Editable(nuget, source.Name, CheckForm())
            with { MayBeElsewhere = source.UsesProtocol2 && IsHttps };
        if (source is { IsPadded: true, Name: { } name } && source.ShownUrl == source.Url)
        {
            yield return Editable(nuget, name, Finding.WarnWithCommand(Checks.Url,
                "the URL in nuget.config begins or ends with white space, which dotnet restore removes; it then finds "
                + "no source with that URL, so the source's mapping and stored credentials do not apply",
                "remove it", Update(name, source.Url)));
        }
    }

    private bool IsHttps => source.Url.StartsWith("https:", StringComparison.OrdinalIgnoreCase);

    private Finding CheckForm()
    {
        if (FeedRecognition.FindMistake(source.Url, settings) is var (why, fix, url))
        {
            var text = $"{source.Url}: {why}";
            return url is null || source.Name is not { } name ? Finding.Fail(Checks.Url, text, fix)
                : Finding.FailWithCommand(Checks.Url, text, "correct the URL", Update(name, url));
        }

        if (source is { UsesProtocol2: true, Name: { } own } && FeedRecognition.TryParse(source.Url, settings, out _))
        {
            return Finding.FailWithCommand(Checks.Url,
                $"{source.Url} does not end in .json, so NuGet uses its V2 protocol, which CodeArtifact does not support",
                "remove the query or fragment", Update(own, source.Url.Split('?', '#')[0]));
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
            $"{source.ShownUrl} is not a CodeArtifact feed, so the plugin ignores this source",
            "if this is a reverse proxy in front of CodeArtifact, add its host under \"hosts\" in codeartifact.json");
    }

    private string Update(string name, string url) =>
        $"dotnet nuget update source{nuget.ConfigFileOption} {ShellText.Option("--source", url)} "
        + ShellText.Argument(name);

    /// <summary>Without the command that updates a source, where NuGet would change nothing and report
    /// success.</summary>
    /// <param name="name">Null for a URL from the command line.</param>
    public static Finding Editable(NuGetSources nuget, string? name, Finding finding) =>
        name is null || finding.Command is null || nuget.FindReadOnly(name) is not { } file ? finding
            : finding with { Fix = $"correct it in {file}, which no command of NuGet changes", Command = null };

    /// <summary>Where each setting of this feed comes from, if anything is set.</summary>
    public IEnumerable<Finding> CheckSettings()
    {
        if (!FeedRecognition.TryFind(source.Url, settings, out var feed))
            yield break;
        var origins = SettingOrigin.Of(feed, settings);
        if (origins.Count > 0)
        {
            yield return Finding.Ok(Checks.Settings, string.Join("; ",
                origins.Select(setting => $"{setting.Key} {setting.Value} from {setting.Origin}")));
        }

        foreach (var correction in origins.Select(setting => setting.Correction).OfType<string>())
            yield return Finding.Ok(Checks.Settings, correction);
        foreach (var setting in origins)
        {
            foreach (var ignored in setting.Ignored)
            {
                yield return Finding.Warn(Checks.Settings, setting.DescribeIgnored(ignored),
                    $"remove {setting.Key} there, or ask this machine's administrator to change {setting.Origin}");
            }
        }
    }

    /// <summary>NuGet reads from a source without validation. The token is not sent there by this check.</summary>
    public Finding WithoutValidation(Finding untrusted) => source.Name is not { } name
        || nuget.FindByName(name) is not { DisableTLSCertificateValidation: true } ? untrusted
        : Finding.Warn(untrusted.Check, $"{untrusted.Text}; NuGet does not check it (disableTLSCertificateValidation), "
            + "so it sends the token to any server that answers for this host", untrusted.Fix!)
            with { Code = untrusted.Code };

    public IEnumerable<Finding> CheckEnabled()
    {
        if (source is { IsEnabled: false, Name: not null })
            yield return Disabled(source, nuget);
    }

    public static Finding Disabled(CheckedSource source, NuGetSources nuget)
    {
        var files = nuget.FilesThatDisable(source.Name!);
        var text = $"NuGet ignores this source: it is disabled in {string.Join(", ", files)}";
        return files.Any(NuGetSources.IsReadOnly)
            ? Finding.Fail(Checks.Enabled, text, $"no command changes {files.First(NuGetSources.IsReadOnly)}; "
                + $"begin disabledPackageSources in {nuget.Files[0]} with <clear />")
            : Finding.FailWithCommand(Checks.Enabled, text, "enable it",
                $"dotnet nuget enable source{nuget.ConfigFileOption} {ShellText.Argument(source.Name!)}");
    }

    /// <summary>NuGet asks a plugin only if it has no credentials of its own or the feed refuses them. Those in the
    /// environment come before those in nuget.config.</summary>
    public IEnumerable<Finding> CheckStoredCredentials()
    {
        const string Effect =
            "NuGet uses it before asking the plugin, so until it expires it determines what you can read";
        if (source.Name is not { } name)
        {
            yield return Finding.Skip(Checks.StoredCredentials, "the URL does not come from nuget.config");
            yield break;
        }

        var (files, own) = (nuget.FilesWithCredentials(name), nuget.FindByName(name));
        if (settings.HasNuGetCredentials(name))
        {
            var variable = Settings.NuGetCredentials(name);
            var text = own?.Credentials is { IsPasswordClearText: true } ? $"{variable} has a password for this source; {Effect}"
                : $"NuGet ignores {variable}; expected Username=NAME;Password=PASSWORD";
            yield return ShellText.Unset(variable) is { } command
                ? Finding.WarnWithCommand(Checks.StoredCredentials, text, "unset it", command)
                : Finding.Warn(Checks.StoredCredentials, text, "remove it where it is set: no shell can unset this name");
        }

        if (own is not null && CannotDecrypt(own))
        {
            yield return Finding.FailWithCommand(Checks.StoredCredentials,
                $"{files[0]} stores an encrypted password for this source, which {WhyEncrypted}, so every "
                + "restore fails", "remove it", Forget(name));
            yield break;
        }

        foreach (var file in files)
        {
            yield return Finding.WarnWithCommand(Checks.StoredCredentials,
                $"{file} stores a password for this source; {Effect}",
                "remove it", Forget(name));
        }

        if (files.Count == 0 && !settings.HasNuGetCredentials(name))
            yield return Finding.Ok(Checks.StoredCredentials, "none, so NuGet asks the plugin");
    }

    private string Forget(string name) => "nuget-plugin-codeartifact configure forget "
        + (nuget.NamedFile is { } file ? ShellText.Option("--config", file) + " " : "") + ShellText.Argument(name);

    /// <summary>True if NuGet fails at a stored password.</summary>
    public static bool CannotDecrypt(PackageSource source)
    {
        if (source.Credentials is not { IsPasswordClearText: false } credentials || SourceMapping.IsPadded(source))
            return false;
        try
        {
            _ = credentials.Password;
            return false;
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // The text is not base64, DPAPI has another key, or there is no DPAPI.
            return true;
        }
    }

    /// <summary>Why NuGet cannot decrypt a password, as the end of a sentence.</summary>
    public static string WhyEncrypted => OperatingSystem.IsWindows()
        ? "NuGet cannot decrypt: only the user who stored it can, on the same machine" : "NuGet decrypts on Windows only";

    /// <summary>Does NuGet ask this source at all? And dependency confusion: can another host serve packages with the
    /// IDs of this source's?</summary>
    public IEnumerable<Finding> CheckMapping()
    {
        yield return source.Name is not { } name ? Finding.Skip(Checks.Mapping, "the URL does not come from nuget.config")
            : !FeedRecognition.TryParse(source.Url, settings, out _) ? Finding.Skip(Checks.Mapping, "not a CodeArtifact feed")
            : CheckMapping(name, nuget.Mapping);
    }

    private Finding CheckMapping(string name, SourceMapping mapping)
    {
        if (mapping.IsEnabled && mapping.FindOtherCase(name) is { } key && NuGetClient.FindAll(settings)
            .FirstOrDefault(client => client is { ComparesMappingByCase: true, IsOtherSdk: false }) is { } client)
        {
            return Finding.Fail(Checks.Mapping, $"{client.Name} does not take {key} in packageSourceMapping for "
                + $"{name}: it compares them by case", $"write {name} in {string.Join(", ", nuget.FilesThatMap())}");
        }

        if (mapping.IsEnabled && mapping.PatternsOf(name).Count == 0)
        {
            var left = $"{string.Join(", ", nuget.FilesThatMap())} maps packages to sources, but none to this source, "
                + "so NuGet never asks it";
            return mapping.LeavesCodeArtifactOut ? Finding.Fail(Checks.Mapping, left, MappingFix(name))
                : Finding.Warn(Checks.Mapping, left, MappingFix(name));
        }

        if (mapping.FindRivals(name) is not { Count: > 0 } rivals)
        {
            return Finding.Ok(Checks.Mapping, mapping.ForeignSources.Count == 0
                ? "all other sources are CodeArtifact or folders" : "no other source serves the same package IDs");
        }

        var text = $"packages with the same IDs as yours may come from {string.Join(", ", rivals)} (dependency confusion): "
            + (mapping.IsEnabled ? "nuget.config gives both sources the same pattern"
                : "nuget.config does not map packages to sources");
        // The command keeps the patterns that the source has.
        var shared = mapping.PatternsOf(name).Where(pattern => rivals.Any(other => mapping.PatternsOf(other).Contains(pattern)));
        var fix = !mapping.IsEnabled ? MappingFix(name)
            : $"{MappingFix(name)}; then remove its pattern {string.Join(", ", shared)} in {string.Join(", ", nuget.FilesThatMap())}";
        return settings.Layers.Machine is { RequiresMapping: true, Path: { } path }
            ? Finding.Fail(Checks.Mapping, $"{text}; {path} requires it", fix)
            : Finding.Warn(Checks.Mapping, text, fix);
    }

    /// <summary>Null if NuGet may take this package from this source.</summary>
    public Finding? FindOtherSource(string package)
    {
        var mapping = nuget.Mapping;
        return source.Name is not { } name || !mapping.IsEnabled
            || mapping.SourcesFor(package).Any(other => other.Name.Equals(name, StringComparison.OrdinalIgnoreCase)) ? null
            : Finding.Skip(Checks.Package, $"NuGet does not ask this source for {package}: package source mapping");
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
