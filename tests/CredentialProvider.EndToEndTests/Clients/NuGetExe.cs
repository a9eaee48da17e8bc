namespace CredentialProvider.EndToEndTests.Clients;

/// <summary>nuget.exe under mono.</summary>
[Trait("Category", "Slow")]
public sealed class NuGetExe
{
    [Fact]
    public Task It_uses_the_native_executable() => InstallsAsync(sandbox => sandbox.PutNativeOnPath());

    [Fact]
    public Task It_uses_the_NET_Framework_build() => InstallsAsync(
        sandbox => sandbox.Variables["NUGET_NETFX_PLUGIN_PATHS"] = Artifacts.NetFx);

    [Fact]
    public Task It_uses_the_legacy_protocol() => InstallsAsync(
        sandbox => sandbox.Variables["NUGET_CREDENTIALPROVIDERS_PATH"] = Path.GetDirectoryName(Artifacts.NetFx)!);

    private static async Task InstallsAsync(Action<Sandbox> install)
    {
        const string Mono = "/usr/bin/mono", CertSync = "/usr/bin/cert-sync";
        Artifacts.Require(Mono, "mono");
        Artifacts.Require(CertSync, "cert-sync of mono");
        await using var sandbox = await Sandbox.StartAsync();
        install(sandbox);
        sandbox.WriteConfig(".", ("app", Feeds.App));
        (await sandbox.RunAsync(CertSync, sandbox.Home, "--user", sandbox.Aws.CaFile)).Succeeded();

        var outcome = (await sandbox.RunAsync(Mono, sandbox.Folder("."), Artifacts.NuGetExe, "install", "Contoso.App.Client",
            "-Version", "1.0.0", "-OutputDirectory", "pk", "-NonInteractive", "-NoHttpCache", "-ConfigFile", "nuget.config")).Succeeded();

        Assert.True(Directory.Exists(Path.Combine(sandbox.Folder("pk"), "Contoso.Core.1.0.0")), outcome.Output);
        Assert.Equal(1, sandbox.Aws.Audit.Count("codeartifact", "GetAuthorizationToken"));
        Assert.All(sandbox.Aws.World.Tokens.Keys, token => Assert.DoesNotContain(token, outcome.Output, StringComparison.Ordinal));
    }
}
