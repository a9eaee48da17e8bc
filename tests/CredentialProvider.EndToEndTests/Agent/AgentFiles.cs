using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using YamlDotNet.RepresentationModel;

namespace CredentialProvider.EndToEndTests.Agent;

/// <summary>The files of build/agent: units of systemd, a DaemonSet and ECS tasks.</summary>
public sealed partial class AgentFiles
{
    private const string Socket = "/run/codeartifact/agent.sock";

    /// <summary>With a socket that a script passes as systemd does, and the unit's own command line and variables.</summary>
    [Fact]
    public async Task Of_systemd_start_an_agent_with_the_socket_that_systemd_has_made()
    {
        Artifacts.RequireNative();
        Artifacts.Require("/usr/bin/python3", "python3");
        var unit = Unit("codeartifact-agent.service");
        Assert.Equal(Socket, Assert.Single(Unit("codeartifact-agent.socket")["ListenStream"]));
        Assert.Equal("codeartifact-agent.socket", Assert.Single(unit["Requires"]));
        Assert.Equal(["AF_UNIX AF_INET AF_INET6"], unit["RestrictAddressFamilies"]);
        // systemd creates the folder of this name below /var/cache.
        Assert.Equal($"CODEARTIFACT_CACHE_DIR=/var/cache/{unit["CacheDirectory"].Single()}", Assert.Single(unit["Environment"]));
        var command = Assert.Single(unit["ExecStart"]).Split(' ');
        Assert.Equal("/usr/local/bin/nuget-plugin-codeartifact", command[0]);
        await using var sandbox = await Sandbox.StartAsync();
        var socket = Path.Combine(sandbox.Folder("run"), "agent.sock");
        var script = sandbox.Write("systemd.py", """
            import os, socket, sys
            s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1] + '.new'); s.listen()
            os.rename(sys.argv[1] + '.new', sys.argv[1])
            os.dup2(s.fileno(), 3); os.set_inheritable(3, True)
            os.environ.update(LISTEN_FDS='1', LISTEN_PID=str(os.getpid()))
            os.execv(sys.argv[2], sys.argv[2:])
            """);
        using var agent = sandbox.Launch("/usr/bin/python3", sandbox.Home, [script, socket, Artifacts.Native, .. command[1..]]);
        var log = agent.StandardError.ReadLineAsync(TestContext.Current.CancellationToken).AsTask();
        (sandbox.Variables["CODEARTIFACT_AGENT"], sandbox.Variables["AWS_EC2_METADATA_DISABLED"]) = (socket, "true");
        await TimeLimit.UntilAsync(() => File.Exists(socket));

        (await sandbox.RunAsync(Artifacts.Native, sandbox.Home, "warm", Feeds.App)).Succeeded();

        Assert.Contains("token of instance role", await log, StringComparison.Ordinal);
        (await sandbox.RunAsync("kill", sandbox.Home, $"{agent.Id}")).Succeeded();
        await TimeLimit.ExitAsync(agent);
        Assert.Equal((0, true), (agent.ExitCode, File.Exists(socket)));
    }

    [Fact]
    public async Task Of_Kubernetes_run_an_agent_and_a_pod_that_asks_it()
    {
        var documents = new YamlStream();
        documents.Load(new StringReader(await File.ReadAllTextAsync(Artifacts.Source("build/agent/daemonset.yml"), TestContext.Current.CancellationToken)));
        var (agent, pod) = (documents.Documents[2].RootNode["spec"]["template"]["spec"], documents.Documents[3].RootNode["spec"]);
        Assert.Equal("codeartifact-agent", (string?)agent["serviceAccountName"]);
        Assert.Equal("codeartifact-agent", (string?)documents.Documents[1].RootNode["metadata"]["name"]);
        Assert.Equal(Text(documents.Documents[2].RootNode["spec"]["selector"]["matchLabels"]), Text(documents.Documents[2].RootNode["spec"]["template"]["metadata"]["labels"]));
        var variable = pod["containers"][0]["env"][0];
        Assert.Equal(("CODEARTIFACT_AGENT", Socket), ((string?)variable["name"], (string?)variable["value"]));
        Assert.All([agent, pod], spec => Assert.Equal(Path.GetDirectoryName(Socket), (string?)spec["volumes"][0]["hostPath"]["path"]));
        Assert.Equal("true", (string?)pod["containers"][0]["volumeMounts"][0]["readOnly"]);
        await AssertGivesTokensAsync([.. ((YamlSequenceNode)agent["containers"][0]["command"]).Select(word => (string)word!)]);
    }

    [Fact]
    public async Task Of_ECS_run_an_agent_and_a_task_without_a_role_that_asks_it()
    {
        var (agent, build) = (await TaskAsync("ecs-agent.json"), await TaskAsync("ecs-build.json"));
        Assert.NotNull(agent["taskRoleArn"]);
        Assert.Null(build["taskRoleArn"]);
        Assert.Equal(agent["volumes"]!.ToJsonString(), build["volumes"]!.ToJsonString());
        Assert.Equal(Socket, (string?)build["containerDefinitions"]![0]!["environment"]![0]!["value"]);
        await AssertGivesTokensAsync([.. agent["containerDefinitions"]![0]!["command"]!.AsArray().Select(word => (string)word!)]);
    }

    /// <summary>The commands that the guide and the manifests have, apart from those of other programs.</summary>
    [Fact]
    public async Task And_the_guide_use_options_that_exist()
    {
        Artifacts.RequireNative();
        await using var sandbox = await Sandbox.StartAsync();
        var guide = await File.ReadAllTextAsync(Artifacts.Source("docs/guides/agent.md"), TestContext.Current.CancellationToken);
        Assert.All(Link().Matches(guide).Select(match => match.Groups[1].Value), file => Assert.True(File.Exists(Artifacts.Source("build/agent/" + file)), file));
        foreach (var (option, error) in new[]
        {
            ("--mode 9", "invalid mode '9'; expected octal digits such as 0660"), ("--mode rw", "invalid mode 'rw'"), ("--idle 8", "invalid time '8'; expected a number and s, m or h"),
            ("--idle 0s", "invalid time '0s'"), ("--domains Contoso", "invalid domain 'Contoso'; expected domain, domain/owner or */owner"), ("--domains contoso/1", "invalid domain 'contoso/1'"),
            ("--domains ,", "--domains names no domain; expected domain, domain/owner or */owner"),
        })
        {
            var refused = await sandbox.RunAsync(Artifacts.Native, sandbox.Home, ["agent", "--socket", Path.Combine(sandbox.Root, "a"), .. option.Split(' ')]);
            Assert.Equal((2, true), (refused.ExitCode, refused.Output.Contains(error, StringComparison.Ordinal)));
        }

        Assert.Contains("no socket: --socket is missing", (await sandbox.RunAsync(Artifacts.Native, sandbox.Home, "agent")).Failed().Output, StringComparison.Ordinal);
    }

    /// <summary>Runs a container's command with a socket of this test.</summary>
    private static async Task AssertGivesTokensAsync(string[] command)
    {
        Assert.Equal(["nuget-plugin-codeartifact", "agent", "--socket", Socket, "--mode", "0666"], command[..6]);
        await using var sandbox = await Sandbox.StartAsync();
        await using var agent = await AgentProcess.StartAsync(sandbox, command[4..]);
        agent.UseAlone(sandbox);
        sandbox.Variables["CODEARTIFACT_CACHE"] = "on";
        (await sandbox.RunAsync(Artifacts.Native, sandbox.Home, "warm", Feeds.App)).Succeeded();
        Assert.Equal((UnixFileMode)0x1B6, File.GetUnixFileMode(agent.Socket));
        Assert.Contains("valid until", agent.Log.Last(), StringComparison.Ordinal);
    }

    private static async Task<JsonNode> TaskAsync(string file) =>
        JsonNode.Parse(await File.ReadAllTextAsync(Artifacts.Source("build/agent/" + file), TestContext.Current.CancellationToken))!;

    private static string Text(YamlNode node) => string.Join(',', ((YamlMappingNode)node).Children);

    /// <summary>The settings of a unit, by name.</summary>
    private static Dictionary<string, List<string>> Unit(string file) => File.ReadAllLines(Artifacts.Source("build/agent/" + file))
        .Where(line => !line.StartsWith('#') && line.Contains('=', StringComparison.Ordinal)).Select(line => line.Split('=', 2))
        .GroupBy(parts => parts[0], parts => parts[1]).ToDictionary(group => group.Key, group => group.ToList());

    [GeneratedRegex(@"\(\.\./\.\./build/agent/([\w.-]+)\)")]
    private static partial Regex Link();
}
