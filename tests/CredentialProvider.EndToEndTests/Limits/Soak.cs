using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using LocalAws;

namespace CredentialProvider.EndToEndTests.Limits;

/// <summary>
/// Problems that take time to show: many processes that share a cache, and one process that answers thousands of requests. The tests run
/// a short form; build/soak.sh sets SOAK=1 for the long one, whose results are in docs/internals/reliability.md.
/// </summary>
[Trait("Category", "Slow")]
public sealed class Soak(ITestOutputHelper output)
{
    private static readonly bool IsLong = Environment.GetEnvironmentVariable("SOAK") == "1";

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Many_processes_share_a_cache_while_some_are_killed_tokens_expire_and_AWS_fails(bool hasLocks)
    {
        Artifacts.RequireNative();
        var (processes, time) = IsLong ? (200, TimeSpan.FromSeconds(60)) : (24, TimeSpan.FromSeconds(8));
        await using var sandbox = await Sandbox.StartAsync();
        sandbox.Aws.Faults.Latency = TimeSpan.FromMilliseconds(20);
        // Tokens are renewed at half of their lifetime.
        sandbox.Aws.World.TokenLife = TimeSpan.FromSeconds(3);
        var cancel = TestContext.Current.CancellationToken;
        var name = await FirstTokenAsync(sandbox);
        if (!hasLocks)
        {
            // Makes locking fail, as on file systems without locks.
            File.Delete(Path.Combine(sandbox.Cache, name + ".lock"));
            Directory.CreateDirectory(Path.Combine(sandbox.Cache, name + ".lock"));
        }

        sandbox.Aws.Audit.Clear();
        using var end = new CancellationTokenSource();
        var run = new Storm(sandbox, Path.Combine(sandbox.Cache, name), hasLocks, end.Token);
        var (watching, failing) = (Task.Run(run.Watch, cancel), Task.Run(run.InjectFaultsAsync, cancel));
        var running = Enumerable.Range(0, processes).Select(seed => Task.Run(() => run.RunPluginsAsync(new Random(seed)), cancel)).ToList();
        // A busy machine runs longer, until all that the test is about has happened.
        var watch = Stopwatch.StartNew();
        await TimeLimit.UntilAsync(() => watch.Elapsed > time && run.Tokens > processes && run.Killed > 0 && run.Versions > 1);
        await end.CancelAsync();
        await Task.WhenAll([watching, failing, .. running]);

        var calls = sandbox.Aws.Audit.Entries.Where(entry => entry is { Service: "codeartifact", Status: not 0 }).ToList();
        var overlaps = calls.Count(call => calls.Exists(other => other != call
            && other.Time - other.Took < call.Time && call.Time <= other.Time && call.Time - call.Took <= other.Time - other.Took));
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"""
            {processes} processes at a time for {time.TotalSeconds} s, {(hasLocks ? "with" : "without")} locks: {run.Answered} responses ({run.Tokens} tokens), {run.Killed} killed,
            {calls.Count} requests to CodeArtifact, {overlaps} of them overlapping, longest wait {run.LongestWait.TotalSeconds:0.00} s, {run.Versions} tokens in {run.Reads} reads of the file
            """));
        Assert.Empty(run.Errors);
        await TimeLimit.AssertAsync(run.LongestWait, seconds: 60, Artifacts.Native);
        if (hasLocks)
            Assert.Equal(0, overlaps);
        Assert.True(Directory.GetFiles(sandbox.Cache).Length <= 2 + run.Killed, "temporary files were left behind");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task One_process_answers_thousands_of_requests_without_growing(bool isNetCore)
    {
        var build = isNetCore ? Artifacts.NetCore : Artifacts.Native;
        Artifacts.Require(build, build);
        var requests = IsLong ? 50_000 : 10_000;
        await using var sandbox = await Sandbox.StartAsync();
        // Short-lived tokens, so that renewals take place between requests.
        sandbox.Aws.World.TokenLife = TimeSpan.FromSeconds(1);
        await using var plugin = await PluginProcess.Start(sandbox, build).InitializeAsync();
        async Task RequestAsync(int count)
        {
            for (var request = 0; request < count; request++)
            {
                var answer = await plugin.GetCredentialsAsync(request % 3 == 0 ? "https://example.test/v3/index.json" : Feeds.App, isRetry: request % 500 == 7);
                Assert.NotNull(answer["ResponseCode"]);
            }
        }

        await RequestAsync(requests / 2);
        var (memory, threads, files) = ResourcesOf(plugin.Process);
        await RequestAsync(requests / 2);
        var (memoryAfter, threadsAfter, filesAfter) = ResourcesOf(plugin.Process);

        output.WriteLine($"{(isNetCore ? "netcore" : "native")}: {requests} requests, {sandbox.Aws.Audit.Count("codeartifact")} tokens fetched; after the first half {memory / 1024} KiB, "
            + $"{threads} threads, {files} files; after the second {memoryAfter / 1024} KiB, {threadsAfter} threads, {filesAfter} files");
        Assert.True(memoryAfter < memory + (memory / 4), $"grew from {memory} to {memoryAfter} bytes");
        Assert.True(threadsAfter <= threads + 4 && filesAfter <= files + 4, $"grew from {threads} threads and {files} files to {threadsAfter} and {filesAfter}");
        await plugin.CloseAsync();
    }

    private static async Task<string> FirstTokenAsync(Sandbox sandbox)
    {
        await using var plugin = await PluginProcess.Start(sandbox, Artifacts.Native).InitializeAsync();
        await plugin.GetCredentialsAsync(Feeds.App);
        await plugin.CloseAsync();
        return Path.GetFileName(Assert.Single(Directory.GetFiles(sandbox.Cache, "*.json")));
    }

    /// <summary>Resident bytes, threads and open files.</summary>
    private static (long Memory, int Threads, int Files) ResourcesOf(Process process)
    {
        process.Refresh();
        return (process.WorkingSet64, process.Threads.Count, Directory.GetFiles($"/proc/{process.Id}/fd").Length);
    }

    private sealed class Storm(Sandbox sandbox, string file, bool hasLocks, CancellationToken end)
    {
        private readonly Lock _counting = new();
        private int _killed;
        private int _answered;
        private int _tokens;

        public ConcurrentBag<string> Errors { get; } = [];

        public int Killed => _killed;

        public int Answered => _answered;

        public int Tokens => _tokens;

        public TimeSpan LongestWait { get; private set; }

        public int Reads { get; private set; }

        public int Versions { get; private set; }

        /// <summary>Reads the file continuously: it is always complete, and an older token never replaces a newer one.</summary>
        public void Watch()
        {
            var newest = 0L;
            while (!end.IsCancellationRequested)
            {
                try
                {
                    Reads++;
                    var obtained = (long)JsonNode.Parse(File.ReadAllText(file))!["Obtained"]!;
                    // Without a lock, comparing and writing is not atomic.
                    if (obtained < newest && hasLocks)
                        Errors.Add($"a token of {obtained} replaced one of {newest}");
                    Versions += obtained > newest ? 1 : 0;
                    newest = Math.Max(obtained, newest);
                }
                catch (System.Text.Json.JsonException e)
                {
                    Errors.Add($"torn: {e.Message}");
                }
            }
        }

        public async Task InjectFaultsAsync()
        {
            var random = new Random(1);
            while (!end.IsCancellationRequested)
            {
                sandbox.Aws.Faults.Add(random.Next(5) switch
                {
                    0 => new Fault("codeartifact", Times: 1) { Status = 500, ErrorCode = "InternalServerException" },
                    1 => new Fault("codeartifact", Times: 1) { Resets = true },
                    2 => new Fault("codeartifact", Times: 1) { Truncates = true },
                    3 => new Fault("codeartifact", Times: 1) { Status = 429, ErrorCode = "ThrottlingException" },
                    _ => new Fault("metadata", Times: 1) { Status = 500 },
                });
                // Longer than the tokens live, so that AWS fails in most renewals and not in all.
                await Task.Delay(2500, end).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }

        public async Task RunPluginsAsync(Random random)
        {
            while (!end.IsCancellationRequested)
            {
                await using var plugin = await PluginProcess.Start(sandbox, Artifacts.Native).InitializeAsync();
                if (random.Next(4) == 0)
                {
                    var pending = plugin.GetCredentialsAsync(Feeds.App);
                    // At any moment of the request: no condition tells one from another.
                    await Task.Delay(random.Next(100), CancellationToken.None);
                    plugin.Process.Kill();
                    await pending.ContinueWith(task => task.Exception, TaskScheduler.Default);
                    Interlocked.Increment(ref _killed);
                    continue;
                }

                var watch = Stopwatch.StartNew();
                var answer = await plugin.GetCredentialsAsync(Feeds.App);
                Count(watch.Elapsed, (string?)answer["ResponseCode"] == "Success");
                await plugin.CloseAsync();
                if (plugin.Process.ExitCode != 0 || plugin.Messages.Any(message => (string?)message["Type"] == "Fault"))
                    Errors.Add($"exit code {plugin.Process.ExitCode}");
            }
        }

        private void Count(TimeSpan wait, bool isToken)
        {
            lock (_counting)
            {
                _answered++;
                _tokens += isToken ? 1 : 0;
                LongestWait = wait > LongestWait ? wait : LongestWait;
            }
        }
    }
}
