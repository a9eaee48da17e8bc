using System.Text.Json.Nodes;

namespace CredentialProvider.EndToEndTests.Credentials;

/// <summary>A token in a file that another program renews: secrets of Docker, Kubernetes and systemd.</summary>
public sealed class TokenFiles
{
    public static TheoryData<string> Builds => [Artifacts.Native, Artifacts.NetCore];

    [Theory]
    [MemberData(nameof(Builds))]
    public async Task Are_read_for_each_request_and_again_after_a_refusal(string build)
    {
        Artifacts.Require(build, build);
        await using var sandbox = await Sandbox.StartAsync();
        var world = sandbox.Aws.World;
        string[] tokens = [world.IssueToken("contoso"), world.IssueToken("contoso"), world.IssueToken("contoso")];
        sandbox.Variables["CODEARTIFACT_AUTH_TOKEN_FILE"] = sandbox.Write("token", tokens[0] + "\n");
        await using var plugin = await PluginProcess.Start(sandbox, build).InitializeAsync();
        Assert.Equal(tokens[0], (string?)(await plugin.GetCredentialsAsync(Feeds.App))["Password"]);
        sandbox.Write("token", tokens[1] + "\n");
        Assert.Equal(tokens[1], (string?)(await plugin.GetCredentialsAsync(Feeds.App))["Password"]);
        world.Tokens.TryRemove(tokens[1], out _);
        sandbox.Write("token", tokens[2] + "\n");

        Assert.Equal(tokens[2], (string?)(await plugin.GetCredentialsAsync(Feeds.App, isRetry: true))["Password"]);
        Assert.Empty(plugin.Warnings);

        world.Tokens.TryRemove(tokens[2], out _);
        Assert.Equal("Error", (string?)(await plugin.GetCredentialsAsync(Feeds.App, isRetry: true))["ResponseCode"]);
        Assert.Equal($"CACP1011: no token for domain contoso (111122223333, us-east-1): the repository refuses the token in {sandbox.Root}/token (CODEARTIFACT_AUTH_TOKEN_FILE); "
            + "set a new one, or unset the variable so that the plugin fetches tokens", Assert.Single(plugin.Warnings));
        Assert.Equal(0, sandbox.Aws.Audit.Count("codeartifact"));
        Assert.False(Directory.Exists(sandbox.Cache));
        await plugin.CloseAsync();
    }

    [Fact]
    public async Task That_are_missing_stop_CodeArtifact_feeds_alone()
    {
        Artifacts.RequireNative();
        await using var sandbox = await Sandbox.StartAsync();
        sandbox.Variables["CODEARTIFACT_AUTH_TOKEN_FILE"] = "/nowhere/token";
        await using var plugin = await PluginProcess.Start(sandbox, Artifacts.Native).InitializeAsync();

        Assert.Equal("Error", (string?)(await plugin.GetCredentialsAsync("https://nuget.example.test/v3/index.json"))["ResponseCode"]);
        Assert.Empty(plugin.Warnings);
        Assert.Equal("Error", (string?)(await plugin.GetCredentialsAsync(Feeds.App))["ResponseCode"]);

        Assert.Equal("CACP1012: no token for domain contoso (111122223333, us-east-1): /nowhere/token (CODEARTIFACT_AUTH_TOKEN_FILE) cannot be read: it does not exist; "
            + "put a token there, or unset CODEARTIFACT_AUTH_TOKEN_FILE", Assert.Single(plugin.Warnings));
        Assert.Equal(0, sandbox.Aws.Audit.Count("codeartifact"));
        await plugin.CloseAsync();
    }

    /// <summary>Docker and Kubernetes mount secrets of root, for a user without a name.</summary>
    [Theory]
    [InlineData("root", "444", 0)]
    [InlineData("4242", "400", 0)]
    [InlineData("root:4242", "440", 0)]
    [InlineData("5000", "444", 0)]
    [InlineData("root", "400", 1)]
    public async Task May_belong_to_other_users(string owner, string mode, int exitCode)
    {
        Artifacts.RequireNative();
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "other users need root");
        await using var sandbox = await Sandbox.StartAsync();
        sandbox.PrintsTokens = true;
        var file = sandbox.Variables["CODEARTIFACT_AUTH_TOKEN_FILE"] = sandbox.Write("secrets/token", "a-token-from-outside");
        (await sandbox.RunAsync("sh", sandbox.Root, "-c", $"chmod a+rx . secrets && chown {owner} {file} && chmod {mode} {file}")).Succeeded();
        sandbox.Variables["HOME"] = "/";
        sandbox.Wrapper = ["setpriv", "--reuid", "4242", "--regid", "4242", "--clear-groups"];

        var outcome = await sandbox.RunAsync(Artifacts.Native, "/", "token", Feeds.App);

        Assert.Equal((exitCode, exitCode == 0), (outcome.ExitCode, outcome.Output == "a-token-from-outside\n"));
        Assert.Equal(exitCode == 1, outcome.Output.Contains("cannot be read: this user may not read it; ", StringComparison.Ordinal));
        sandbox.Wrapper = [];
    }

    [Fact]
    public async Task And_the_variable_beside_them_are_reported_by_doctor()
    {
        Artifacts.RequireNative();
        await using var sandbox = await Sandbox.StartAsync();
        sandbox.PutNativeOnPath();
        sandbox.WriteConfig("client", ("app", Feeds.App));
        var file = sandbox.Write("token", sandbox.Aws.World.IssueToken("contoso"));
        File.SetUnixFileMode(file, (UnixFileMode)0x1B6);
        sandbox.Variables["CODEARTIFACT_AUTH_TOKEN_FILE"] = file;
        sandbox.Variables["CODEARTIFACT_AUTH_TOKEN"] = "an-older-token";

        var output = (await sandbox.RunAsync(Artifacts.Native, sandbox.Folder("client"), "doctor", "--json")).Succeeded().Output;

        var findings = JsonNode.Parse(output[..(output.LastIndexOf(']') + 1)])!.AsArray();
        Assert.Equal(["CODEARTIFACT_AUTH_TOKEN is ignored: CODEARTIFACT_AUTH_TOKEN_FILE takes precedence", $"every user can change the token in {file}"],
            findings.Where(finding => (string?)finding!["outcome"] == "warn" && (string?)finding["check"] == "settings").Select(finding => (string?)finding!["text"]));
        Assert.Contains(findings, finding => (string?)finding!["text"] == $"the plugin uses the token in {file} (CODEARTIFACT_AUTH_TOKEN_FILE) and does not call AWS");
        Assert.Contains(findings, finding => (string?)finding!["text"] == "the repository accepts the token");
    }
}
