using System.Diagnostics;
using System.Text;
using LocalAws;

namespace CredentialProvider.EndToEndTests;

/// <summary>Clients that NuGet is not: whatever they send or leave undone, the plugin answers what can be answered, and ends.</summary>
public sealed class UnrulyClients
{
    private const string Ask = "\"Type\":\"Request\",\"Method\":\"GetAuthenticationCredentials\",\"Payload\":{\"Uri\":\"" + Feeds.App + "\",\"IsRetry\":false,\"IsNonInteractive\":true}}";

    public static TheoryData<string> Builds => [Artifacts.Native, Artifacts.NetCore];

    public static TheoryData<string, string> Noise
    {
        get
        {
            var all = new TheoryData<string, string>();
            foreach (var build in new[] { Artifacts.Native, Artifacts.NetCore })
            {
                foreach (var noise in new[]
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
                    all.Add(build, noise);
            }

            return all;
        }
    }

    [Theory]
    [MemberData(nameof(Noise))]
    public async Task Noise_is_passed_over(string build, string noise)
    {
        await using var sandbox = await StartAsync(build);
        await using var plugin = await PluginProcess.Start(sandbox, build).HandshakeAsync();
        plugin.Send(noise);
        Assert.Equal("Success", (string?)(await plugin.CredentialsAsync(Feeds.App))["ResponseCode"]);
        await plugin.CloseAsync();
        Assert.Equal(0, plugin.Process.ExitCode);
    }

    [Theory]
    [MemberData(nameof(Builds))]
    public async Task Lines_of_10_MB_are_passed_over_and_not_kept(string build)
    {
        async Task<long> MemoryAsync(int lines)
        {
            await using var sandbox = await StartAsync(build);
            await using var plugin = await PluginProcess.Start(sandbox, build).HandshakeAsync();
            for (var line = 0; line < lines; line++)
                plugin.Send("{\"RequestId\":\"x\",\"Type\":\"Request\",\"Method\":\"" + new string('x', 10_000_000));
            Assert.Equal("Success", (string?)(await plugin.CredentialsAsync(Feeds.App))["ResponseCode"]);
            var memory = PeakMemory(plugin.Process);
            await plugin.CloseAsync();
            return memory;
        }

        var without = await MemoryAsync(lines: 0);
        Assert.InRange(await MemoryAsync(lines: 5), 0, without + 20_000_000);
    }

    [Theory]
    [MemberData(nameof(Builds))]
    public async Task Half_a_line_and_the_end(string build)
    {
        await using var sandbox = await StartAsync(build);
        await using var plugin = await PluginProcess.Start(sandbox, build).HandshakeAsync();
        await plugin.Process.StandardInput.WriteAsync("{\"RequestId\":\"x\"," + Ask[..40]);
        plugin.Process.StandardInput.Close();
        await plugin.ExitAsync();
        Assert.Equal(0, plugin.Process.ExitCode);
    }

    [Theory]
    [MemberData(nameof(Builds))]
    public async Task One_byte_at_a_time(string build)
    {
        await using var sandbox = await StartAsync(build);
        await using var plugin = await PluginProcess.Start(sandbox, build).HandshakeAsync();
        plugin.Process.StandardInput.AutoFlush = true;
        foreach (var c in "{\"RequestId\":\"slow\",\"Type\":\"Request\",\"Method\":\"Close\"}\n")
            await plugin.Process.StandardInput.WriteAsync(c);
        await plugin.ExitAsync();
        Assert.Equal(0, plugin.Process.ExitCode);
    }

    [Theory]
    [MemberData(nameof(Builds))]
    public async Task Who_closes_before_the_handshake(string build)
    {
        await using var sandbox = await StartAsync(build);
        using var process = Launch(sandbox, build);
        process.StandardInput.Close();
        process.StandardOutput.Close();
        await EndsAsync(process);
    }

    [Theory]
    [MemberData(nameof(Builds))]
    public async Task Who_never_reads_and_then_goes(string build)
    {
        await using var sandbox = await StartAsync(build);
        using var process = Launch(sandbox, build);
        // Signs of life before the token is there, and in all more than a pipe holds.
        sandbox.Aws.Faults.Latency = TimeSpan.FromMilliseconds(500);
        var writing = Task.Run(async () =>
        {
            await process.StandardInput.WriteAsync("""{"RequestId":"i","Type":"Request","Method":"Initialize","Payload":{"RequestTimeout":"00:00:00.3"}}""" + "\n");
            for (var request = 0; request < 2000; request++)
                await process.StandardInput.WriteAsync($"{{\"RequestId\":\"{request}\",{Ask}\n");
        }, TestContext.Current.CancellationToken);
        while (sandbox.Aws.Audit.Count("codeartifact") == 0)
            await Task.Delay(10, TestContext.Current.CancellationToken);
        process.StandardOutput.Close();
        await writing.ContinueWith(task => task.Exception, TaskScheduler.Default);
        process.StandardInput.Close();
        await EndsAsync(process);
        Assert.Equal(1, sandbox.Aws.Audit.Count("codeartifact"));
    }

    [Theory]
    [MemberData(nameof(Builds))]
    public async Task Five_hundred_requests_at_once_make_one_call(string build)
    {
        await using var sandbox = await StartAsync(build);
        sandbox.Aws.Faults.Latency = TimeSpan.FromMilliseconds(200);
        await using var plugin = await PluginProcess.Start(sandbox, build).HandshakeAsync();
        var answers = await Task.WhenAll(Enumerable.Range(0, 500).Select(_ => plugin.CredentialsAsync(Feeds.App)));
        Assert.Single(answers.Select(answer => (string)answer["Password"]!).Distinct());
        Assert.Equal(1, sandbox.Aws.Audit.Count("codeartifact"));
        await plugin.CloseAsync();
    }

    [Theory]
    [MemberData(nameof(Builds))]
    public async Task Five_hundred_requests_that_fail_at_once_make_one_call_and_one_warning(string build)
    {
        await using var sandbox = await StartAsync(build);
        sandbox.Aws.Faults.Add(new Fault("codeartifact") { Status = 403, ErrorCode = "AccessDeniedException" });
        await using var plugin = await PluginProcess.Start(sandbox, build).HandshakeAsync();
        var answers = await Task.WhenAll(Enumerable.Range(0, 500).Select(_ => plugin.CredentialsAsync(Feeds.App)));
        Assert.All(answers, answer => Assert.Equal("Error", (string?)answer["ResponseCode"]));
        Assert.Single(plugin.Warnings);
        Assert.Equal(1, sandbox.Aws.Audit.Count("codeartifact"));
        await plugin.CloseAsync();
    }

    [Theory]
    [MemberData(nameof(Builds))]
    public async Task Who_cancels_is_told_so_and_others_go_on(string build)
    {
        await using var sandbox = await StartAsync(build);
        sandbox.Aws.Faults.Add(new Fault("codeartifact", Times: 1) { Drops = true });
        await using var plugin = await PluginProcess.Start(sandbox, build).HandshakeAsync();
        plugin.Send("{\"RequestId\":\"mine\"," + Ask);
        while (sandbox.Aws.Faults.Taken == 0)
            await Task.Delay(10, TestContext.Current.CancellationToken);
        var other = plugin.CredentialsAsync(Feeds.App);
        plugin.Send("{\"RequestId\":\"mine\",\"Type\":\"Cancel\",\"Method\":\"GetAuthenticationCredentials\"}");
        Assert.Equal("Success", (string?)(await other)["ResponseCode"]);
        Assert.Contains(plugin.Spoken, message => (string?)message["RequestId"] == "mine" && (string?)message["Type"] == "Cancel");
        Assert.Empty(plugin.Warnings);
        await plugin.CloseAsync();
    }

    private static async Task<Sandbox> StartAsync(string build)
    {
        Artifacts.Require(build, build);
        return await Sandbox.StartAsync();
    }

    private static Process Launch(Sandbox sandbox, string build) => build.EndsWith(".dll", StringComparison.Ordinal)
        ? sandbox.Launch("dotnet", sandbox.Home, build, "-Plugin") : sandbox.Launch(build, sandbox.Home, "-Plugin");

    private static async Task EndsAsync(Process process)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        await process.WaitForExitAsync(limit.Token);
        Assert.Equal(0, process.ExitCode);
    }

    private static long PeakMemory(Process process) => File.ReadLines($"/proc/{process.Id}/status")
        .Where(line => line.StartsWith("VmHWM:", StringComparison.Ordinal))
        .Select(line => long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], System.Globalization.CultureInfo.InvariantCulture) * 1024).Single();
}
