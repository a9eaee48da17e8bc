using System.Diagnostics;

namespace CredentialProvider.EndToEndTests.Infra;

/// <summary>
/// The time limits of all tests. A limit must hold on a busy machine, so it is never seconds alone: to the stated seconds it adds a multiple
/// of the time that the same build needs, at that moment, to fetch a first token. Waiting for a condition has no limit but one that ends a
/// hung test run.
/// </summary>
public static class TimeLimit
{
    private const int ReferenceMultiple = 10;

    /// <summary>Ends a test that hangs. Far above what any machine needs.</summary>
    public static TimeSpan Hang { get; } = TimeSpan.FromMinutes(10);

    /// <summary>Says what is wrong if <paramref name="elapsed"/> is more than the stated seconds plus what the machine needs; else null.</summary>
    /// <param name="build">The build that was measured; the reference is measured with it, and only if the stated seconds have passed.</param>
    public static async Task<string?> CheckAsync(TimeSpan elapsed, double seconds, string build)
    {
        var stated = TimeSpan.FromSeconds(seconds);
        if (elapsed <= stated)
            return null;
        var reference = await FirstTokenAsync(build);
        return elapsed <= stated + (reference * ReferenceMultiple) ? null
            : $"took {elapsed}, which is more than {stated} plus {ReferenceMultiple} times the {reference} that a first token takes now";
    }

    /// <summary>Fails the test if <see cref="CheckAsync"/> finds something wrong.</summary>
    public static async Task AssertAsync(TimeSpan elapsed, double seconds, string build)
    {
        if (await CheckAsync(elapsed, seconds, build) is { } wrong)
            Assert.Fail(wrong);
    }

    /// <summary>Waits until the condition holds.</summary>
    public static async Task UntilAsync(Func<bool> condition)
    {
        using var limit = HangLimit();
        while (!condition())
            await Task.Delay(10, limit.Token);
    }

    /// <summary>Waits until the process has exited.</summary>
    public static async Task ExitAsync(Process process)
    {
        using var limit = HangLimit();
        await process.WaitForExitAsync(limit.Token);
    }

    /// <summary>Cancels a wait that hangs, or with the test.</summary>
    public static CancellationTokenSource HangLimit()
    {
        var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(Hang);
        return limit;
    }

    /// <summary>From launch to a token, with every service healthy and nothing cached.</summary>
    private static async Task<TimeSpan> FirstTokenAsync(string build)
    {
        await using var sandbox = await Sandbox.StartAsync();
        var watch = Stopwatch.StartNew();
        await using var plugin = await PluginProcess.Start(sandbox, build).InitializeAsync();
        await plugin.GetCredentialsAsync(Feeds.App);
        var elapsed = watch.Elapsed;
        await plugin.CloseAsync();
        return elapsed;
    }
}
