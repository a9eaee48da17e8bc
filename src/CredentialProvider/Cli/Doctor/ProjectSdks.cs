using System.Text.Json;
using System.Xml;
using CredentialProvider.Cli.NuGet;
using CredentialProvider.Configuration;
using CredentialProvider.Platform;

namespace CredentialProvider.Cli.Doctor;

/// <summary>
/// Project SDKs with a version. NuGet downloads them before MSBuild evaluates the project, so the MSBuild package cannot offer
/// its plugin. SDKs without a version are part of the .NET SDK.
/// </summary>
internal sealed class ProjectSdks(string folder)
{
    /// <summary>Not reported: the guide has users get this package from a folder or a public source.</summary>
    private const string MSBuildPackage = "CredentialProvider.CodeArtifact.MSBuild";

    /// <summary>Bytes. A cloned repository may have links to devices.</summary>
    private const int MaxSize = 1 << 20;

    private static readonly string[] Patterns =
        ["*.*proj", "Directory.Build.props", "Directory.Build.targets", "Directory.Solution.props", "Directory.Solution.targets"];

    /// <summary>A warning if a project in the folder names such an SDK and a client does not find the plugin.</summary>
    public static IEnumerable<Finding> Check(Settings settings, string folder)
    {
        if (NuGetClient.FindAll(settings).FirstOrDefault(client => !client.IsOtherSdk && !FindsPlugin(client)) is { } client
            && new ProjectSdks(folder).Find() is var (file, sdk))
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
            // MSBuild looks for global.json in the parent folders too.
            for (var current = folder; current is not null; current = Path.GetDirectoryName(current))
            {
                var global = Path.Combine(current, "global.json");
                if (!File.Exists(global))
                    continue;
                if (InGlobalJson(global) is { } pinned)
                    return (global, pinned);
                break;
            }

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

    /// <returns>Empty if it cannot be read.</returns>
    private static MemoryStream Open(string file) => new(RegularFile.TryRead(file, MaxSize) ?? []);

    private static string? InGlobalJson(string file)
    {
        var options = new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };
        using var json = JsonDocument.Parse(Open(file), options);
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
        using var xml = XmlReader.Create(Open(file), new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit });
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
