using LocalAws;

namespace CredentialProvider.EndToEndTests.Lifetime;

/// <summary>Many plugins on one machine, as when a build server starts all its jobs.</summary>
public sealed class ConcurrentPlugins
{
    [Fact]
    [Trait("Category", "Slow")]
    public async Task Sixty_four_plugins_with_an_empty_cache_fetch_one_token()
    {
        Artifacts.RequireNative();
        await using var sandbox = await Sandbox.StartAsync();
        sandbox.AllowSlowMetadata();
        var plugins = await Task.WhenAll(Enumerable.Range(0, 64).Select(_ => Task.Run(
            () => PluginProcess.Start(sandbox, Artifacts.Native).InitializeAsync())));

        var answers = await Task.WhenAll(plugins.Select(plugin => plugin.GetCredentialsAsync(Feeds.App)));

        Assert.Single(answers.Select(answer => (string)answer["Password"]!).Distinct());
        Assert.Equal(1, sandbox.Aws.Audit.Count("codeartifact"));
        Assert.Equal(3, sandbox.Aws.Audit.Count("metadata"));
        await Task.WhenAll(plugins.Select(plugin => plugin.CloseAsync()));
        foreach (var plugin in plugins)
            await plugin.DisposeAsync();
    }

    /// <summary>Takes the minute after which the plugins stop waiting.</summary>
    [Fact]
    [Trait("Category", "Slow")]
    public async Task Plugins_behind_a_stopped_one_fetch_one_token()
    {
        Artifacts.RequireNative();
        await using var sandbox = await Sandbox.StartAsync();
        sandbox.AllowSlowMetadata();
        sandbox.Aws.Faults.Add(new Fault("codeartifact", Times: 1) { Drops = true });
        await using var stopped = await PluginProcess.Start(sandbox, Artifacts.Native).InitializeAsync();
        var pending = stopped.GetCredentialsAsync(Feeds.App);
        await TimeLimit.UntilAsync(() => sandbox.Aws.Faults.Taken > 0);
        (await sandbox.RunAsync("kill", sandbox.Home, "-STOP", $"{stopped.Process.Id}")).Succeeded();
        var plugins = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => PluginProcess.Start(sandbox, Artifacts.Native).InitializeAsync()));

        var answers = await Task.WhenAll(plugins.Select(plugin => plugin.GetCredentialsAsync(Feeds.App)));

        Assert.Single(answers.Select(answer => (string)answer["Password"]!).Distinct());
        stopped.Process.Kill();
        await Assert.ThrowsAsync<IOException>(() => pending);
        // One that was dropped and one that was answered.
        await TimeLimit.UntilAsync(() => sandbox.Aws.Audit.Count("codeartifact") == 2);
        foreach (var plugin in plugins)
            await plugin.DisposeAsync();
    }

    [Fact]
    public async Task A_plugin_killed_during_its_request_does_not_block_others()
    {
        Artifacts.RequireNative();
        await using var sandbox = await Sandbox.StartAsync();
        sandbox.Aws.Faults.Add(new Fault("codeartifact", Times: 1) { Drops = true });
        await using var first = await PluginProcess.Start(sandbox, Artifacts.Native).InitializeAsync();
        await using var second = await PluginProcess.Start(sandbox, Artifacts.Native).InitializeAsync();
        var pending = first.GetCredentialsAsync(Feeds.App);
        await TimeLimit.UntilAsync(() => sandbox.Aws.Faults.Taken > 0);
        var waiting = second.GetCredentialsAsync(Feeds.App);

        first.Process.Kill();

        Assert.Equal("Success", (string?)(await waiting)["ResponseCode"]);
        await Assert.ThrowsAsync<IOException>(() => pending);
    }
}
