using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text;

namespace CredentialProvider.EndToEndTests.Packages;

/// <summary>The .NET tool, installed from a folder of packages.</summary>
[Trait("Category", "Slow")]
public sealed class DotnetTool
{
    private const string Tool = "CredentialProvider.CodeArtifact", Command = "nuget-plugin-codeartifact";

    [Fact]
    public async Task A_restore_needs_only_the_tool()
    {
        await using var sandbox = await StartAsync();
        sandbox.WriteConfig("tools");

        (await sandbox.DotnetAsync(sandbox.Folder("tools"), "tool", "install", "--global", Tool, "--add-source", Artifacts.Packages)).Succeeded();

        await AssertRestoresAsync(sandbox);
        Assert.Equal(await File.ReadAllBytesAsync(Artifacts.Native, TestContext.Current.CancellationToken),
            await File.ReadAllBytesAsync(StoredFile(sandbox, Command), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task The_tool_can_be_updated_and_uninstalled()
    {
        await using var sandbox = await StartAsync();
        var folder = sandbox.Folder("tools");
        (await sandbox.DotnetAsync(folder, "tool", "install", "--global", Tool)).Succeeded();
        foreach (var package in Directory.GetFiles(Artifacts.Packages, $"{Tool}*.nupkg"))
            Repack(package, sandbox.Folder("newer"), "99.0.0");
        sandbox.WriteConfig("tools", ("newer", sandbox.Folder("newer")));

        (await sandbox.DotnetAsync(folder, "tool", "update", "--global", Tool)).Succeeded();

        Assert.Contains("99.0.0", (await sandbox.DotnetAsync(folder, "tool", "list", "--global")).Succeeded().Output, StringComparison.Ordinal);
        Assert.Contains($"{Path.DirectorySeparatorChar}99.0.0{Path.DirectorySeparatorChar}", StoredFile(sandbox, Command), StringComparison.Ordinal);
        await AssertRestoresAsync(sandbox);

        (await sandbox.DotnetAsync(folder, "tool", "uninstall", "--global", Tool)).Succeeded();

        Assert.False(File.Exists(Path.Combine(sandbox.Home, ".dotnet", "tools", Command)));
        sandbox.ForgetPackages();
        (await sandbox.DotnetAsync(sandbox.Folder("client"), "restore", "--force", "--no-cache")).Failed();
    }

    [Fact]
    public async Task A_tool_manifest_restores_the_tool_on_another_machine()
    {
        await using var sandbox = await StartAsync();
        var folder = sandbox.Folder("tools");
        (await sandbox.DotnetAsync(folder, "new", "tool-manifest")).Succeeded();
        (await sandbox.DotnetAsync(folder, "tool", "install", Tool)).Succeeded();
        sandbox.ForgetPackages();
        var bin = sandbox.Folder("bin");

        (await sandbox.DotnetAsync(folder, "tool", "restore")).Succeeded();
        (await sandbox.DotnetAsync(folder, "tool", "run", Command, "install", "--bin", bin)).Succeeded();

        await AssertRestoresAsync(sandbox, bin);
    }

    [Fact]
    public async Task The_tool_runs_with_dnx_without_installation()
    {
        await using var sandbox = await StartAsync();

        var outcome = await sandbox.DotnetAsync(sandbox.Folder("tools"), "dnx", Tool, "--yes", "--add-source", Artifacts.Packages, "--", "policy", "contoso/app", "--owner", "111122223333", "--region", "us-east-1");

        Assert.Contains("codeartifact:GetAuthorizationToken", outcome.Succeeded().Output, StringComparison.Ordinal);
    }

    /// <summary>The option makes SDK 10 install the same part as older SDKs.</summary>
    [Fact]
    public async Task An_older_SDK_gets_the_framework_dependent_build()
    {
        await using var sandbox = await StartAsync();

        (await sandbox.DotnetAsync(sandbox.Folder("tools"), "tool", "install", "--global", Tool, "--framework", "net9.0")).Succeeded();

        await AssertRestoresAsync(sandbox);
        Assert.Contains("/tools/net8.0/any/", StoredFile(sandbox, $"{Tool}.dll"), StringComparison.Ordinal);
    }

    /// <summary>As on macOS, Windows and musl: the pointer package lists no package for this RID.</summary>
    [Fact]
    public async Task A_platform_without_a_native_executable_gets_the_any_package()
    {
        await using var sandbox = await StartAsync();
        foreach (var id in new[] { Tool, $"{Tool}.any" })
            Repack(Artifacts.Package(id), sandbox.Folder("any-only"), "99.0.0", settings => string.Join('\n', settings.Split('\n').Where(line => !line.Contains("linux", StringComparison.Ordinal))));
        sandbox.WriteConfig("tools", ("any-only", sandbox.Folder("any-only")));

        (await sandbox.DotnetAsync(sandbox.Folder("tools"), "tool", "install", "--global", Tool)).Succeeded();

        await AssertRestoresAsync(sandbox);
        // The shim contains the path of the program that it starts.
        var shim = await File.ReadAllTextAsync(Path.Combine(sandbox.Home, ".dotnet", "tools", Command), Encoding.Latin1, TestContext.Current.CancellationToken);
        Assert.Contains($"/credentialprovider.codeartifact.any/99.0.0/tools/net8.0/any/{Tool}.dll", shim, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_framework_dependent_tool_installs_the_plugin_for_older_SDKs()
    {
        await using var sandbox = await StartAsync();
        (await sandbox.DotnetAsync(sandbox.Folder("tools"), "tool", "install", "--global", Tool, "--framework", "net9.0")).Succeeded();

        (await sandbox.RunAsync(Path.Combine(sandbox.Home, ".dotnet", "tools", Command), sandbox.Home, "install", "--netcore")).Succeeded();

        var plugin = Path.Combine(sandbox.Home, ".nuget", "plugins", "netcore", Tool);
        Assert.Equal(Names(Artifacts.NetCoreFolder), Names(plugin));
        sandbox.Variables["NUGET_NETCORE_PLUGIN_PATHS"] = Path.Combine(plugin, $"{Tool}.dll");
        await AssertRestoresAsync(sandbox);
    }

    /// <summary>A sandbox whose only source of tools is the folder of packages.</summary>
    private static async Task<Sandbox> StartAsync()
    {
        Artifacts.RequireNative();
        var sandbox = await Sandbox.StartAsync();
        sandbox.WriteConfig("tools", ("packages", Artifacts.Packages));
        // The shim looks for .NET here and in the system-wide location.
        sandbox.Variables["DOTNET_ROOT"] = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));
        return sandbox;
    }

    private static async Task AssertRestoresAsync(Sandbox sandbox, string? bin = null)
    {
        // As the SDK tells the user to do when it installs the first tool.
        sandbox.Variables["PATH"] = $"{bin ?? Path.Combine(sandbox.Home, ".dotnet", "tools")}:{sandbox.Variables["PATH"]}";
        (await sandbox.DotnetAsync(sandbox.WriteSimpleProject(), "restore", "-warnaserror")).Succeeded();
        Assert.True(sandbox.HasPackage("Contoso.App.Client"));
    }

    private static string StoredFile(Sandbox sandbox, string name) =>
        Assert.Single(Directory.GetFiles(Path.Combine(sandbox.Home, ".dotnet", "tools", ".store"), name, SearchOption.AllDirectories));

    private static IEnumerable<string?> Names(string folder) => Directory.GetFiles(folder).Select(Path.GetFileName).Order();

    /// <summary>Copies a package with another version.</summary>
    private static void Repack(string package, string folder, string version, Func<string, string>? settings = null)
    {
        var copy = Path.Combine(folder, Path.GetFileName(package).Replace(Artifacts.Version, version, StringComparison.Ordinal));
        File.Copy(package, copy);
        using var archive = ZipFile.Open(copy, ZipArchiveMode.Update);
        foreach (var entry in archive.Entries.Where(entry => entry.Name.EndsWith(".nuspec", StringComparison.Ordinal) || entry.FullName == "tools/net10.0/any/DotnetToolSettings.xml"))
        {
            using var stream = entry.Open();
            using var reader = new StreamReader(stream, leaveOpen: true);
            var text = reader.ReadToEnd().Replace($"<version>{Artifacts.Version}<", $"<version>{version}<", StringComparison.Ordinal);
            if (settings is not null)
                text = settings(text);
            stream.SetLength(0);
            using var writer = new StreamWriter(stream);
            writer.Write(text);
        }
    }
}
