namespace CredentialProvider.EndToEndTests.CommandLine;

/// <summary>The command line of the framework-dependent build and of the .NET Framework build.</summary>
[Trait("Category", "Slow")]
public sealed class OtherBuilds
{
    [Theory]
    [InlineData("dotnet")]
    [InlineData("/usr/bin/mono")]
    public async Task Doctor_passes_every_check(string runtime)
    {
        var isMono = runtime != "dotnet";
        if (isMono)
            Artifacts.Require(runtime, "mono");
        await using var sandbox = await Sandbox.StartAsync();
        sandbox.PutNativeOnPath();
        sandbox.WriteSimpleConfig();
        if (isMono)
            (await sandbox.RunAsync("/usr/bin/cert-sync", sandbox.Home, "--user", sandbox.Aws.CaFile)).Succeeded();

        var outcome = await sandbox.RunAsync(runtime, sandbox.Folder("client"), isMono ? Artifacts.NetFx : Artifacts.NetCore, "doctor", "--publish", "Contoso.App.Client");

        Assert.Contains("  ok    publish             allowed", outcome.Succeeded().Output, StringComparison.Ordinal);
    }
}
