using System.Text;
using System.Xml.Linq;
using CredentialProvider.Platform;
using NuGet.Configuration;
using NuGetSettings = NuGet.Configuration.Settings;

namespace CredentialProvider.Cli.NuGet;

/// <summary>
/// Adds sources to and removes them from one nuget.config. NuGet's own code changes the text, so everything else in it
/// stays, comments and indentation included. It changes a copy, which then replaces the file: a full disk leaves the
/// file as it was.
/// </summary>
internal sealed class NuGetConfigFile(string path)
{
    private const string SourcesSection = "packageSources", CredentialsSection = "packageSourceCredentials",
        MappingSection = "packageSourceMapping";

    private static readonly byte[] NewFile = Encoding.UTF8.GetBytes("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
        + "<configuration>\n  <packageSources>\n  </packageSources>\n</configuration>\n");

    /// <summary>The URL of a source in this file; null if there is none of this name, in any case.</summary>
    public string? FindUrl(string name) => File.Exists(path)
        ? new PackageSourceProvider(NuGetSources.LoadFile(path)).GetPackageSourceByName(name)?.Source : null;

    /// <summary>Adds the source, or changes its URL and nothing else of it.</summary>
    /// <param name="patterns">Package IDs, with <c>*</c>, to get from this source besides those that are already mapped to
    /// it; empty for no mapping.</param>
    /// <param name="others">Sources that serve all packages until the first mapping, and should not stop to.</param>
    /// <returns>False if the file already has this source with these patterns.</returns>
    public bool Add(string name, string url, IReadOnlyList<string> patterns, IEnumerable<string> others)
    {
        var oldUrl = FindUrl(name);
        if (oldUrl == url && patterns.All(PatternsOf(NuGetSources.LoadFile(path), name).Contains))
            return false;
        Change(copy =>
        {
            if (oldUrl is null)
            {
                new PackageSourceProvider(NuGetSources.LoadFile(copy))
                    .AddPackageSource(new PackageSource(url, name) { ProtocolVersion = 3 });
            }
            else if (oldUrl != url)
            {
                SetUrl(copy, name, url);
            }

            if (patterns.Count > 0)
                Map(NuGetSources.LoadFile(copy), name, patterns, others);
        });
        return true;
    }

    /// <summary>NuGet's own method drops attributes that it does not know, and sets those that it knows to their
    /// defaults.</summary>
    private static void SetUrl(string copy, string name, string url)
    {
        using var old = new MemoryStream(File.ReadAllBytes(copy));
        var xml = XDocument.Load(old, LoadOptions.PreserveWhitespace);
        foreach (var source in xml.Root!.Elements(SourcesSection).Elements().Where(source =>
            AreSame(source.Name.LocalName, "add") && AreSame((string?)source.Attribute("key"), name)))
        {
            source.SetAttributeValue("value", url);
        }

        using var file = new FileStream(copy, FileMode.Create, FileAccess.Write);
        xml.Save(file, SaveOptions.DisableFormatting);
    }

    /// <summary>Removes the source with its credentials and patterns.</summary>
    /// <returns>False if the file does not have it.</returns>
    public bool Remove(string name)
    {
        if (FindUrl(name) is null)
            return false;
        Change(copy =>
        {
            RemoveCredentials(NuGetSources.LoadFile(copy), name);
            var settings = NuGetSources.LoadFile(copy);
            foreach (var item in MappingOf(settings, name))
                settings.Remove(MappingSection, item);
            settings.SaveToDisk();
            new PackageSourceProvider(NuGetSources.LoadFile(copy)).RemovePackageSource(name);
        });
        return true;
    }

    /// <summary>Removes the source's stored credentials.</summary>
    /// <returns>False if there are none.</returns>
    public bool RemoveCredentials(string name)
    {
        if (CredentialsOf(NuGetSources.LoadFile(path), name).Count == 0)
            return false;
        Change(copy => RemoveCredentials(NuGetSources.LoadFile(copy), name));
        return true;
    }

    private static void RemoveCredentials(NuGetSettings settings, string name)
    {
        var items = CredentialsOf(settings, name);
        items.ForEach(item => settings.Remove(CredentialsSection, item));
        if (items.Count > 0)
            settings.SaveToDisk();
    }

    private static List<CredentialsItem> CredentialsOf(NuGetSettings settings, string name) =>
        settings.GetSection(CredentialsSection)?.Items.OfType<CredentialsItem>().Where(item =>
            AreSame(item.ElementName, name)).ToList() ?? [];

    private static List<PackageSourceMappingSourceItem> MappingOf(NuGetSettings settings, string name) =>
        [.. new PackageSourceMappingProvider(settings).GetPackageSourceMappingItems().Where(item => AreSame(item.Key, name))];

    /// <summary>In any case, as NuGet compares them.</summary>
    private static HashSet<string> PatternsOf(NuGetSettings settings, string name) => new(
        MappingOf(settings, name).SelectMany(item => item.Patterns).Select(pattern => pattern.Pattern), StringComparer.OrdinalIgnoreCase);

    /// <summary>As NuGet compares the names of sources.</summary>
    private static bool AreSame(string? one, string other) => other.Equals(one, StringComparison.OrdinalIgnoreCase);

    /// <summary>Changes a copy beside the file, and puts it in the file's place.</summary>
    /// <exception cref="CommandFailedException">The file is as it was before.</exception>
    private void Change(Action<string> change)
    {
        string? copy = null;
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            // A link is followed: what it points to, often in a folder under version control, is the file.
            var target = (OperatingSystem.IsWindows() ? null : Posix.TryResolve(path)) ?? path;
            var isNew = !File.Exists(target);
            var old = isNew ? NewFile : File.ReadAllBytes(target);
            copy = $"{target}.{Path.GetRandomFileName()}";
            // A copy of the file may have passwords, so it is the user's alone. A new one has none, and the mode of
            // every new file.
            if (isNew)
                WriteNew(copy, old);
            else
                OwnerOnlyFile.Replace(copy, old);
            var mode = ModeOf(isNew ? copy : target);
            change(copy);
            OwnerOnlyFile.Replace(target, ConfigurationText.Restore(old, File.ReadAllBytes(copy)), mode);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentOutOfRangeException)
        {
            // The last is .NET's exception for EFBIG: a limit of the process or of the file system.
            var why = e is ArgumentOutOfRangeException ? "no file may become this large" : e.Message.TrimEnd('.');
            throw new CommandFailedException(
                $"{path} not changed: {why}; make room on the disk, or check who may write there");
        }
        finally
        {
            if (copy is not null)
                OwnerOnlyFile.TryDelete(copy);
        }
    }

    private static void WriteNew(string file, byte[] bytes)
    {
        using var stream = new FileStream(file, FileMode.CreateNew, FileAccess.Write);
        stream.Write(bytes, 0, bytes.Length);
    }

    private static int ModeOf(string file) => !OperatingSystem.IsWindows()
        && Posix.TryGetStatus(file, out var status, out _) ? status.Mode : Posix.OwnerOnly;

    /// <summary>The first mapping gives every other source the pattern <c>*</c>, so that they keep serving all
    /// packages.</summary>
    private static void Map(
        NuGetSettings settings, string name, IReadOnlyList<string> patterns, IEnumerable<string> others)
    {
        // Older versions of NuGet compare the key by case with the name of the source.
        name = new PackageSourceProvider(settings).GetPackageSourceByName(name)?.Name ?? name;
        var provider = new PackageSourceMappingProvider(settings);
        var items = provider.GetPackageSourceMappingItems().ToList();
        items.AddRange(others.Where(other => !AreSame(other, name))
            .Select(other => new PackageSourceMappingSourceItem(other, [new PackagePatternItem("*")])));
        var all = PatternsOf(settings, name);
        all.UnionWith(patterns);
        items.RemoveAll(item => AreSame(item.Key, name));
        items.Add(new PackageSourceMappingSourceItem(name, all.Select(pattern => new PackagePatternItem(pattern))));
        provider.SavePackageSourceMappings(items);
    }
}
