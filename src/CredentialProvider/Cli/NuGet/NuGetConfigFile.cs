using System.Text;
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
    private const char ByteOrderMark = '\uFEFF';

    private const string CredentialsSection = "packageSourceCredentials";

    private static readonly byte[] NewFile = Encoding.UTF8.GetBytes("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
        + "<configuration>\n  <packageSources>\n  </packageSources>\n</configuration>\n");

    /// <summary>The URL of a source in this file; null if there is none of this name, in any case.</summary>
    public string? FindUrl(string name) => File.Exists(path)
        ? new PackageSourceProvider(NuGetSources.LoadFile(path)).GetPackageSourceByName(name)?.Source : null;

    /// <summary>Adds the source, or changes its URL.</summary>
    /// <param name="patterns">Package IDs, with <c>*</c>, to get from this source; empty for no mapping.</param>
    /// <param name="others">Sources that serve all packages until the first mapping, and should not stop to.</param>
    /// <returns>False if the file already has this source.</returns>
    public bool Add(string name, string url, IReadOnlyList<string> patterns, IEnumerable<string> others)
    {
        var oldUrl = FindUrl(name);
        if (oldUrl == url && patterns.Count == 0)
            return false;
        Change(copy =>
        {
            var settings = NuGetSources.LoadFile(copy);
            var sources = new PackageSourceProvider(settings);
            var source = new PackageSource(url, name) { ProtocolVersion = 3 };
            if (oldUrl is null)
                sources.AddPackageSource(source);
            else if (oldUrl != url)
                sources.UpdatePackageSource(source, updateCredentials: false, updateEnabled: false);
            if (patterns.Count > 0)
                Map(settings, name, patterns, others);
        });
        return true;
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
            foreach (var item in new PackageSourceMappingProvider(settings).GetPackageSourceMappingItems().Where(item =>
                item.Key == name))
                settings.Remove("packageSourceMapping", item);
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
            item.ElementName == name).ToList() ?? [];

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
            OwnerOnlyFile.Replace(target, RestoreFormat(old, File.ReadAllText(copy)), mode);
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

    /// <summary>NuGet writes a byte order mark, the platform's line endings and no final one. This restores what the
    /// file had.</summary>
    private static byte[] RestoreFormat(byte[] old, string text)
    {
        var before = Encoding.UTF8.GetString(old);
        text = text.Replace("\r\n", "\n");
        if (before.EndsWith('\n') && !text.EndsWith('\n'))
            text += "\n";
        if (before.Contains("\r\n"))
            text = text.Replace("\n", "\r\n");
        return Encoding.UTF8.GetBytes(before.StartsWith(ByteOrderMark) ? ByteOrderMark + text : text);
    }

    /// <summary>The first mapping gives every other source the pattern <c>*</c>, so that they keep serving all
    /// packages.</summary>
    private static void Map(
        NuGetSettings settings, string name, IReadOnlyList<string> patterns, IEnumerable<string> others)
    {
        var provider = new PackageSourceMappingProvider(settings);
        var items = provider.GetPackageSourceMappingItems().ToList();
        items.AddRange(others.Where(other => !other.Equals(name, StringComparison.OrdinalIgnoreCase))
            .Select(other => new PackageSourceMappingSourceItem(other, [new PackagePatternItem("*")])));
        items.RemoveAll(item => item.Key == name);
        items.Add(new PackageSourceMappingSourceItem(name, patterns.Select(pattern =>
            new PackagePatternItem(pattern))));
        provider.SavePackageSourceMappings(items);
    }
}
