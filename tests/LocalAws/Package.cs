using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;

namespace LocalAws;

/// <summary>A NuGet package of one version. <see cref="Key"/> is how CodeArtifact addresses it: lower case.</summary>
public sealed record Package(string Id, string Version, IReadOnlyList<(string Id, string Version)> Dependencies, byte[] Content)
{
    public string Key => $"{Id.ToLowerInvariant()}/{Version.ToLowerInvariant()}";

    /// <summary>Makes a package that restores and holds no code.</summary>
    public static Package Create(string id, string version, params (string Id, string Version)[] dependencies)
    {
        using var buffer = new MemoryStream();
        using (var zip = new ZipArchive(buffer, ZipArchiveMode.Create, leaveOpen: true))
        {
            Add(zip, $"{id}.nuspec", Nuspec(id, version, dependencies));
            Add(zip, "lib/netstandard2.0/_._", "");
            Add(zip, "[Content_Types].xml", """
                <?xml version="1.0" encoding="utf-8"?>
                <Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
                  <Default Extension="nuspec" ContentType="application/octet" /><Default Extension="_" ContentType="application/octet" />
                </Types>
                """);
        }

        return new Package(id, version, dependencies, buffer.ToArray());
    }

    /// <summary>Reads id, version and nothing else from what a client publishes.</summary>
    public static Package Read(byte[] content)
    {
        using var zip = new ZipArchive(new MemoryStream(content));
        using var nuspec = zip.Entries.First(entry => entry.FullName.EndsWith(".nuspec", StringComparison.Ordinal)).Open();
        var metadata = System.Xml.Linq.XDocument.Load(nuspec).Root!.Elements().First(e => e.Name.LocalName == "metadata");
        string Value(string name) => metadata.Elements().First(e => e.Name.LocalName == name).Value;
        return new Package(Value("id"), Value("version"), [], content);
    }

    internal JsonObject CatalogEntry(string self, string content) => new()
    {
        ["@id"] = self,
        ["id"] = Id,
        ["version"] = Version,
        ["listed"] = true,
        ["packageContent"] = content,
        ["dependencyGroups"] = new JsonArray(new JsonObject
        {
            ["targetFramework"] = ".NETStandard2.0",
            ["dependencies"] = new JsonArray([.. Dependencies.Select(d => new JsonObject { ["id"] = d.Id, ["range"] = $"[{d.Version}, )" })]),
        }),
    };

    internal string Nuspec() => Nuspec(Id, Version, Dependencies);

    private static string Nuspec(string id, string version, IEnumerable<(string Id, string Version)> dependencies) => $"""
        <?xml version="1.0" encoding="utf-8"?>
        <package xmlns="http://schemas.microsoft.com/packaging/2013/05/nuspec.xsd">
          <metadata>
            <id>{id}</id><version>{version}</version><authors>LocalAws</authors><description>Made by LocalAws.</description>
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
