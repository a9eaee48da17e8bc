using System.Diagnostics;
using CredentialProvider.Configuration;

namespace CredentialProvider.Cli.NuGet;

/// <summary>A NuGet client on this machine that starts plugins.</summary>
/// <param name="Name">With its version.</param>
/// <param name="IsNetFramework">True for nuget.exe, Visual Studio and msbuild.exe.</param>
/// <param name="FindsOnPath">True if it searches PATH for <c>nuget-plugin-*</c>.</param>
internal sealed record NuGetClient(string Name, bool IsNetFramework, bool FindsOnPath)
{
    /// <summary>An SDK that dotnet does not use in the working directory.</summary>
    public bool IsOtherSdk { get; init; }

    /// <summary>Of the SDK, or of NuGet in nuget.exe and Visual Studio. 0.0 if unknown.</summary>
    public Version Version { get; init; } = new(0, 0);

    /// <summary>True if a source with http is an error (NU1302).</summary>
    public bool RefusesHttp => Version >= (IsNetFramework ? new Version(6, 12) : new Version(9, 0, 100));

    /// <summary>True if the keys of packageSourceMapping need the case of the source's name.
    /// https://github.com/NuGet/Home/issues/14290</summary>
    public bool ComparesMappingByCase => Version < (IsNetFramework ? new Version(7, 0) : new Version(10, 0, 100));

    /// <summary>The clients on PATH and, on Windows, Visual Studio in its default location.</summary>
    public static IReadOnlyList<NuGetClient> FindAll(Settings settings)
    {
        var clients = new List<NuGetClient>();
        var sdks = DotnetSdks.Here;
        clients.AddRange(sdks.Versions.Select(version => new NuGetClient($"dotnet {version}", IsNetFramework: false,
            FindsOnPath: ParseVersion(version) >= PluginDiscovery.FirstSdkWithPathSearch)
        {
            IsOtherSdk = sdks.Used is { } used && version != used,
            Version = ParseVersion(version),
        }));

        if ((FindOnPath(settings, "nuget.exe") ?? FindOnPath(settings, "NuGet.exe")) is { } nuget)
        {
            var version = FileVersionInfo.GetVersionInfo(nuget).FileVersion ?? "";
            clients.Add(new NuGetClient($"nuget.exe {version}", IsNetFramework: true,
                FindsOnPath: ParseVersion(version) >= PluginDiscovery.FirstNuGetWithPathSearch)
            {
                Version = ParseVersion(version),
            });
        }

        if (OperatingSystem.IsWindows())
        {
            foreach (var programs in new[] { Environment.SpecialFolder.ProgramFiles, Environment.SpecialFolder.ProgramFilesX86 })
                clients.AddRange(FindVisualStudio(Path.Combine(Environment.GetFolderPath(programs), "Microsoft Visual Studio")));
        }

        return clients;
    }

    /// <param name="folder">Has a folder for each version, such as 2022, and in it one for each edition.</param>
    internal static IEnumerable<NuGetClient> FindVisualStudio(string folder)
    {
        if (!Directory.Exists(folder))
            yield break;
        foreach (var edition in Directory.GetDirectories(folder).SelectMany(Directory.GetDirectories).Order(StringComparer.Ordinal))
        {
            var nuget = Path.Combine(edition, "Common7", "IDE", "CommonExtensions", "Microsoft", "NuGet", "NuGet.Protocol.dll");
            if (!File.Exists(nuget))
                continue;
            var version = FileVersionInfo.GetVersionInfo(nuget).FileVersion ?? "";
            yield return new NuGetClient(
                $"Visual Studio {Path.GetFileName(Path.GetDirectoryName(edition))} {Path.GetFileName(edition)}", IsNetFramework: true,
                FindsOnPath: ParseVersion(version) >= PluginDiscovery.FirstNuGetWithPathSearch)
            {
                Version = ParseVersion(version),
            };
        }
    }

    /// <summary>Where this client looks for plugins. Like NuGet, it does not trim variables.</summary>
    public PluginDiscovery Discovery() => new(IsNetFramework, FindsOnPath,
        Settings.NuGetHome(IsNetFramework), ProcessEnvironment.Get, FileModes.Of);

    /// <summary>On Unix, mono starts it, so it need not be executable.</summary>
    private static string? FindOnPath(Settings settings, string name) =>
        settings.SearchPath.Where(Path.IsPathRooted).Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);

    /// <summary>Ignores the suffix of a preview; 0.0 for what is not a version.</summary>
    private static Version ParseVersion(string version) =>
        Version.TryParse(version.Split('-')[0], out var number) ? number : new Version(0, 0);
}
