using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;
using System.Xml;
using System.Xml.Linq;

namespace LocalAws;

/// <summary>One version of a NuGet package.</summary>
public sealed record Package(string Id, string Version, IReadOnlyList<(string Id, string Version)> Dependencies, byte[] Content)
{
    /// <summary>ID and normalized version, separated by a slash, in lower case.</summary>
    public string Key { get; } = $"{Id.ToLowerInvariant()}/{PackageVersion.Normalize(Version)}";

    internal string NormalizedVersion => Key[(Key.IndexOf('/', StringComparison.Ordinal) + 1)..];

    /// <summary>Creates a package that can be restored and contains no assemblies.</summary>
    public static Package Create(string id, string version, params (string Id, string Version)[] dependencies) =>
        Create(id, version, dependencies, type: null);

    /// <param name="type">The package type, such as DotnetTool; null for a dependency.</param>
    public static Package Create(string id, string version, (string Id, string Version)[] dependencies, string? type,
        params (string Path, string Text)[] files)
    {
        using var buffer = new MemoryStream();
        using (var zip = new ZipArchive(buffer, ZipArchiveMode.Create, leaveOpen: true))
        {
            Add(zip, $"{id}.nuspec", Nuspec(id, version, type, dependencies));
            Add(zip, "lib/netstandard2.0/_._", "");
            foreach (var (path, text) in files)
                Add(zip, path, text);
            Add(zip, "[Content_Types].xml", $"""
                <?xml version="1.0" encoding="utf-8"?>
                <Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
                  {string.Concat(files.Select(file => Path.GetExtension(file.Path)).Union([".nuspec", "._"]).Select(extension =>
                    $"""<Default Extension="{extension[1..]}" ContentType="application/octet" />"""))}
                </Types>
                """);
        }

        return new Package(id, version, dependencies, buffer.ToArray());
    }

    /// <summary>Reads a .nupkg file.</summary>
    /// <exception cref="InvalidDataException">The content is not a NuGet package.</exception>
    public static Package Read(byte[] content)
    {
        try
        {
            var elements = XDocument.Parse(NuspecOf(content)).Descendants().ToLookup(element => element.Name.LocalName);
            var dependencies = elements["dependency"]
                .Select(d => ((string)d.Attribute("id")!, (string?)d.Attribute("version") ?? "0.0.0")).Distinct();
            return new Package(elements["id"].First().Value, elements["version"].First().Value, [.. dependencies], content);
        }
        catch (Exception e) when (e is InvalidOperationException or XmlException or FormatException or OverflowException)
        {
            throw new InvalidDataException("not a NuGet package", e);
        }
    }

    internal JsonObject CatalogEntry(string self, string content) => new()
    {
        ["@id"] = self,
        ["id"] = Id,
        ["version"] = NormalizedVersion,
        ["listed"] = true,
        ["packageContent"] = content,
        ["dependencyGroups"] = new JsonArray(new JsonObject
        {
            ["targetFramework"] = ".NETStandard2.0",
            ["dependencies"] = new JsonArray([.. Dependencies.Select(d => new JsonObject { ["id"] = d.Id, ["range"] = Range(d.Version) })]),
        }),
    };

    internal string Nuspec() => NuspecOf(Content);

    /// <summary>As a version range. A bare version is an inclusive minimum.</summary>
    private static string Range(string version) => version[0] is '[' or '(' ? version : $"[{version}, )";

    private static string NuspecOf(byte[] content)
    {
        using var zip = new ZipArchive(new MemoryStream(content));
        var entry = zip.Entries.First(entry => entry.FullName.EndsWith(".nuspec", StringComparison.Ordinal));
        using var nuspec = new StreamReader(entry.Open());
        return nuspec.ReadToEnd();
    }

    private static string Nuspec(string id, string version, string? type, IEnumerable<(string Id, string Version)> dependencies) => $"""
        <?xml version="1.0" encoding="utf-8"?>
        <package xmlns="http://schemas.microsoft.com/packaging/2013/05/nuspec.xsd">
          <metadata>
            <id>{id}</id><version>{version}</version><authors>LocalAws</authors><description>Created by LocalAws.</description>
            {(type is null ? "" : $"""<packageTypes><packageType name="{type}" /></packageTypes>""")}
            <dependencies><group targetFramework=".NETStandard2.0">
              {string.Concat(dependencies.Select(d => $"""<dependency id="{d.Id}" version="{d.Version}" />"""))}
            </group></dependencies>
          </metadata>
        </package>
        """;

    private static void Add(ZipArchive zip, string name, string text)
    {
        using var entry = zip.CreateEntry(name).Open();
        entry.Write(Encoding.UTF8.GetBytes(text));
    }
}
