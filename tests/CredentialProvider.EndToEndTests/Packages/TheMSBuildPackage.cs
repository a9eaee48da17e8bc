using LocalAws;

namespace CredentialProvider.EndToEndTests.Packages;

/// <summary>A repository that references the MSBuild package, on a machine without an installed plugin.</summary>
[Trait("Category", "Slow")]
public sealed class TheMSBuildPackage
{
    [Theory]
    [InlineData("restore", "client")]
    [InlineData("restore", "all.slnx")]
    [InlineData("restore", "all.slnx", "-p:RestoreUseStaticGraphEvaluation=true")]
    [InlineData("restore", "client", "-p:RestoreUseStaticGraphEvaluation=true")]
    [InlineData("build", "all.slnx")]
    [InlineData("msbuild", "all.slnx", "-restore", "-m")]
    [InlineData("msbuild", "all.slnx", "-restore", "-m:1", "-graph")]
    [InlineData("run", "--project", "client")]
    public async Task A_fresh_clone_restores(params string[] arguments)
    {
        await using var sandbox = await ClonedRepository.StartAsync(hasPackage: false);

        // The sandbox searches the binary log for secrets when it is disposed.
        (await sandbox.DotnetAsync(sandbox.Folder("."), [.. arguments, "-bl:log.binlog"])).Succeeded();

        Assert.True(sandbox.HasPackage("Example.Json"));
        Assert.Equal(1, sandbox.Aws.Audit.Count("codeartifact"));
        Assert.False(Directory.Exists(Path.Combine(sandbox.Home, ".nuget", "plugins")));
    }

    /// <summary>A solution imports no Directory.Build.props, and projects do not see the solution's properties.</summary>
    [Theory]
    [InlineData("Directory.Solution.props", true)]
    [InlineData("Directory.Build.props", false)]
    public async Task Only_the_solution_or_only_the_projects_may_ask_for_static_graph_restore(string file, bool isStaticGraph)
    {
        await using var sandbox = await ClonedRepository.StartAsync();
        var sdk = isStaticGraph ? "" : $"""<Sdk Name="{ClonedRepository.PackageId}" Version="{Artifacts.Version}" />""";
        sandbox.Write(file, $"""
            <Project>
              {sdk}
              <PropertyGroup><RestoreUseStaticGraphEvaluation>true</RestoreUseStaticGraphEvaluation></PropertyGroup>
            </Project>
            """);

        (await sandbox.DotnetRestoreAsync("all.slnx")).Succeeded();

        Assert.True(sandbox.HasPackage("Example.Json"));
        // Where nothing is left to restore, nothing is started. A static graph restore cannot know that before it looks for tokens.
        if (!isStaticGraph)
            sandbox.ForgetTokens();
        var started = sandbox.TraceStarts();
        (await sandbox.DotnetRestoreAsync("all.slnx")).Succeeded();
        Assert.Empty(started());
    }

    [Fact]
    public async Task Doctor_warns_where_the_restore_works_and_other_commands_do_not()
    {
        await using var sandbox = await ClonedRepository.StartAsync();

        var outcome = (await sandbox.RunAsync(Artifacts.Native, sandbox.Folder("."), "doctor")).Succeeded();
        Assert.Matches(@"warn\s+plugin .*MSBuild restores with that of the package in \S+/Directory\.Build\.props", outcome.Output);

        // Sources in the project alone.
        sandbox.WriteSources();
        sandbox.Write("client/client.csproj", ClonedRepository.Program.Replace("<ItemGroup>",
            """<ItemGroup><CodeArtifactSource Include="contoso/app" Owner="111122223333" Region="us-east-1" />""", StringComparison.Ordinal));
        (await sandbox.DotnetRestoreAsync("client")).Succeeded();
        outcome = (await sandbox.RunAsync(Artifacts.Native, sandbox.Folder("client"), "doctor")).Succeeded();
        Assert.Matches(@"skip\s+sources .*/client\.csproj are not read", outcome.Output);
    }

    [Fact]
    public async Task A_file_based_app_runs()
    {
        await using var sandbox = await Sandbox.StartAsync();
        sandbox.WriteSources(("app", Feeds.App));
        sandbox.Write("hello.cs", $"""
            #:sdk Microsoft.NET.Sdk
            #:sdk {ClonedRepository.PackageId}@{Artifacts.Version}
            #:property PublishAot=false
            #:package Contoso.App.Client@1.0.0
            System.Console.WriteLine("it runs");
            """);

        Assert.Contains("it runs", (await sandbox.DotnetAsync(sandbox.Folder("."), "run", "hello.cs")).Succeeded().Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_audit_sources_NuGet_warns_and_restores()
    {
        await using var sandbox = await ClonedRepository.StartAsync(hasPackage: false);
        sandbox.WriteConfig(".", ("packages", Artifacts.Packages), ("app", Feeds.App));

        (await sandbox.DotnetRestoreAsync("client")).Succeeded();

        Assert.True(sandbox.HasPackage("Example.Json"));
    }

    [Fact]
    public async Task A_project_can_import_the_package_from_a_folder()
    {
        await using var sandbox = await ClonedRepository.StartAsync();
        (await sandbox.DotnetRestoreAsync("client")).Succeeded();
        var folder = Path.Combine(sandbox.Variables["NUGET_PACKAGES"], ClonedRepository.PackageId.ToLowerInvariant(), Artifacts.Version);
        sandbox.Write("Directory.Build.props", $"""<Project><Import Project="{folder}/Sdk/Sdk.props" /></Project>""");
        sandbox.Write("Directory.Build.targets", $"""<Project><Import Project="{folder}/Sdk/Sdk.targets" /></Project>""");
        sandbox.ForgetTokens();
        sandbox.ForgetPackages();

        (await sandbox.DotnetRestoreAsync("client", "--force")).Succeeded();

        Assert.True(sandbox.HasPackage("Example.Json"));
    }

    [Fact]
    public async Task Works_with_central_package_versions_and_package_source_mapping()
    {
        await using var sandbox = await ClonedRepository.StartAsync(isMapped: true, hasPackage: false);
        sandbox.Write("Directory.Packages.props", """
            <Project>
              <PropertyGroup><ManagePackageVersionsCentrally>true</ManagePackageVersionsCentrally></PropertyGroup>
              <ItemGroup><PackageVersion Include="Contoso.App.Client" Version="1.0.0" /></ItemGroup>
            </Project>
            """);
        foreach (var project in new[] { "client", "other" })
            sandbox.Write($"{project}/{project}.csproj", ClonedRepository.Program.Replace(" Version=\"1.0.0\"", "", StringComparison.Ordinal));

        (await sandbox.DotnetRestoreAsync("all.slnx", "-warnaserror")).Succeeded();

        Assert.True(sandbox.HasPackage("Example.Json"));
    }

    [Fact]
    public async Task The_host_of_a_source_may_contain_capitals()
    {
        await using var sandbox = await ClonedRepository.StartAsync();
        sandbox.WriteSources(("app", Feeds.App.Replace("codeartifact", "CodeArtifact", StringComparison.Ordinal)));

        (await sandbox.DotnetRestoreAsync("client")).Succeeded();

        Assert.True(sandbox.HasPackage("Example.Json"));
    }

    [Fact]
    public async Task Without_a_CodeArtifact_source_the_task_is_not_loaded()
    {
        await using var sandbox = await ClonedRepository.StartAsync();
        sandbox.Aws.World.ForeignFeeds.Add(new ForeignFeed("nuget.example.test", Password: null) { Packages = [Package.Create("Foreign.Thing", "3.0.0")] });
        sandbox.WriteSources(("foreign", "https://nuget.example.test/v3/index.json"));
        var folder = sandbox.WriteProject("client", "Foreign.Thing/3.0.0");

        var outcome = (await sandbox.DotnetAsync(folder, "restore", "-v", "diag")).Succeeded();

        Assert.Contains("Assembly loaded during TaskRun: NuGet.Build.Tasks,", outcome.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("Assembly loaded during TaskRun: CredentialProvider.MSBuild,", outcome.Output, StringComparison.Ordinal);
        Assert.Equal(0, sandbox.Aws.Audit.Count("metadata"));
    }

    [Theory]
    [InlineData("OfferPlugin")]
    [InlineData("WarmUp")]
    public async Task Each_feature_can_be_switched_off(string part)
    {
        await using var sandbox = await ClonedRepository.StartAsync();

        var outcome = await sandbox.DotnetRestoreAsync("client", $"-p:CodeArtifact{part}=false");

        Assert.Equal(part == "WarmUp", outcome.ExitCode == 0);
        Assert.Equal(1, sandbox.Aws.Audit.Count("codeartifact"));
    }

    [Theory]
    [InlineData("warning")]
    [InlineData("error")]
    [InlineData("none")]
    public async Task A_failure_is_reported_with_its_code_cause_and_fix(string failure)
    {
        await using var sandbox = await ClonedRepository.StartAsync();
        sandbox.Aws.World.InstanceRole!.Policy.RemoveAll(statement => statement.Action == "sts:GetServiceBearerToken");

        var outcome = (await sandbox.DotnetRestoreAsync("all.slnx", $"-p:CodeArtifactFailure={failure}", "-bl:log.binlog")).Failed();

        var lines = outcome.Output.Split('\n').Where(line => line.Contains("CACP1001", StringComparison.Ordinal)).Select(line => line.Trim());
        var line = Assert.Single(lines.Distinct());
        if (failure == "none")
        {
            // The warning of the plugin, as without this package.
            Assert.Contains(": warning : CACP1001: no token for domain contoso", line, StringComparison.Ordinal);
            return;
        }

        Assert.Contains($"CodeArtifact : {failure} CACP1001: no token for domain contoso (111122223333, us-east-1): ", line, StringComparison.Ordinal);
        Assert.Contains("nuget-plugin-codeartifact policy contoso/app", line, StringComparison.Ordinal);
        // An error ends the restore before NuGet reports its own.
        Assert.Equal(failure == "warning", outcome.Output.Contains("NU1301", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_code_links_to_its_documentation()
    {
        await using var sandbox = await ClonedRepository.StartAsync();
        sandbox.Aws.World.InstanceRole = null;

        // The terminal logger turns codes into links.
        var outcome = (await sandbox.DotnetRestoreAsync("client", "--tl:on")).Failed();

        Assert.Matches(@"\e\]8;;(https?|file)://\S+/docs/reference/errors\.md#cacp1004\e\\CACP1004", outcome.Output);
    }

    [Theory]
    [InlineData("client", "warning CACP1004")]
    [InlineData("client", "warning CACP1004", "-p:RestoreUseStaticGraphEvaluation=true")]
    [InlineData("all.slnx", "  CACP1004: no token", "-p:RestoreUseStaticGraphEvaluation=true")]
    public async Task A_failure_does_not_fail_a_restore_that_needs_no_token(string project, string report, params string[] options)
    {
        await using var sandbox = await ClonedRepository.StartAsync();
        (await sandbox.DotnetRestoreAsync("all.slnx")).Succeeded();
        sandbox.ForgetTokens();
        sandbox.ForgetRestores();
        sandbox.Aws.World.InstanceRole = null;

        // Never restored, but the packages are on disk: a warning, and not an error despite -warnaserror.
        var outcome = (await sandbox.DotnetRestoreAsync(project, ["-warnaserror", .. options])).Succeeded();
        Assert.Contains(report, outcome.Output, StringComparison.Ordinal);

        // Restored before: not reported.
        Assert.DoesNotContain("CACP", (await sandbox.DotnetRestoreAsync(project, options)).Succeeded().Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_target_installs_the_plugin_for_clients_without_MSBuild()
    {
        await using var sandbox = await ClonedRepository.StartAsync();
        (await sandbox.DotnetAsync(sandbox.Folder("client"), "msbuild", "-t:InstallCodeArtifactPlugin")).Succeeded();
        sandbox.Variables["PATH"] = $"{Path.Combine(sandbox.Home, ".local", "bin")}:{sandbox.Variables["PATH"]}";
        var package = Package.Create("Contoso.New", "0.1.0").Content;
        await File.WriteAllBytesAsync(Path.Combine(sandbox.Folder("."), "new.nupkg"), package, TestContext.Current.CancellationToken);

        (await sandbox.DotnetAsync(sandbox.Folder("."), "nuget", "push", "new.nupkg", "--source", "app", "--api-key", "unused")).Succeeded();
    }

    [Fact]
    public async Task Visual_Studios_MSBuild_runs_the_same_tasks()
    {
        const string Mono = "/usr/bin/mono";
        Artifacts.Require(Mono, "mono");
        await using var sandbox = await Sandbox.StartAsync();
        var engine = Artifacts.Built("bin/FrameworkMSBuild/release/MSBuild.exe");
        Assert.True(File.Exists(engine), "build/test.sh builds it");
        await sandbox.UnpackPackageAsync();
        sandbox.Variables["MSBUILD_EXE_PATH"] = engine;
        sandbox.Write("invalid.proj", """
            <Project>
              <ItemGroup><CodeArtifactSource Include="contoso" /></ItemGroup>
              <Import Project="package/Sdk/Sdk.targets" />
            </Project>
            """);
        string[] prepare =
        [
            engine, "package/Sdk/dirs.proj", "Prepare", $"CodeArtifactSources={Feeds.App}", "CodeArtifactWarmUp=true", "CodeArtifactOfferPlugin=true",
        ];

        (await sandbox.RunAsync(Mono, sandbox.Root, prepare)).Succeeded();
        Assert.Single(Directory.GetFiles(sandbox.Cache, "*.json"));

        sandbox.ForgetTokens();
        sandbox.Aws.World.InstanceRole = null;
        var failed = (await sandbox.RunAsync(Mono, sandbox.Root, prepare)).Succeeded();
        Assert.Contains("CodeArtifact : warning CACP1004: no token", failed.Output, StringComparison.Ordinal);

        var invalid = (await sandbox.RunAsync(Mono, sandbox.Root, engine, "invalid.proj", "AddCodeArtifactSources")).Failed();
        Assert.Contains("error CACP1012: CodeArtifactSource 'contoso'", invalid.Output, StringComparison.Ordinal);
    }
}
