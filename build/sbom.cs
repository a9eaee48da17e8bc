// Writes a CycloneDX 1.6 SBOM for each artifact from NuGet's project.assets.json. Run after build/build.sh: dotnet run build/sbom.cs

#:property RestorePackagesWithLockFile=false
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Xml.Linq;

var root = Path.GetFullPath(Path.Combine(AppContext.GetData("EntryPointFileDirectoryPath") as string ?? "build", ".."));
var assets = JsonNode.Parse(File.ReadAllText(Path.Combine(root, "artifacts/obj/CredentialProvider/project.assets.json")))!;
var folders = assets["packageFolders"]!.AsObject().Select(folder => folder.Key).ToList();
var output = Directory.CreateDirectory(Path.Combine(root, "artifacts/sbom")).FullName;
foreach (var (framework, artifact) in new[] { ("net10.0", "native"), ("net8.0", "netcore"), ("net472", "netfx") })
{
    var target = assets["targets"]!.AsObject().Single(entry => entry.Key.Split('/') is [var name] && Is(name, framework)).Value!.AsObject();
    var packages = target.Where(entry => Ships(entry.Value!)).Select(entry => (JsonNode)Component(entry.Key));
    if (artifact == "native")
        packages = packages.Concat(Downloaded(framework));
    var sbom = new JsonObject
    {
        ["bomFormat"] = "CycloneDX",
        ["specVersion"] = "1.6",
        ["version"] = 1,
        ["metadata"] = new JsonObject
        {
            ["component"] = new JsonObject
            {
                ["type"] = "application",
                ["name"] = $"nuget-plugin-codeartifact ({artifact})",
                ["version"] = (string)assets["project"]!["version"]!,
                ["licenses"] = new JsonArray(License("MIT")),
            },
        },
        ["components"] = new JsonArray([.. packages]),
    };
    var file = Path.Combine(output, $"{artifact}.cdx.json");
    File.WriteAllText(file, sbom.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n");
    Console.WriteLine($"{Path.GetRelativePath(root, file)}: {sbom["components"]!.AsArray().Count} components");
}

static bool Is(string name, string framework) => name == framework
    || (framework == "net472" && name == ".NETFramework,Version=v4.7.2") || name == ".NETCoreApp,Version=v" + framework[3..];

// Analyzers and source-only packages are not part of an artifact.
static bool Ships(JsonNode library) => (string)library["type"]! == "package"
    && library["runtime"] is JsonObject files && files.Any(file => !file.Key.EndsWith("_._", StringComparison.Ordinal));

// The .NET runtime, which is linked into the native executable.
IEnumerable<JsonNode> Downloaded(string framework) => (assets["project"]!["frameworks"]![framework]!["downloadDependencies"] as JsonArray ?? [])
    .Select(package => ((string)package!["name"]!, ((string)package["version"]!).Trim('[', ']').Split(',')[0]))
    .Where(package => package.Item1.Contains(".Runtime.", StringComparison.Ordinal) || package.Item1.Contains("ILCompiler", StringComparison.Ordinal))
    .Select(package => (JsonNode)Component($"{package.Item1}/{package.Item2}"));

JsonObject Component(string key)
{
    var (name, version) = (key.Split('/')[0], key.Split('/')[1]);
    var component = new JsonObject
    {
        ["type"] = "library",
        ["name"] = name,
        ["version"] = version,
        ["purl"] = $"pkg:nuget/{name}@{version}",
    };
    if ((string?)assets["libraries"]![key]?["sha512"] is { } hash)
        component["hashes"] = new JsonArray(new JsonObject { ["alg"] = "SHA-512", ["content"] = Convert.ToHexStringLower(Convert.FromBase64String(hash)) });
    var nuspec = folders.Select(folder => Path.Combine(folder, name.ToLowerInvariant(), version.ToLowerInvariant(), name.ToLowerInvariant() + ".nuspec")).FirstOrDefault(File.Exists);
    if (nuspec is not null && XDocument.Load(nuspec).Descendants().FirstOrDefault(element =>
        element.Name.LocalName == "license" && (string?)element.Attribute("type") == "expression") is { } license)
        component["licenses"] = new JsonArray(License(license.Value));
    return component;
}

static JsonObject License(string expression) => expression.Contains(' ', StringComparison.Ordinal)
    ? new JsonObject { ["expression"] = expression } : new JsonObject { ["license"] = new JsonObject { ["id"] = expression } };
