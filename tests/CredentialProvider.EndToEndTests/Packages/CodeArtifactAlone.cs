using LocalAws;

namespace CredentialProvider.EndToEndTests.Packages;

/// <summary>A repository whose only source is CodeArtifact and that contains the MSBuild package, on a machine without an installed plugin: the recipe of
/// docs/guides/msbuild.md, and the commands in which the package has no part.</summary>
[Trait("Category", "Slow")]
public sealed class CodeArtifactAlone
{
    [Theory]
    [InlineData("restore")]
    [InlineData("build")]
    public async Task Restores_without_warnings(string command)
    {
        await using var sandbox = await CloneAsync();

        var outcome = (await sandbox.DotnetAsync(sandbox.Folder("."), command, "client", "-warnaserror")).Succeeded();

        Assert.DoesNotContain("warning", outcome.Output.Replace("0 Warning(s)", "", StringComparison.Ordinal), StringComparison.OrdinalIgnoreCase);
        Assert.True(sandbox.HasPackage("Example.Json"));
        Assert.Equal(1, sandbox.Aws.Audit.Count("codeartifact"));
        // NuGet sends requests without credentials until it has been given some, up to three side by side for the service index. It gives up on a source,
        // and so waits, after dozens.
        var refused = sandbox.Aws.Audit.Entries.Where(entry => entry is { Service: "nuget", Status: 401 }).GroupBy(entry => entry.Path);
        Assert.All(refused, requests => Assert.InRange(requests.Count(), 1, 6));
    }

    /// <summary>The native executable has no execute bit, and the framework-dependent build needs a runtime that is missing.</summary>
    [Fact]
    public async Task A_program_that_does_not_run_here_is_one_warning_with_the_cause()
    {
        await using var sandbox = await CloneAsync();
        foreach (var native in Directory.GetFiles(sandbox.Folder("package/tools"), "nuget-plugin-codeartifact", SearchOption.AllDirectories))
            File.SetUnixFileMode(native, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var configuration = Assert.Single(Directory.GetFiles(sandbox.Folder("package/tools"), "*.runtimeconfig.json", SearchOption.AllDirectories));
        var json = await File.ReadAllTextAsync(configuration, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(configuration, json.Replace("8.0.0", "99.0.0", StringComparison.Ordinal), TestContext.Current.CancellationToken);

        var outcome = (await sandbox.DotnetRestoreAsync("client")).Failed();

        var warning = Assert.Single(outcome.Output.Split('\n').Where(line => line.Contains("CACP", StringComparison.Ordinal)).Select(line => line.Trim()).Distinct());
        Assert.Contains("CodeArtifact : warning CACP1014: NuGet cannot use the plugin of the MSBuild package: ", warning, StringComparison.Ordinal);
        Assert.Contains(" does not run here (exit code 150: You must install or update .NET to run this application.); ", warning, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("401 (Unauthorized)", "package", "list", "--project", "client/client.csproj", "--outdated")]
    [InlineData("error: Failed to retrieve metadata from source", "package", "search", "Contoso", "--source", Feeds.App)]
    [InlineData("401 (Unauthorized)", "tool", "install", "Contoso.Tool", "--tool-path", "tools")]
    [InlineData("could not be installed", "new", "install", "Contoso.Templates")]
    [InlineData("401 (Unauthorized)", "nuget", "push", "Contoso.New.1.0.0.nupkg", "--source", "contoso")]
    public async Task Commands_without_MSBuild_need_an_installed_plugin(string symptom, params string[] command)
    {
        await using var sandbox = await CloneAsync();
        sandbox.Aws.World.Repositories[0].With(Package.Create("Contoso.Tool", "1.0.0"));
        await File.WriteAllBytesAsync(Path.Combine(sandbox.Root, "Contoso.New.1.0.0.nupkg"), Package.Create("Contoso.New", "1.0.0").Content, TestContext.Current.CancellationToken);
        (await sandbox.DotnetRestoreAsync("client")).Succeeded();

        var outcome = await sandbox.DotnetAsync(sandbox.Folder("."), command);

        Assert.Contains(symptom, outcome.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("CACP", outcome.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("<Project Sdk=\"Contoso.Sdk/1.0.0\" />", "{}", "MSB4236")]
    [InlineData("<Project Sdk=\"Contoso.Sdk\" />", """{ "msbuild-sdks": { "Contoso.Sdk": "1.0.0" } }""", "MSB4236")]
    public async Task A_project_SDK_needs_an_installed_plugin(string project, string globalJson, string symptom)
    {
        await using var sandbox = await CloneAsync();
        sandbox.Aws.World.Repositories[0].With(Package.Create("Contoso.Sdk", "1.0.0", [], "MSBuildSdk", ("Sdk/Sdk.props", "<Project />"), ("Sdk/Sdk.targets", "<Project />")));
        sandbox.Write("client/client.csproj", project);
        sandbox.Write("global.json", globalJson);

        var outcome = await sandbox.DotnetRestoreAsync("client");

        Assert.Contains(symptom, outcome.Failed().Output, StringComparison.Ordinal);
        Assert.DoesNotContain("CACP", outcome.Output, StringComparison.Ordinal);
        var doctor = await sandbox.RunAsync(Artifacts.Native, sandbox.Folder("client"), "doctor");
        Assert.Contains(doctor.Output.Split('\n'), line => line.Contains("warn  plugin", StringComparison.Ordinal) && line.Contains("Contoso.Sdk", StringComparison.Ordinal));
    }

    private static async Task<Sandbox> CloneAsync()
    {
        Artifacts.RequireNative();
        var sandbox = await Sandbox.StartAsync();
        sandbox.Variables["NUGET_ENHANCED_MAX_NETWORK_TRY_COUNT"] = "1";
        // Once a day dotnet looks for workloads in the background, where MSBuild has no part.
        sandbox.Variables["DOTNET_CLI_WORKLOAD_UPDATE_NOTIFY_DISABLE"] = "true";
        await sandbox.UnpackPackageAsync();
        foreach (var kind in new[] { "props", "targets" })
        {
            sandbox.Write($"Directory.Build.{kind}",
                $"""<Project><Import Project="$(MSBuildThisFileDirectory)package/Sdk/Sdk.{kind}" /></Project>""");
        }

        sandbox.WriteConfig(".", ("contoso", Feeds.App));
        sandbox.WriteProject("client", "Contoso.App.Client/1.0.0");
        sandbox.Write("client/Program.cs", "class Program { static void Main() { } }");
        return sandbox;
    }
}
