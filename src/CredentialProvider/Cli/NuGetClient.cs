using System.Diagnostics;

namespace CredentialProvider.Cli;

/// <summary>A program of this machine that has NuGet in it and starts plugins.</summary>
/// <param name="Name">With its version.</param>
/// <param name="IsNetFramework">It looks for plugins of .NET Framework: nuget.exe, Visual Studio, msbuild.exe.</param>
/// <param name="FindsOnPath">It looks for nuget-plugin-* on PATH, too: NuGet 6.13 and later.</param>
internal sealed record NuGetClient(string Name, bool IsNetFramework, bool FindsOnPath)
{
    /// <summary>The first SDK, and the first Visual Studio, with NuGet 6.13.</summary>
    private static readonly Version FirstSdk = new(9, 0, 200), FirstNuGet = new(6, 13);

    /// <summary>The program's name on PATH.</summary>
    public static string NativeName { get; } = OperatingSystem.IsWindows() ? "nuget-plugin-codeartifact.exe"
        : "nuget-plugin-codeartifact";

    /// <summary>The folder in ~/.nuget/plugins/netcore and /netfx, and its file without the extension.</summary>
    public const string PluginName = "CredentialProvider.CodeArtifact";

    /// <summary>What PATH and, on Windows, Visual Studio's usual place have.</summary>
    public static IReadOnlyList<NuGetClient> FindAll(Settings settings)
    {
        var clients = new List<NuGetClient>();
        if (OnPath(settings, OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet") is { } dotnet)
        {
            foreach (var version in SdkVersions(dotnet))
                clients.Add(new NuGetClient($"dotnet {version}", IsNetFramework: false,
                    FindsOnPath: Number(version) >= FirstSdk));
        }

        if ((OnPath(settings, "nuget.exe") ?? OnPath(settings, "NuGet.exe")) is { } nuget)
        {
            var version = FileVersionInfo.GetVersionInfo(nuget).FileVersion ?? "";
            clients.Add(new NuGetClient($"nuget.exe {version}", IsNetFramework: true,
                FindsOnPath: Number(version) >= FirstNuGet));
        }

        var studio = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.ProgramFiles),
            "Microsoft Visual Studio");
        if (OperatingSystem.IsWindows() && Directory.Exists(studio))
            clients.Add(new NuGetClient("Visual Studio", IsNetFramework: true, FindsOnPath: false));
        return clients;
    }

    /// <summary>Where this client finds plugins, by NuGet's rules; files that do not exist are named, too.</summary>
    /// <param name="home">Whose ~/.nuget/plugins counts.</param>
    public IReadOnlyList<string> PluginFiles(Settings settings, string home)
    {
        var extension = IsNetFramework ? ".exe" : ".dll";
        // These are started as assemblies: a native program among them is not.
        if (settings.PluginFiles(IsNetFramework) is { } files)
            return [.. files.Where(file => Path.GetExtension(file) == extension)];
        if (FindsOnPath && settings.PluginPaths is { } paths)
            return [.. paths.SelectMany(path =>
                Directory.Exists(path) ? Directory.GetFiles(path, "nuget-plugin-*") : [path])];
        var folder = Path.Combine(home, ".nuget", "plugins", IsNetFramework ? "netfx" : "netcore");
        string[] installed = Directory.Exists(folder)
            ? [.. Directory.GetDirectories(folder).Select(plugin =>
                Path.Combine(plugin, $"{Path.GetFileName(plugin)}{extension}"))] : [];
        return FindsOnPath
            ? [.. installed, .. settings.SearchPath.Where(Directory.Exists).SelectMany(entry =>
                Directory.GetFiles(entry, "nuget-plugin-*"))] : installed;
    }

    /// <summary>A file that this program's builds have, wherever it lies.</summary>
    public static bool IsOurs(string path) =>
        Path.GetFileName(path) is var name
            && (name == NativeName || Path.GetFileNameWithoutExtension(name) == PluginName);

    private static string? OnPath(Settings settings, string name) =>
        settings.SearchPath.Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);

    private static List<string> SdkVersions(string dotnet)
    {
        try
        {
            var start = new ProcessStartInfo(dotnet, "--list-sdks") { RedirectStandardOutput = true, UseShellExecute = false };
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

    /// <summary>Without the suffix of a preview.</summary>
    private static Version Number(string version) =>
        Version.TryParse(version.Split('-')[0], out var number) ? number : new Version(0, 0);
}
