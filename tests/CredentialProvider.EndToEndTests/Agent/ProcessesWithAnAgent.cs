using System.Text.Json.Nodes;
using LocalAws;

namespace CredentialProvider.EndToEndTests.Agent;

/// <summary>Plugins without AWS credentials, and the agent that gives them tokens.</summary>
public sealed class ProcessesWithAnAgent
{
    public static TheoryData<string> Builds => [Artifacts.Native, Artifacts.NetCore];

    /// <summary>As in a container: a user without a name, a read-only home, the mounted folder of the socket, and no network but the
    /// feed's.</summary>
    [Fact]
    [Trait("Category", "Slow")]
    public async Task Restore_with_nothing_but_its_socket_and_the_route_to_the_feed()
    {
        await using var sandbox = await Sandbox.StartAsync();
        using var network = IsolatedNetwork.Start(sandbox.Aws);
        await using var agent = await AgentProcess.StartAsync(sandbox, "--domains", "contoso/111122223333", "--mode", "0666");
        var client = sandbox.WriteSimpleProject();
        File.Copy(Artifacts.Native, Path.Combine(sandbox.Folder("bin"), "nuget-plugin-codeartifact"));
        foreach (var name in new[] { "HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy" })
            sandbox.Variables[name] = $"http://127.0.0.1:{network.Port}";
        agent.UseAlone(sandbox);
        sandbox.Variables.Remove("AWS_EC2_METADATA_DISABLED");
        var mounted = sandbox.Folder("mounted");
        sandbox.Variables["CODEARTIFACT_AGENT"] = Path.Combine(mounted, Path.GetFileName(agent.Socket));
        sandbox.Variables["HOME"] = sandbox.Folder("read-only");
        sandbox.Variables["DOTNET_CLI_HOME"] = sandbox.Folder("tmp");
        sandbox.Variables["PATH"] = $"{sandbox.Folder("bin")}:{sandbox.Variables["PATH"]}";
        (await sandbox.RunAsync("sh", sandbox.Root, "-c", $"chmod -R go+rX . {Path.GetDirectoryName(sandbox.Aws.CaFile)} && chmod 555 read-only && chown -R 4242 client tmp packages")).Succeeded();
        const string Mount = "mount --bind \"$0\" \"$1\" && mount -o remount,bind,ro \"$1\" && shift && exec \"$@\"";
        sandbox.Wrapper = [.. network.Wrapper, "unshare", "--mount", "sh", "-c", Mount, Path.GetDirectoryName(agent.Socket)!, mounted,
            "setpriv", "--reuid", "4242", "--regid", "4242", "--clear-groups", "--no-new-privs"];
        Assert.SkipUnless((await sandbox.RunAsync("true", client)).ExitCode == 0, "mount namespaces cannot be created");

        var restored = await sandbox.DotnetAsync(client, "restore", "-warnaserror");

        restored.Succeeded();
        Assert.True(sandbox.HasPackage("Contoso.App.Client"));
        Assert.True(sandbox.HasPackage("Example.Json"));
        Assert.DoesNotContain("CACP", restored.Output, StringComparison.Ordinal);
        Assert.Equal(1, sandbox.Aws.Audit.Count("codeartifact", "GetAuthorizationToken"));
        Assert.Empty(network.Refused);
        Assert.Matches(@"^uid 4242 pid \d+: domain contoso \(111122223333, us-east-1\) for repository app: token of instance role \(BuildAgentRole\), valid until ", agent.Log.Last());
        sandbox.Wrapper = [];
    }

    [Fact]
    [Trait("Category", "Slow")]
    public async Task Cost_one_token_however_many_ask_at_once()
    {
        const int Plugins = 200;
        await using var sandbox = await Sandbox.StartAsync();
        sandbox.AllowSlowMetadata();
        await using var agent = await AgentProcess.StartAsync(sandbox);
        agent.UseAlone(sandbox);
        const string Ask = """{"RequestId":"1","Type":"Request","Method":"GetAuthenticationCredentials","Payload":{"Uri":"FEED","IsRetry":false,"IsNonInteractive":true}}""";
        // One shell starts them all, which is cheaper than a client each; each plugin's input stays open until it has answered.
        var script = sandbox.Write("ask.sh", $$"""
            for i in $(seq {{Plugins}}); do
              mkfifo in.$i
              ( exec 3<>in.$i; echo "$1" >&3; {{Artifacts.Native}} -Plugin <&3 | {
                grep -m1 -o '"Password":"[^"]*"' | md5sum >> answers; echo '{"RequestId":"2","Type":"Request","Method":"Close"}' >&3; } ) &
            done
            wait
            """);

        (await sandbox.RunAsync("bash", sandbox.Folder("asking"), script, Ask.Replace("FEED", Feeds.App, StringComparison.Ordinal))).Succeeded();

        var answers = await File.ReadAllLinesAsync(Path.Combine(sandbox.Folder("asking"), "answers"), TestContext.Current.CancellationToken);
        Assert.Equal(Plugins, answers.Length);
        Assert.Single(answers.Distinct());
        Assert.Equal(1, sandbox.Aws.Audit.Count("codeartifact", "GetAuthorizationToken"));
        Assert.Equal(Plugins, agent.Log.Count(line => line.Contains("valid until", StringComparison.Ordinal)));
    }

    [Theory]
    [MemberData(nameof(Builds))]
    public async Task Get_a_newer_token_when_the_feed_refuses_one(string build)
    {
        Artifacts.Require(build, build);
        await using var sandbox = await Sandbox.StartAsync();
        await using var agent = await AgentProcess.StartAsync(sandbox);
        agent.UseAlone(sandbox);
        await using var plugin = await PluginProcess.Start(sandbox, build).InitializeAsync();
        var first = (string?)(await plugin.GetCredentialsAsync(Feeds.App))["Password"];
        sandbox.Aws.World.Tokens.TryRemove(first!, out _);

        var second = (string?)(await plugin.GetCredentialsAsync(Feeds.App, isRetry: true))["Password"];

        Assert.NotEqual(first, second);
        Assert.Contains(second!, sandbox.Aws.World.Tokens.Keys);
        Assert.Equal(2, sandbox.Aws.Audit.Count("codeartifact", "GetAuthorizationToken"));
        Assert.Empty(plugin.Warnings);
        await plugin.CloseAsync();
    }

    [Theory]
    [MemberData(nameof(Builds))]
    public async Task Use_their_own_credentials_after_one_warning_whose_command_starts_an_agent(string build)
    {
        Artifacts.Require(build, build);
        await using var sandbox = await Sandbox.StartAsync();
        var socket = sandbox.Variables["CODEARTIFACT_AGENT"] = Path.Combine(sandbox.Root, "it's run", "agent.sock");
        sandbox.Variables["CODEARTIFACT_CACHE"] = "off";
        await using (var plugin = await PluginProcess.Start(sandbox, build).InitializeAsync())
        {
            Assert.Equal("Success", (string?)(await plugin.GetCredentialsAsync(Feeds.App))["ResponseCode"]);
            Assert.Equal("Success", (string?)(await plugin.GetCredentialsAsync(Feeds.Shared))["ResponseCode"]);
            var warning = Assert.Single(plugin.Warnings);
            Assert.StartsWith($"CACP1015: no agent for domain contoso (111122223333, us-east-1), using AWS credentials: no agent answers at {socket}: ", warning, StringComparison.Ordinal);
            await plugin.CloseAsync();
            sandbox.PutNativeOnPath();
            var command = warning[(warning.LastIndexOf("run ", StringComparison.Ordinal) + "run ".Length)..warning.LastIndexOf("; or", StringComparison.Ordinal)];
            // The agent is not asked for its own tokens.
            using var agent = sandbox.Launch("bash", sandbox.Home, "-c", $"exec {command} 2> {sandbox.Root}/agent.log");
            Assert.Equal($"listening on {socket}", await agent.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken));
            sandbox.Cleanup.Push(agent.Kill);
            await using var later = await PluginProcess.Start(sandbox, build).InitializeAsync();
            Assert.Equal("Success", (string?)(await later.GetCredentialsAsync(Feeds.App))["ResponseCode"]);
            Assert.Empty(later.Warnings);
            await later.CloseAsync();
            agent.Kill();
            sandbox.Cleanup.Clear();
            await TimeLimit.ExitAsync(agent);
        }

        Assert.Contains("for repository app: token of instance role", await File.ReadAllTextAsync($"{sandbox.Root}/agent.log", TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task That_wait_while_the_agent_is_killed_use_their_own_credentials()
    {
        await using var sandbox = await Sandbox.StartAsync();
        sandbox.Variables["CODEARTIFACT_CACHE"] = "off";
        await using var killed = await AgentProcess.StartAsync(sandbox);
        sandbox.Variables["CODEARTIFACT_AGENT"] = killed.Socket;
        sandbox.Aws.Faults.Add(new Fault("codeartifact", Times: 1) { Drops = true });
        var plugins = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => PluginProcess.Start(sandbox, Artifacts.Native).InitializeAsync()));
        var waiting = plugins.Select(plugin => plugin.GetCredentialsAsync(Feeds.App)).ToList();
        await TimeLimit.UntilAsync(() => sandbox.Aws.Faults.Taken > 0);

        killed.Process.Kill();

        Assert.All(await Task.WhenAll(waiting), answer => Assert.Equal("Success", (string?)answer["ResponseCode"]));
        Assert.All(plugins, plugin => Assert.StartsWith("CACP1015", Assert.Single(plugin.Warnings), StringComparison.Ordinal));
        foreach (var plugin in plugins)
            await plugin.DisposeAsync();
        // Its socket is left over, and the next one takes its place.
        Assert.True(File.Exists(killed.Socket));
        await using var next = await AgentProcess.StartAsync(sandbox);
        await AskAsync(sandbox);
        Assert.Contains("valid until", next.Log.Last(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task That_are_killed_while_they_wait_leave_their_token_to_others()
    {
        await using var sandbox = await Sandbox.StartAsync();
        await using var agent = await AgentProcess.StartAsync(sandbox);
        agent.UseAlone(sandbox);
        sandbox.Aws.Faults.Add(new Fault("codeartifact", Times: 1) { Delay = TimeSpan.FromSeconds(1) });
        await using var killed = await PluginProcess.Start(sandbox, Artifacts.Native).InitializeAsync();
        var pending = killed.GetCredentialsAsync(Feeds.App);
        await TimeLimit.UntilAsync(() => sandbox.Aws.Faults.Taken > 0);
        killed.Process.Kill();
        await Assert.ThrowsAsync<IOException>(() => pending);

        await AskAsync(sandbox);

        Assert.Equal(1, sandbox.Aws.Audit.Count("codeartifact", "GetAuthorizationToken"));
    }

    [Fact]
    public async Task Learn_why_the_agent_has_no_token()
    {
        await using var sandbox = await Sandbox.StartAsync();
        await using var agent = await AgentProcess.StartAsync(sandbox, "--domains", "fabrikam");
        // The plugin could have a token of its own, but the agent has answered.
        sandbox.Variables["CODEARTIFACT_AGENT"] = agent.Socket;
        await using var plugin = await PluginProcess.Start(sandbox, Artifacts.Native).InitializeAsync();

        Assert.Equal("Error", (string?)(await plugin.GetCredentialsAsync(Feeds.App))["ResponseCode"]);

        Assert.Equal("CACP1012: no token for domain contoso (111122223333, us-east-1): the agent says: the agent's --domains does not include contoso/111122223333; "
            + "where the agent runs: start it with --domains fabrikam,contoso/111122223333", Assert.Single(plugin.Warnings));
        Assert.Equal(0, sandbox.Aws.Audit.Count("codeartifact"));
        await plugin.CloseAsync();
    }

    [Fact]
    public async Task See_in_doctor_and_in_the_cache_whether_there_is_an_agent()
    {
        await using var sandbox = await Sandbox.StartAsync();
        sandbox.PutNativeOnPath();
        var client = sandbox.WriteSimpleProject();
        sandbox.WriteConfig("client", ("app", Feeds.App), ("shared", Feeds.Shared));
        var agent = await AgentProcess.StartAsync(sandbox);
        agent.UseAlone(sandbox);
        sandbox.Variables["CODEARTIFACT_CACHE"] = "on";
        var findings = await DoctorAsync(sandbox, client);
        Assert.Equal(["ok", "ok"], findings.Where(finding => (string?)finding["check"] == "agent").Select(finding => (string?)finding["outcome"]));
        Assert.StartsWith($"a token from agent {agent.Socket}: instance role (BuildAgentRole), valid until ", (string?)findings.First(finding => (string?)finding["check"] == "agent")["text"], StringComparison.Ordinal);
        Assert.DoesNotContain(findings, finding => (string?)finding["outcome"] == "fail" || (string?)finding["check"] is "network" or "credentials" or "identity" or "token");
        (await sandbox.RunAsync(Artifacts.Native, client, "warm", "app")).Succeeded();
        Assert.Contains($"identity: agent {agent.Socket}: instance role (BuildAgentRole)", (await sandbox.RunAsync(Artifacts.Native, client, "cache", "list")).Succeeded().Output, StringComparison.Ordinal);
        await agent.DisposeAsync();

        sandbox.Variables.Remove("AWS_EC2_METADATA_DISABLED");
        findings = await DoctorAsync(sandbox, client);

        var warnings = findings.Where(finding => (string?)finding["check"] == "agent").ToList();
        Assert.Equal(["warn", "warn"], warnings.Select(finding => (string?)finding["outcome"]));
        Assert.Equal("CACP1015", (string?)warnings[0]["code"]);
        Assert.Contains(findings, finding => (string?)finding["check"] == "token" && (string?)finding["outcome"] == "ok");
        Assert.DoesNotContain(findings, finding => (string?)finding["outcome"] == "fail");
    }

    [Theory]
    [InlineData("TERM")]
    [InlineData("INT")]
    public async Task Lose_an_agent_that_is_told_to_end(string signal)
    {
        await using var sandbox = await Sandbox.StartAsync();
        // A shell lets what it runs in the background ignore SIGINT, also a whole test run.
        sandbox.Wrapper = ["env", "--default-signal=INT"];
        await using var agent = await AgentProcess.StartAsync(sandbox);
        (await sandbox.RunAsync("kill", sandbox.Home, $"-{signal}", $"{agent.Process.Id}")).Succeeded();

        await TimeLimit.ExitAsync(agent.Process);

        Assert.Equal((0, false), (agent.Process.ExitCode, File.Exists(agent.Socket)));
    }

    [Fact]
    public async Task Lose_an_agent_that_is_idle()
    {
        await using var sandbox = await Sandbox.StartAsync();
        await using var agent = await AgentProcess.StartAsync(sandbox, "--idle", "1s");

        await TimeLimit.ExitAsync(agent.Process);

        Assert.Equal((0, false), (agent.Process.ExitCode, File.Exists(agent.Socket)));
    }

    /// <summary>A plugin gets a token without a warning.</summary>
    private static async Task AskAsync(Sandbox sandbox)
    {
        await using var plugin = await PluginProcess.Start(sandbox, Artifacts.Native).InitializeAsync();
        Assert.Equal("Success", (string?)(await plugin.GetCredentialsAsync(Feeds.App))["ResponseCode"]);
        Assert.Empty(plugin.Warnings);
        await plugin.CloseAsync();
    }

    private static async Task<List<JsonNode>> DoctorAsync(Sandbox sandbox, string folder)
    {
        var output = (await sandbox.RunAsync(Artifacts.Native, folder, "doctor", "--json")).Output;
        return [.. JsonNode.Parse(output[..(output.LastIndexOf(']') + 1)])!.AsArray().Select(finding => finding!)];
    }
}
