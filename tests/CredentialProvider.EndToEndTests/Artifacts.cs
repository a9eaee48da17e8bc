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

    /// <summary>What this machine's native program is for.</summary>
    public static string Platform { get; } = $"linux-{RuntimeInformation.OSArchitecture}".ToLowerInvariant();

    /// <summary>The native program for a platform: this machine's, or a cross-compiled one.</summary>
    public static string NativeFor(string platform) => platform == Platform ? Native : Built($"cross/{platform}/nuget-plugin-codeartifact");

    public static string Packages { get; } = Built("packages");

    public static string Archives { get; } = Built("archives");

    /// <summary>The published nuget.exe.</summary>
    public static string NuGetExe { get; } = Metadata("NuGetExe");

    /// <summary>The published PowerShell.</summary>
    public static string PowerShell { get; } = Metadata("PowerShell");

    /// <summary>Run-times of .NET, a folder for each version.</summary>
    public static string Runtimes { get; } = Metadata("Runtimes");

    public static string Version { get; } = XDocument.Load(Source("Directory.Build.props")).Descendants("Version").Single().Value;

    public static string Package(string id) => Path.Combine(Packages, $"{id}.{Version}.nupkg");

    public static string Archive(string platform) => Path.Combine(Archives, $"nuget-plugin-codeartifact-{Version}-{platform}.tar.gz");

    public static string Script(string name) => Source("build/" + name);

    public static string Built(string path) => Path.GetFullPath(Path.Combine(Root, "artifacts", path));

    /// <summary>A file of the repository.</summary>
    public static string Source(string path) => Path.GetFullPath(Path.Combine(Root, path));

    private static string Metadata(string key) => typeof(Artifacts).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().Single(attribute => attribute.Key == key).Value!;

    /// <summary>Skips the test, by name, where a part could not be built or a program is not installed.</summary>
    public static void Require(string path, string what) => Assert.SkipUnless(File.Exists(path), $"{what} is not here");
}
