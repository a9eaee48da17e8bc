using CredentialProvider.EndToEndTests.Packages;
using System.Security.Cryptography;
using System.Text;

namespace CredentialProvider.EndToEndTests.Clients;

/// <summary>Three generations of NuGet.Protocol, the client library of dotnet, MSBuild and Visual Studio.</summary>
[Trait("Category", "Slow")]
public sealed class NuGetProtocol
{
    [Theory]
    [InlineData("6.7.0")]
    [InlineData("7.9.0")]
    [InlineData("8.0.0")]
    public async Task It_gets_credentials_from_the_framework_dependent_build(string version)
    {
        await using var sandbox = await Sandbox.StartAsync();
        sandbox.Variables["NUGET_NETCORE_PLUGIN_PATHS"] = Artifacts.NetCore;
        await AssertGetsCredentialsAsync(sandbox, version, "CredentialProvider.CodeArtifact.dll");
    }

    [Theory]
    [InlineData("7.9.0")]
    [InlineData("8.0.0")]
    public async Task It_finds_the_native_executable_on_PATH(string version)
    {
        await using var sandbox = await Sandbox.StartAsync();
        sandbox.PutNativeOnPath();
        await AssertGetsCredentialsAsync(sandbox, version, "nuget-plugin-codeartifact");
    }

    /// <summary>NuGet before 6.13 does not search PATH and uses the framework-dependent build. The package starts the plugin before NuGet
    /// asks for it.</summary>
    [Theory]
    [InlineData("6.7.0", "CredentialProvider.CodeArtifact.dll")]
    [InlineData("7.9.0", "nuget-plugin-codeartifact")]
    [InlineData("8.0.0", "nuget-plugin-codeartifact")]
    public async Task It_uses_the_plugin_that_the_MSBuild_package_offers(string version, string program)
    {
        Artifacts.RequireNative();
        await using var sandbox = await Sandbox.StartAsync();
        var log = sandbox.Variables["CODEARTIFACT_LOG_FILE"] = Path.Combine(sandbox.Root, "log");

        await AssertGetsCredentialsAsync(sandbox, version, program, await sandbox.UnpackPackageAsync());

        Assert.Single(await File.ReadAllLinesAsync(log, TestContext.Current.CancellationToken), line => line.Contains(" started ", StringComparison.Ordinal));
    }

    /// <summary>Checks that this version of NuGet.Protocol finds the plugin, starts it and gets credentials from it.</summary>
    /// <param name="packages">The folder of the MSBuild package, if the package offers the plugin.</param>
    internal static async Task AssertGetsCredentialsAsync(Sandbox sandbox, string version, string plugin, params string[] packages)
    {
        var client = Artifacts.Built($"bin/NuGetProtocolClient-{version}/release/NuGetProtocolClient.dll");
        Assert.True(File.Exists(client), $"{client} is missing; build/test.sh builds it");

        var outcome = (await sandbox.DotnetAsync(sandbox.Home, [client, Feeds.App, .. packages])).Succeeded();

        var token = Assert.Single(sandbox.Aws.World.Tokens.Keys);
        var hash = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(token)));
        Assert.Equal($"{plugin}\nprotocol 2.0.0\nclaims Authentication\nSuccess aws Basic\n{hash}\n", outcome.Output);
    }
}
