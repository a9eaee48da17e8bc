using System.Diagnostics;
using System.Text;
using LocalAws;

namespace CredentialProvider.EndToEndTests.Clients;

/// <summary>Clients that break the protocol: the plugin answers every valid request and always exits.</summary>
[Trait("Category", "Slow")]
public sealed class MisbehavingClients
{
    private const string CredentialRequest = "\"Type\":\"Request\",\"Method\":\"GetAuthenticationCredentials\",\"Payload\":{\"Uri\":\"" + Feeds.App + "\",\"IsRetry\":false,\"IsNonInteractive\":true}}";

    public static TheoryData<string> Builds => [Artifacts.Native, Artifacts.NetCore];

    public static TheoryData<string, string> InvalidLines
    {
        get
        {
            var all = new TheoryData<string, string>();
            foreach (var build in new[] { Artifacts.Native, Artifacts.NetCore })
            {
                foreach (var line in new[]
                {
                    "", " ", "\r", "garbage", "{", "}", "[]", "null", "\"text\"", "1e999", "{}", "{\"RequestId\":1}", "{\"RequestId\":null,\"Type\":\"Request\"}",
                    "{\"RequestId\":\"x\"}", "{\"RequestId\":\"x\",\"Type\":\"Request\",\"Method\":\"None\"}", "{\"RequestId\":\"x\",\"Type\":7,\"Method\":[]}",
                    "{\"RequestId\":\"x\",\"Type\":\"Request\",\"Method\":\"GetAuthenticationCredentials\"}",
                    "{\"RequestId\":\"x\",\"Type\":\"Request\",\"Method\":\"GetAuthenticationCredentials\",\"Payload\":[]}",
                    "{\"RequestId\":\"x\",\"Type\":\"Request\",\"Method\":\"GetAuthenticationCredentials\",\"Payload\":{\"Uri\":{}}}",
                    "{\"RequestId\":\"x\",\"Type\":\"Request\",\"Method\":\"Initialize\",\"Payload\":{\"RequestTimeout\":\"-00:00:01\"}}",
                    "{\"RequestId\":\"x\",\"Type\":\"Request\",\"Method\":\"MonitorNuGetProcessExit\",\"Payload\":{\"ProcessId\":1e30}}",
                    "{\"RequestId\":\"x\",\"Type\":\"Response\",\"Method\":\"Handshake\",\"Payload\":{\"ResponseCode\":\"Error\"}}",
                    "{\"RequestId\":\"x\",\"Type\":\"Cancel\",\"Method\":\"Nothing\"}", "{\"RequestId\":\"x\",\"Type\":\"Fault\",\"Method\":\"Handshake\",\"Payload\":{\"Message\":\"m\"}}",
                    "\u0000\u0001\u001b[2J", "\ud83d\ude00", "{\"RequestId\":\"\\ud800\",\"Type\":\"Request\",\"Method\":\"Close \"}", new string('[', 5000),
                })
                    all.Add(build, line);
            }

            return all;
        }
    }

    [Theory]
    [MemberData(nameof(InvalidLines))]
    public async Task Invalid_lines_are_ignored(string build, string line)
    {
        await using var sandbox = await StartAsync(build);
        await using var plugin = await PluginProcess.Start(sandbox, build).InitializeAsync();
        plugin.Send(line);
        Assert.Equal("Success", (string?)(await plugin.GetCredentialsAsync(Feeds.App))["ResponseCode"]);
        await plugin.CloseAsync();
        Assert.Equal(0, plugin.Process.ExitCode);
    }

    [Theory]
    [MemberData(nameof(Builds))]
    public async Task Lines_of_10_MB_are_ignored_and_not_buffered(string build)
    {
        async Task<long> MemoryAsync(int lines)
        {
            await using var sandbox = await StartAsync(build);
            await using var plugin = await PluginProcess.Start(sandbox, build).InitializeAsync();
            for (var line = 0; line < lines; line++)
                plugin.Send("{\"RequestId\":\"x\",\"Type\":\"Request\",\"Method\":\"" + new string('x', 10_000_000));
            Assert.Equal("Success", (string?)(await plugin.GetCredentialsAsync(Feeds.App))["ResponseCode"]);
            var memory = PeakMemory(plugin.Process);
            await plugin.CloseAsync();
            return memory;
        }

        var without = await MemoryAsync(lines: 0);
        Assert.InRange(await MemoryAsync(lines: 5), 0, without + 20_000_000);
    }

    [Theory]
    [MemberData(nameof(Builds))]
    public async Task Input_that_ends_in_the_middle_of_a_line_ends_the_plugin(string build)
    {
        await using var sandbox = await StartAsync(build);
        await using var plugin = await PluginProcess.Start(sandbox, build).InitializeAsync();
        await plugin.Process.StandardInput.WriteAsync("{\"RequestId\":\"x\"," + CredentialRequest[..40]);
        plugin.Process.StandardInput.Close();
        await plugin.ExitAsync();
        Assert.Equal(0, plugin.Process.ExitCode);
    }

    [Theory]
    [MemberData(nameof(Builds))]
    public async Task A_message_may_arrive_one_byte_at_a_time(string build)
    {
        await using var sandbox = await StartAsync(build);
        await using var plugin = await PluginProcess.Start(sandbox, build).InitializeAsync();
        plugin.Process.StandardInput.AutoFlush = true;
        foreach (var c in "{\"RequestId\":\"slow\",\"Type\":\"Request\",\"Method\":\"Close\"}\n")
            await plugin.Process.StandardInput.WriteAsync(c);
        await plugin.ExitAsync();
        Assert.Equal(0, plugin.Process.ExitCode);
    }

    [Theory]
    [MemberData(nameof(Builds))]
    public async Task A_client_that_closes_before_the_handshake_ends_the_plugin(string build)
    {
        await using var sandbox = await StartAsync(build);
        using var process = PluginProcess.Launch(sandbox, build);
        process.StandardInput.Close();
        process.StandardOutput.Close();
        await AssertExitsAsync(process);
    }

    [Theory]
    [MemberData(nameof(Builds))]
    public async Task A_client_that_never_reads_does_not_block_the_plugin(string build)
    {
        await using var sandbox = await StartAsync(build);
        using var process = PluginProcess.Launch(sandbox, build);
        // Progress messages are due before the token arrives, and all messages together exceed the capacity of a pipe.
        sandbox.Aws.Faults.Latency = TimeSpan.FromMilliseconds(500);
        var writing = Task.Run(async () =>
        {
            await process.StandardInput.WriteAsync("""{"RequestId":"i","Type":"Request","Method":"Initialize","Payload":{"RequestTimeout":"00:00:00.3"}}""" + "\n");
            for (var request = 0; request < 2000; request++)
                await process.StandardInput.WriteAsync($"{{\"RequestId\":\"{request}\",{CredentialRequest}\n");
        }, TestContext.Current.CancellationToken);
        await TimeLimit.UntilAsync(() => sandbox.Aws.Audit.Count("codeartifact") > 0);
        process.StandardOutput.Close();
        await writing.ContinueWith(task => task.Exception, TaskScheduler.Default);
        process.StandardInput.Close();
        await AssertExitsAsync(process);
        Assert.Equal(1, sandbox.Aws.Audit.Count("codeartifact"));
    }

    [Theory]
    [MemberData(nameof(Builds))]
    public async Task Five_hundred_concurrent_requests_fetch_one_token(string build)
    {
        await using var sandbox = await StartAsync(build);
        sandbox.Aws.Faults.Latency = TimeSpan.FromMilliseconds(200);
        await using var plugin = await PluginProcess.Start(sandbox, build).InitializeAsync();
        var answers = await Task.WhenAll(Enumerable.Range(0, 500).Select(_ => plugin.GetCredentialsAsync(Feeds.App)));
        Assert.Single(answers.Select(answer => (string)answer["Password"]!).Distinct());
        Assert.Equal(1, sandbox.Aws.Audit.Count("codeartifact"));
        await plugin.CloseAsync();
    }

    [Theory]
    [MemberData(nameof(Builds))]
    public async Task Five_hundred_concurrent_failures_cause_one_request_and_one_warning(string build)
    {
        await using var sandbox = await StartAsync(build);
        sandbox.Aws.Faults.Add(new Fault("codeartifact") { Status = 403, ErrorCode = "AccessDeniedException" });
        await using var plugin = await PluginProcess.Start(sandbox, build).InitializeAsync();
        var answers = await Task.WhenAll(Enumerable.Range(0, 500).Select(_ => plugin.GetCredentialsAsync(Feeds.App)));
        Assert.All(answers, answer => Assert.Equal("Error", (string?)answer["ResponseCode"]));
        Assert.Single(plugin.Warnings);
        Assert.Equal(1, sandbox.Aws.Audit.Count("codeartifact"));
        await plugin.CloseAsync();
    }

    [Theory]
    [MemberData(nameof(Builds))]
    public async Task A_cancelled_request_is_confirmed_and_others_continue(string build)
    {
        await using var sandbox = await StartAsync(build);
        sandbox.Aws.Faults.Add(new Fault("codeartifact", Times: 1) { Drops = true });
        await using var plugin = await PluginProcess.Start(sandbox, build).InitializeAsync();
        plugin.Send("{\"RequestId\":\"mine\"," + CredentialRequest);
        await TimeLimit.UntilAsync(() => sandbox.Aws.Faults.Taken > 0);
        var other = plugin.GetCredentialsAsync(Feeds.App);
        plugin.Send("{\"RequestId\":\"mine\",\"Type\":\"Cancel\",\"Method\":\"GetAuthenticationCredentials\"}");
        Assert.Equal("Success", (string?)(await other)["ResponseCode"]);
        Assert.Contains(plugin.Messages, message => (string?)message["RequestId"] == "mine" && (string?)message["Type"] == "Cancel");
        Assert.Empty(plugin.Warnings);
        await plugin.CloseAsync();
    }

    private static async Task<Sandbox> StartAsync(string build)
    {
        Artifacts.Require(build, build);
        return await Sandbox.StartAsync();
    }

    private static async Task AssertExitsAsync(Process process)
    {
        await TimeLimit.ExitAsync(process);
        Assert.Equal(0, process.ExitCode);
    }

    private static long PeakMemory(Process process) => File.ReadLines($"/proc/{process.Id}/status")
        .Where(line => line.StartsWith("VmHWM:", StringComparison.Ordinal))
        .Select(line => long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], System.Globalization.CultureInfo.InvariantCulture) * 1024).Single();
}
