namespace CredentialProvider.EndToEndTests.Clients;

/// <summary>The framework-dependent build where only an older .NET is installed, as with SDKs 8 and 9.</summary>
[Trait("Category", "Slow")]
public sealed class OlderRuntimes
{
    [Theory]
    [InlineData("8.0.34")]
    [InlineData("9.0.23")]
    public async Task A_restore_works(string version)
    {
        await using var sandbox = await Sandbox.StartAsync();
        sandbox.PutOnPath($"{Install(sandbox, version)} {Artifacts.NetCore}");

        (await sandbox.DotnetAsync(sandbox.WriteSimpleProject(), "restore", "-warnaserror")).Succeeded();

        Assert.True(sandbox.HasPackage("Example.Json"));
        Assert.Equal(1, sandbox.Aws.Audit.Count("codeartifact"));
    }

    [Theory]
    [InlineData("8.0.34")]
    [InlineData("9.0.23")]
    public async Task The_command_line_works(string version)
    {
        await using var sandbox = await Sandbox.StartAsync();
        sandbox.PutNativeOnPath();
        sandbox.WriteSimpleConfig();

        var outcome = await sandbox.RunAsync(Install(sandbox, version), sandbox.Folder("client"), Artifacts.NetCore, "doctor");

        Assert.Contains("  ok    token", outcome.Succeeded().Output, StringComparison.Ordinal);
    }

    /// <summary>As in SDK 8, whose NuGet runs on .NET 8 and starts the plugin with it.</summary>
    [Fact]
    public async Task NuGet_Protocol_of_SDK_8_gets_credentials()
    {
        await using var sandbox = await Sandbox.StartAsync();
        sandbox.Variables["PATH"] = $"{Path.GetDirectoryName(Install(sandbox, "8.0.34"))}:{sandbox.Variables["PATH"]}";
        sandbox.Variables["NUGET_NETCORE_PLUGIN_PATHS"] = Artifacts.NetCore;

        await NuGetProtocol.AssertGetsCredentialsAsync(sandbox, "6.7.0", "CredentialProvider.CodeArtifact.dll");
    }

    /// <summary>Installs this runtime alone, from its package, and returns the path of its dotnet.</summary>
    private static string Install(Sandbox sandbox, string version)
    {
        var root = sandbox.Folder($"dotnet-{version}");
        File.Copy(Path.Combine(RootFileSystem.Sdk, "dotnet"), Path.Combine(root, "dotnet"));
        Directory.CreateSymbolicLink(Path.Combine(root, "host"), Path.Combine(RootFileSystem.Sdk, "host"));
        var runtime = sandbox.Folder($"dotnet-{version}/shared/Microsoft.NETCore.App/{version}");
        foreach (var file in Directory.GetFiles(Path.Combine(Artifacts.Runtimes, version, "runtimes"), "*", SearchOption.AllDirectories))
            File.CreateSymbolicLink(Path.Combine(runtime, Path.GetFileName(file)), file);
        return Path.Combine(root, "dotnet");
    }
}
