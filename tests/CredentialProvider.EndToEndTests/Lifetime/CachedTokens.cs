using System.Diagnostics;
using System.Text.Json.Nodes;
using LocalAws;

namespace CredentialProvider.EndToEndTests.Lifetime;

/// <summary>How the age of a cached token decides what the plugin does, and what NuGet sees while a token is slow to arrive.</summary>
public sealed class CachedTokens
{
    [Fact]
    public async Task A_fresh_token_is_returned_without_a_request_to_AWS()
    {
        Artifacts.RequireNative();
        await using var sandbox = await Sandbox.StartAsync();
        var token = await FirstTokenAsync(sandbox);
        sandbox.Aws.Audit.Clear();

        await using var second = await PluginProcess.Start(sandbox, Artifacts.Native).InitializeAsync();
        var answer = await second.GetCredentialsAsync(Feeds.Shared);

        Assert.Equal(("aws", token), ((string?)answer["Username"], (string?)answer["Password"]));
        Assert.Empty(sandbox.Aws.Audit.Entries);
    }

    [Fact]
    public async Task A_token_close_to_its_expiry_is_returned_while_AWS_is_down()
    {
        Artifacts.RequireNative();
        await using var sandbox = await Sandbox.StartAsync();
        var token = await FirstTokenAsync(sandbox);
        SetCachedTimes(sandbox, obtained: TimeSpan.FromHours(-11.9), expires: TimeSpan.FromMinutes(5));
        sandbox.Aws.Faults.Add(new Fault("codeartifact") { Status = 503, ErrorCode = "ServiceUnavailable" });

        await using var second = await PluginProcess.Start(sandbox, Artifacts.Native).InitializeAsync();
        var answer = await second.GetCredentialsAsync(Feeds.App);

        Assert.Equal(token, (string?)answer["Password"]);
        Assert.Empty(second.Warnings);
    }

    [Fact]
    public async Task A_token_in_the_second_half_of_its_lifetime_is_renewed_in_the_background()
    {
        Artifacts.RequireNative();
        await using var sandbox = await Sandbox.StartAsync();
        var token = await FirstTokenAsync(sandbox);
        SetCachedTimes(sandbox, obtained: TimeSpan.FromHours(-7), expires: TimeSpan.FromHours(5));

        await using var second = await PluginProcess.Start(sandbox, Artifacts.Native).InitializeAsync();
        var answer = await second.GetCredentialsAsync(Feeds.App);
        await TimeLimit.UntilAsync(() => !File.ReadAllText(CacheFile(sandbox)).Contains(token, StringComparison.Ordinal));

        Assert.Equal(token, (string?)answer["Password"]);
        Assert.Equal(2, sandbox.Aws.Audit.Count("codeartifact"));
    }

    /// <summary>Only AWS knows that the instance has another role now; the plugin does not ask for what it has.</summary>
    [Fact]
    public async Task A_token_of_the_instance_s_former_role_is_shown_by_doctor_and_removed_by_its_fix()
    {
        Artifacts.RequireNative();
        await using var sandbox = await Sandbox.StartAsync();
        sandbox.PutNativeOnPath();
        await FirstTokenAsync(sandbox);
        sandbox.Aws.World.InstanceRole = sandbox.Aws.World.AddRole("OtherRole", World.ReadPolicy());

        var report = (await sandbox.RunAsync(Artifacts.Native, sandbox.Home, "doctor", Feeds.App)).Succeeded();

        Assert.Contains("the plugin uses a cached token of BuildAgentRole, but the credentials are now those of OtherRole", report.Output, StringComparison.Ordinal);
        (await sandbox.RunAsync(Artifacts.Native, sandbox.Home, "cache", "clear", Feeds.App)).Succeeded();
        Assert.DoesNotContain("BuildAgentRole", (await sandbox.RunAsync(Artifacts.Native, sandbox.Home, "doctor", Feeds.App)).Succeeded().Output, StringComparison.Ordinal);
    }

    /// <summary>One message a second, so no more messages than seconds.</summary>
    [Fact]
    [Trait("Category", "Slow")]
    public async Task Progress_keeps_NuGet_waiting_while_AWS_is_slow()
    {
        Artifacts.RequireNative();
        await using var sandbox = await Sandbox.StartAsync();
        sandbox.Aws.Faults.Add(new Fault("codeartifact") { Drops = true });
        await using var plugin = await PluginProcess.Start(sandbox, Artifacts.Native).InitializeAsync();

        var watch = Stopwatch.StartNew();
        var pending = plugin.GetCredentialsAsync(Feeds.App);
        await TimeLimit.UntilAsync(() => plugin.CountOf("Progress") >= 2);
        var messages = plugin.CountOf("Progress");

        Assert.InRange(messages, 2, watch.Elapsed.TotalSeconds + 1);
        await plugin.CloseAsync();
        await Assert.ThrowsAsync<IOException>(() => pending);
    }

    private static async Task<string> FirstTokenAsync(Sandbox sandbox)
    {
        await using var plugin = await PluginProcess.Start(sandbox, Artifacts.Native).InitializeAsync();
        var token = (string)(await plugin.GetCredentialsAsync(Feeds.App))["Password"]!;
        await plugin.CloseAsync();
        return token;
    }

    private static string CacheFile(Sandbox sandbox) => Assert.Single(Directory.GetFiles(sandbox.Cache, "*.json"));

    /// <summary>Changes the times of the cached token, relative to now.</summary>
    private static void SetCachedTimes(Sandbox sandbox, TimeSpan obtained, TimeSpan expires)
    {
        var file = JsonNode.Parse(File.ReadAllText(CacheFile(sandbox)))!;
        file["Obtained"] = (DateTimeOffset.UtcNow + obtained).ToUnixTimeMilliseconds();
        file["Expires"] = (DateTimeOffset.UtcNow + expires).ToUnixTimeMilliseconds();
        // Writing in place keeps the file's mode.
        File.WriteAllText(CacheFile(sandbox), file.ToJsonString());
    }
}
