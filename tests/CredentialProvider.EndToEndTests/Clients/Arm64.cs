namespace CredentialProvider.EndToEndTests.Clients;

/// <summary>The native executable for linux-arm64, under qemu on other machines.</summary>
[Trait("Category", "Slow")]
public sealed class Arm64
{
    private const string Platform = "linux-arm64", Emulator = "/usr/bin/qemu-aarch64-static";

    [Fact]
    public async Task A_restore_needs_only_the_plugin()
    {
        await using var sandbox = await StartAsync();
        sandbox.AllowSlowMetadata();

        (await sandbox.DotnetAsync(sandbox.WriteSimpleProject(), "restore", "-warnaserror")).Succeeded();

        Assert.True(sandbox.HasPackage("Contoso.App.Client"));
        Assert.Equal(1, sandbox.Aws.Audit.Count("codeartifact"));
        Assert.Equal(3, sandbox.Aws.Audit.Count("metadata"));
    }

    [Fact]
    public async Task The_command_line_works()
    {
        await using var sandbox = await StartAsync();
        sandbox.WriteSimpleConfig();

        var outcome = await sandbox.RunAsync("bash", sandbox.Folder("client"), "-c", "nuget-plugin-codeartifact doctor");

        Assert.Contains("  ok    token", outcome.Succeeded().Output, StringComparison.Ordinal);
    }

    /// <summary>A sandbox with the arm64 plugin on PATH.</summary>
    private static async Task<Sandbox> StartAsync()
    {
        var native = Artifacts.NativeFor(Platform);
        Artifacts.Require(native, $"the native executable for {Platform}");
        if (Artifacts.Platform == Platform)
        {
            var arm64 = await Sandbox.StartAsync();
            arm64.PutNativeOnPath();
            return arm64;
        }

        Artifacts.Require(Emulator, "qemu");
        Artifacts.Require("/usr/lib/aarch64-linux-gnu/libssl.so.3", "OpenSSL for arm64");
        var sandbox = await Sandbox.StartAsync();
        sandbox.PutOnPath($"{Emulator} {native}");
        return sandbox;
    }
}
