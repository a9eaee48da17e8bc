using System.Diagnostics;
using CredentialProvider.Configuration;

namespace CredentialProvider.Cli.NuGet;

/// <summary>A NuGet client on this machine that starts plugins.</summary>
/// <param name="Name">With its version.</param>
/// <param name="IsNetFramework">True for nuget.exe, Visual Studio and msbuild.exe.</param>
/// <param name="FindsOnPath">True if it searches PATH for <c>nuget-plugin-*</c>.</param>
internal sealed record NuGetClient(string Name, bool IsNetFramework, bool FindsOnPath)
{
    /// <summary>The clients on PATH and, on Windows, Visual Studio in its default location.</summary>
    public static IReadOnlyList<NuGetClient> FindAll(Settings settings)
    {
        var clients = new List<NuGetClient>();
        if (ProcessEnvironment.FindProgram("dotnet") is { } dotnet)
        {
            foreach (var version in SdkVersions(dotnet))
                clients.Add(new NuGetClient($"dotnet {version}", IsNetFramework: false,
                    FindsOnPath: ParseVersion(version) >= PluginDiscovery.FirstSdkWithPathSearch));
        }

        if ((FindOnPath(settings, "nuget.exe") ?? FindOnPath(settings, "NuGet.exe")) is { } nuget)
        {
            var version = FileVersionInfo.GetVersionInfo(nuget).FileVersion ?? "";
            clients.Add(new NuGetClient($"nuget.exe {version}", IsNetFramework: true,
                FindsOnPath: ParseVersion(version) >= PluginDiscovery.FirstNuGetWithPathSearch));
        }

        var studio = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.ProgramFiles),
            "Microsoft Visual Studio");
        if (OperatingSystem.IsWindows() && Directory.Exists(studio))
            clients.Add(new NuGetClient("Visual Studio", IsNetFramework: true, FindsOnPath: false));
        return clients;
    }

    /// <summary>Where this client looks for plugins.</summary>
    public PluginDiscovery Discovery(Settings settings) =>
        new(IsNetFramework, FindsOnPath, Settings.Home, settings.GetString, FileModes.Of);

    /// <summary>On Unix, mono starts it, so it need not be executable.</summary>
    private static string? FindOnPath(Settings settings, string name) =>
        settings.SearchPath.Where(Path.IsPathRooted).Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);

    private static List<string> SdkVersions(string dotnet)
    {
        try
        {
            var start = new ProcessStartInfo(dotnet, "--list-sdks")
            {
                RedirectStandardOutput = true,
                UseShellExecute = false,
            };
            using var process = Process.Start(start)!;
            var lines = process.StandardOutput.ReadToEnd().Split('\n');
            process.WaitForExit();
            return [.. lines.Select(line => line.Split(' ')[0].Trim()).Where(version => version.Length > 0)];
        }
        catch (Exception e) when (e is System.ComponentModel.Win32Exception or InvalidOperationException)
        {
            return [];
        }
    }

    /// <summary>Ignores the suffix of a preview; 0.0 for what is not a version.</summary>
    private static Version ParseVersion(string version) =>
        Version.TryParse(version.Split('-')[0], out var number) ? number : new Version(0, 0);
}
