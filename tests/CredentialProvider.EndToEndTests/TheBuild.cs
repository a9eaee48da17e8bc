namespace CredentialProvider.EndToEndTests;

/// <summary>What build/build.sh leaves behind.</summary>
public sealed class TheBuild
{
    [Fact]
    public void The_native_program_has_fifteen_megabytes_at_most_and_stands_alone()
    {
        Artifacts.Require(Artifacts.Native, "the native program");
        Assert.InRange(new FileInfo(Artifacts.Native).Length, 1, 15_000_000);
        Assert.Equal([Artifacts.Native], Directory.GetFiles(Artifacts.NativeFolder));
    }

    [Fact]
    public void The_netcore_build_runs_on_every_later_runtime() => Assert.Contains("\"rollForward\": \"Major\"",
        File.ReadAllText(Path.ChangeExtension(Artifacts.NetCore, ".runtimeconfig.json")), StringComparison.Ordinal);

    [Fact]
    public async Task Every_build_says_which_version_and_commit_it_is()
    {
        Artifacts.Require(Artifacts.Native, "the native program");
        await using var sandbox = await Sandbox.StartAsync();
        var commit = PackedFiles.Commit("CredentialProvider.CodeArtifact.any");

        var native = (await sandbox.RunAsync(Artifacts.Native, sandbox.Home, "--version")).Succeeded();
        var netcore = (await sandbox.DotnetAsync(sandbox.Home, Artifacts.NetCore, "--version")).Succeeded();

        Assert.All([native, netcore], outcome => Assert.Equal($"{Artifacts.Version}+{commit}\n", outcome.Output));
        Assert.Equal(commit, System.Diagnostics.FileVersionInfo.GetVersionInfo(Artifacts.NetFx).ProductVersion!.Split('+')[1]);
    }

    [Fact]
    public void The_netfx_build_is_there() => Assert.True(File.Exists(Artifacts.NetFx));
}
