namespace CredentialProvider.EndToEndTests.Clients;

/// <summary>
/// The plugin for Windows under Wine: file locations, DPAPI, locks and files in use. It is compiled just in time, because Native AOT cannot
/// cross-compile for Windows. Wine trusts every certificate, so certificate validation is not tested here.
/// </summary>
[Trait("Category", "Slow")]
public sealed class Windows
{
    private const string Emulator = "/usr/lib/wine/wine64";

    private static readonly string Program = Artifacts.Built("windows/nuget-plugin-codeartifact.exe"), Prefix = Artifacts.Built("wine");

    private static readonly SemaphoreSlim CreatingPrefix = new(1);

    [Fact]
    public async Task A_restore_needs_only_the_plugin()
    {
        await using var sandbox = await StartAsync();
        sandbox.AllowSlowMetadata();

        (await sandbox.DotnetAsync(sandbox.WriteSimpleProject(), "restore", "-warnaserror")).Succeeded();

        Assert.True(sandbox.HasPackage("Example.Json"));
        Assert.Equal(1, sandbox.Aws.Audit.Count("codeartifact"));
        Assert.Equal(3, sandbox.Aws.Audit.Count("metadata"));
    }

    /// <summary>The secret scan at the end checks that DPAPI encrypts the token on disk.</summary>
    [Fact]
    public async Task Concurrent_processes_fetch_one_token_and_cache_it()
    {
        await using var sandbox = await StartAsync();

        var tokens = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => TokenAsync(sandbox)));
        tokens = [.. tokens, await TokenAsync(sandbox)];

        Assert.Single(tokens.Distinct());
        Assert.Equal(1, sandbox.Aws.Audit.Count("codeartifact"));
        Assert.Single(Directory.GetFiles(sandbox.Folder("cache/codeartifact-credentials"), "*.json"));
    }

    [Fact]
    public async Task The_command_line_works()
    {
        await using var sandbox = await StartAsync();
        sandbox.WriteSimpleConfig();

        var doctor = await sandbox.RunAsync(Plugin(sandbox), sandbox.Folder("client"), "doctor");
        var install = await sandbox.RunAsync(Plugin(sandbox), sandbox.Home, "install");

        Assert.Contains("  ok    read                the repository accepts the token", doctor.Succeeded().Output, StringComparison.Ordinal);
        Assert.Matches(@"^C:\\users\\[^\\]+\\AppData\\Local\\Programs\\nuget-plugin-codeartifact\\nuget-plugin-codeartifact\.exe installed", install.Succeeded().Output);
        (await sandbox.RunAsync(Plugin(sandbox), sandbox.Home, "uninstall")).Succeeded();
    }

    private static string Plugin(Sandbox sandbox) => Path.Combine(sandbox.Folder("bin"), "nuget-plugin-codeartifact");

    private static async Task<string> TokenAsync(Sandbox sandbox)
    {
        await using var plugin = await PluginProcess.Start(sandbox, Plugin(sandbox)).InitializeAsync();
        var answer = await plugin.GetCredentialsAsync(Feeds.App);
        await plugin.CloseAsync();
        return (string)answer["Password"]!;
    }

    /// <summary>A sandbox with the Windows plugin on PATH.</summary>
    private static async Task<Sandbox> StartAsync()
    {
        Artifacts.Require(Emulator, "Wine");
        Assert.True(File.Exists(Program), $"{Program} is missing; build/test.sh builds it");
        var sandbox = await Sandbox.StartAsync();
        sandbox.PutOnPath($"{Emulator} {Program}");
        sandbox.Variables["WINEPREFIX"] = Prefix;
        sandbox.Variables["WINEDEBUG"] = "-all";
        // Wine does not implement all that W^X needs.
        sandbox.Variables["DOTNET_EnableWriteXorExecute"] = "0";
        sandbox.Variables["CODEARTIFACT_CACHE_DIR"] = $"Z:{sandbox.Folder("cache")}";
        await CreatingPrefix.WaitAsync(TestContext.Current.CancellationToken);
        try
        {
            if (!Directory.Exists(Prefix))
                (await sandbox.RunAsync(Emulator, sandbox.Home, "wineboot", "--init")).Succeeded();
        }
        finally
        {
            CreatingPrefix.Release();
        }

        return sandbox;
    }
}
