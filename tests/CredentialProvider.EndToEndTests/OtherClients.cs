using System.Security.Cryptography;
using System.Text;

namespace CredentialProvider.EndToEndTests;

/// <summary>Clients besides dotnet: nuget.exe, and the client classes of three generations of NuGet.Protocol.</summary>
public sealed class OtherClients
{
    [Theory]
    [InlineData("6.7.0")]
    [InlineData("7.9.0")]
    [InlineData("8.0.0")]
    public async Task NuGet_Protocol_starts_and_understands_the_netcore_plugin(string version)
    {
        await using var sandbox = await Sandbox.StartAsync();
        sandbox.Variables["NUGET_NETCORE_PLUGIN_PATHS"] = Artifacts.NetCore;
        await AsksAsync(sandbox, version, "CredentialProvider.CodeArtifact.dll");
    }

    [Theory]
    [InlineData("7.9.0")]
    [InlineData("8.0.0")]
    public async Task NuGet_Protocol_finds_the_native_plugin_on_PATH(string version)
    {
        await using var sandbox = await Sandbox.StartAsync();
        sandbox.PutNativeOnPath();
        await AsksAsync(sandbox, version, "nuget-plugin-codeartifact");
    }

    /// <summary>Before 6.13 NuGet does not look on PATH, and takes the framework-dependent program.</summary>
    [Theory]
    [InlineData("6.7.0", "CredentialProvider.CodeArtifact.dll")]
    [InlineData("7.9.0", "nuget-plugin-codeartifact")]
    [InlineData("8.0.0", "nuget-plugin-codeartifact")]
    public async Task NuGet_Protocol_takes_what_the_MSBuild_package_offers(string version, string program)
    {
        Artifacts.Require(Artifacts.Native, "the native program");
        await using var sandbox = await Sandbox.StartAsync();
        await AsksAsync(sandbox, version, program, await TheMSBuildPackage.UnpackAsync(sandbox));
    }

    [Fact]
    public Task Nuget_exe_uses_the_native_plugin() => InstallsWithNuGetExe(sandbox => sandbox.PutNativeOnPath());

    [Fact]
    public Task Nuget_exe_uses_the_netfx_plugin() => InstallsWithNuGetExe(
        sandbox => sandbox.Variables["NUGET_NETFX_PLUGIN_PATHS"] = Artifacts.NetFx);

    [Fact]
    public Task Nuget_exe_uses_the_older_protocol() => InstallsWithNuGetExe(
        sandbox => sandbox.Variables["NUGET_CREDENTIALPROVIDERS_PATH"] = Path.GetDirectoryName(Artifacts.NetFx)!);

    [Theory]
    [InlineData("dotnet")]
    [InlineData("/usr/bin/mono")]
    public async Task The_other_builds_have_the_same_command_line(string runtime)
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

    [Fact]
    public async Task A_nuget_config_with_a_token_restores_where_there_is_no_plugin()
    {
        Artifacts.Require(Artifacts.Native, "the native program");
        await using var sandbox = await Sandbox.StartAsync();
        sandbox.PrintsTokens = true;
        var project = sandbox.WriteSimpleProject();
        (await sandbox.RunAsync(Artifacts.Native, project, "token", "app", "--format", "nuget-config", "--output", "secret.config")).Succeeded();

        (await sandbox.DotnetAsync(project, "restore", "--configfile", "secret.config", "-warnaserror")).Succeeded();

        Assert.True(sandbox.HasPackage("Example.Json"));
    }

    /// <summary>Lets a generation of NuGet.Protocol find this plugin, start it and ask it for credentials.</summary>
    /// <param name="packages">The folder of the MSBuild package, if that is to offer the plugin.</param>
    internal static async Task AsksAsync(Sandbox sandbox, string version, string plugin, params string[] packages)
    {
        var client = Artifacts.Built($"bin/NuGetProtocolClient-{version}/release/NuGetProtocolClient.dll");
        Assert.True(File.Exists(client), "build/test.sh builds it");

        var outcome = (await sandbox.DotnetAsync(sandbox.Home, [client, Feeds.App, .. packages])).Succeeded();

        var token = Assert.Single(sandbox.Aws.World.Tokens.Keys);
        var hash = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(token)));
        Assert.Equal($"{plugin}\nprotocol 2.0.0\nclaims Authentication\nSuccess aws Basic\n{hash}\n", outcome.Output);
    }

    private static async Task InstallsWithNuGetExe(Action<Sandbox> install)
    {
        const string Mono = "/usr/bin/mono", CertSync = "/usr/bin/cert-sync";
        Artifacts.Require(Mono, "mono");
        Artifacts.Require(CertSync, "mono's cert-sync");
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
