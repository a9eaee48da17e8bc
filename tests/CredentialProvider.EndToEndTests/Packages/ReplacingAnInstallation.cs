namespace CredentialProvider.EndToEndTests.Packages;

/// <summary>Installing another version while builds are running.</summary>
[Trait("Category", "Slow")]
public sealed class ReplacingAnInstallation
{
    [Fact]
    public async Task A_client_that_starts_meanwhile_finds_a_complete_build()
    {
        Artifacts.RequireNative();
        await using var sandbox = await Sandbox.StartAsync();
        var folder = Path.Combine(sandbox.Home, ".nuget", "plugins", "netcore", "CredentialProvider.CodeArtifact");
        var (plugin, native) = (Path.Combine(folder, "CredentialProvider.CodeArtifact.dll"), Path.Combine(sandbox.Home, ".local", "bin", "nuget-plugin-codeartifact"));
        string[] install = ["install", "--native", "--netcore"];
        (await sandbox.RunAsync(Artifacts.Native, sandbox.Home, install)).Succeeded();
        var (pluginLength, nativeLength) = (new FileInfo(plugin).Length, new FileInfo(native).Length);
        using var done = new CancellationTokenSource();
        var watching = Task.Run(() =>
        {
            var checks = 0;
            for (; !done.IsCancellationRequested; checks++)
            {
                // Throws FileNotFoundException if a file is missing for a moment.
                Assert.Equal((pluginLength, nativeLength), (new FileInfo(plugin).Length, new FileInfo(native).Length));
            }

            return checks;
        }, TestContext.Current.CancellationToken);

        for (var i = 0; i < 10; i++)
        {
            // Makes the installation differ from the build, so that each run replaces it.
            await File.WriteAllTextAsync(Path.Combine(folder, "Old.dll"), "", TestContext.Current.CancellationToken);
            await using (var bytes = new FileStream(Path.Combine(folder, "CredentialProvider.CodeArtifact.deps.json"), FileMode.Append))
                bytes.WriteByte((byte)'\n');
            (await sandbox.RunAsync(Artifacts.Native, sandbox.Home, install)).Succeeded();
            Assert.False(File.Exists(Path.Combine(folder, "Old.dll")));
        }

        await done.CancelAsync();
        Assert.InRange(await watching, 100, int.MaxValue);
        Assert.Equal([folder], Directory.GetDirectories(Path.GetDirectoryName(folder)!));
    }

    [Fact]
    public async Task A_running_plugin_continues()
    {
        await using var sandbox = await Sandbox.StartAsync();
        Artifacts.RequireNative();
        var native = Path.Combine(sandbox.Home, ".local", "bin", "nuget-plugin-codeartifact");
        (await sandbox.RunAsync(Artifacts.Native, sandbox.Home, "install", "--native")).Succeeded();
        // A different file that still runs: trailing bytes are ignored.
        await using (var bytes = new FileStream(native, FileMode.Append))
            bytes.WriteByte(0);
        await using var plugin = await PluginProcess.Start(sandbox, native).InitializeAsync();

        (await sandbox.RunAsync(Artifacts.Native, sandbox.Home, "install", "--native")).Succeeded();

        Assert.Equal(new FileInfo(Artifacts.Native).Length, new FileInfo(native).Length);
        Assert.Equal("Success", (string?)(await plugin.GetCredentialsAsync(Feeds.App))["ResponseCode"]);
        await plugin.CloseAsync();
    }

    [Fact]
    public async Task Every_installed_build_restores()
    {
        await using var sandbox = await Sandbox.StartAsync();
        Artifacts.RequireNative();
        (await sandbox.RunAsync(Artifacts.Native, sandbox.Home, "install", "--netcore", "--netfx", "--native")).Succeeded();
        var project = sandbox.WriteSimpleProject();

        (await sandbox.DotnetAsync(project, "restore", "-warnaserror")).Succeeded();
        sandbox.ForgetPackages();
        sandbox.Variables["PATH"] = $"{Path.Combine(sandbox.Home, ".local", "bin")}:{sandbox.Variables["PATH"]}";
        Directory.Delete(Path.Combine(sandbox.Home, ".nuget", "plugins"), recursive: true);
        (await sandbox.DotnetAsync(project, "restore", "--force", "-warnaserror")).Succeeded();
    }
}
