using CredentialProvider.Cli.NuGet;
using CredentialProvider.Configuration;
using CredentialProvider.Platform;
using NuGet.Configuration;
using Settings = CredentialProvider.Configuration.Settings;

namespace CredentialProvider.Cli.Doctor;

/// <summary>What nuget.config as a whole does to a restore, including by sources that are not in CodeArtifact.</summary>
internal sealed class ConfigurationChecks(Settings settings, NuGetSources nuget)
{
    /// <param name="checkedSources">The sources that this run checks.</param>
    /// <param name="package">ID of a package that should be restored; null if not asked.</param>
    /// <param name="projects">May name sources of their own.</param>
    public IEnumerable<Finding> CheckSources(
        IReadOnlyList<CheckedSource> checkedSources, string? package, ProjectSdks projects)
    {
        if (nuget.Problem is { } problem)
        {
            yield return Finding.Fail(Checks.Sources, problem);
            yield break;
        }

        if (nuget.OnlyFile is not null)
            yield return Finding.Ok(Checks.Sources, $"NuGet reads {nuget.OnlyFile} and no other nuget.config");
        if (nuget.RootFolder is { } root)
        {
            yield return Finding.Ok(Checks.Sources,
                $"NuGet looks for nuget.config in {root} and its parent folders ({RestoreProperties.RootFolder})");
        }

        var outside = FindOutside(projects);
        if (checkedSources.Count == 0)
            yield return NoSource(outside?.Place);
        else if (outside is var (place, effect))
            yield return Finding.Skip(Checks.Sources, $"MSBuild's restore {effect} {place}; these are not read, {NameOne}");
        var sources = nuget.All.Where(source => source.IsEnabled).ToList();
        IEnumerable<Finding>[] all = [FindUnusable(sources, package), FindInsecure(sources), FindMissingFallbacks(),
            FindClosedFolders(), FindDuplicates(sources), FindEncrypted(sources), FindSignatureMode()];
        foreach (var finding in all.SelectMany(findings => findings))
            yield return finding;
    }

    private IEnumerable<Finding> FindUnusable(List<PackageSource> sources, string? package)
    {
        foreach (var source in sources.Where(MayBeAsked).Where(source => IsInvalid(source) || IsMissingFolder(source)))
        {
            var isAsked = IsAsked(source, package);
            var (what, effect, fix) = IsInvalid(source)
                ? ($"has the URL {CheckedSource.Show(source.Source, settings)}, which NuGet cannot use",
                    "every restore fails", "correct it")
                : ($"is the folder {source.Source}, which does not exist",
                    "restores fail (NU1301)", "create the folder");
            yield return Finding.FailWithCommand(Checks.Sources, $"source {source.Name} {what}, so "
                + (isAsked ? effect : "restores of the packages that nuget.config maps to it fail"),
                $"{fix}, or remove the source", nuget.RemoveCommand(source.Name))
                with { Outcome = isAsked ? Outcome.Fail : Outcome.Warn };
        }
    }

    private IEnumerable<Finding> FindInsecure(List<PackageSource> sources) =>
        sources.Where(IsInsecure).Select(source => Finding.Fail(Checks.Sources,
            $"source {source.Name} has the http URL {CheckedSource.Show(source.Source, settings)}, so restores fail (NU1302)",
            "use its https URL, or, if it has none, set allowInsecureConnections=\"true\" in nuget.config"));

    private IEnumerable<Finding> FindMissingFallbacks()
    {
        const string Effect = "which does not exist, so restores fail (NU1301)";
        return nuget.FallbackFolders.Where(folder => !Directory.Exists(folder)).Select(folder =>
            NuGetSources.FallbackVariable is not { } variable
                ? Finding.Fail(Checks.Sources,
                    $"{string.Join(", ", nuget.FilesWithFallback(folder))} has the fallback folder {folder}, {Effect}",
                    "create the folder, or remove it from fallbackPackageFolders")
                : Finding.FailWithCommand(Checks.Sources, $"{variable} has the fallback folder {folder}, {Effect}",
                    "create the folder, or unset the variable", ShellText.Unset(variable)!));
    }

    private IEnumerable<Finding> FindClosedFolders()
    {
        const string HttpCache = "NUGET_HTTP_CACHE_PATH";
        var packages = NuGetSources.PackagesVariable ?? "NUGET_PACKAGES, or globalPackagesFolder in nuget.config,";
        return new[]
        {
            // The packages may be there already.
            CheckFolder("extract packages to", () => nuget.PackagesFolder, packages, Outcome.Warn),
            CheckFolder("cache answers in", SettingsUtility.GetHttpCacheFolder, HttpCache, Outcome.Fail),
        }.OfType<Finding>();
    }

    private IEnumerable<Finding> FindEncrypted(List<PackageSource> sources) =>
        sources.Where(source => !IsCodeArtifact(source) && SourceChecks.CannotDecrypt(source)).Select(source =>
            Finding.Fail(Checks.StoredCredentials,
                $"{nuget.FilesWithCredentials(source.Name)[0]} stores an encrypted password for source {source.Name}, which "
                + $"{SourceChecks.WhyEncrypted}, so every restore fails",
                "store it as ClearTextPassword, or remove it"));

    private IEnumerable<Finding> FindSignatureMode()
    {
        // dotnet turns verification on, except on macOS.
        var verifies = ProcessEnvironment.Get("DOTNET_NUGET_SIGNATURE_VERIFICATION")
            ?? (OperatingSystem.IsMacOS() ? bool.FalseString : bool.TrueString);
        if (nuget.FileThatRequiresSignatures is { } file
            && !verifies.Equals(bool.FalseString, StringComparison.OrdinalIgnoreCase))
        {
            yield return Finding.Warn(Checks.Sources,
                $"{file} sets signatureValidationMode to require, so NuGet refuses packages that no trusted signer has "
                + "signed (NU3004)",
                "sign the packages that you publish and name the signer in trustedSigners, or set it to accept");
        }
    }

    /// <summary>Null if NuGet can write to a folder of its own.</summary>
    /// <param name="purpose">What NuGet does there.</param>
    /// <param name="setting">What names another folder.</param>
    /// <param name="closed">The outcome if the folder exists and this user may not write to it.</param>
    private static Finding? CheckFolder(string purpose, Func<string> find, string setting, Outcome closed)
    {
        var fix = $"set {setting} to a folder that this user can write to";
        if (Settings.OwnNuGetHome is null)
            return null;
        try
        {
            var folder = find();
            return WritableFolder.FindProblem(folder) is not { } problem ? null
                : Finding.Fail(Checks.Sources, $"NuGet cannot {purpose} {folder}: {problem}", fix)
                    with { Outcome = Directory.Exists(folder) ? closed : Outcome.Fail };
        }
        catch (Exception e) when (e is InvalidOperationException or NuGetConfigurationException)
        {
            // NuGet refuses a relative path in a variable; it completes one in nuget.config.
            var text = $"NuGet cannot {purpose} its folder: {e.Message.TrimEnd('.')}";
            return string.IsNullOrEmpty(ProcessEnvironment.Get(setting)) || ShellText.Unset(setting) is not { } command
                ? Finding.Fail(Checks.Sources, text, fix)
                : Finding.FailWithCommand(Checks.Sources, text, $"{fix}, or unset it", command);
        }
    }

    /// <summary>Does package source mapping leave a source for this package?</summary>
    public IEnumerable<Finding> CheckPackage(string package)
    {
        if (nuget.Problem is not null || nuget.Mapping is not { IsEnabled: true } mapping || mapping.SourcesFor(package).Count > 0)
            yield break;
        var (pattern, names) = (mapping.PatternFor(package), mapping.NamesFor(package));
        var duplicates = nuget.All.Where(source => source.IsEnabled
            && names.Contains(source.Name, StringComparer.OrdinalIgnoreCase)).ToList();
        var why = pattern is null ? $"no pattern in {string.Join(", ", nuget.FilesThatMap())} matches it"
            : $"pattern {pattern} in {string.Join(", ", nuget.FilesThatMap(pattern))} maps it to {string.Join(", ", names)}, "
                + (duplicates.Count > 0 ? $"whose URL NuGet uses under the name {mapping.FirstWithUrlOf(duplicates[0]).Name}"
                    : "which is not an enabled source");
        yield return Finding.Fail(Checks.Mapping, $"NuGet gets {package} from no source (NU1100): {why}",
            pattern is null ? "give the source that has it a pattern for it in packageSourceMapping"
                : "correct the name in packageSourceMapping");
    }

    /// <summary>What has sources that are not in nuget.config, and what it does; null if nothing has.</summary>
    private static (string Place, string Effect)? FindOutside(ProjectSdks projects)
    {
        const string Add = "also uses the sources in";
        return RestoreProperties.Find(RestoreProperties.Sources) is var (sources, _)
                ? (sources, "does not use the sources in nuget.config but those in")
            : RestoreProperties.Find(RestoreProperties.AdditionalSources) is var (more, _) ? (more, Add)
            // An element in a file may have a condition, or belong to another project.
            : projects.FindSources() is { } file ? (file, "may use other sources, those in") : null;
    }

    private const string NameOne = "so name one: nuget-plugin-codeartifact doctor DOMAIN/REPOSITORY "
        + "--owner ACCOUNT --region REGION";

    /// <param name="outside">What has sources besides; null if nothing has.</param>
    private Finding NoSource(string? outside)
    {
        if (nuget.All.FirstOrDefault(source => !source.IsEnabled && IsCodeArtifact(source)) is { } disabled)
        {
            var source = new CheckedSource(disabled.Name, disabled.Source, IsEnabled: false);
            var finding = SourceChecks.Disabled(source, nuget);
            return finding with { Text = $"no enabled CodeArtifact source; {finding.Text.Replace("this source", disabled.Name)}" };
        }

        if (outside is not null)
        {
            return Finding.Skip(Checks.Sources,
                $"nuget.config has no CodeArtifact source; those in {outside} are not read, {NameOne}");
        }

        return Finding.Fail(Checks.Sources, $"no enabled CodeArtifact source in {string.Join(", ", nuget.Files)}",
            "add one: nuget-plugin-codeartifact configure add "
            + "--domain DOMAIN --owner ACCOUNT --region REGION --repository REPOSITORY");
    }

    /// <summary>NuGet uses a URL once, under the first of its names, and one URL for a name: the nearest.</summary>
    private IEnumerable<Finding> FindDuplicates(List<PackageSource> sources)
    {
        foreach (var source in sources.Where(IsCodeArtifact))
        {
            if (nuget.Mapping.FirstWithUrlOf(source) is var first && !first.Equals(source))
            {
                yield return Finding.WarnWithCommand(Checks.Sources,
                    $"{first.Name} and {source.Name} have the same URL, so NuGet ignores the mapping and the stored credentials of "
                    + source.Name, "remove one", nuget.RemoveCommand(source.Name));
            }

            var others = nuget.FilesWithUrl(source.Name, url => url != source.Source);
            if (others.Count > 0)
            {
                yield return Finding.Ok(Checks.Sources, $"{source.Name} has the URL of "
                    + $"{nuget.FilesWithUrl(source.Name, url => url == source.Source)[0]}; {string.Join(", ", others)} has another, "
                    + "which is not used");
            }
        }
    }

    private bool IsCodeArtifact(PackageSource source) => FeedRecognition.TryParse(source.Source, settings, out _);

    private static bool IsInvalid(PackageSource source) => new PackageSource(source.Source.Trim()) is var trimmed
        && (trimmed is { IsHttp: false, IsLocal: false } || trimmed.TrySourceAsUri is null);

    /// <summary>True if NuGet refuses the source for its scheme. Checks of a CodeArtifact source name its URL.</summary>
    private bool IsInsecure(PackageSource source) =>
        source is { IsHttp: true, IsHttps: false, AllowInsecureConnections: false } && !IsCodeArtifact(source)
        && FeedRecognition.FindMistake(source.Source, settings) is null
        && NuGetClient.FindAll(settings).Any(client => client is { RefusesHttp: true, IsOtherSdk: false });

    private static bool IsMissingFolder(PackageSource source) =>
        source is { IsLocal: true, TrySourceAsUri: { } uri } && !Directory.Exists(uri.LocalPath);

    /// <summary>False for a source to which package source mapping assigns no packages.</summary>
    private bool MayBeAsked(PackageSource source) =>
        nuget.Mapping is not { IsEnabled: true } mapping || mapping.PatternsOf(source.Name).Count > 0;

    /// <summary>False if NuGet asks a source for certain packages only, and not for this one.</summary>
    private bool IsAsked(PackageSource source, string? package) => nuget.Mapping is not { IsEnabled: true } mapping
        || mapping.PatternsOf(source.Name).Contains("*")
        || (package is not null && mapping.SourcesFor(package).Contains(source));
}
