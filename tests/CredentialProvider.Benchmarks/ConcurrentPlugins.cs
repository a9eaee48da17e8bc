namespace CredentialProvider.Benchmarks;

/// <summary>Many plugins at once, as when a build server starts all of its jobs.</summary>
internal static class ConcurrentPlugins
{
    private const int MaxPlugins = 256, MaxNetCore = 64, Rounds = 5;

    private static readonly string[] Native = [BenchmarkMachine.Native, "-Plugin"], NetCore = ["dotnet", BenchmarkMachine.NetCore, "-Plugin"];

    /// <returns>The chart, as SVG.</returns>
    public static async Task<string> MeasureAsync(Report report)
    {
        report.Section("Many plugins at once", "In milliseconds, medians of five rounds. All share one cache; if it is empty, one of them fills it for all.",
            "plugin | processes | cache | slowest handshake | slowest credentials | different tokens | token calls | metadata calls");
        var bars = new List<(string, double, bool)>();
        foreach (var (plugin, size) in new[] { (Native, 1), (Native, 8), (Native, 32), (Native, 64), (Native, 128), (Native, MaxPlugins), (NetCore, 32), (NetCore, MaxNetCore) })
        {
            var name = plugin == Native ? "native" : "netcore";
            var storms = new List<(string Cache, double Handshake, double Credentials, int Tokens, int Calls, int Metadata)>();
            for (var round = 0; round < report.Rounds(Rounds); round++)
            {
                await using var machine = await BenchmarkMachine.StartAsync();
                foreach (var cache in new[] { "empty", "warm" })
                {
                    machine.Services.Audit.Clear();
                    var launches = await LaunchAsync(machine, plugin, size);
                    storms.Add((cache, launches.Max(l => l.Handshake), launches.Max(l => l.Credentials), launches.Select(l => l.Answer).Distinct().Count(),
                        machine.Services.Audit.Count("codeartifact"), machine.Services.Audit.Count("metadata")));
                }
            }

            double Slowest(string cache) => Figures.Median(storms.Where(storm => storm.Cache == cache).Select(storm => storm.Credentials));
            foreach (var (cache, own) in storms.GroupBy(storm => storm.Cache).Select(group => (group.Key, group.ToList())))
            {
                var (handshake, credentials, calls) = (Figures.Median(own.Select(storm => storm.Handshake)), Slowest(cache), own.Max(storm => storm.Calls));
                report.Row(name, $"{size}", cache, Figures.Format(handshake, "0"),
                    Figures.Format(credentials, "0"), $"{own.Max(storm => storm.Tokens)}", $"{calls}", $"{own.Max(storm => storm.Metadata)}");
                bars.Add(($"{size} {name}, {cache} cache", credentials, true));
                if (size == MaxNetCore && plugin == NetCore && cache == "empty")
                {
                    report.Goal($"{size} framework-dependent plugins at once on an empty cache: last token, ms", "3000", credentials, credentials <= 3000, "0",
                        (Slowest("warm"), "the same with the token in the cache, so .NET's start alone"));
                }

                if (size == MaxPlugins && cache == "empty")
                {
                    report.Goal($"{size} plugins at once on an empty cache: slowest handshake, ms", "1000", handshake, handshake <= 1000, "0");
                    report.Goal($"{size} plugins at once on an empty cache: token calls", "1", calls, calls == 1, "0");
                }
            }
        }

        return Chart.Bars("Many plugins at once: the slowest credentials", "ms", bars);
    }

    private static async Task<Launch[]> LaunchAsync(BenchmarkMachine machine, string[] plugin, int count)
    {
        using var start = new ManualResetEventSlim();
        var launches = Enumerable.Range(0, count).Select(_ => Task.Factory.StartNew(
            () =>
            {
                start.Wait();
                return PluginSession.Run(plugin, machine.Variables);
            },
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)).ToList();
        start.Set();
        var results = await Task.WhenAll(launches);
        return results.All(launch => launch.IsSuccess) ? results : throw new InvalidOperationException("at least one plugin got no token");
    }
}
