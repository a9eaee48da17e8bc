using System.Text;
using NuGet.Configuration;
using NuGetSettings = NuGet.Configuration.Settings;

namespace CredentialProvider.Cli.NuGet;

/// <summary>
/// Adds sources to and removes them from one nuget.config. NuGet's own code writes the file, so everything else in it
/// stays, comments and indentation included.
/// </summary>
internal sealed class NuGetConfigFile(string path)
{
    private const char ByteOrderMark = '\uFEFF';

    private const string CredentialsSection = "packageSourceCredentials";

    /// <summary>Adds the source, or changes its URL.</summary>
    /// <param name="patterns">Package IDs, with <c>*</c>, to get from this source; empty for no mapping.</param>
    /// <returns>False if the file already has this source.</returns>
    public bool Add(string name, string url, IReadOnlyList<string> patterns)
    {
        if (!File.Exists(path))
            Create();
        return PreserveFormat(() => AddNow(name, url, patterns));
    }

    private bool AddNow(string name, string url, IReadOnlyList<string> patterns)
    {
        var settings = NuGetSources.LoadFile(path);
        var sources = new PackageSourceProvider(settings);
        var existing = sources.GetPackageSourceByName(name);
        var isChanged = existing?.Source != url;
        if (existing is null)
            sources.AddPackageSource(new PackageSource(url, name) { ProtocolVersion = 3 });
        else if (isChanged)
            sources.UpdatePackageSource(new PackageSource(url, name) { ProtocolVersion = 3 }, updateCredentials: false,
                updateEnabled: false);
        if (patterns.Count == 0)
            return isChanged;
        Map(settings, name, patterns);
        return true;
    }

    /// <summary>True if the file maps packages to sources. Then NuGet ignores a source without patterns.</summary>
    public bool HasMapping() => File.Exists(path)
        && new PackageSourceMappingProvider(NuGetSources.LoadFile(path)).GetPackageSourceMappingItems().Count > 0;

    /// <summary>Removes the source with its credentials and patterns.</summary>
    /// <returns>False if the file does not have it.</returns>
    public bool Remove(string name) => PreserveFormat(() => RemoveNow(name));

    private bool RemoveNow(string name)
    {
        var settings = NuGetSources.LoadFile(path);
        var sources = new PackageSourceProvider(settings);
        if (sources.GetPackageSourceByName(name) is null)
            return false;
        RemoveCredentialsNow(name);
        settings = NuGetSources.LoadFile(path);
        foreach (var item in new PackageSourceMappingProvider(settings).GetPackageSourceMappingItems().Where(item =>
            item.Key == name))
            settings.Remove("packageSourceMapping", item);
        settings.SaveToDisk();
        new PackageSourceProvider(NuGetSources.LoadFile(path)).RemovePackageSource(name);
        return true;
    }

    /// <summary>Removes the source's stored credentials.</summary>
    /// <returns>False if there are none.</returns>
    public bool RemoveCredentials(string name) => PreserveFormat(() => RemoveCredentialsNow(name));

    private bool RemoveCredentialsNow(string name)
    {
        var settings = NuGetSources.LoadFile(path);
        var items = settings.GetSection(CredentialsSection)?.Items.OfType<CredentialsItem>().Where(item =>
            item.ElementName == name).ToList() ?? [];
        items.ForEach(item => settings.Remove(CredentialsSection, item));
        if (items.Count > 0)
            settings.SaveToDisk();
        return items.Count > 0;
    }

    /// <summary>NuGet writes a byte order mark, the platform's line endings and no final one. This restores what the
    /// file had.</summary>
    private bool PreserveFormat(Func<bool> change)
    {
        var old = Encoding.UTF8.GetString(File.ReadAllBytes(path));
        if (!change())
            return false;
        var text = File.ReadAllText(path).Replace("\r\n", "\n");
        if (old.EndsWith('\n') && !text.EndsWith('\n'))
            text += "\n";
        if (old.Contains("\r\n"))
            text = text.Replace("\n", "\r\n");
        using var writer = new StreamWriter(path, append: false,
            new UTF8Encoding(encoderShouldEmitUTF8Identifier: old.StartsWith(ByteOrderMark)));
        writer.Write(text);
        return true;
    }

    /// <summary>The first mapping in a file gives every other source the pattern <c>*</c>, so that they keep serving
    /// all packages.</summary>
    private static void Map(NuGetSettings settings, string name, IReadOnlyList<string> patterns)
    {
        var provider = new PackageSourceMappingProvider(settings);
        var items = provider.GetPackageSourceMappingItems().ToList();
        if (items.Count == 0)
        {
            items.AddRange(new PackageSourceProvider(settings).LoadPackageSources().Where(source => source.Name != name)
                .Select(source => new PackageSourceMappingSourceItem(source.Name, [new PackagePatternItem("*")])));
        }

        items.RemoveAll(item => item.Key == name);
        items.Add(new PackageSourceMappingSourceItem(name, patterns.Select(pattern =>
            new PackagePatternItem(pattern))));
        provider.SavePackageSourceMappings(items);
    }

    private void Create()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using var writer = new StreamWriter(path, append: false,
            new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
        writer.Write("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
            + "<configuration>\n  <packageSources>\n  </packageSources>\n</configuration>\n");
    }
}
