using System.Diagnostics;
using LocalAws;

namespace CredentialProvider.EndToEndTests.Lifetime;

/// <summary>The plugin exits promptly even in the middle of a request that AWS never answers.</summary>
[Trait("Category", "Slow")]
public sealed class ProcessExit
{
    public static TheoryData<string> Builds => [Artifacts.Native, Artifacts.NetCore];

    [Theory]
    [MemberData(nameof(Builds))]
    public Task On_Close(string build) => Exits(build, plugin => plugin.Send("""{"RequestId":"c","Type":"Request","Method":"Close"}"""));

    [Theory]
    [MemberData(nameof(Builds))]
    public Task On_the_end_of_stdin(string build) => Exits(build, plugin => plugin.Process.StandardInput.Close());

    [Theory]
    [MemberData(nameof(Builds))]
    public Task On_SIGTERM(string build) => Exits(build, plugin =>
    {
        using var kill = Process.Start("kill", $"-TERM {plugin.Process.Id}");
        kill.WaitForExit();
    });

    [Theory]
    [MemberData(nameof(Builds))]
    public async Task On_the_exit_of_the_process_that_NuGet_asked_it_to_monitor(string build)
    {
        using var parent = Process.Start(new ProcessStartInfo("cat") { RedirectStandardInput = true })!;
        await Exits(build, _ => parent.Kill(), monitored: parent.Id);
    }

    /// <summary>NuGet sends a PID of another PID namespace if the plugin runs in a container or under WSL.</summary>
    [Theory]
    [MemberData(nameof(Builds))]
    public async Task Not_for_a_PID_of_another_namespace(string build)
    {
        Artifacts.Require(build, build);
        await using var sandbox = await Sandbox.StartAsync();
        // Several times the interval at which the plugin checks the PID.
        sandbox.Aws.Faults.Add(new Fault("codeartifact") { Delay = TimeSpan.FromSeconds(2) });
        await using var plugin = await PluginProcess.Start(sandbox, build).InitializeAsync();
        await plugin.RequestAsync("MonitorNuGetProcessExit", $$"""{"ProcessId":{{int.MaxValue}}}""");

        Assert.Equal("Success", (string?)(await plugin.GetCredentialsAsync(Feeds.App))["ResponseCode"]);

        await plugin.CloseAsync();
    }

    private static async Task Exits(string build, Action<PluginProcess> end, int? monitored = null)
    {
        Artifacts.Require(build, build);
        await using var sandbox = await Sandbox.StartAsync();
        sandbox.Aws.Faults.Add(new Fault("codeartifact") { Drops = true });
        await using var plugin = await PluginProcess.Start(sandbox, build).InitializeAsync();
        if (monitored is { } id)
            await plugin.RequestAsync("MonitorNuGetProcessExit", $$"""{"ProcessId":{{id}}}""");
        var pending = plugin.GetCredentialsAsync(Feeds.App);

        var watch = Stopwatch.StartNew();
        end(plugin);
        await plugin.ExitAsync();
        var elapsed = watch.Elapsed;

        await Assert.ThrowsAsync<IOException>(() => pending);
        Assert.Empty(plugin.Warnings);
        await TimeLimit.AssertAsync(elapsed, seconds: 5, build);
    }
}
