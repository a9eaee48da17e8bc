namespace CredentialProvider.EndToEndTests.CommandLine;

/// <summary>Streams that are closed or full and limits that are too low end the program with a message and an exit code, not with a stack trace
/// or a dump.</summary>
public sealed class ClosedStreams
{
    private const string Legacy = "-uri " + Feeds.App + " -nonInteractive", Policy = "policy contoso/app --owner 111122223333 --region us-east-1";

    public static TheoryData<string, string, int, string> Cases => new()
    {
        { Legacy, "> /dev/full", 2, "No space left" },
        { Legacy, ">&-", 2, "standard output is closed" },
        { Legacy, ">&- 2>&- <&-", 2, "" },
        { Policy, "> /dev/full", 1, "No space left" },
        { Policy, ">&-", 1, "standard output is closed" },
        { "--help", "> /dev/full", 1, "No space left" },
        { "bogus", "2> /dev/full", 2, "" },
        { "-Plugin", ">&-", 1, "standard output is closed" },
        { "-Plugin", "<&-", 1, "standard input is closed" },
        { "-Plugin", "> /dev/full", 0, "" },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public Task End_the_native_build_with_an_exit_code(string command, string redirections, int exitCode, string message) =>
        EndsAsync(Artifacts.Native, command, redirections, exitCode, message);

    [Theory]
    [MemberData(nameof(Cases))]
    [Trait("Category", "Slow")]
    public Task End_the_framework_dependent_build_with_an_exit_code(string command, string redirections, int exitCode, string message) =>
        EndsAsync($"dotnet {Artifacts.NetCore}", command, redirections, exitCode, message);

    [Theory]
    [InlineData("ulimit -n 5", "Too many open files")]
    [InlineData("mkdir gone && cd gone && rmdir ../gone", "no token")]
    public async Task Or_low_limits_or_a_deleted_directory_end_it_too(string before, string message)
    {
        Artifacts.RequireNative();
        await using var sandbox = await Sandbox.StartAsync();
        sandbox.Variables["AWS_EC2_METADATA_DISABLED"] = "true";
        var outcome = await sandbox.RunAsync("bash", sandbox.Home, "-c", $"({before}; exec {Artifacts.Native} {Legacy}) 2>&1");
        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains(message, outcome.Output, StringComparison.Ordinal);
        AssertNoTrace(outcome);
    }

    /// <summary>.NET's createdump would write a process with tokens to a file, and root may trace any process.</summary>
    [Fact]
    public async Task Or_a_signal_leave_no_dump_even_to_root()
    {
        await using var sandbox = await Sandbox.StartAsync();
        sandbox.Variables["DOTNET_DbgEnableMiniDump"] = "1";
        sandbox.Variables["DOTNET_DbgMiniDumpName"] = Path.Combine(sandbox.Home, "dump");
        using var plugin = PluginProcess.Launch(sandbox, Artifacts.NetCore);
        Assert.Contains("Handshake", await plugin.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);

        (await sandbox.RunAsync("bash", sandbox.Home, "-c", $"kill -ABRT {plugin.Id}")).Succeeded();
        // The runtime starts createdump, waits for it, and goes on: the signal came from outside.
        Assert.Contains("[createdump]", await plugin.StandardError.ReadLineAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        plugin.StandardInput.Close();
        await TimeLimit.ExitAsync(plugin);

        Assert.Empty(Directory.GetFiles(sandbox.Home));
    }

    private static async Task EndsAsync(string program, string command, string redirections, int exitCode, string message)
    {
        Artifacts.RequireNative();
        await using var sandbox = await Sandbox.StartAsync();
        sandbox.Variables["AWS_EC2_METADATA_DISABLED"] = "true";
        var outcome = await sandbox.RunAsync("bash", sandbox.Home, "-c", $"{program} {command} {redirections}");
        Assert.Equal((exitCode, ""), (outcome.ExitCode, exitCode == outcome.ExitCode ? "" : outcome.Output));
        Assert.Contains(message, outcome.Output, StringComparison.Ordinal);
        AssertNoTrace(outcome);
    }

    private static void AssertNoTrace(Outcome outcome)
    {
        Assert.DoesNotContain("   at ", outcome.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("Unhandled exception", outcome.Output, StringComparison.Ordinal);
    }
}
