using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Xml.Linq;

namespace CredentialProvider.EndToEndTests.Packages;

/// <summary>The files in each package and archive: the published bytes and their metadata, and nothing else.</summary>
[Trait("Category", "Slow")]
public sealed class PackageContents
{
    private const string Tool = "CredentialProvider.CodeArtifact", Command = "nuget-plugin-codeartifact";

    private static readonly string[] NetCore =
    [
        "AWSSDK.Core.dll", "AWSSDK.Extensions.Numerics.dll", "AWSSDK.SSO.dll", "AWSSDK.SSOOIDC.dll", "AWSSDK.SecurityToken.dll", "CredentialProvider.CodeArtifact.deps.json",
        "CredentialProvider.CodeArtifact.dll", "CredentialProvider.CodeArtifact.runtimeconfig.json", "Microsoft.Bcl.TimeProvider.dll", "NuGet.Common.dll", "NuGet.Configuration.dll",
        "NuGet.Frameworks.dll", "System.CommandLine.dll", "System.IO.Hashing.dll", "System.Security.Cryptography.ProtectedData.dll", "codeartifact.schema.json",
    ];

    private static string[] InNet8 => [.. NetCore.Append("DotnetToolSettings.xml").Select(file => $"tools/net8.0/any/{file}")];

    [Fact]
    public void The_tool_package_has_the_framework_dependent_build_and_points_to_the_RID_packages()
    {
        using var package = Open(Tool, "DotnetTool", megabytes: 1.6, [.. InNet8, "tools/net10.0/any/DotnetToolSettings.xml"]);
        AssertSameFiles(Artifacts.NetCoreFolder, package);
        Assert.Equal("1", Settings(package, "net8.0").Attribute("Version")!.Value);

        var settings = Settings(package, "net10.0");

        Assert.Equal("2", settings.Attribute("Version")!.Value);
        var packages = settings.Descendants("RuntimeIdentifierPackage").ToDictionary(entry => entry.Attribute("RuntimeIdentifier")!.Value, entry => entry.Attribute("Id")!.Value);
        Assert.All(packages, entry => Assert.Equal($"{Tool}.{entry.Key}", entry.Value));
        Assert.All(packages.Values, id => Assert.True(File.Exists(Artifacts.Package(id)), id));
        Assert.Contains("any", packages.Keys);
        // Tool shims on Windows are .cmd files, which NuGet does not search for.
        Assert.DoesNotContain(packages.Keys, rid => rid.StartsWith("win", StringComparison.Ordinal));
    }

    [Fact]
    public void The_any_package_has_the_framework_dependent_build()
    {
        using var package = Open($"{Tool}.any", "DotnetToolRidPackage", megabytes: 1.6, InNet8);
        AssertSameFiles(Artifacts.NetCoreFolder, package);
    }

    /// <summary>An x64 machine cross-compiles for arm64; an arm64 machine builds only for itself.</summary>
    private static readonly string[] Natives = Artifacts.Platform == "linux-x64" ? ["linux-x64", "linux-arm64"] : [Artifacts.Platform];

    public static TheoryData<string> Platforms => [.. Natives];

    [Theory]
    [MemberData(nameof(Platforms))]
    public void A_RID_package_has_the_native_executable(string rid)
    {
        var native = Native(rid);
        using var package = Open($"{Tool}.{rid}", "DotnetToolRidPackage", megabytes: 7, $"tools/any/{rid}/{Command}", $"tools/any/{rid}/DotnetToolSettings.xml");
        AssertSameFiles(Path.GetDirectoryName(native)!, package);
    }

    [Fact]
    public void The_MSBuild_package_has_every_build_and_the_scripts_that_choose_one()
    {
        const string Id = $"{Tool}.MSBuild";
        var programs = Natives.ToDictionary(rid => $"tools/{rid}/{Command}", Native);
        foreach (var file in Directory.GetFiles(Artifacts.Built("plugins"), "*", SearchOption.AllDirectories))
            programs[$"tools/{Path.GetRelativePath(Artifacts.Built("."), file)}"] = file;
        programs["docs/reference/errors.md"] = Artifacts.Script("../docs/reference/errors.md");

        using var package = Open(Id, "MSBuildSdk", megabytes: 18,
        [
            .. programs.Keys, "Sdk/Sdk.props", "Sdk/Sdk.targets", "Sdk/dirs.proj", $"build/{Id}.props", $"build/{Id}.targets", $"buildMultiTargeting/{Id}.props", $"buildMultiTargeting/{Id}.targets",
            "tasks/netstandard2.0/CredentialProvider.MSBuild.dll", $"tools/unix/{Command}", $"tools/windows/{Command}.bat",
        ]);

        Assert.All(programs, program => Assert.True(File.ReadAllBytes(program.Value).AsSpan().SequenceEqual(Read(package.GetEntry(program.Key)!)), program.Key));
        Assert.InRange(package.GetEntry("tasks/netstandard2.0/CredentialProvider.MSBuild.dll")!.Length, 1, 75_000);
    }

    [Fact]
    public Task The_any_archive_has_two_builds_and_the_install_scripts() => AssertArchiveAsync(Artifacts.Archive("any"), native: null, megabytes: 4);

    [Theory]
    [MemberData(nameof(Platforms))]
    public Task A_RID_archive_also_has_the_native_executable(string rid) => AssertArchiveAsync(Artifacts.Archive(rid), Native(rid), megabytes: 11);

    [Fact]
    public void SHA256SUMS_lists_every_archive()
    {
        var sums = File.ReadAllLines(Path.Combine(Artifacts.Archives, "SHA256SUMS"));
        var files = Directory.GetFiles(Artifacts.Archives, "*.tar.gz").Order(StringComparer.Ordinal);
        Assert.Equal(files.Select(file => $"{Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(file)))}  {Path.GetFileName(file)}"), sums);
    }

    private static async Task AssertArchiveAsync(string archive, string? native, int megabytes)
    {
        Assert.True(File.Exists(archive), archive);
        Assert.InRange(new FileInfo(archive).Length, 1, megabytes * 1_000_000);
        await using var tar = new TarReader(new GZipStream(File.OpenRead(archive), CompressionMode.Decompress));
        var entries = new Dictionary<string, byte[]>();
        var times = new HashSet<DateTimeOffset>();
        while (await tar.GetNextEntryAsync(copyData: true, TestContext.Current.CancellationToken) is { } entry)
        {
            var isProgram = entry.EntryType == TarEntryType.Directory || entry.Name.EndsWith(".sh", StringComparison.Ordinal) || entry.Name.EndsWith(Command, StringComparison.Ordinal);
            Assert.Equal(((UnixFileMode)(isProgram ? 0b111_101_101 : 0b110_100_100), 0, 0), (entry.Mode, entry.Uid, entry.Gid));
            times.Add(entry.ModificationTime);
            if (entry.EntryType == TarEntryType.Directory)
                continue;
            using var content = new MemoryStream();
            if (entry.DataStream is { } data)
                await data.CopyToAsync(content, TestContext.Current.CancellationToken);
            entries.Add(entry.Name, content.ToArray());
        }

        Assert.Single(times);
        var root = Path.GetFileName(archive)[..^".tar.gz".Length];
        var expected = Directory.GetFiles(Artifacts.Built("plugins"), "*", SearchOption.AllDirectories).ToDictionary(file => $"{root}/{Path.GetRelativePath(Artifacts.Built("."), file)}");
        foreach (var script in new[] { "install.sh", "install.ps1", "../LICENSE" })
            expected[$"{root}/{Path.GetFileName(script)}"] = Artifacts.Script(script);
        if (native is not null)
            expected[$"{root}/native/{Command}"] = native;
        Assert.Equal(expected.Keys.Order(), entries.Keys.Order());
        Assert.All(expected, file => Assert.True(File.ReadAllBytes(file.Value).AsSpan().SequenceEqual(entries[file.Key]), file.Key));
        Assert.Equal(NetCore.Order(StringComparer.Ordinal), Directory.GetFiles(Artifacts.NetCoreFolder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    /// <summary>The commit in a package's metadata.</summary>
    internal static string Commit(string id)
    {
        using var package = ZipFile.OpenRead(Artifacts.Package(id));
        return Xml(package, $"{id}.nuspec").Descendants().Single(element => element.Name.LocalName == "repository").Attribute("commit")!.Value;
    }

    private static string Native(string rid)
    {
        var native = Artifacts.NativeFor(rid);
        Artifacts.Require(native, $"the native executable for {rid}");
        Assert.InRange(new FileInfo(native).Length, 1, 17_000_000);
        return native;
    }

    /// <summary>Opens a package after checking its size, its metadata, and that it has exactly these files and those of every package.</summary>
    private static ZipArchive Open(string id, string type, double megabytes, params string[] files)
    {
        var path = Artifacts.Package(id);
        Assert.InRange(new FileInfo(path).Length, 1, (long)(megabytes * 1_000_000));
        var package = ZipFile.OpenRead(path);
        string[] common = ["LICENSE", "README.md", "icon.png", $"{id}.nuspec", "[Content_Types].xml", "_rels/.rels", "package/services/metadata/core-properties/nuget.psmdcp"];
        Assert.Equal(files.Concat(common).Order(StringComparer.Ordinal), package.Entries.Select(entry => entry.FullName).Order(StringComparer.Ordinal));
        Assert.InRange(package.GetEntry("icon.png")!.Length, 1, 5_000);
        // Packages are reproducible: every entry has the time of the commit.
        Assert.Single(package.Entries.Select(entry => entry.LastWriteTime).Distinct());

        var metadata = Xml(package, $"{id}.nuspec").Element(Spec("metadata"))!;
        string Value(string name) => metadata.Element(Spec(name))!.Value;
        Assert.Equal((id, Artifacts.Version), (Value("id"), Value("version")));
        Assert.Equal(("expression", "MIT"), (metadata.Element(Spec("license"))!.Attribute("type")!.Value, Value("license")));
        Assert.Equal(("README.md", "icon.png"), (Value("readme"), Value("icon")));
        Assert.Equal(type, metadata.Element(Spec("packageTypes"))!.Elements().Single().Attribute("name")!.Value);
        Assert.Equal("git", metadata.Element(Spec("repository"))!.Attribute("type")!.Value);
        Assert.Matches("^[0-9a-f]{40}$", metadata.Element(Spec("repository"))!.Attribute("commit")!.Value);
        Assert.All(["description", "tags", "releaseNotes", "copyright"], name => Assert.NotEqual("", Value(name)));
        Assert.Empty(metadata.Elements(Spec("dependencies")));
        return package;

        XName Spec(string name) => Xml(package, $"{id}.nuspec").GetDefaultNamespace() + name;
    }

    private static XElement Settings(ZipArchive package, string framework) => Xml(package, $"tools/{framework}/any/DotnetToolSettings.xml");

    private static XElement Xml(ZipArchive package, string file)
    {
        using var stream = package.GetEntry(file)!.Open();
        return XElement.Load(stream);
    }

    /// <summary>The packed files are byte for byte the published ones.</summary>
    private static void AssertSameFiles(string folder, ZipArchive package) => Assert.All(Directory.GetFiles(folder), file =>
        Assert.True(File.ReadAllBytes(file).AsSpan().SequenceEqual(Read(package.Entries.Single(entry => entry.Name == Path.GetFileName(file)))), file));

    private static byte[] Read(ZipArchiveEntry entry)
    {
        using var stream = entry.Open();
        using var content = new MemoryStream();
        stream.CopyTo(content);
        return content.ToArray();
    }
}
