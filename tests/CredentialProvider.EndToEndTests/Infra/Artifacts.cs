using System.Reflection;
using System.Runtime.InteropServices;
using System.Xml.Linq;

namespace CredentialProvider.EndToEndTests.Infra;

/// <summary>Paths of the build's output, of downloaded tools and of files in the repository.</summary>
public static class Artifacts
{
    private static readonly string Root = Metadata("RepositoryRoot");

    public static string NativeFolder { get; } = Built("native");

    public static string Native { get; } = Path.Combine(NativeFolder, "nuget-plugin-codeartifact");

    public static string NetCoreFolder { get; } = Built("plugins/netcore/CredentialProvider.CodeArtifact");

    public static string NetCore { get; } = Path.Combine(NetCoreFolder, "CredentialProvider.CodeArtifact.dll");

    public static string NetFx { get; } = Built("plugins/netfx/CredentialProvider.CodeArtifact/CredentialProvider.CodeArtifact.exe");

    /// <summary>The RID of this machine's native executable.</summary>
    public static string Platform { get; } = $"linux-{RuntimeInformation.OSArchitecture}".ToLowerInvariant();

    public static string Packages { get; } = Built("packages");

    public static string Archives { get; } = Built("archives");

    public static string NuGetExe { get; } = Metadata("NuGetExe");

    public static string PowerShell { get; } = Metadata("PowerShell");

    /// <summary>Older .NET runtimes, one folder per version.</summary>
    public static string Runtimes { get; } = Metadata("Runtimes");

    /// <summary>The version in Directory.Build.props.</summary>
    public static string Version { get; } = XDocument.Load(Source("Directory.Build.props")).Descendants("Version").Single().Value;

    /// <summary>The native executable for a RID: this machine's, or a cross-compiled one.</summary>
    public static string NativeFor(string platform) => platform == Platform ? Native : Built($"cross/{platform}/nuget-plugin-codeartifact");

    public static string Package(string id) => Path.Combine(Packages, $"{id}.{Version}.nupkg");

    public static string Archive(string platform) => Path.Combine(Archives, $"nuget-plugin-codeartifact-{Version}-{platform}.tar.gz");

    public static string Script(string name) => Source("build/" + name);

    /// <summary>A path below artifacts/.</summary>
    public static string Built(string path) => Path.GetFullPath(Path.Combine(Root, "artifacts", path));

    /// <summary>A path below the repository's root.</summary>
    public static string Source(string path) => Path.GetFullPath(Path.Combine(Root, path));

    /// <summary>Skips the test where a part could not be built or a program is not installed.</summary>
    /// <param name="what">How the reason names it.</param>
    public static void Require(string path, string what) => Assert.SkipUnless(File.Exists(path), $"{what} is not available");

    /// <summary>Skips the test where the native executable could not be built.</summary>
    public static void RequireNative() => Require(Native, "the native executable");

    private static string Metadata(string key) => typeof(Artifacts).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().Single(attribute => attribute.Key == key).Value!;
}
