using System.IO.Compression;
using System.Text.RegularExpressions;
using LocalAws;

namespace CredentialProvider.EndToEndTests.Packages;

/// <summary>A repository that references the MSBuild package, on a machine without an installed plugin.</summary>
[Trait("Category", "Slow")]
public sealed class TheMSBuildPackage
{
    private const string Id = "CredentialProvider.CodeArtifact.MSBuild";

    private const string Program = """
        <Project Sdk="Microsoft.NET.Sdk">
          <PropertyGroup><OutputType>Exe</OutputType><TargetFramework>net10.0</TargetFramework></PropertyGroup>
          <ItemGroup><PackageReference Include="Contoso.App.Client" Version="1.0.0" /></ItemGroup>
        </Project>
        """;

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
        await using var sandbox = await CloneAsync();

        // The sandbox searches the binary log for secrets when it is disposed.
        (await sandbox.DotnetAsync(sandbox.Folder("."), [.. arguments, "-bl:log.binlog"])).Succeeded();

        Assert.True(sandbox.HasPackage("Example.Json"));
        Assert.Equal(1, sandbox.Aws.Audit.Count("codeartifact"));
        Assert.False(Directory.Exists(Path.Combine(sandbox.Home, ".nuget", "plugins")));
    }

    [Fact]
    public async Task A_file_based_app_runs()
    {
        await using var sandbox = await StartAsync();
        WriteConfig(sandbox, ("app", Feeds.App));
        sandbox.Write("hello.cs", $"""
            #:sdk Microsoft.NET.Sdk
            #:sdk {Id}@{Version}
            #:property PublishAot=false
            #:package Contoso.App.Client@1.0.0
            System.Console.WriteLine("it runs");
            """);

        Assert.Contains("it runs", (await sandbox.DotnetAsync(sandbox.Folder("."), "run", "hello.cs")).Succeeded().Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_audit_sources_NuGet_warns_and_restores()
    {
        await using var sandbox = await CloneAsync();
        sandbox.WriteConfig(".", ("packages", Artifacts.Packages), ("app", Feeds.App));

        (await sandbox.DotnetAsync(sandbox.Folder("."), "restore", "client")).Succeeded();

        Assert.True(sandbox.HasPackage("Example.Json"));
    }

    [Fact]
    public async Task A_project_can_import_the_package_from_a_folder()
    {
        await using var sandbox = await CloneAsync();
        (await sandbox.DotnetAsync(sandbox.Folder("."), "restore", "client")).Succeeded();
        var folder = Path.Combine(sandbox.Variables["NUGET_PACKAGES"], Id.ToLowerInvariant(), Version);
        sandbox.Write("Directory.Build.props", $"""<Project><Import Project="{folder}/Sdk/Sdk.props" /></Project>""");
        sandbox.Write("Directory.Build.targets", $"""<Project><Import Project="{folder}/Sdk/Sdk.targets" /></Project>""");
        ForgetTokens(sandbox);
        sandbox.ForgetPackages();

        (await sandbox.DotnetAsync(sandbox.Folder("."), "restore", "client", "--force")).Succeeded();

        Assert.True(sandbox.HasPackage("Example.Json"));
    }

    [Fact]
    public async Task Works_with_central_package_versions_and_package_source_mapping()
    {
        await using var sandbox = await CloneAsync(isMapped: true);
        sandbox.Write("Directory.Packages.props", """
            <Project>
              <PropertyGroup><ManagePackageVersionsCentrally>true</ManagePackageVersionsCentrally></PropertyGroup>
              <ItemGroup><PackageVersion Include="Contoso.App.Client" Version="1.0.0" /></ItemGroup>
            </Project>
            """);
        foreach (var project in new[] { "client", "other" })
            sandbox.Write($"{project}/{project}.csproj", Program.Replace(" Version=\"1.0.0\"", "", StringComparison.Ordinal));

        (await sandbox.DotnetAsync(sandbox.Folder("."), "restore", "all.slnx", "-warnaserror")).Succeeded();

        Assert.True(sandbox.HasPackage("Example.Json"));
    }

    [Fact]
    public async Task Without_a_native_executable_for_this_machine_dotnet_runs_the_framework_dependent_build()
    {
        await using var sandbox = await CloneAsync();
        (await sandbox.DotnetAsync(sandbox.Folder("."), "restore", "client")).Succeeded();
        foreach (var native in Directory.GetDirectories(Tools(sandbox), "linux-*"))
            Directory.Delete(native, recursive: true);
        ForgetTokens(sandbox);
        var client = sandbox.Folder("client");
        Directory.Delete(Path.Combine(client, "obj"), recursive: true);
        Directory.Delete(Path.Combine(sandbox.Variables["NUGET_PACKAGES"], "example.json"), recursive: true);
        sandbox.Aws.Audit.Clear();

        (await sandbox.DotnetAsync(client, "restore", "--no-http-cache")).Succeeded();

        Assert.True(sandbox.HasPackage("Example.Json"));
        Assert.Equal(1, sandbox.Aws.Audit.Count("codeartifact"));
    }

    [Theory]
    [InlineData("PATH")]
    [InlineData("NUGET_PLUGIN_PATHS")]
    [InlineData("NUGET_NETCORE_PLUGIN_PATHS")]
    [InlineData("home")]
    public async Task An_installed_plugin_is_used_instead_of_the_packages(string place)
    {
        await using var sandbox = await CloneAsync();
        Artifacts.Require(Artifacts.Native, "the native executable");
        if (place == "home")
            (await sandbox.RunAsync(Artifacts.Native, sandbox.Home, "install", "--netcore")).Succeeded();
        else if (place == "PATH")
            sandbox.PutNativeOnPath();
        else
            sandbox.Variables[place] = place == "NUGET_PLUGIN_PATHS" ? Artifacts.Native : Artifacts.NetCore;

        Assert.DoesNotContain(Tools(sandbox), await PluginsUsedAsync(sandbox), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("PATH")]
    [InlineData("NUGET_PLUGIN_PATHS")]
    [InlineData("NUGET_NETCORE_PLUGIN_PATHS")]
    public async Task Other_plugins_are_still_found(string place)
    {
        await using var sandbox = await CloneAsync();
        // Any plugin will do, so this is our own under another name.
        var isNative = place != "NUGET_NETCORE_PLUGIN_PATHS";
        var other = Path.Combine(sandbox.Folder("elsewhere"), isNative ? "nuget-plugin-other" : "Other.dll");
        foreach (var file in isNative ? [Artifacts.Native] : Directory.GetFiles(Artifacts.NetCoreFolder))
        {
            var (own, renamed) = isNative ? ("codeartifact", "other") : ("CredentialProvider.CodeArtifact", "Other");
            File.Copy(file, Path.Combine(sandbox.Folder("elsewhere"), Path.GetFileName(file).Replace(own, renamed, StringComparison.Ordinal)));
        }

        sandbox.Variables[place] = place == "PATH" ? $"{Path.GetDirectoryName(other)}:{sandbox.Variables["PATH"]}" : other;

        var used = await PluginsUsedAsync(sandbox);

        Assert.Contains(other, used, StringComparison.Ordinal);
        Assert.Contains(Tools(sandbox), used, StringComparison.Ordinal);
    }

    /// <summary>NuGet itself finds no plugin at all then.</summary>
    [Fact]
    public async Task A_link_on_PATH_that_leads_nowhere_does_not_hide_the_plugin()
    {
        await using var sandbox = await CloneAsync();
        File.CreateSymbolicLink(Path.Combine(sandbox.Folder("bin"), "nuget-plugin-gone"), "/nowhere");
        sandbox.Variables["PATH"] = $"{sandbox.Folder("bin")}:{sandbox.Variables["PATH"]}";

        (await sandbox.DotnetAsync(sandbox.Folder("."), "restore", "client")).Succeeded();

        Assert.True(sandbox.HasPackage("Example.Json"));
    }

    /// <summary>As after unzipping the package, or in a folder that is mounted noexec.</summary>
    [Fact]
    public async Task Without_the_right_to_execute_dotnet_runs_the_framework_dependent_build()
    {
        await using var sandbox = await CloneAsync();
        (await sandbox.DotnetAsync(sandbox.Folder("."), "restore", "client")).Succeeded();
        foreach (var file in Directory.GetFiles(Tools(sandbox), "nuget-plugin-codeartifact", SearchOption.AllDirectories))
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        ForgetRestores(sandbox);
        ForgetTokens(sandbox);
        sandbox.Aws.Audit.Clear();

        (await sandbox.DotnetAsync(sandbox.Folder("."), "restore", "client")).Succeeded();

        Assert.Equal(1, sandbox.Aws.Audit.Count("codeartifact"));
    }

    /// <summary>NuGet extracts programs with mode 0744, so only the user who extracted them can start them.</summary>
    [Fact]
    public async Task Another_user_restores_with_a_shared_package_folder()
    {
        const string User = "4242";
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root can become another user");
        await using var sandbox = await CloneAsync();
        (await sandbox.DotnetAsync(sandbox.Folder("."), "restore", "client")).Succeeded();
        ForgetRestores(sandbox);
        ForgetTokens(sandbox);
        (await sandbox.RunAsync("chown", sandbox.Root, "-R", User, sandbox.Root)).Succeeded();
        (await sandbox.RunAsync("chown", sandbox.Root, "-R", "0", Tools(sandbox))).Succeeded();
        (await sandbox.RunAsync("chmod", sandbox.Root, "-R", "go+rX", Path.GetDirectoryName(sandbox.Aws.CaFile)!)).Succeeded();
        foreach (var file in Directory.GetFiles(Tools(sandbox), "nuget-plugin-codeartifact", SearchOption.AllDirectories))
            File.SetUnixFileMode(file, (UnixFileMode)0x1E4); // 0744
        sandbox.Aws.Audit.Clear();
        sandbox.Wrapper = ["setpriv", "--reuid", User, "--regid", User, "--clear-groups"];

        (await sandbox.DotnetAsync(sandbox.Folder("."), "restore", "client")).Succeeded();

        Assert.Equal(1, sandbox.Aws.Audit.Count("codeartifact"));
    }

    [Fact]
    public async Task Tokens_of_all_domains_are_fetched_in_parallel()
    {
        const int Domains = 5;
        await using var sandbox = await CloneAsync();
        var sources = Enumerable.Range(0, Domains).Select(i => AddDomain(sandbox, $"domain{i}")).ToArray();
        WriteConfig(sandbox, [("app", Feeds.App), .. sources]);
        sandbox.Aws.Faults.Add(new Fault("codeartifact") { Delay = TimeSpan.FromSeconds(2) });

        (await sandbox.DotnetAsync(sandbox.Folder("."), "restore", "all.slnx")).Succeeded();

        AssertParallel(sandbox, Domains + 1);
        Assert.Equal(3, sandbox.Aws.Audit.Count("metadata"));
    }

    [Fact]
    public async Task Fresh_cached_tokens_start_no_process()
    {
        await using var sandbox = await CloneAsync();
        (await sandbox.DotnetAsync(sandbox.Folder("."), "restore", "all.slnx")).Succeeded();
        var started = TraceStarts(sandbox);
        ForgetRestores(sandbox);

        (await sandbox.DotnetAsync(sandbox.Folder("."), "restore", "all.slnx")).Succeeded();
        Assert.Empty(started());

        AgeTokens(sandbox);
        ForgetRestores(sandbox);
        (await sandbox.DotnetAsync(sandbox.Folder("."), "restore", "all.slnx")).Succeeded();
        Assert.Single(started());
    }

    [Fact]
    public async Task A_cache_that_belongs_to_another_user_does_not_fail_the_restore()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root can change the owner of a folder");
        await using var sandbox = await CloneAsync();
        Directory.CreateDirectory(sandbox.Cache, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        (await sandbox.RunAsync("chown", sandbox.Root, "4242", sandbox.Cache)).Succeeded();
        // Without these capabilities root cannot read other users' folders.
        sandbox.Wrapper = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"];

        (await sandbox.DotnetAsync(sandbox.Folder("."), "restore", "client", "-warnaserror")).Succeeded();

        Assert.True(sandbox.HasPackage("Example.Json"));
    }

    [Fact]
    public async Task The_host_of_a_source_may_contain_capitals()
    {
        await using var sandbox = await CloneAsync();
        WriteConfig(sandbox, ("app", Feeds.App.Replace("codeartifact", "CodeArtifact", StringComparison.Ordinal)));

        (await sandbox.DotnetAsync(sandbox.Folder("."), "restore", "client")).Succeeded();

        Assert.True(sandbox.HasPackage("Example.Json"));
    }

    /// <summary>The file may map any host to a domain, and change how long tokens live.</summary>
    [Fact]
    public async Task With_a_configuration_file_the_plugin_decides_whether_cached_tokens_suffice()
    {
        await using var sandbox = await CloneAsync();
        (await sandbox.DotnetAsync(sandbox.Folder("."), "restore", "all.slnx")).Succeeded();
        var started = TraceStarts(sandbox);
        sandbox.Write("home/.config/codeartifact.json",
            """{ "hosts": { "nuget.corp.example.test": { "domain": "fabrikam", "owner": "111122223333", "region": "us-east-1" } } }""");
        ForgetRestores(sandbox);

        (await sandbox.DotnetAsync(sandbox.Folder("."), "restore", "all.slnx")).Succeeded();

        Assert.Single(started());
    }

    /// <summary>With aged tokens, without tokens, and while the SDK sends telemetry.</summary>
    [Theory]
    [InlineData("1")]
    [InlineData("0")]
    public async Task A_restore_with_nothing_to_do_starts_no_process(string telemetryOptOut)
    {
        await using var sandbox = await CloneAsync();
        sandbox.Variables["DOTNET_CLI_TELEMETRY_OPTOUT"] = telemetryOptOut;
        (await sandbox.DotnetAsync(sandbox.Folder("."), "restore", "all.slnx")).Succeeded();
        var started = TraceStarts(sandbox);
        AgeTokens(sandbox);

        (await sandbox.DotnetAsync(sandbox.Folder("."), "restore", "all.slnx")).Succeeded();
        ForgetTokens(sandbox);
        (await sandbox.DotnetAsync(sandbox.Folder("."), "build", "all.slnx")).Succeeded();

        Assert.Empty(started());
    }

    /// <summary>NuGet's first request offers the plugin and fetches all tokens.</summary>
    [Theory]
    [InlineData("")]
    [InlineData("-p:RestoreUseStaticGraphEvaluation=true")]
    public async Task A_project_that_was_restored_before_is_prepared_when_NuGet_sends_a_request(string option)
    {
        const int Domains = 5;
        await using var sandbox = await CloneAsync();
        var sources = Enumerable.Range(0, Domains).Select(i => AddDomain(sandbox, $"domain{i}")).ToArray();
        WriteConfig(sandbox, [("app", Feeds.App), .. sources]);
        string[] restore = option.Length == 0 ? ["restore", "all.slnx", "--no-http-cache"] : ["restore", "all.slnx", "--no-http-cache", option];
        (await sandbox.DotnetAsync(sandbox.Folder("."), restore)).Succeeded();
        Directory.Delete(Path.Combine(sandbox.Variables["NUGET_PACKAGES"], "example.json"), recursive: true);
        ForgetTokens(sandbox);
        sandbox.Aws.Audit.Clear();
        sandbox.Aws.Faults.Add(new Fault("codeartifact") { Delay = TimeSpan.FromSeconds(2) });

        (await sandbox.DotnetAsync(sandbox.Folder("."), restore)).Succeeded();

        Assert.True(sandbox.HasPackage("Example.Json"));
        AssertParallel(sandbox, Domains + 1);
    }

    /// <summary>The feed does not answer its first request before the plugin runs.</summary>
    [Theory]
    [InlineData("", false)]
    [InlineData("", true)]
    [InlineData("-p:RestoreUseStaticGraphEvaluation=true", false)]
    public async Task The_plugin_is_started_before_the_feed_answers_401(string option, bool isRestored)
    {
        await using var sandbox = await CloneAsync();
        if (isRestored)
        {
            (await sandbox.DotnetAsync(sandbox.Folder("."), "restore", "client")).Succeeded();
            sandbox.ForgetPackages();
        }

        var log = sandbox.Variables["CODEARTIFACT_LOG_FILE"] = Path.Combine(sandbox.Root, "log");
        sandbox.Aws.Faults.Add(new Fault("nuget", Times: 1) { Url = "contoso-", Until = TimeLimit.UntilAsync(() => Starts() > 0) });

        (await sandbox.DotnetAsync(sandbox.Folder("."), ["restore", "client", "--no-http-cache", .. option.Split(' ', StringSplitOptions.RemoveEmptyEntries)])).Succeeded();

        Assert.Equal(1, Starts());

        int Starts() => !File.Exists(log) ? 0 : File.ReadAllLines(log).Count(line => line.Contains(" started ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Without_a_token_cache_the_plugin_fetches_the_token()
    {
        await using var sandbox = await CloneAsync();
        sandbox.Variables["CODEARTIFACT_CACHE"] = "off";

        Assert.DoesNotContain("CACP", (await sandbox.DotnetAsync(sandbox.Folder("."), "restore", "client", "-warnaserror")).Succeeded().Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_warm_up_that_cannot_store_a_token_leaves_it_to_the_plugin()
    {
        await using var sandbox = await CloneAsync();
        (await sandbox.DotnetAsync(sandbox.Folder("."), "restore", "client")).Succeeded();
        foreach (var program in Directory.GetFiles(Tools(sandbox), "nuget-plugin-codeartifact", SearchOption.AllDirectories))
            await File.WriteAllTextAsync(program, $"#!/bin/sh\n[ \"$1\" = -Plugin ] && exec {Artifacts.Native} \"$@\"\necho 'error: no room for a token' >&2\nexit 1\n", TestContext.Current.CancellationToken);
        ForgetTokens(sandbox);
        ForgetRestores(sandbox);
        Directory.Delete(Path.Combine(sandbox.Variables["NUGET_PACKAGES"], "example.json"), recursive: true);

        var outcome = (await sandbox.DotnetAsync(sandbox.Folder("."), "restore", "client", "--no-http-cache", "-warnaserror")).Succeeded();

        Assert.DoesNotContain("CACP", outcome.Output, StringComparison.Ordinal);
        Assert.True(sandbox.HasPackage("Example.Json"));
    }

    [Fact]
    public async Task Without_a_CodeArtifact_source_the_task_is_not_loaded()
    {
        await using var sandbox = await CloneAsync();
        sandbox.Aws.World.ForeignFeeds.Add(new ForeignFeed("nuget.example.test", Password: null) { Packages = [Package.Create("Foreign.Thing", "3.0.0")] });
        WriteConfig(sandbox, ("foreign", "https://nuget.example.test/v3/index.json"));
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
        await using var sandbox = await CloneAsync();

        var outcome = await sandbox.DotnetAsync(sandbox.Folder("."), "restore", "client", $"-p:CodeArtifact{part}=false");

        Assert.Equal(part == "WarmUp", outcome.ExitCode == 0);
        Assert.Equal(1, sandbox.Aws.Audit.Count("codeartifact"));
    }

    [Theory]
    [InlineData("warning")]
    [InlineData("error")]
    [InlineData("none")]
    public async Task A_failure_is_reported_with_its_code_cause_and_fix(string failure)
    {
        await using var sandbox = await CloneAsync();
        sandbox.Aws.World.InstanceRole!.Policy.RemoveAll(statement => statement.Action == "sts:GetServiceBearerToken");

        var outcome = (await sandbox.DotnetAsync(sandbox.Folder("."), "restore", "all.slnx", $"-p:CodeArtifactFailure={failure}", "-bl:log.binlog")).Failed();

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
        await using var sandbox = await CloneAsync();
        sandbox.Aws.World.InstanceRole = null;

        // The terminal logger turns codes into links.
        var outcome = (await sandbox.DotnetAsync(sandbox.Folder("."), "restore", "client", "--tl:on")).Failed();

        Assert.Matches(@"\e\]8;;(https?|file)://\S+/docs/reference/errors\.md#cacp1004\e\\CACP1004", outcome.Output);
    }

    [Fact]
    public async Task A_failure_does_not_fail_a_restore_that_needs_no_token()
    {
        await using var sandbox = await CloneAsync();
        (await sandbox.DotnetAsync(sandbox.Folder("."), "restore", "client")).Succeeded();
        ForgetTokens(sandbox);
        ForgetRestores(sandbox);
        sandbox.Aws.World.InstanceRole = null;

        // Never restored, but the packages are on disk: a warning, and not an error despite -warnaserror.
        var outcome = (await sandbox.DotnetAsync(sandbox.Folder("."), "restore", "client", "-warnaserror")).Succeeded();
        Assert.Contains("warning CACP1004", outcome.Output, StringComparison.Ordinal);

        // Restored before: not reported.
        Assert.DoesNotContain("CACP", (await sandbox.DotnetAsync(sandbox.Folder("."), "build", "client")).Succeeded().Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", false)]
    [InlineData("-p:RestoreUseStaticGraphEvaluation=true", false)]
    [InlineData("", true)]
    public async Task Sources_can_be_items_in_the_project(string option, bool isMultiTargeted)
    {
        await using var sandbox = await CloneAsync();
        WriteConfig(sandbox);
        var project = ProgramWith("""<CodeArtifactSource Include="contoso/app" Owner="111122223333" Region="us-east-1" />""");
        if (isMultiTargeted)
            project = project.Replace("TargetFramework>", "TargetFrameworks>", StringComparison.Ordinal);
        sandbox.Write("client/client.csproj", project);

        string[] arguments = ["restore", "client", option];
        (await sandbox.DotnetAsync(sandbox.Folder("."), [.. arguments.Where(argument => argument.Length > 0)])).Succeeded();

        Assert.True(sandbox.HasPackage("Example.Json"));
    }

    [Fact]
    public async Task Environment_variables_can_set_owner_and_region_of_sources()
    {
        await using var sandbox = await CloneAsync();
        WriteConfig(sandbox);
        sandbox.Variables["CodeArtifactOwner"] = World.Account;
        sandbox.Variables["AWS_REGION"] = "us-east-1";
        sandbox.Write("client/client.csproj", ProgramWith("""<CodeArtifactSource Include="contoso/app" DualStack="true" />"""));

        (await sandbox.DotnetAsync(sandbox.Folder("."), "restore", "client")).Succeeded();

        Assert.Contains(sandbox.Aws.Audit.Entries, entry => entry.Host == "contoso-111122223333.codeartifact.us-east-1.on.aws");
    }

    [Theory]
    [InlineData("""Include="contoso" Owner="111122223333" Region="us-east-1" """, "expected DOMAIN/REPOSITORY")]
    [InlineData("""Include="contoso/app" Region="us-east-1" """, "Owner is missing; set it on the item or in the property CodeArtifactOwner")]
    [InlineData("""Include="contoso/app" Owner="1234" Region="us-east-1" """, "Owner is '1234'; expected an account id (12 digits)")]
    [InlineData("""Include="contoso/app" Owner="111122223333" """, "Region is missing; set it on the item, in the property CodeArtifactRegion or in AWS_REGION")]
    [InlineData("""Include="contoso/app" Owner="111122223333" Region="here" """, "Region is 'here'; expected a region such as us-east-1")]
    public async Task An_invalid_source_is_an_error_in_the_file_that_defines_it(string attributes, string why)
    {
        await using var sandbox = await CloneAsync();
        sandbox.Write("client/client.csproj", ProgramWith($"<CodeArtifactSource {attributes}/>"));

        var outcome = (await sandbox.DotnetAsync(sandbox.Folder("."), "restore", "client")).Failed();

        Assert.Matches($@"client/client\.csproj : error CACP1012: CodeArtifactSource 'contoso(/app)?': {Regex.Escape(why)}", outcome.Output);
    }

    [Fact]
    public async Task A_target_installs_the_plugin_for_clients_without_MSBuild()
    {
        await using var sandbox = await CloneAsync();
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
        await using var sandbox = await StartAsync();
        var engine = Artifacts.Built("bin/FrameworkMSBuild/release/MSBuild.exe");
        Assert.True(File.Exists(engine), "build/test.sh builds it");
        await UnpackAsync(sandbox);
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

        ForgetTokens(sandbox);
        sandbox.Aws.World.InstanceRole = null;
        var failed = (await sandbox.RunAsync(Mono, sandbox.Root, prepare)).Succeeded();
        Assert.Contains("CodeArtifact : warning CACP1004: no token", failed.Output, StringComparison.Ordinal);

        var invalid = (await sandbox.RunAsync(Mono, sandbox.Root, engine, "invalid.proj", "AddCodeArtifactSources")).Failed();
        Assert.Contains("error CACP1012: CodeArtifactSource 'contoso'", invalid.Output, StringComparison.Ordinal);
    }

    /// <summary>Extracts the package into the sandbox's folder <c>package</c>, with the executable bits that NuGet sets.</summary>
    internal static async Task<string> UnpackAsync(Sandbox sandbox)
    {
        var folder = sandbox.Folder("package");
        await ZipFile.ExtractToDirectoryAsync(Artifacts.Package(Id), folder, TestContext.Current.CancellationToken);
        foreach (var program in Directory.GetFiles(folder, "nuget-plugin-codeartifact", SearchOption.AllDirectories))
            File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        return folder;
    }

    private static async Task<string> PluginsUsedAsync(Sandbox sandbox)
    {
        var outcome = await sandbox.DotnetAsync(sandbox.Folder("."), "restore", "client", "-v", "diag", "-p:CodeArtifactWarmUp=false");
        return string.Join('\n', outcome.Output.Split('\n').Where(line => line.Contains("as a credential provider plugin", StringComparison.Ordinal)));
    }

    private static void AssertParallel(Sandbox sandbox, int domains)
    {
        var calls = sandbox.Aws.Audit.Entries.Where(entry => entry.Operation == "GetAuthorizationToken").ToList();
        Assert.Equal(domains, calls.Count);
        // The last call started before the first was answered.
        Assert.True(calls.Max(call => call.Time - call.Took) < calls.Min(call => call.Time), string.Join('\n', calls));
    }

    /// <summary>Replaces the package's executables by scripts that only record that they were started.</summary>
    /// <returns>Gets one file for each start.</returns>
    private static Func<string[]> TraceStarts(Sandbox sandbox)
    {
        var traces = sandbox.Folder("traces");
        foreach (var program in Directory.GetFiles(Tools(sandbox), "nuget-plugin-codeartifact", SearchOption.AllDirectories))
            File.WriteAllText(program, $"#!/bin/sh\ntouch {traces}/$$\n");
        return () => Directory.GetFiles(traces);
    }

    private static string ProgramWith(string items) => Program.Replace("<ItemGroup>", $"<ItemGroup>{items}", StringComparison.Ordinal);

    private static void AgeTokens(Sandbox sandbox)
    {
        foreach (var token in Directory.GetFiles(sandbox.Cache, "*.json"))
            File.SetLastWriteTimeUtc(token, DateTime.UtcNow.AddHours(-6));
    }

    private static void ForgetRestores(Sandbox sandbox)
    {
        foreach (var project in new[] { "client", "other" })
            Directory.Delete(sandbox.Folder($"{project}/obj"), recursive: true);
    }

    private static string Version => Artifacts.Version;

    private static string Tools(Sandbox sandbox) => Path.Combine(sandbox.Variables["NUGET_PACKAGES"], Id.ToLowerInvariant(), Version, "tools");

    private static void ForgetTokens(Sandbox sandbox)
    {
        if (Directory.Exists(sandbox.Cache))
            Directory.Delete(sandbox.Cache, recursive: true);
    }

    private static (string Name, string Url) AddDomain(Sandbox sandbox, string name)
    {
        sandbox.Aws.World.Repositories.Add(new Repository(sandbox.Aws.World.AddDomain(name), "app"));
        return (name, Feeds.App.Replace("contoso", name, StringComparison.Ordinal));
    }

    private static Task<Sandbox> StartAsync()
    {
        Artifacts.Require(Artifacts.Native, "the native executable");
        return Sandbox.StartAsync();
    }

    /// <summary>A fresh clone: two projects, a solution, and the reference to the package in Directory.Build.props.</summary>
    private static async Task<Sandbox> CloneAsync(bool isMapped = false)
    {
        var sandbox = await StartAsync();
        sandbox.Variables["NUGET_ENHANCED_MAX_NETWORK_TRY_COUNT"] = "1";
        foreach (var project in new[] { "client", "other" })
        {
            sandbox.Write($"{project}/{project}.csproj", Program);
            sandbox.Write($"{project}/Program.cs", "System.Console.WriteLine(\"it runs\");");
        }

        sandbox.Write("all.slnx", """<Solution><Project Path="client/client.csproj" /><Project Path="other/other.csproj" /></Solution>""");
        sandbox.Write("Directory.Build.props", $"""<Project><Sdk Name="{Id}" Version="{Version}" /></Project>""");
        WriteConfig(sandbox, isMapped, ("app", Feeds.App));
        return sandbox;
    }

    /// <summary>Adds the package's folder, and a public gallery as audit source. Without audit sources NuGet asks every source for vulnerabilities while it
    /// resolves the <c>Sdk</c>, before any target can offer the plugin.</summary>
    private static void WriteConfig(Sandbox sandbox, params (string Name, string Url)[] sources) => WriteConfig(sandbox, isMapped: false, sources);

    private static void WriteConfig(Sandbox sandbox, bool isMapped, params (string Name, string Url)[] sources)
    {
        const string Gallery = "gallery.example.test";
        if (!sandbox.Aws.World.ForeignFeeds.Exists(feed => feed.Host == Gallery))
            sandbox.Aws.World.ForeignFeeds.Add(new ForeignFeed(Gallery, Password: null));
        var mapping = !isMapped ? "" : $"""
            <packageSourceMapping>
              <packageSource key="packages"><package pattern="{Id}" /></packageSource>
              <packageSource key="app"><package pattern="*" /></packageSource>
            </packageSourceMapping>
            """;
        sandbox.Write("nuget.config", $"""
            <configuration>
              <packageSources><clear />
                <add key="packages" value="{Artifacts.Packages}" />
                {string.Concat(sources.Select(source => $"""<add key="{source.Name}" value="{source.Url}" />"""))}
              </packageSources>
              <auditSources><clear /><add key="gallery" value="https://{Gallery}/v3/index.json" /></auditSources>
              {mapping}
            </configuration>
            """);
    }
}
