using System.Text;
using NuGet.Configuration;

namespace CredentialProvider.Cli;

/// <summary>
/// Adds sources to and removes them from one nuget.config. NuGet's own code writes: what is not touched stays as it is,
/// comments and indentation included.
/// </summary>
internal sealed class NuGetConfigFile(string path)
{
    /// <summary>The byte order mark.</summary>
    private const char Mark = '\uFEFF';

    private const string CredentialsSection = "packageSourceCredentials";

    /// <summary>Adds the source, or gives it another URL.</summary>
    /// <param name="patterns">Package ids, with <c>*</c>, that come from this source; empty for no mapping.</param>
    /// <returns>False if it was there as it should be.</returns>
    public bool Add(string name, string url, IReadOnlyList<string> patterns)
    {
        if (!File.Exists(path))
            Create();
        return Keeping(() => AddNow(name, url, patterns));
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

    /// <summary>True if some packages are mapped to sources: then a source without patterns is asked for nothing.</summary>
    public bool HasMapping() => File.Exists(path)
        && new PackageSourceMappingProvider(NuGetSources.LoadFile(path)).GetPackageSourceMappingItems().Count > 0;

    /// <summary>Removes the source with its credentials and patterns; false if it is not in this file.</summary>
    public bool Remove(string name) => Keeping(() => RemoveNow(name));

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

    /// <summary>Removes credentials, which are tried before the plugin; false if there are none.</summary>
    public bool RemoveCredentials(string name) => Keeping(() => RemoveCredentialsNow(name));

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

    /// <summary>NuGet writes a byte order mark, its platform's line ends and no last one: the file's own are put
    /// back.</summary>
    private bool Keeping(Func<bool> change)
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
            new UTF8Encoding(encoderShouldEmitUTF8Identifier: old.StartsWith(Mark)));
        writer.Write(text);
        return true;
    }

    /// <summary>Where nothing was mapped before, all other sources keep serving everything.</summary>
    private static void Map(NuGet.Configuration.Settings settings, string name, IReadOnlyList<string> patterns)
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
        writer.Write("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<configuration>\n  <packageSources>\n  </packageSources>\n</configuration>\n");
    }
}
