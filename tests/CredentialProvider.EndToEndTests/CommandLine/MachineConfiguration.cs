using System.Text.Json.Nodes;
using LocalAws;

namespace CredentialProvider.EndToEndTests.CommandLine;

/// <summary>The machine's configuration file, seen by the plugin, by commands and by <c>doctor</c>.</summary>
public sealed class MachineConfiguration
{
    private const string Reader = "arn:aws:iam::111122223333:role/Reader";

    [Fact]
    public async Task Stays_in_force_when_the_user_gets_a_file()
    {
        await using var sandbox = await StartAsync($$"""{ "domains": ["contoso"], "defaults": { "roles": ["{{Reader}}"] } }""");
        (await sandbox.RunAsync(Artifacts.Native, sandbox.Folder("client"), "configure", "set", "duration", "900")).Succeeded();

        await using var plugin = await PluginProcess.Start(sandbox, Artifacts.Native).InitializeAsync();
        Assert.Equal("Success", (string?)(await plugin.GetCredentialsAsync(Feeds.App))["ResponseCode"]);
        var foreign = await plugin.GetCredentialsAsync(Feeds.App.Replace("contoso-", "fabrikam-", StringComparison.Ordinal));

        Assert.Equal("Error", (string?)foreign["ResponseCode"]);
        Assert.Empty(plugin.Warnings);
        var entry = Assert.Single(sandbox.Aws.Audit.Entries, entry => entry.Operation == "GetAuthorizationToken");
        Assert.Equal(1, sandbox.Aws.Audit.Count("sts", "AssumeRole"));
        Assert.Contains("contoso", entry.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Overrides_environment_and_user_where_it_is_enforced_and_says_so_in_the_detailed_log()
    {
        await using var sandbox = await StartAsync($$"""{ "enforced": true, "defaults": { "roles": ["{{Reader}}"] } }""");
        sandbox.Variables["CODEARTIFACT_ROLE_ARN"] = "arn:aws:iam::111122223333:role/Admin";
        sandbox.Write("home/.config/codeartifact.json", """{ "defaults": { "roles": [] } }""");

        await using var plugin = await PluginProcess.Start(sandbox, Artifacts.Native).InitializeAsync();
        Assert.Equal("Success", (string?)(await plugin.GetCredentialsAsync(Feeds.App))["ResponseCode"]);

        Assert.Empty(plugin.Warnings);
        Assert.Contains($"CODEARTIFACT_ROLE_ARN is ignored: {MachineFile.Path} enforces roles", plugin.LogMessages("Verbose"));
        Assert.Contains($"{sandbox.Home}/.config/codeartifact.json is ignored: {MachineFile.Path} enforces roles", plugin.LogMessages("Verbose"));
    }

    [Fact]
    public async Task Is_shown_by_doctor_with_the_place_of_each_setting()
    {
        await using var sandbox = await StartAsync($$"""{ "enforced": true, "domains": ["contoso"], "defaults": { "roles": ["{{Reader}}"] } }""");
        sandbox.Variables["CODEARTIFACT_DOMAINS"] = "contoso/111122223333,fabrikam";
        sandbox.Variables["CODEARTIFACT_TOKEN_DURATION"] = "900";
        sandbox.Write("home/.config/codeartifact.json", $$"""{ "defaults": { "roles": ["{{Reader}}2"], "endpoint": "https://codeartifact.us-east-1.amazonaws.com" } }""");

        var report = (await sandbox.RunAsync(Artifacts.Native, sandbox.Folder("client"), "doctor", "--json")).Succeeded();

        var findings = JsonNode.Parse(report.Output)!.AsArray().Where(finding => (string?)finding!["check"] == "settings").Select(finding => $"{finding!["outcome"]} {finding["text"]}");
        var user = $"{sandbox.Home}/.config/codeartifact.json";
        Assert.Equal([
            $"ok {user}, {MachineFile.Path} (enforced) and the environment variables are valid",
            $"ok allowed domains: contoso/111122223333, fabrikam from CODEARTIFACT_DOMAINS; and of those contoso from {MachineFile.Path}",
            $"ok roles {Reader} from {MachineFile.Path}; duration 900 from CODEARTIFACT_TOKEN_DURATION; endpoint https://codeartifact.us-east-1.amazonaws.com from {user}",
            $"warn {user} is ignored: {MachineFile.Path} enforces roles"], findings);
    }

    [Theory]
    [InlineData("""{ "domains": ["contoso", }""")]
    [InlineData("""{ "domains": ["contoso"], "enforce": true }""")]
    public async Task Stops_every_CodeArtifact_feed_and_no_foreign_one_if_it_is_broken(string json)
    {
        await using var sandbox = await StartAsync(json);
        await AssertStoppedAsync(sandbox, $"{MachineFile.Path}, line 1, column ");
    }

    [Fact]
    public async Task Stops_every_CodeArtifact_feed_if_its_folder_cannot_be_searched()
    {
        await using var sandbox = await StartAsync("""{ "domains": ["contoso"] }""");
        File.SetUnixFileMode(Path.GetDirectoryName(sandbox.Root + MachineFile.Path)!, UnixFileMode.None);
        // Root without the right to read everything.
        sandbox.Wrapper = [.. sandbox.Wrapper, "setpriv", "--bounding-set", "-dac_override,-dac_read_search"];
        await AssertStoppedAsync(sandbox, $"{MachineFile.Path} cannot be read: ");
    }

    [Fact]
    public async Task Can_be_edited_and_is_readable_by_all_users()
    {
        await using var sandbox = await StartAsync(null);
        var path = sandbox.Root + MachineFile.Path;
        (await sandbox.RunAsync("bash", sandbox.Folder("client"), "-c", $"umask 077; {Artifacts.Native} configure set --machine duration 900")).Succeeded();
        Assert.Equal("{\n  \"defaults\": { \"duration\": 900 }\n}\n", await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken));
        Assert.Equal((Convert.ToInt32("644", 8), Convert.ToInt32("755", 8)), ((int)File.GetUnixFileMode(path), (int)File.GetUnixFileMode(Path.GetDirectoryName(path)!)));
        Assert.False(Directory.Exists(Path.Combine(sandbox.Home, ".config")));

        sandbox.WriteMachineFile("""{ "enforced": true, "defaults": { "duration": 900 } }""");
        var ignored = (await sandbox.RunAsync(Artifacts.Native, sandbox.Folder("client"), "configure", "set", "duration", "1800")).Succeeded();
        Assert.Contains($"warning: {sandbox.Home}/.config/codeartifact.json is ignored: {MachineFile.Path} enforces duration", ignored.Output, StringComparison.Ordinal);
        (await sandbox.RunAsync(Artifacts.Native, sandbox.Folder("client"), "configure", "unset", "--machine", "duration")).Succeeded();
        Assert.Equal("""{ "enforced": true, "defaults": { } }""", await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken));
    }

    private static async Task AssertStoppedAsync(Sandbox sandbox, string problem)
    {
        sandbox.Variables["CODEARTIFACT_AUTH_TOKEN"] = "a-token-of-the-environment";
        await using var plugin = await PluginProcess.Start(sandbox, Artifacts.Native).InitializeAsync();
        Assert.Equal("Error", (string?)(await plugin.GetCredentialsAsync("https://nuget.example.test/v3/index.json"))["ResponseCode"]);
        Assert.Empty(plugin.Warnings);
        Assert.Equal("Error", (string?)(await plugin.GetCredentialsAsync(Feeds.App))["ResponseCode"]);
        Assert.StartsWith($"CACP1012: no token for domain contoso (111122223333, us-east-1): {problem}", Assert.Single(plugin.Warnings), StringComparison.Ordinal);
        Assert.Empty(sandbox.Aws.Audit.Entries);
    }

    /// <param name="json">The machine's file; null for none.</param>
    private static async Task<Sandbox> StartAsync(string? json)
    {
        Artifacts.Require(Artifacts.Native, "the native executable");
        var sandbox = await Sandbox.StartAsync();
        sandbox.PutNativeOnPath();
        sandbox.WriteSimpleConfig();
        sandbox.Aws.World.InstanceRole!.Policy.Add(new Statement("sts:AssumeRole"));
        sandbox.Aws.World.AddRole("Reader", World.ReadPolicy(), World.Account, new Trust(World.Account));
        if (json is null)
            sandbox.UseOwnEtc();
        else
            sandbox.WriteMachineFile(json);
        return sandbox;
    }
}
