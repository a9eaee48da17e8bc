using System.Text.RegularExpressions;

namespace CredentialProvider.EndToEndTests.Lifetime;

/// <summary>
/// CODEARTIFACT_LOG_FILE says whether NuGet started the plugin, what it asked, whose token it got, and after how long; also for a cached token,
/// for which nothing else happens.
/// </summary>
public sealed partial class TheLog
{
    private const string Domain = "domain contoso (111122223333, us-east-1)", Role = @"instance role \(BuildAgentRole\)";

    [Fact]
    public async Task Tells_the_story_of_a_cached_answer()
    {
        await using var sandbox = await StartAsync();
        (await sandbox.RunAsync(Artifacts.Native, sandbox.Home, "warm", Feeds.App)).Succeeded();
        var path = UseLog(sandbox);

        await using (var plugin = await PluginProcess.Start(sandbox, Artifacts.Native).InitializeAsync())
        {
            await plugin.RequestAsync("MonitorNuGetProcessExit", $$"""{"ProcessId":{{Environment.ProcessId}}}""");
            await plugin.RequestAsync("GetOperationClaims", "{}");
            await plugin.GetCredentialsAsync(Feeds.App);
            await plugin.CloseAsync();
        }

        Assert.Collection(await ReadAsync(path),
            line => Assert.Matches($@"^started {Regex.Escape(Artifacts.Native)} \d+\.\d+\.\d+\S*, NuGet's plugin protocol 2\.0\.0$", line),
            line => Assert.Equal("NuGet speaks protocol 1.0.0 to 2.0.0", line),
            line => Assert.Equal("NuGet 7.9.0, request timeout 00:00:30", line),
            line => Assert.Matches($@"^NuGet's process is {Environment.ProcessId} \(.+\)$", line),
            line => Assert.Equal("NuGet asks what this plugin can do", line),
            line => Assert.EndsWith($": credentials for {Feeds.App}, non-interactive", line, StringComparison.Ordinal),
            line => Assert.Matches($@"^request \S+: Success after \d+\.\d ms: cached token for {Regex.Escape(Domain)}, obtained \d+ s ago by {Role}, expires at \d{{4}}-", line),
            line => Assert.Matches(@"^NuGet closed the connection after \d+\.\d ms$", line));
    }

    [Fact]
    public async Task Tells_the_story_of_a_fetched_token_a_foreign_feed_and_a_refusal()
    {
        await using var sandbox = await StartAsync();
        var path = UseLog(sandbox);

        await using (var plugin = await PluginProcess.Start(sandbox, Artifacts.Native).InitializeAsync())
        {
            await plugin.GetCredentialsAsync(Feeds.App, isNonInteractive: false);
            await plugin.GetCredentialsAsync("https://user:password@nuget.example.test/v3/index.json");
            await plugin.GetCredentialsAsync(Feeds.App.Replace("us-east-1", "us-west-2", StringComparison.Ordinal));
            await plugin.CloseAsync();
        }

        var lines = await ReadAsync(path);
        Assert.Contains(lines, line => line.EndsWith($": credentials for {Feeds.App}, interactive", StringComparison.Ordinal));
        Assert.Contains(lines, line => Regex.IsMatch(line, $@": Success after \d+\.\d ms: token for {Regex.Escape(Domain)}, obtained \d+ s ago by {Role}"));
        Assert.Contains(lines, line => line.Contains("credentials for https://***@nuget.example.test, ", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.EndsWith(" ms: not a CodeArtifact feed", StringComparison.Ordinal));
        Assert.Contains(lines, line => Regex.IsMatch(line, @": Error after \d+\.\d ms: CACP1002: "));
    }

    [Fact]
    public async Task Names_the_variable_that_holds_the_token()
    {
        await using var sandbox = await StartAsync();
        sandbox.Variables["CODEARTIFACT_AUTH_TOKEN"] = "a-token-from-outside";
        var path = UseLog(sandbox);

        await using (var plugin = await PluginProcess.Start(sandbox, Artifacts.Native).InitializeAsync())
        {
            await plugin.GetCredentialsAsync(Feeds.App);
            await plugin.CloseAsync();
        }

        Assert.Contains(await ReadAsync(path), line => line.EndsWith($"token for {Domain} from CODEARTIFACT_AUTH_TOKEN", StringComparison.Ordinal));
        Assert.DoesNotContain("a-token-from-outside", await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Includes_the_older_protocol()
    {
        await using var sandbox = await StartAsync();
        (await sandbox.RunAsync(Artifacts.Native, sandbox.Home, "warm", Feeds.App)).Succeeded();
        var path = UseLog(sandbox);
        sandbox.PrintsTokens = true;

        (await sandbox.RunAsync(Artifacts.Native, sandbox.Home, "-uri", Feeds.App, "-nonInteractive")).Succeeded();

        Assert.Collection(await ReadAsync(path),
            line => Assert.EndsWith(", nuget.exe's older protocol", line, StringComparison.Ordinal),
            line => Assert.EndsWith($": credentials for {Feeds.App}, non-interactive", line, StringComparison.Ordinal),
            line => Assert.Contains($"cached token for {Domain}", line, StringComparison.Ordinal));
        Assert.All(sandbox.Aws.World.Tokens.Keys, token => Assert.DoesNotContain(token, File.ReadAllText(path), StringComparison.Ordinal));
    }

    /// <summary>The restore works, and says nothing of it.</summary>
    [Fact]
    public async Task That_cannot_be_written_is_found_by_doctor()
    {
        await using var sandbox = await StartAsync();
        sandbox.PutNativeOnPath();
        sandbox.WriteSimpleProject();
        sandbox.Variables["CODEARTIFACT_LOG_FILE"] = Path.Combine(sandbox.Home, "missing", "plugin.log");

        (await sandbox.RestoreAsync(sandbox.Folder("client"), "Contoso.App.Client/1.0.0")).Succeeded();
        var report = (await sandbox.RunAsync(Artifacts.Native, sandbox.Folder("client"), "doctor")).Succeeded().Output;

        var warning = Assert.Single(report.Split('\n'), line => line.StartsWith("  warn  ", StringComparison.Ordinal));
        Assert.Matches($"^  warn  log .*{Regex.Escape(sandbox.Variables["CODEARTIFACT_LOG_FILE"])}", warning);
    }

    private static async Task<Sandbox> StartAsync()
    {
        Artifacts.RequireNative();
        return await Sandbox.StartAsync();
    }

    private static string UseLog(Sandbox sandbox) => sandbox.Variables["CODEARTIFACT_LOG_FILE"] = Path.Combine(sandbox.Home, "plugin.log");

    /// <summary>The texts, without time, PID and level.</summary>
    private static async Task<List<string>> ReadAsync(string path) =>
        [.. (await File.ReadAllLinesAsync(path, TestContext.Current.CancellationToken)).Select(line => Beginning().Replace(line, ""))];

    [GeneratedRegex(@"^\S+ \d+ \w+: ")]
    private static partial Regex Beginning();
}
