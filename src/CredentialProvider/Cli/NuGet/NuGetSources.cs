using CredentialProvider.Configuration;
using CredentialProvider.Errors;
using CredentialProvider.Feeds;
using CredentialProvider.Platform;
using NuGet.Common;
using NuGet.Configuration;
using NuGetSettings = NuGet.Configuration.Settings;
using Settings = CredentialProvider.Configuration.Settings;

namespace CredentialProvider.Cli.NuGet;

/// <summary>The effective nuget.config of a folder, read by NuGet's own code.</summary>
internal sealed class NuGetSources
{
    private readonly Settings _settings;
    private readonly Lazy<ISettings> _nuget;

    /// <param name="folder">Null for the working directory. Nothing is read before the first use, so that help works
    /// with an invalid nuget.config or a deleted working directory.</param>
    public NuGetSources(Settings settings, string? folder = null)
        : this(settings, () => ConfigurationLock.Read(() => Load(folder)))
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
                return new CommandFailedException($"nuget.config cannot be used: {e.Message}", ConfigurationLock.CorrectTheFile);
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

    /// <summary>The file that lets NuGet accept packages of trusted signers alone; null if none does.</summary>
    public string? FileThatRequiresSignatures
    {
        get
        {
            const string Key = "signatureValidationMode", Require = "require";
            return Require.Equals(SettingsUtility.GetConfigValue(_nuget.Value, Key), StringComparison.OrdinalIgnoreCase)
                ? FilesOf("config", item => item is AddItem { Key: Key }).FirstOrDefault() : null;
        }
    }

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
        [.. All.Where(source => source.IsEnabled)
            .Select(source => Source.Find(source.Name, source.Source, _settings)).OfType<Source>()];

    /// <summary>The sources that command lines name.</summary>
    public NamedSources Named => new(_settings, this);

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
        ConfigurationLock.Read(() => new NuGetSettings(Path.GetDirectoryName(path)!, Path.GetFileName(path)));
}
