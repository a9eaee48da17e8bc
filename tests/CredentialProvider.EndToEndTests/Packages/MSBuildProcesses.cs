namespace CredentialProvider.EndToEndTests.Packages;

/// <summary>The MSBuild package where MSBuild restores in another process, or in one that outlives the build.</summary>
[Trait("Category", "Slow")]
public sealed class MSBuildProcesses
{
    private const string OutOfProcess = "MSBUILDFORCEALLTASKSOUTOFPROC";

    [Theory]
    [InlineData("DOTNET_CLI_USE_MSBUILD_SERVER")]
    [InlineData("MSBUILDUSESERVER")]
    [InlineData("MSBUILDUSESERVER", "-p:RestoreUseStaticGraphEvaluation=true")]
    [InlineData("MSBUILDUSESERVER", "-mt")]
    [InlineData(OutOfProcess)]
    [InlineData(OutOfProcess, "-mt")]
    [InlineData("", "-mt")]
    [InlineData("")]
    public async Task Every_restore_finds_the_plugin(string variable, params string[] options)
    {
        await using var sandbox = await CloneAsync(variable);

        (await sandbox.DotnetAsync(sandbox.Folder("."), ["restore", "all.slnx", "--no-http-cache", .. options])).Succeeded();
        Forget(sandbox);
        // Both projects were restored before, so the package waits for NuGet's first request.
        (await sandbox.DotnetAsync(sandbox.Folder("."), ["restore", "all.slnx", "--no-http-cache", .. options])).Succeeded();
        Forget(sandbox);
        sandbox.ForgetRestores();
        (await sandbox.DotnetAsync(sandbox.Folder("."), ["restore", "all.slnx", "--no-http-cache", .. options])).Succeeded();

        Assert.True(sandbox.HasPackage("Example.Json"));
        // NuGet keeps credentials in a process that outlives the build, so it may ask only once.
        Assert.InRange(sandbox.Aws.Audit.Count("codeartifact"), variable == OutOfProcess ? 1 : 3, 3);
    }

    [Fact]
    public async Task A_build_in_the_server_sees_its_own_environment()
    {
        await using var sandbox = await CloneAsync("MSBUILDUSESERVER");
        (await sandbox.DotnetAsync(sandbox.Folder("."), "restore", "all.slnx")).Succeeded();
        Forget(sandbox);
        sandbox.ForgetRestores();
        sandbox.Variables["AWS_EC2_METADATA_DISABLED"] = "true";

        var outcome = (await sandbox.DotnetAsync(sandbox.Folder("."), "restore", "all.slnx", "--no-http-cache")).Failed();

        Assert.Contains("warning CACP1004", outcome.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("-p:CodeArtifactOfferPlugin=false", "kill ")]
    [InlineData("-p:RestoreUseStaticGraphEvaluation=true", "unset the variable")]
    public async Task What_cannot_work_is_one_warning_with_a_fix(string option, string fix)
    {
        await using var sandbox = await CloneAsync(OutOfProcess);
        // NuGet looks for plugins once in a process, which serves the next build as well.
        await sandbox.DotnetAsync(sandbox.Folder("."), "restore", "client", "-p:CodeArtifactOfferPlugin=false");
        sandbox.ForgetRestores();
        string[] options = option.Contains("Offer", StringComparison.Ordinal) ? [] : [option];

        var outcome = (await sandbox.DotnetAsync(sandbox.Folder("."), ["restore", "client", .. options])).Failed();

        var line = Assert.Single(outcome.Output.Split('\n').Where(line => line.Contains("CACP1014", StringComparison.Ordinal)).Select(line => line.Trim()).Distinct());
        Assert.Contains(fix, line, StringComparison.Ordinal);
    }

    private static async Task<Sandbox> CloneAsync(string variable)
    {
        var sandbox = await ClonedRepository.StartAsync();
        sandbox.ReuseMSBuildNodes();
        if (variable.Length > 0)
            sandbox.Variables[variable] = "1";
        return sandbox;
    }

    private static void Forget(Sandbox sandbox)
    {
        sandbox.ForgetTokens();
        Directory.Delete(Path.Combine(sandbox.Variables["NUGET_PACKAGES"], "example.json"), recursive: true);
    }
}
