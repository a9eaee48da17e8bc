using System.Text.Json.Nodes;
using LocalAws;

namespace CredentialProvider.EndToEndTests.CommandLine;

/// <summary>What <c>exec</c> runs finds everything as if the user had run it, and a token.</summary>
public sealed class CommandsWithAToken
{
    public static TheoryData<string> Builds => [Artifacts.Native, Artifacts.NetCore];

    /// <summary>The program takes variables from the AWS SDK, replaces a home and a folder that are relative, and names its certificates to
    /// OpenSSL.</summary>
    [Theory]
    [MemberData(nameof(Builds))]
    public async Task Have_the_environment_of_the_user(string build)
    {
        await using var sandbox = await StartAsync();
        sandbox.PrintsTokens = true;
        sandbox.Write("aws/config", "[profile ci]\ncredential_source = Ec2InstanceMetadata\nrole_arn = arn:aws:iam::111122223333:role/Reader\n");
        sandbox.Aws.World.InstanceRole!.Policy.Add(new Statement("sts:AssumeRole"));
        sandbox.Aws.World.AddRole("Reader", World.ReadPolicy(), World.Account, new Trust(World.Account));
        sandbox.Variables["AWS_PROFILE"] = "ci";
        sandbox.Variables["AWS_CONFIG_FILE"] = Path.Combine(sandbox.Root, "aws/config");
        sandbox.Variables["AWS_CA_BUNDLE"] = sandbox.Aws.CaFile;
        sandbox.Variables["SSL_CERT_FILE"] = sandbox.Aws.CaBundleFile;
        sandbox.Variables["HOME"] = "relative";
        sandbox.Variables["TMPDIR"] = "relative";
        sandbox.Variables["EMPTY"] = "";
        sandbox.Variables["ODD"] = " a=b\t\u00fc\n";

        var expected = await RunAsync(sandbox, [], "env", "-0");
        var actual = await RunAsync(sandbox, Exec(build), "env", "-0");

        var added = Assert.Single(actual.Split('\0').Except(expected.Split('\0')));
        Assert.Equal($"CODEARTIFACT_AUTH_TOKEN={Assert.Single(sandbox.Aws.World.Tokens.Keys)}", added);
        Assert.Empty(expected.Split('\0').Except(actual.Split('\0')));
        Assert.Contains(sandbox.Aws.Audit.Entries, entry => entry.Operation == "AssumeRole");
    }

    [Fact]
    public async Task Have_other_variables_with_the_token()
    {
        await using var sandbox = await StartAsync();
        sandbox.PrintsTokens = true;
        sandbox.Variables["UV_INDEX_CODEARTIFACT_PASSWORD"] = "old";

        var output = await RunAsync(sandbox, Exec(Artifacts.Native, "--variable", "UV_INDEX_CODEARTIFACT_PASSWORD", "--variable", "CARGO_REGISTRIES_APP_TOKEN=Bearer {token}"),
            "sh", "-c", "printf %s \"$UV_INDEX_CODEARTIFACT_PASSWORD,$CARGO_REGISTRIES_APP_TOKEN\"");

        var token = Assert.Single(sandbox.Aws.World.Tokens.Keys);
        Assert.Equal($"{token},Bearer {token}", output);
    }

    /// <summary>Words that NuGet starts this program with.</summary>
    [Theory]
    [InlineData("-Plugin")]
    [InlineData("-uri")]
    public async Task Get_every_argument(string argument)
    {
        await using var sandbox = await StartAsync();

        Assert.Equal($"{argument} {Feeds.App}\n", await RunAsync(sandbox, Exec(Artifacts.Native), "echo", argument, Feeds.App));
    }

    /// <summary>Signals, descriptors, capabilities, core dumps and the mask of new files. The scan at the end of the test finds a token on a command line.</summary>
    [Theory]
    [MemberData(nameof(Builds))]
    public async Task Inherit_what_the_program_has_changed_for_itself(string build)
    {
        const string State = """
            grep -E '^(Sig(Blk|Ign|Cgt)|Cap|Umask|NoNewPrivs)' /proc/self/status; ls /proc/self/fd; ulimit -Hn; ulimit -c; cat /proc/self/coredump_filter; cat /proc/[0-9]*/cmdline > cmdlines 2> /dev/null
            python3 -c 'import ctypes; print(ctypes.CDLL(None).prctl(3))'
            """;
        await using var sandbox = await StartAsync();
        // Renewing this session writes a file, for which the program changes its umask.
        sandbox.Aws.World.SsoRefreshTokens["sso-refresh-token"] = sandbox.Aws.World.AddRole("SsoReader", World.ReadPolicy());
        sandbox.Aws.World.SsoClients["client"] = new SsoClient("secret", [], [], null);
        sandbox.Write("home/.aws/config", SsoFiles.Profile);
        sandbox.Write(SsoFiles.Cache, $$"""
            {"startUrl":"https://corp.awsapps.com/start","region":"us-east-1","accessToken":"old","expiresAt":"{{DateTime.UtcNow.AddHours(-1):s}}Z",
             "clientId":"client","clientSecret":"secret","registrationExpiresAt":"{{DateTime.UtcNow.AddDays(30):s}}Z","refreshToken":"sso-refresh-token"}
            """);
        sandbox.Wrapper = ["env", "--default-signal", "--ignore-signal=HUP"];

        var expected = await RunAsync(sandbox, [], "bash", "-c", State);
        var actual = await RunAsync(sandbox, Exec(build), "bash", "-c", State);

        Assert.Equal(expected, actual);
        Assert.Equal(1, sandbox.Aws.Audit.Count("sso-oidc"));
        Assert.Empty(Directory.GetFileSystemEntries(sandbox.Folder("tmp")));
    }

    [Fact]
    public async Task Get_their_arguments_as_they_are()
    {
        await using var sandbox = await StartAsync();
        string[] arguments = ["a b", "c'd", "e\"f", "g\nh", "", "*", "\\", "--", "--profile", "none", "--help", "@file", "\u00fc"];
        Assert.Equal(string.Concat(arguments.Select(argument => $"<{argument}>")), await RunAsync(sandbox, Exec(Artifacts.Native), ["bash", "-c", "printf '<%s>' \"$@\"", "-", .. arguments]));
    }

    /// <summary>Names of files from before UTF-8.</summary>
    [Theory]
    [MemberData(nameof(Builds))]
    public async Task Get_arguments_that_are_not_UTF_8(string build)
    {
        await using var sandbox = await StartAsync();
        var script = $"{string.Join(' ', Exec(build).Select(word => $"'{word}'"))} printf '%s|%s' $'caf\\xe9' b | od -An -c";
        Assert.Equal("c a f 351 | b", string.Join(' ', (await RunAsync(sandbox, [], "bash", "-c", script)).Split(' ', StringSplitOptions.RemoveEmptyEntries)).Trim());
    }

    [Fact]
    public async Task Read_the_input_from_its_beginning_and_write_after_what_is_there()
    {
        await using var sandbox = await StartAsync();
        var script = $"seq 3 | {string.Join(' ', Exec(Artifacts.Native).Select(word => $"'{word}'"))} sh -c 'cat; echo end >&2' > out 2> err; cat out err";
        Assert.Equal("1\n2\n3\nend\n", await RunAsync(sandbox, [], "bash", "-c", script));
    }

    [Fact]
    public async Task Have_the_terminal_as_the_shell_left_it()
    {
        await using var sandbox = await StartAsync();
        sandbox.UseTerminal();
        string[] command = ["sh", "-c", "test -t 0 && test -t 1 && test -t 2 && stty -a"];

        var expected = await RunAsync(sandbox, [], command);
        var actual = await RunAsync(sandbox, Exec(Artifacts.Native), command);

        Assert.EndsWith(expected, actual, StringComparison.Ordinal);
        Assert.DoesNotContain("\u001b", actual, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("TERM", 143)]
    [InlineData("INT", 130)]
    public async Task Get_the_signals_that_are_sent_to_the_program(string signal, int exitCode)
    {
        await using var sandbox = await StartAsync();
        // A shell lets what it runs in the background ignore SIGINT, also a whole test run.
        sandbox.Wrapper = ["env", "--default-signal=INT"];
        string[] line = [.. Exec(Artifacts.Native), "cat"];
        using var process = sandbox.Launch(line[0], sandbox.Folder("client"), line[1..]);
        await TimeLimit.UntilAsync(() => process.HasExited || File.ReadAllText($"/proc/{process.Id}/comm") == "cat\n");

        (await sandbox.RunAsync("kill", sandbox.Home, $"-{signal}", $"{process.Id}")).Succeeded();

        await TimeLimit.ExitAsync(process);
        Assert.Equal(exitCode, process.ExitCode);
    }

    [Theory]
    [InlineData(0, "true")]
    [InlineData(7, "sh", "-c", "exit 7")]
    [InlineData(255, "sh", "-c", "exit 255")]
    [InlineData(143, "sh", "-c", "kill -TERM $$")]
    [InlineData(126, "./file")]
    [InlineData(126, "file-on-path")]
    [InlineData(126, "../client")]
    [InlineData(127, "./nowhere")]
    [InlineData(127, "no-such-program")]
    public async Task Decide_the_exit_code(int exitCode, params string[] command)
    {
        await using var sandbox = await StartAsync();
        sandbox.Write("client/file", "");
        sandbox.Variables["PATH"] += $":{Path.GetDirectoryName(sandbox.Write("bin/file-on-path", ""))}";

        string[] line = [.. Exec(Artifacts.Native), .. command];
        var outcome = await sandbox.RunAsync(line[0], sandbox.Folder("client"), line[1..]);

        Assert.Equal(exitCode, outcome.ExitCode);
        Assert.Equal(exitCode is 126 or 127, outcome.Output.StartsWith($"error: {command[0]} ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Are_not_run_without_a_token()
    {
        await using var sandbox = await StartAsync();
        sandbox.Aws.World.InstanceRole!.Policy.Clear();

        string[] line = [.. Exec(Artifacts.Native), "touch", "run"];
        var outcome = await sandbox.RunAsync(line[0], sandbox.Folder("client"), line[1..]);

        Assert.Equal(1, outcome.ExitCode);
        Assert.StartsWith("error: CACP1001: no token for domain contoso", outcome.Output, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(sandbox.Root, "client/run")));
    }

    [Fact]
    public async Task Get_a_token_that_lasts_for_hours()
    {
        await using var sandbox = await StartAsync();
        (await sandbox.RunAsync(Artifacts.Native, sandbox.Folder("client"), "warm", "contoso")).Succeeded();
        var cached = Directory.GetFiles(sandbox.Cache, "*.json").Single();
        var entry = JsonNode.Parse(await File.ReadAllTextAsync(cached, TestContext.Current.CancellationToken))!;
        entry["Obtained"] = DateTimeOffset.UtcNow.AddHours(-7).ToUnixTimeMilliseconds();
        entry["Expires"] = DateTimeOffset.UtcNow.AddHours(5).ToUnixTimeMilliseconds();
        await File.WriteAllTextAsync(cached, entry.ToJsonString(), TestContext.Current.CancellationToken);

        await RunAsync(sandbox, Exec(Artifacts.Native), "true");

        Assert.Equal(2, sandbox.Aws.Audit.Count("codeartifact", "GetAuthorizationToken"));
    }

    private static async Task<Sandbox> StartAsync()
    {
        Artifacts.RequireNative();
        var sandbox = await Sandbox.StartAsync();
        sandbox.WriteSimpleConfig();
        return sandbox;
    }

    /// <summary>The words before the command.</summary>
    private static string[] Exec(string build, params string[] options) =>
        [.. build == Artifacts.NetCore ? new[] { "dotnet", build } : [build], "exec", Feeds.App, .. options, "--"];

    private static async Task<string> RunAsync(Sandbox sandbox, string[] prefix, params string[] command)
    {
        string[] line = [.. prefix, .. command];
        return (await sandbox.RunAsync(line[0], sandbox.Folder("client"), line[1..])).Succeeded().Output;
    }
}
