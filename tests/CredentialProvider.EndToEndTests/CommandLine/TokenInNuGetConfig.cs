namespace CredentialProvider.EndToEndTests.CommandLine;

/// <summary>A nuget.config written by <c>token --format nuget-config</c>, for tools that do not support plugins.</summary>
[Trait("Category", "Slow")]
public sealed class TokenInNuGetConfig
{
    [Fact]
    public async Task A_restore_needs_no_plugin()
    {
        Artifacts.RequireNative();
        await using var sandbox = await Sandbox.StartAsync();
        sandbox.PrintsTokens = true;
        var project = sandbox.WriteSimpleProject();
        (await sandbox.RunAsync(Artifacts.Native, project, "token", "app", "--format", "nuget-config", "--output", "secret.config")).Succeeded();

        (await sandbox.DotnetAsync(project, "restore", "--configfile", "secret.config", "-warnaserror")).Succeeded();

        Assert.True(sandbox.HasPackage("Example.Json"));
    }
}
