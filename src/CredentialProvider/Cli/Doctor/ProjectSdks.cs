using System.Text.Json;
using System.Xml;
using CredentialProvider.Cli.NuGet;
using CredentialProvider.Configuration;
using CredentialProvider.Platform;

namespace CredentialProvider.Cli.Doctor;

/// <summary>
/// What the projects of a folder use that NuGet's configuration does not say. Project SDKs with a version, which NuGet
/// downloads before MSBuild evaluates the project, so that the MSBuild package cannot offer its plugin (SDKs without a
/// version are part of the .NET SDK); that package itself; and sources. The files are read, not evaluated.
/// </summary>
internal sealed class ProjectSdks(string folder)
{
    /// <summary>Not reported: the guide has users get this package from a folder or a public source.</summary>
    private const string MSBuildPackage = "CredentialProvider.CodeArtifact.MSBuild";

    /// <summary>Bytes. A cloned repository may have links to devices.</summary>
    private const int MaxSize = 1 << 20;

    private static readonly string[] Patterns =
        ["*.*proj", "Directory.Build.props", "Directory.Build.targets", "Directory.Solution.props", "Directory.Solution.targets"];

    /// <summary>What MSBuild imports from the parent folders.</summary>
    private static readonly string[] SharedFiles =
        ["Directory.Build.props", "Directory.Build.targets", "Directory.Packages.props"];

    private static readonly string[] SourceElements =
        ["CodeArtifactSource", RestoreProperties.Sources, RestoreProperties.AdditionalSources];

    /// <summary>A warning if a project in the folder names such an SDK and a client does not find the plugin.</summary>
    public IEnumerable<Finding> Check(Settings settings)
    {
        if (NuGetClient.FindAll(settings).FirstOrDefault(client => !client.IsOtherSdk && !FindsPlugin(client)) is { } client
            && Find() is var (file, sdk))
        {
            yield return Finding.Warn(Checks.Plugin, $"{file} names the project SDK {sdk}, which {client.Name} downloads without "
                + "a plugin: the MSBuild package is loaded later", "install the plugin: nuget-plugin-codeartifact install");
        }
    }

    private static bool FindsPlugin(NuGetClient client) =>
        client.Discovery().Find().Any(plugin => PluginDiscovery.IsPlugin(plugin.Path) && plugin.Problem is null);

    /// <summary>The first SDK with a version, and the file that names it.</summary>
    public (string File, string Sdk)? Find()
    {
        try
        {
            if (GlobalJson.Find(folder) is { } global && InGlobalJson(global) is { } pinned)
                return (global, pinned);

            foreach (var file in Patterns.SelectMany(pattern => Directory.GetFiles(folder, pattern)).Order(StringComparer.Ordinal))
            {
                if (InProject(file) is { } sdk)
                    return (file, sdk);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or XmlException)
        {
            // MSBuild reports a file that it cannot read.
        }

        return null;
    }

    /// <summary>The file that uses the MSBuild package, by its name or from a folder that has it unpacked; null if none
    /// does.</summary>
    public string? FindPackage() => FindFile((file, xml) =>
        xml.LocalName == "Import" && xml.GetAttribute("Project") is { } project
        ? IsUnpackedPackage(Path.Combine(
            Path.GetDirectoryName(file)!, project.Replace("$(MSBuildThisFileDirectory)", "").Replace('\\', '/')))
        : new[] { xml.GetAttribute("Name"), xml.GetAttribute("Include"), xml.GetAttribute("Sdk") }.OfType<string>()
            .SelectMany(names => names.Split(';')).Any(name => IsMSBuildPackage(name.Split('/')[0].Trim())));

    /// <summary>The file that names sources of its own; null if none does.</summary>
    public string? FindSources() =>
        FindFile((_, xml) => SourceElements.Contains(xml.LocalName, StringComparer.OrdinalIgnoreCase));

    /// <summary>The first file with such an element, of the folder's projects and what MSBuild imports into
    /// them.</summary>
    private string? FindFile(Func<string, XmlReader, bool> isMeant)
    {
        for (var current = folder; current is not null; current = Path.GetDirectoryName(current))
        {
            string[] patterns = current == folder ? [.. SharedFiles, "*.*proj"] : SharedFiles;
            foreach (var file in patterns.SelectMany(pattern => FilesIn(current, pattern)))
            {
                try
                {
                    using var xml = Read(file);
                    while (xml.Read())
                    {
                        if (xml.NodeType == XmlNodeType.Element && isMeant(file, xml))
                            return file;
                    }
                }
                catch (Exception e) when (e is IOException or UnauthorizedAccessException or XmlException)
                {
                    // As below.
                }
            }
        }

        return null;
    }

    private static string[] FilesIn(string folder, string pattern)
    {
        try
        {
            return Directory.GetFiles(folder, pattern);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private static bool IsUnpackedPackage(string import) => Path.GetFileName(import) is "Sdk.props" or "Sdk.targets"
        && File.Exists(Path.Combine(
            Path.GetDirectoryName(import)!, "../tasks/netstandard2.0/CredentialProvider.MSBuild.dll"));

    private static XmlReader Read(string file) =>
        XmlReader.Create(new MemoryStream(RegularFile.TryRead(file, MaxSize) ?? []), new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit });

    private static string? InGlobalJson(string file)
    {
        using var json = GlobalJson.Read(file);
        if (json.RootElement.ValueKind != JsonValueKind.Object
            || !json.RootElement.TryGetProperty("msbuild-sdks", out var sdks) || sdks.ValueKind != JsonValueKind.Object)
        {
            return null;
        }

        return sdks.EnumerateObject().Where(sdk => !IsMSBuildPackage(sdk.Name))
            .Select(sdk => $"{sdk.Name}/{sdk.Value}").FirstOrDefault();
    }

    private static string? InProject(string file)
    {
        using var xml = Read(file);
        while (xml.Read())
        {
            if (xml.NodeType == XmlNodeType.Element && InElement(xml) is { } sdk)
                return sdk;
        }

        return null;
    }

    /// <summary>The three ways to name an SDK: the attribute of Project, with several separated by semicolons, the element Sdk, and
    /// the attribute of Import.</summary>
    private static string? InElement(XmlReader xml)
    {
        var names = xml.LocalName is "Project" or "Import" ? xml.GetAttribute("Sdk")
            : xml.LocalName == "Sdk" ? xml.GetAttribute("Name") : null;
        var version = xml.LocalName == "Project" ? null : xml.GetAttribute("Version");
        return names?.Split(';').Select(name => name.Trim())
            .Select(name => version is { Length: > 0 } ? $"{name}/{version}" : name)
            .FirstOrDefault(name => name.Contains('/') && !IsMSBuildPackage(name.Split('/')[0]));
    }

    private static bool IsMSBuildPackage(string name) => name.Equals(MSBuildPackage, StringComparison.OrdinalIgnoreCase);
}
