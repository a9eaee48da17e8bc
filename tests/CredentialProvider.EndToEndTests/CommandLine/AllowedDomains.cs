namespace CredentialProvider.EndToEndTests.CommandLine;

/// <summary>Commands that name a domain which a list of allowed domains excludes: refused with a code, and nothing is sent.</summary>
public sealed class AllowedDomains
{
    private const string Evil = "--owner 444455556666 --region us-east-1";

    private const string EvilUrl = "https://evil-444455556666.d.codeartifact.us-east-1.amazonaws.com/nuget/app/v3/index.json";

    private static readonly string[] All =
    [
        $"token evil {Evil}", $"token evil/app {Evil}", $"token {EvilUrl}", "token evil", $"warm evil/app {Evil}", $"warm contoso evil/app {Evil}", "warm evil",
        $"policy evil/app {Evil}", $"doctor evil/app {Evil}", "doctor evil", $"doctor {EvilUrl} --package X", $"cache clear evil {Evil}",
        "configure add --domain evil --repository app --owner 444455556666 --region us-east-1",
        "configure add --domain evil --repository app --region us-east-1",
        "configure add x --domain evil --repository app --owner 444455556666 --region us-east-1 --dual-stack",
    ];

    public static TheoryData<string> Commands => [.. All];

    /// <summary>The commands that ask for a token or add a source.</summary>
    public static TheoryData<string> TokenCommands => [.. All.Where(command => command.Split(' ')[0] is not ("policy" or "cache"))];

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task The_variable_is_obeyed(string command)
    {
        await using var sandbox = await WithEvilSourceAsync();
        sandbox.Variables["CODEARTIFACT_DOMAINS"] = "contoso";
        await AssertRefusedAsync(sandbox, command, "CODEARTIFACT_DOMAINS");
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task The_users_file_is_obeyed(string command)
    {
        await using var sandbox = await WithEvilSourceAsync();
        sandbox.Write("home/.config/codeartifact.json", """{ "domains": ["contoso"] }""");
        sandbox.Variables["CODEARTIFACT_DOMAINS"] = "contoso,evil";
        await AssertRefusedAsync(sandbox, command, Path.Combine(sandbox.Home, ".config/codeartifact.json"));
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task The_machines_file_is_obeyed_whatever_the_user_sets(string command)
    {
        await using var sandbox = await WithEvilSourceAsync();
        sandbox.WriteMachineFile("""{ "domains": ["contoso"] }""");
        sandbox.Write("home/.config/codeartifact.json", """{ "domains": ["contoso", "evil"], "defaults": { "duration": 900 } }""");
        sandbox.Variables["CODEARTIFACT_DOMAINS"] = "contoso,evil";
        await AssertRefusedAsync(sandbox, command, MachineFile.Path);
    }

    [Theory]
    [MemberData(nameof(TokenCommands))]
    public async Task A_machines_file_that_is_broken_stops_every_command(string command)
    {
        await using var sandbox = await WithEvilSourceAsync();
        sandbox.WriteMachineFile("""{ "domains": ["contoso", }""");
        var outcome = await sandbox.RunAsync(Artifacts.Native, sandbox.Folder("client"), command.Split(' '));
        Assert.Equal(1, outcome.ExitCode);
        Assert.Contains("CACP1012: ", outcome.Output, StringComparison.Ordinal);
        Assert.Contains($"{MachineFile.Path}, line 1, column ", outcome.Output, StringComparison.Ordinal);
        Assert.Empty(sandbox.Aws.Audit.Entries);
    }

    [Fact]
    public async Task A_domain_whose_owner_is_asked_for_is_checked_again_with_the_owner()
    {
        await using var sandbox = await WithEvilSourceAsync();
        sandbox.Variables["CODEARTIFACT_DOMAINS"] = "contoso/444455556666";
        var outcome = await sandbox.RunAsync(Artifacts.Native, sandbox.Folder("client"), "configure", "add", "x", "--domain", "contoso", "--repository", "app", "--region", "us-east-1");
        Assert.Equal(1, outcome.ExitCode);
        Assert.Contains("CACP1012: contoso/app is refused: domain contoso/111122223333 is not in the list", outcome.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("\"x\"", await File.ReadAllTextAsync(Path.Combine(sandbox.Folder("client"), "nuget.config"), TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    private static async Task<Sandbox> WithEvilSourceAsync()
    {
        Artifacts.Require(Artifacts.Native, "the native executable");
        var sandbox = await Sandbox.StartAsync();
        sandbox.Aws.World.AddDomain("evil", "444455556666", "us-east-1");
        sandbox.WriteConfig("client", ("contoso", Feeds.App), ("evil", EvilUrl));
        return sandbox;
    }

    private static async Task AssertRefusedAsync(Sandbox sandbox, string command, string list)
    {
        var config = Path.Combine(sandbox.Folder("client"), "nuget.config");
        var before = await File.ReadAllTextAsync(config, TestContext.Current.CancellationToken);
        var outcome = await sandbox.RunAsync(Artifacts.Native, sandbox.Folder("client"), command.Split(' '));
        Assert.Equal(1, outcome.ExitCode);
        Assert.Contains("CACP1012: ", outcome.Output, StringComparison.Ordinal);
        Assert.Contains($"is not in the list of allowed domains in {list}", outcome.Output, StringComparison.Ordinal);
        Assert.Empty(sandbox.Aws.Audit.Entries);
        Assert.Equal(before, await File.ReadAllTextAsync(config, TestContext.Current.CancellationToken));
    }
}
