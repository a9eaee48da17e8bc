using System.Diagnostics;
using System.Text.Json.Nodes;

namespace CredentialProvider.EndToEndTests.CommandLine;

/// <summary>
/// <c>doctor --service</c> and <c>--user</c>: what a build agent sees that runs as another user. The agent's unit is that of a systemd whose
/// systemctl is a script, which prints what systemctl 252 printed for such a unit. A restore runs beside <c>doctor</c>, as that user and with
/// that environment.
/// </summary>
[Trait("Category", "Slow")]
public sealed class OtherUsers
{
    private const string User = "builder", Uid = "4242", DefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    [Fact]
    public async Task Whose_service_has_the_plugin_on_PATH_pass_every_check()
    {
        await using var agent = await Agent.StartAsync();
        agent.Put(Artifacts.Native);

        var findings = await agent.DoctorAsync();

        Assert.Empty(Failed(findings));
        Assert.Equal($"agent.service runs as user {User} with PATH {agent.Bin}:{DefaultPath}", Text(findings, "service"));
        Assert.Contains(agent.Bin, Text(findings, "plugin"), StringComparison.Ordinal);
        (await agent.RestoreAsync()).Succeeded();
    }

    /// <summary>The administrator's shell finds the plugin, and everything is fine there.</summary>
    [Fact]
    public async Task Whose_service_has_another_PATH_are_told_the_drop_in_that_names_the_plugin()
    {
        await using var agent = await Agent.StartAsync();
        agent.Sandbox.Variables["PATH"] = $"{agent.Programs}:{agent.Sandbox.Variables["PATH"]}";
        Assert.Empty(Failed(await agent.RunAsync("doctor", "--json")));
        (await agent.RestoreAsync()).Failed();

        var failure = Assert.Single(Failed(await agent.DoctorAsync()));

        Assert.Equal("plugin", (string?)failure["check"]);
        await agent.FollowAsync(failure);
        Assert.Empty(Failed(await agent.DoctorAsync()));
        agent.Environment["NUGET_PLUGIN_PATHS"] = agent.Program;
        (await agent.RestoreAsync()).Succeeded();
    }

    [Theory]
    [InlineData("NUGET_PLUGIN_PATHS", "/opt/nuget-plugin-other", false)]
    [InlineData("NUGET_PLUGIN_PATHS", "/opt/nuget-plugin-other", true)]
    [InlineData("NUGET_NETCORE_PLUGIN_PATHS", "/opt/Other.dll", false)]
    [InlineData("NUGET_NETCORE_PLUGIN_PATHS", "/opt/Other.dll", true)]
    public async Task Whose_service_names_other_plugins_are_told_where(string variable, string value, bool isInFile)
    {
        await using var agent = await Agent.StartAsync();
        agent.Put(Artifacts.Native);
        if (isInFile)
            agent.Environment[variable] = value;
        else
            agent.Unit = $"Environment={variable}={value}";
        (await agent.RestoreAsync((variable, value))).Failed();

        var failure = Assert.Single(Failed(await agent.DoctorAsync()));

        await agent.FollowAsync(failure);
        Assert.Empty(Failed(await agent.DoctorAsync()));
    }

    /// <summary>What lies on the service's PATH in place of the plugin: found by NuGet, but not by a shell or by root.</summary>
    [Theory]
    [InlineData("0744 of root", "cannot be started: Permission denied", true)]
    [InlineData("a file of a web page", "cannot be started: Exec format error", true)]
    [InlineData("a program for another processor", "cannot be started: Exec format error", true)]
    [InlineData("an empty file", "", true)]
    [InlineData("a file system mounted noexec", "cannot be started: Permission denied", false)]
    public async Task Whose_service_cannot_start_what_is_on_its_PATH_are_told_why(string planted, string reason, bool hasCommand)
    {
        await using var agent = await Agent.StartAsync();
        if (planted.Contains("noexec", StringComparison.Ordinal))
        {
            Run("mount", "-t", "tmpfs", "-o", "noexec,mode=755", "none", agent.Bin);
            agent.Sandbox.Cleanup.Push(() => Run("umount", agent.Bin));
        }

        var plugin = agent.Put(Artifacts.Native);
        if (planted == "0744 of root")
            File.SetUnixFileMode(plugin, (UnixFileMode)0x1E4);
        else if (hasCommand)
            await File.WriteAllTextAsync(plugin, planted switch { "a file of a web page" => "<!DOCTYPE html>\n", "an empty file" => "", _ => "\u007fELF\u0002\u0001\u0001" }, TestContext.Current.CancellationToken);
        (await agent.RestoreAsync()).Failed();

        var failure = Assert.Single(Failed(await agent.DoctorAsync()));

        Assert.Equal("plugin", (string?)failure["check"]);
        Assert.Contains(reason, (string?)failure["text"], StringComparison.Ordinal);
        if (!hasCommand)
        {
            Assert.Contains("noexec", (string?)failure["fix"], StringComparison.Ordinal);
            return;
        }

        await agent.FollowAsync(failure);
        if (!File.Exists(plugin))
            agent.Put(Artifacts.Native);
        Assert.Empty(Failed(await agent.DoctorAsync()));
        (await agent.RestoreAsync()).Succeeded();
    }

    /// <summary>The unit's groups let the service start the plugin.</summary>
    [Theory]
    [InlineData("SupplementaryGroups=4343")]
    [InlineData("Group=4343")]
    public async Task Whose_unit_has_groups_have_their_rights(string line)
    {
        await using var agent = await Agent.StartAsync();
        var plugin = agent.Put(Artifacts.Native);
        Run("chown", "0:4343", plugin);
        File.SetUnixFileMode(plugin, (UnixFileMode)0x1E8); // 0750
        Assert.Equal("plugin", (string?)Assert.Single(Failed(await agent.DoctorAsync()))["check"]);

        agent.Unit = line;
        var findings = await agent.DoctorAsync();

        Assert.Empty(Failed(findings));
        Assert.Contains($"as user {User}, with groups 4343 ", Text(findings, "service"), StringComparison.Ordinal);
    }

    /// <summary>The user can write the EnvironmentFile, and setpriv is root when it starts. The dynamic linker writes the file that LD_DEBUG_OUTPUT
    /// names, for each process.</summary>
    [Fact]
    public async Task Whose_unit_has_groups_have_their_variables_but_not_as_root()
    {
        await using var agent = await Agent.StartAsync();
        agent.Put(Artifacts.Native);
        var folder = agent.Sandbox.Folder("linked");
        File.SetUnixFileMode(folder, (UnixFileMode)0x1FF);
        (agent.Environment["LD_DEBUG"], agent.Environment["LD_DEBUG_OUTPUT"]) = ("statistics", Path.Combine(folder, "of"));
        agent.Unit = "SupplementaryGroups=4343";

        Assert.Empty(Failed(await agent.DoctorAsync()));

        Assert.NotEmpty(Directory.GetFiles(folder));
        var owners = (await agent.Sandbox.RunAsync("find", agent.Client, folder, "-type", "f", "-not", "-uid", Uid)).Succeeded();
        Assert.Equal("", owners.Output);
    }

    [Theory]
    [InlineData("fifo", "it is not a regular file")]
    [InlineData("zero", "it is not a regular file")]
    public async Task Whose_service_has_something_else_for_a_file_are_told_that_it_cannot_start(string kind, string reason)
    {
        await using var agent = await Agent.StartAsync();
        File.Delete(agent.EnvironmentFile);
        if (kind == "fifo")
            Run("mkfifo", agent.EnvironmentFile);
        else
            File.CreateSymbolicLink(agent.EnvironmentFile, "/dev/zero");

        var outcome = (await agent.Sandbox.RunAsync(agent.Program, agent.Client, "doctor", "--service", "agent")).Failed();

        Assert.Contains($"{agent.EnvironmentFile}: {reason}", outcome.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Do_not_get_the_secrets_of_root()
    {
        await using var agent = await Agent.StartAsync();
        agent.Sandbox.Variables["PATH"] = $"{agent.Programs}:{agent.Sandbox.Variables["PATH"]}";
        agent.Sandbox.Variables["CODEARTIFACT_AUTH_TOKEN"] = "a-token-of-root-only";

        var findings = await agent.RunAsync("doctor", "--json", "--user", User);

        Assert.Contains($"sudo -H -u {User} --preserve-env=CODEARTIFACT_AUTH_TOKEN ", Text(findings, "service"), StringComparison.Ordinal);
        Assert.Contains(findings, finding => ((string?)finding["check"], (string?)finding["outcome"]) == ("token", "ok"));
    }

    [Fact]
    public async Task Whose_unit_passes_variables_of_systemd_have_them()
    {
        await using var agent = await Agent.StartAsync();
        agent.Put(Artifacts.Native);
        agent.Unit = "PassEnvironment=NUGET_PLUGIN_PATHS NO_SUCH_VARIABLE";
        var environment = agent.Sandbox.Write("environ", "NUGET_PLUGIN_PATHS=/opt/nuget-plugin-other\0DOTNET_ROOT=/opt/gone\0");
        agent.Sandbox.Wrapper = [.. agent.Sandbox.Wrapper, "sh", "-c", "mount --bind \"$0\" /proc/1/environ && exec \"$@\"", environment];

        var failure = Assert.Single(Failed(await agent.DoctorAsync()));

        Assert.Contains("only in NUGET_PLUGIN_PATHS", (string?)failure["text"], StringComparison.Ordinal);
        await agent.FollowAsync(failure);
        Assert.Empty(Failed(await agent.DoctorAsync()));
    }

    [Theory]
    [InlineData(0x1E4)] // 0744
    [InlineData(0x1C0)] // 0700
    public async Task Who_cannot_start_this_program_are_told_its_mode(int mode)
    {
        await using var agent = await Agent.StartAsync();
        File.SetUnixFileMode(agent.Program, (UnixFileMode)mode);

        var failure = Assert.Single(Failed(await agent.DoctorAsync()));

        Assert.Equal(("plugin", $"sudo chmod 755 {agent.Program}"), ((string)failure["check"]!, (string?)failure["command"]));
    }

    [Fact]
    public async Task Who_may_not_enter_the_folder_of_this_program_are_told_to_install_it_elsewhere()
    {
        await using var agent = await Agent.StartAsync();
        File.SetUnixFileMode(agent.Programs, (UnixFileMode)0x1C0);

        var failure = Assert.Single(Failed(await agent.DoctorAsync()));

        Assert.Equal($"sudo {agent.Program} install --native --bin /usr/local/bin", (string?)failure["command"]);
    }

    [Fact]
    public async Task Have_their_own_home_directory_and_the_variables_of_the_shell_with_user()
    {
        await using var agent = await Agent.StartAsync();
        agent.Sandbox.Variables["PATH"] = $"{agent.Programs}:{agent.Sandbox.Variables["PATH"]}";
        agent.Sandbox.Variables["XDG_CACHE_HOME"] = agent.Sandbox.Folder("admin/.cache");
        agent.Sandbox.Variables["DOTNET_CLI_HOME"] = agent.Sandbox.Folder("admin");
        agent.Sandbox.Write("admin/.nuget/NuGet/NuGet.Config", "<configuration>");

        var findings = await agent.RunAsync("doctor", "--json", "--user", User);

        Assert.Empty(Failed(findings));
        Assert.EndsWith($"in {agent.Sandbox.Cache}", Text(findings, "cache"), StringComparison.Ordinal);
    }

    /// <summary>As a cron job or sudo's secure_path.</summary>
    [Fact]
    public async Task Who_have_a_short_PATH_are_told_the_variable_to_set()
    {
        await using var agent = await Agent.StartAsync();
        agent.Sandbox.Variables["PATH"] = "/usr/bin:/bin";

        var failure = Assert.Single(Failed(await agent.RunAsync("doctor", "--json", "--user", Uid)));

        Assert.Equal($"export NUGET_PLUGIN_PATHS={agent.Program}", (string?)failure["command"]);
    }

    [Fact]
    public async Task Get_fixes_that_run_as_the_user()
    {
        await using var agent = await Agent.StartAsync();
        agent.Put(Artifacts.Native);
        Directory.CreateDirectory(agent.Sandbox.Cache);
        File.SetUnixFileMode(agent.Sandbox.Cache, (UnixFileMode)0x1FF);
        Run("chown", "-R", Uid, Path.GetDirectoryName(agent.Sandbox.Cache)!);

        static bool IsOpenCache(JsonNode finding) => ((string?)finding["check"], (string?)finding["outcome"]) == ("cache", "warn");
        var warning = Assert.Single(await agent.DoctorAsync(), IsOpenCache);

        // The user could put a link there, so it is not root who changes it.
        Assert.Equal($"sudo -H -u {User} chmod 700 {agent.Sandbox.Cache}", (string?)warning["command"]);
        Assert.StartsWith($"according to user {User}, ", (string?)warning["fix"], StringComparison.Ordinal);
        await agent.FollowAsync(warning);
        Assert.DoesNotContain(await agent.DoctorAsync(), IsOpenCache);
    }

    [Fact]
    public async Task Are_told_what_their_unit_hides()
    {
        await using var agent = await Agent.StartAsync();
        agent.Put(Artifacts.Native);
        agent.Unit = "ProtectHome=yes";

        var findings = await agent.DoctorAsync();

        Assert.Contains(findings, finding => (string?)finding["outcome"] == "skip" && ((string?)finding["text"])!.EndsWith("ProtectHome=yes", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("LoadCredential=token:/etc/token", "CREDENTIALS_DIRECTORY", "/run/credentials/agent.service")]
    [InlineData("SetCredential=token", "CREDENTIALS_DIRECTORY", "/run/credentials/agent.service")]
    [InlineData("StateDirectory=agent", "STATE_DIRECTORY", "/var/lib/agent")]
    [InlineData("RuntimeDirectory=builds/agent:link", "RUNTIME_DIRECTORY", "/run/builds/agent")]
    public async Task Have_the_variables_for_folders_that_systemd_creates(string unit, string variable, string folder)
    {
        await using var agent = await Agent.StartAsync();
        agent.Put(Artifacts.Native);
        agent.Unit = unit;
        agent.Environment["CODEARTIFACT_AUTH_TOKEN_FILE"] = $"${{{variable}}}/token";

        var findings = await agent.DoctorAsync();

        Assert.Contains($"{folder}/token", (string)Assert.Single(Failed(findings))["text"]!, StringComparison.Ordinal);
        Assert.Equal(unit.Contains("Credential", StringComparison.Ordinal), findings.Exists(finding =>
            ((string?)finding["text"])!.EndsWith($"{folder} exists only while the service runs", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("--user", "nosuchuser", "there is no such user")]
    [InlineData("--service", "nosuch", "systemd has no such unit")]
    public async Task Must_exist(string option, string name, string reason)
    {
        await using var agent = await Agent.StartAsync();

        var outcome = (await agent.Sandbox.RunAsync(agent.Program, agent.Client, "doctor", option, name)).Failed();

        Assert.Contains(reason, outcome.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Are_checked_by_root_alone()
    {
        await using var agent = await Agent.StartAsync();
        agent.Sandbox.Wrapper = [.. agent.Sandbox.Wrapper, "setpriv", "--reuid", "nobody", "--regid", "65534", "--clear-groups"];

        var outcome = (await agent.Sandbox.RunAsync(agent.Program, agent.Client, "doctor", "--user", User)).Failed();

        Assert.Equal($"error: only root can start a program as another user; run: sudo {agent.Program} doctor --user {User}\n", outcome.Output);
    }

    [Fact]
    public async Task Whose_service_lacks_a_file_with_variables_are_told_that_it_cannot_start()
    {
        await using var agent = await Agent.StartAsync();
        File.Delete(agent.EnvironmentFile);

        var outcome = (await agent.Sandbox.RunAsync(agent.Program, agent.Client, "doctor", "--service", "agent")).Failed();

        Assert.Contains("systemd does not start it", outcome.Output, StringComparison.Ordinal);
        Assert.Contains(agent.EnvironmentFile, outcome.Output, StringComparison.Ordinal);
    }

    private static IEnumerable<JsonNode> Failed(IEnumerable<JsonNode> findings) => findings.Where(finding => (string?)finding["outcome"] == "fail");

    private static string Text(IEnumerable<JsonNode> findings, string check) => (string)findings.First(finding => (string?)finding["check"] == check)["text"]!;

    private static void Run(string program, params string[] arguments)
    {
        using var process = Process.Start(program, arguments);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }

    /// <summary>A build agent: a service of user builder, whose home directory is the sandbox's.</summary>
    private sealed class Agent : IAsyncDisposable
    {
        private bool _isFollowed;

        private Agent(Sandbox sandbox) => Sandbox = sandbox;

        public Sandbox Sandbox { get; }

        public string Client => Sandbox.Folder("client");

        /// <summary>The first folder on the service's PATH.</summary>
        public string Bin => Sandbox.Folder("agent-bin");

        /// <summary>The folder of <see cref="Program"/>, which is not on the service's PATH.</summary>
        public string Programs => Sandbox.Folder("programs");

        /// <summary>The program that the administrator runs.</summary>
        public string Program => Path.Combine(Programs, "nuget-plugin-codeartifact");

        public string EnvironmentFile => Path.Combine(Sandbox.Root, "etc", "agent.env");

        /// <summary>The variables in the service's EnvironmentFile.</summary>
        public Dictionary<string, string> Environment { get; } = [];

        /// <summary>Another line of the unit.</summary>
        public string Unit { get; set; } = "";

        public static async Task<Agent> StartAsync()
        {
            Artifacts.RequireNative();
            var sandbox = await Sandbox.StartAsync();
            sandbox.UseOwnEtc("passwd", "systemd");
            sandbox.WriteProject("client", "Contoso.App.Client/1.0.0");
            sandbox.WriteConfig("client", ("contoso", Feeds.App));
            var agent = new Agent(sandbox);
            foreach (var name in sandbox.Variables.Keys.Where(name => name is not ("HOME" or "PATH")))
                agent.Environment[name] = sandbox.Variables[name];
            File.Copy(Artifacts.Native, agent.Program);
            await File.AppendAllTextAsync(Path.Combine(sandbox.Root, "etc", "passwd"), $"{User}:x:{Uid}:{Uid}::{sandbox.Home}:/usr/sbin/nologin\n", TestContext.Current.CancellationToken);
            agent.Script("sudo", """
                while [ "${1#-}" != "$1" ]; do [ "$1" = -u ] && { user=$2; shift; }; shift; done
                [ -z "$user" ] && exec "$@"
                exec setpriv --reuid "$user" --regid 4242 --clear-groups "$@"
                """);
            sandbox.Variables["PATH"] = $"{sandbox.Folder("tools")}:{sandbox.Variables["PATH"]}";
            await File.WriteAllTextAsync(agent.EnvironmentFile, "", TestContext.Current.CancellationToken);
            Run("chmod", "-R", "go+rX", sandbox.Root, Path.GetDirectoryName(sandbox.Aws.CaFile)!);
            foreach (var folder in new[] { sandbox.Home, agent.Client, sandbox.Folder("packages"), sandbox.Folder("tmp") })
                Run("chown", "-R", Uid, folder);
            sandbox.Variables["HOME"] = sandbox.Folder("admin");
            agent.WriteUnit();
            return agent;
        }

        /// <summary>Puts a copy of a program on the service's PATH.</summary>
        public string Put(string program)
        {
            var path = Path.Combine(Bin, Path.GetFileName(program));
            File.Copy(program, path);
            return path;
        }

        public Task<List<JsonNode>> DoctorAsync() => RunAsync("doctor", "--json", "--service", "agent");

        public async Task<List<JsonNode>> RunAsync(params string[] arguments)
        {
            WriteUnit();
            var output = (await Sandbox.RunAsync(Program, Client, arguments)).Output;
            Assert.True(output.StartsWith('['), output);
            return [.. JsonNode.Parse(output[..(output.LastIndexOf(']') + 1)])!.AsArray().Select(finding => finding!)];
        }

        /// <summary>Runs the fix in the administrator's shell.</summary>
        public async Task FollowAsync(JsonNode failure)
        {
            (await Sandbox.RunAsync("bash", Client, "-c", (string)failure["command"]!)).Succeeded();
            _isFollowed = true;
        }

        /// <summary>A restore as the service runs it.</summary>
        public async Task<Outcome> RestoreAsync(params (string Name, string Value)[] variables)
        {
            var (before, wrapper) = (new Dictionary<string, string>(Sandbox.Variables), Sandbox.Wrapper);
            Sandbox.Variables.Clear();
            foreach (var (name, value) in Environment)
                Sandbox.Variables[name] = value;
            (Sandbox.Variables["HOME"], Sandbox.Variables["PATH"]) = (Sandbox.Home, $"{Bin}:{DefaultPath}");
            Sandbox.Variables["NUGET_ENHANCED_MAX_NETWORK_TRY_COUNT"] = "1";
            foreach (var (name, value) in variables)
                Sandbox.Variables[name] = value;
            Sandbox.Wrapper = [.. wrapper, "setpriv", "--reuid", Uid, "--regid", Uid, "--clear-groups"];
            try
            {
                return await Sandbox.DotnetAsync(Client, "restore", "--interactive", "false", "--force");
            }
            finally
            {
                Sandbox.Wrapper = wrapper;
                Sandbox.Variables.Clear();
                foreach (var (name, value) in before)
                    Sandbox.Variables[name] = value;
            }
        }

        public ValueTask DisposeAsync() => Sandbox.DisposeAsync();

        private void WriteUnit()
        {
            if (!_isFollowed && File.Exists(EnvironmentFile))
                File.WriteAllLines(EnvironmentFile, Environment.Select(variable => $"{variable.Key}=\"{variable.Value}\""));
            Script("systemctl", $$"""
                case "$*" in
                show-environment) echo LANG=C.UTF-8; echo PATH={{DefaultPath}};;
                show*--\ agent.service)
                  dropins=$(sed -n 's/^Environment=//p' /etc/systemd/system/agent.service.d/*.conf 2>/dev/null)
                  echo Environment=PATH={{Bin}}:{{DefaultPath}} {{(Unit.StartsWith("Environment=", StringComparison.Ordinal) ? Unit["Environment=".Length..] : "")}} $dropins
                  echo "EnvironmentFiles={{EnvironmentFile}} (ignore_errors=no)"
                  echo UnsetEnvironment=$(sed -n 's/^UnsetEnvironment=//p' /etc/systemd/system/agent.service.d/*.conf 2>/dev/null)
                  {{(Unit.Contains("Directory=", StringComparison.Ordinal) || Unit.Contains("Credential=", StringComparison.Ordinal) ? $"echo {Unit}" : "")}}
                  echo RootDirectory=; echo RootImage=; echo TemporaryFileSystem=; echo InaccessiblePaths=
                  echo {{(Unit.StartsWith("Protect", StringComparison.Ordinal) ? Unit : "ProtectHome=no")}}
                  echo {{(Unit.Contains("Group", StringComparison.Ordinal) || Unit.StartsWith("Pass", StringComparison.Ordinal) ? Unit : "Group=")}}
                  echo User={{User}}; echo LoadState=loaded;;
                show*) echo Environment=; echo UnsetEnvironment=; echo User=; echo LoadState=not-found;;
                daemon-reload) ;;
                *) echo "unexpected: $*" >&2; exit 1;;
                esac
                """);
        }

        private void Script(string name, string body)
        {
            var path = Sandbox.Write($"tools/{name}", $"#!/bin/bash\n{body}\n");
            File.SetUnixFileMode(path, (UnixFileMode)0x1ED);
        }
    }
}
