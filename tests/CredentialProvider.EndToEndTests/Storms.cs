using LocalAws;

namespace CredentialProvider.EndToEndTests;

/// <summary>Many plugins at once, as when a build server starts all its jobs.</summary>
public sealed class Storms
{
    [Fact]
    public async Task Sixty_four_plugins_on_an_empty_cache_make_one_call_and_get_one_token()
    {
        Artifacts.Require(Artifacts.Native, "the native program");
        await using var sandbox = await Sandbox.StartAsync();
        var plugins = await Task.WhenAll(Enumerable.Range(0, 64).Select(_ => Task.Run(
            () => PluginProcess.Start(sandbox, Artifacts.Native).HandshakeAsync())));

        var answers = await Task.WhenAll(plugins.Select(plugin => plugin.CredentialsAsync(Feeds.App)));

        Assert.Single(answers.Select(answer => (string)answer["Password"]!).Distinct());
        Assert.Equal(1, sandbox.Aws.Audit.Count("codeartifact"));
        Assert.Equal(3, sandbox.Aws.Audit.Count("metadata"));
        await Task.WhenAll(plugins.Select(plugin => plugin.CloseAsync()));
        foreach (var plugin in plugins)
            await plugin.DisposeAsync();
    }

    [Fact]
    public async Task The_death_of_the_one_that_fetches_blocks_nobody()
    {
        Artifacts.Require(Artifacts.Native, "the native program");
        await using var sandbox = await Sandbox.StartAsync();
        sandbox.Aws.Faults.Add(new Fault("codeartifact", Times: 1) { Drops = true });
        await using var first = await PluginProcess.Start(sandbox, Artifacts.Native).HandshakeAsync();
        await using var second = await PluginProcess.Start(sandbox, Artifacts.Native).HandshakeAsync();
        var never = first.CredentialsAsync(Feeds.App);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (sandbox.Aws.Audit.Count("metadata") < 3)
            await Task.Delay(10, limit.Token);
        var waiting = second.CredentialsAsync(Feeds.App);

        first.Process.Kill();

        Assert.Equal("Success", (string?)(await waiting)["ResponseCode"]);
        await Assert.ThrowsAsync<IOException>(() => never);
    }
}
