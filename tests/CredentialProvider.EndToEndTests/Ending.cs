using System.Diagnostics;
using LocalAws;

namespace CredentialProvider.EndToEndTests;

/// <summary>The plugin never outlives what it was started for, whatever it is doing.</summary>
public sealed class Ending
{
    public static TheoryData<string> Builds => [Artifacts.Native, Artifacts.NetCore];

    [Theory]
    [MemberData(nameof(Builds))]
    public Task On_Close(string build) => Ends(build, plugin => plugin.Send("""{"RequestId":"c","Type":"Request","Method":"Close"}"""));

    [Theory]
    [MemberData(nameof(Builds))]
    public Task On_the_end_of_its_input(string build) => Ends(build, plugin => plugin.Process.StandardInput.Close());

    [Theory]
    [MemberData(nameof(Builds))]
    public Task On_SIGTERM(string build) => Ends(build, plugin =>
    {
        using var kill = Process.Start("kill", $"-TERM {plugin.Process.Id}");
        kill.WaitForExit();
    });

    [Theory]
    [MemberData(nameof(Builds))]
    public async Task On_the_death_of_the_process_it_was_told_to_watch(string build)
    {
        using var parent = Process.Start(new ProcessStartInfo("cat") { RedirectStandardInput = true })!;
        await Ends(build, _ => parent.Kill(), watched: parent.Id);
    }

    /// <summary>NuGet's process has another number where the plugin runs in a container, or under WSL.</summary>
    [Theory]
    [MemberData(nameof(Builds))]
    public async Task Not_for_a_process_that_it_cannot_see(string build)
    {
        Artifacts.Require(build, build);
        await using var sandbox = await Sandbox.StartAsync();
        // It looks twice a second.
        sandbox.Aws.Faults.Add(new Fault("codeartifact") { Delay = TimeSpan.FromSeconds(2) });
        await using var plugin = await PluginProcess.Start(sandbox, build).HandshakeAsync();
        await plugin.AskAsync("MonitorNuGetProcessExit", $$"""{"ProcessId":{{int.MaxValue}}}""");

        Assert.Equal("Success", (string?)(await plugin.CredentialsAsync(Feeds.App))["ResponseCode"]);

        await plugin.CloseAsync();
    }

    /// <summary>In the middle of a request that AWS never answers.</summary>
    private static async Task Ends(string build, Action<PluginProcess> end, int? watched = null)
    {
        Artifacts.Require(build, build);
        await using var sandbox = await Sandbox.StartAsync();
        sandbox.Aws.Faults.Add(new Fault("codeartifact") { Drops = true });
        await using var plugin = await PluginProcess.Start(sandbox, build).HandshakeAsync();
        if (watched is { } id)
            await plugin.AskAsync("MonitorNuGetProcessExit", $$"""{"ProcessId":{{id}}}""");
        var never = plugin.CredentialsAsync(Feeds.App);

        end(plugin);
        await plugin.ExitAsync();

        await Assert.ThrowsAsync<IOException>(() => never);
        Assert.Empty(plugin.Warnings);
    }
}
