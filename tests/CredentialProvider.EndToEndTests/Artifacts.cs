using System.Reflection;
using System.Runtime.InteropServices;
using System.Xml.Linq;

namespace CredentialProvider.EndToEndTests;

/// <summary>What build/build.sh made.</summary>
public static class Artifacts
{
    private static readonly string Root = Metadata("RepositoryRoot");

    public static string NativeFolder { get; } = Built("native");

    public static string Native { get; } = Path.Combine(NativeFolder, "nuget-plugin-codeartifact");

    public static string NetCoreFolder { get; } = Built("plugins/netcore/CredentialProvider.CodeArtifact");

    public static string NetCore { get; } = Path.Combine(NetCoreFolder, "CredentialProvider.CodeArtifact.dll");

    public static string NetFx { get; } = Built("plugins/netfx/CredentialProvider.CodeArtifact/CredentialProvider.CodeArtifact.exe");

    /// <summary>The published nuget.exe.</summary>
    public static string NuGetExe { get; } = Metadata("NuGetExe");

    public static string Version { get; } = XDocument.Load(Source("Directory.Build.props")).Descendants("Version").Single().Value;

    /// <summary>x64 or arm64, as archives have it in their names.</summary>
    public static string Architecture { get; } = RuntimeInformation.OSArchitecture.ToString().ToLowerInvariant();

    public static string Built(string path) => Path.GetFullPath(Path.Combine(Root, "artifacts", path));

    /// <summary>A file of the repository.</summary>
    public static string Source(string path) => Path.GetFullPath(Path.Combine(Root, path));

    private static string Metadata(string key) => typeof(Artifacts).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().Single(attribute => attribute.Key == key).Value!;

    /// <summary>Skips the test, by name, where a part could not be built or a program is not installed.</summary>
    public static void Require(string path, string what) => Assert.SkipUnless(File.Exists(path), $"{what} is not here");
}
