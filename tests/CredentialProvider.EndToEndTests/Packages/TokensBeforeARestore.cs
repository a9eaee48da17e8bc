using LocalAws;

namespace CredentialProvider.EndToEndTests.Packages;

/// <summary>The MSBuild package fetches tokens and starts the plugin before NuGet needs them, and only if NuGet will.</summary>
[Trait("Category", "Slow")]
public sealed class TokensBeforeARestore
{
    [Fact]
    public async Task Tokens_of_all_domains_are_fetched_in_parallel()
    {
        const int Domains = 5;
        await using var sandbox = await ClonedRepository.StartAsync();
        var sources = Enumerable.Range(0, Domains).Select(i => sandbox.AddDomain($"domain{i}")).ToArray();
        sandbox.WriteSources([("app", Feeds.App), .. sources]);
        sandbox.Aws.Faults.Add(new Fault("codeartifact") { Delay = TimeSpan.FromSeconds(2) });

        (await sandbox.DotnetRestoreAsync("all.slnx")).Succeeded();

        AssertParallel(sandbox, Domains + 1);
        Assert.Equal(3, sandbox.Aws.Audit.Count("metadata"));
    }

    [Fact]
    public async Task Fresh_cached_tokens_start_no_process()
    {
        await using var sandbox = await ClonedRepository.StartAsync();
        (await sandbox.DotnetRestoreAsync("all.slnx")).Succeeded();
        var started = sandbox.TraceStarts();
        sandbox.ForgetRestores();

        (await sandbox.DotnetRestoreAsync("all.slnx")).Succeeded();
        Assert.Empty(started());

        sandbox.AgeTokens();
        sandbox.ForgetRestores();
        (await sandbox.DotnetRestoreAsync("all.slnx")).Succeeded();
        Assert.Single(started());
    }

    /// <summary>The file may map any host to a domain, and change how long tokens live.</summary>
    [Fact]
    public async Task With_a_configuration_file_the_plugin_decides_whether_cached_tokens_suffice()
    {
        await using var sandbox = await ClonedRepository.StartAsync();
        (await sandbox.DotnetRestoreAsync("all.slnx")).Succeeded();
        var started = sandbox.TraceStarts();
        sandbox.Write("home/.config/codeartifact.json",
            """{ "hosts": { "nuget.corp.example.test": { "domain": "fabrikam", "owner": "111122223333", "region": "us-east-1" } } }""");
        sandbox.ForgetRestores();

        (await sandbox.DotnetRestoreAsync("all.slnx")).Succeeded();

        Assert.Single(started());
    }

    /// <summary>With aged tokens, without tokens, and while the SDK sends telemetry.</summary>
    [Theory]
    [InlineData("1")]
    [InlineData("0")]
    public async Task A_restore_with_nothing_to_do_starts_no_process(string telemetryOptOut)
    {
        await using var sandbox = await ClonedRepository.StartAsync();
        sandbox.Variables["DOTNET_CLI_TELEMETRY_OPTOUT"] = telemetryOptOut;
        (await sandbox.DotnetRestoreAsync("all.slnx")).Succeeded();
        var started = sandbox.TraceStarts();
        sandbox.AgeTokens();

        (await sandbox.DotnetRestoreAsync("all.slnx")).Succeeded();
        sandbox.ForgetTokens();
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
        await using var sandbox = await ClonedRepository.StartAsync();
        var sources = Enumerable.Range(0, Domains).Select(i => sandbox.AddDomain($"domain{i}")).ToArray();
        sandbox.WriteSources([("app", Feeds.App), .. sources]);
        string[] options = option.Length == 0 ? ["--no-http-cache"] : ["--no-http-cache", option];
        (await sandbox.DotnetRestoreAsync("all.slnx", options)).Succeeded();
        Directory.Delete(Path.Combine(sandbox.Variables["NUGET_PACKAGES"], "example.json"), recursive: true);
        sandbox.ForgetTokens();
        sandbox.Aws.Audit.Clear();
        sandbox.Aws.Faults.Add(new Fault("codeartifact") { Delay = TimeSpan.FromSeconds(2) });

        (await sandbox.DotnetRestoreAsync("all.slnx", options)).Succeeded();

        Assert.True(sandbox.HasPackage("Example.Json"));
        AssertParallel(sandbox, Domains + 1);
    }

    /// <summary>Every user can see command lines, and the URL of a source may have a secret.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task No_source_is_on_a_command_line(bool isRestored)
    {
        await using var sandbox = await ClonedRepository.StartAsync();
        (await sandbox.DotnetRestoreAsync("client")).Succeeded();
        sandbox.WriteSources([("app", Feeds.App), ("other", "https://nuget.example.test/auth/3fa85f64/v3/index.json")]);
        var arguments = Path.Combine(sandbox.Root, "arguments");
        foreach (var program in Directory.GetFiles(sandbox.PackageTools(), "nuget-plugin-codeartifact", SearchOption.AllDirectories))
            await File.WriteAllTextAsync(program, $"#!/bin/sh\n[ \"$1\" = -Plugin ] || {{ echo \"$@\"; cat \"${{1#@}}\"; }} >> {arguments}\nexec {Artifacts.Native} \"$@\"\n", TestContext.Current.CancellationToken);
        sandbox.ForgetTokens();
        if (!isRestored)
            sandbox.ForgetRestores();
        Directory.Delete(Path.Combine(sandbox.Variables["NUGET_PACKAGES"], "example.json"), recursive: true);

        await sandbox.DotnetRestoreAsync("client", "--no-http-cache");
        await TimeLimit.UntilAsync(() => File.Exists(arguments) && File.ReadAllText(arguments).Contains("3fa85f64", StringComparison.Ordinal));

        var line = (await File.ReadAllLinesAsync(arguments, TestContext.Current.CancellationToken))[0];
        Assert.Matches("^@[^ ]+$", line);
        Assert.Equal(isRestored, line == "@/dev/stdin");
    }

    /// <summary>The feed does not answer its first request before the plugin runs.</summary>
    [Theory]
    [InlineData("", false)]
    [InlineData("", true)]
    [InlineData("-p:RestoreUseStaticGraphEvaluation=true", false)]
    public async Task The_plugin_is_started_before_the_feed_answers_401(string option, bool isRestored)
    {
        await using var sandbox = await ClonedRepository.StartAsync();
        if (isRestored)
        {
            (await sandbox.DotnetRestoreAsync("client")).Succeeded();
            sandbox.ForgetPackages();
        }

        var log = sandbox.Variables["CODEARTIFACT_LOG_FILE"] = Path.Combine(sandbox.Root, "log");
        sandbox.Aws.Faults.Add(new Fault("nuget", Times: 1) { Url = "contoso-", Until = TimeLimit.UntilAsync(() => Starts() > 0) });

        (await sandbox.DotnetRestoreAsync("client", ["--no-http-cache", .. option.Split(' ', StringSplitOptions.RemoveEmptyEntries)])).Succeeded();

        Assert.Equal(1, Starts());

        int Starts() => !File.Exists(log) ? 0 : File.ReadAllLines(log).Count(line => line.Contains(" started ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Without_a_token_cache_the_plugin_fetches_the_token()
    {
        await using var sandbox = await ClonedRepository.StartAsync();
        sandbox.Variables["CODEARTIFACT_CACHE"] = "off";

        Assert.DoesNotContain("CACP", (await sandbox.DotnetRestoreAsync("client", "-warnaserror")).Succeeded().Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cache_that_belongs_to_another_user_does_not_fail_the_restore()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root can change the owner of a folder");
        await using var sandbox = await ClonedRepository.StartAsync();
        Directory.CreateDirectory(sandbox.Cache, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        (await sandbox.RunAsync("chown", sandbox.Root, "4242", sandbox.Cache)).Succeeded();
        // Without these capabilities root cannot read other users' folders.
        sandbox.Wrapper = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"];

        (await sandbox.DotnetRestoreAsync("client", "-warnaserror")).Succeeded();

        Assert.True(sandbox.HasPackage("Example.Json"));
    }

    [Fact]
    public async Task A_warm_up_that_cannot_store_a_token_leaves_it_to_the_plugin()
    {
        await using var sandbox = await ClonedRepository.StartAsync();
        (await sandbox.DotnetRestoreAsync("client")).Succeeded();
        foreach (var program in Directory.GetFiles(sandbox.PackageTools(), "nuget-plugin-codeartifact", SearchOption.AllDirectories))
            await File.WriteAllTextAsync(program, $"#!/bin/sh\n[ \"$1\" = -Plugin ] && exec {Artifacts.Native} \"$@\"\necho 'error: no room for a token' >&2\nexit 1\n", TestContext.Current.CancellationToken);
        sandbox.ForgetTokens();
        sandbox.ForgetRestores();
        Directory.Delete(Path.Combine(sandbox.Variables["NUGET_PACKAGES"], "example.json"), recursive: true);

        var outcome = (await sandbox.DotnetRestoreAsync("client", "--no-http-cache", "-warnaserror")).Succeeded();

        Assert.DoesNotContain("CACP", outcome.Output, StringComparison.Ordinal);
        Assert.True(sandbox.HasPackage("Example.Json"));
    }

    private static void AssertParallel(Sandbox sandbox, int domains)
    {
        var calls = sandbox.Aws.Audit.Entries.Where(entry => entry.Operation == "GetAuthorizationToken").ToList();
        Assert.Equal(domains, calls.Count);
        // The last call started before the first was answered.
        Assert.True(calls.Max(call => call.Time - call.Took) < calls.Min(call => call.Time), string.Join('\n', calls));
    }
}
