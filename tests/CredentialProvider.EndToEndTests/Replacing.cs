namespace CredentialProvider.EndToEndTests;

/// <summary>Installing while builds run.</summary>
public sealed class Replacing
{
    [Fact]
    public async Task A_client_that_starts_meanwhile_finds_one_whole_build()
    {
        Artifacts.Require(Artifacts.Native, "the native program");
        await using var sandbox = await Sandbox.StartAsync();
        var folder = Path.Combine(sandbox.Home, ".nuget", "plugins", "netcore", "CredentialProvider.CodeArtifact");
        var (plugin, native) = (Path.Combine(folder, "CredentialProvider.CodeArtifact.dll"), Path.Combine(sandbox.Home, ".local", "bin", "nuget-plugin-codeartifact"));
        string[] install = ["install", "--native", "--netcore"];
        (await sandbox.RunAsync(Artifacts.Native, sandbox.Home, install)).Succeeded();
        var (pluginLength, nativeLength) = (new FileInfo(plugin).Length, new FileInfo(native).Length);
        using var done = new CancellationTokenSource();
        var looking = Task.Run(() =>
        {
            var looks = 0;
            for (; !done.IsCancellationRequested; looks++)
            {
                // FileNotFoundException where there is a gap.
                Assert.Equal((pluginLength, nativeLength), (new FileInfo(plugin).Length, new FileInfo(native).Length));
            }

            return looks;
        }, TestContext.Current.CancellationToken);

        for (var i = 0; i < 10; i++)
        {
            // As an older build: something has to be replaced each time.
            await File.WriteAllTextAsync(Path.Combine(folder, "Old.dll"), "", TestContext.Current.CancellationToken);
            await using (var bytes = new FileStream(Path.Combine(folder, "CredentialProvider.CodeArtifact.deps.json"), FileMode.Append))
                bytes.WriteByte((byte)'\n');
            (await sandbox.RunAsync(Artifacts.Native, sandbox.Home, install)).Succeeded();
            Assert.False(File.Exists(Path.Combine(folder, "Old.dll")));
        }

        await done.CancelAsync();
        Assert.InRange(await looking, 100, int.MaxValue);
        Assert.Equal([folder], Directory.GetDirectories(Path.GetDirectoryName(folder)!));
    }

    [Fact]
    public async Task A_program_that_runs_goes_on()
    {
        await using var sandbox = await Sandbox.StartAsync();
        Artifacts.Require(Artifacts.Native, "the native program");
        var native = Path.Combine(sandbox.Home, ".local", "bin", "nuget-plugin-codeartifact");
        (await sandbox.RunAsync(Artifacts.Native, sandbox.Home, "install", "--native")).Succeeded();
        // As another version: bytes behind the end of a program are not looked at.
        await using (var bytes = new FileStream(native, FileMode.Append))
            bytes.WriteByte(0);
        await using var plugin = await PluginProcess.Start(sandbox, native).HandshakeAsync();

        (await sandbox.RunAsync(Artifacts.Native, sandbox.Home, "install", "--native")).Succeeded();

        Assert.Equal(new FileInfo(Artifacts.Native).Length, new FileInfo(native).Length);
        Assert.Equal("Success", (string?)(await plugin.CredentialsAsync(Feeds.App))["ResponseCode"]);
        await plugin.CloseAsync();
    }

    [Fact]
    public async Task What_is_installed_restores_with_every_build()
    {
        await using var sandbox = await Sandbox.StartAsync();
        Artifacts.Require(Artifacts.Native, "the native program");
        (await sandbox.RunAsync(Artifacts.Native, sandbox.Home, "install", "--netcore", "--netfx", "--native")).Succeeded();
        var project = sandbox.WriteSimpleProject();

        (await sandbox.DotnetAsync(project, "restore", "-warnaserror")).Succeeded();
        sandbox.ForgetPackages();
        sandbox.Variables["PATH"] = $"{Path.Combine(sandbox.Home, ".local", "bin")}:{sandbox.Variables["PATH"]}";
        Directory.Delete(Path.Combine(sandbox.Home, ".nuget", "plugins"), recursive: true);
        (await sandbox.DotnetAsync(project, "restore", "--force", "-warnaserror")).Succeeded();
    }
}
