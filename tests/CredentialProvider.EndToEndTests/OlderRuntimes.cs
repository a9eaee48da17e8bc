namespace CredentialProvider.EndToEndTests;

/// <summary>The framework-dependent build where there is no other .NET than an older one, as with SDKs 8 and 9.</summary>
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

    /// <summary>As in SDK 8: NuGet's own client classes of that time run on it, too, and start the plugin with it.</summary>
    [Fact]
    public async Task NuGet_of_its_time_starts_and_understands_the_plugin()
    {
        await using var sandbox = await Sandbox.StartAsync();
        sandbox.Variables["PATH"] = $"{Path.GetDirectoryName(Install(sandbox, "8.0.34"))}:{sandbox.Variables["PATH"]}";
        sandbox.Variables["NUGET_NETCORE_PLUGIN_PATHS"] = Artifacts.NetCore;

        await OtherClients.AsksAsync(sandbox, "6.7.0", "CredentialProvider.CodeArtifact.dll");
    }

    /// <summary>A folder of .NET with this run-time alone, from its package.</summary>
    /// <returns>The dotnet in it.</returns>
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
