namespace CredentialProvider.Benchmarks;

/// <summary>The first token on a machine: empty cache, instance role, CodeArtifact over TLS.</summary>
internal static class FirstTokens
{
    private static readonly int[] Latencies = [0, 20, 100];

    /// <returns>The chart, as SVG.</returns>
    public static async Task<string> MeasureAsync(Report report)
    {
        if (!SystemStore.IsAvailable)
            return Skip(report);
        await using var machine = await BenchmarkMachine.StartAsync();
        var variables = machine.With(("CODEARTIFACT_CACHE", "off"));
        variables.Remove("SSL_CERT_FILE");
        var stores = SystemStore.Create(machine);
        Plugin[] plugins =
        [
            .. stores.Select(store => new Plugin("native", [BenchmarkMachine.Native, "-Plugin"], store)),
            .. stores.Select(store => new Plugin("netcore", ["dotnet", BenchmarkMachine.NetCore, "-Plugin"], store)),
        ];
        report.Section("The first token: empty cache, instance role, over TLS",
            "In milliseconds. Latency is added to every response, once per round trip. Four are needed: metadata session, role name, credentials, token.\n"
            + "Server time does not include it. With one trusted certificate, none has to be searched.",
            "plugin | trusted certificates | added latency | launch to credentials | ratio to one certificate, per round | round trips | without added latency | server "
            + "| launch to metadata | metadata | metadata to CodeArtifact: TLS, signing | CodeArtifact | CodeArtifact to answer");
        var bars = new List<(string, double, bool)>();
        foreach (var latency in Latencies)
        {
            machine.Services.Faults.Latency = TimeSpan.FromMilliseconds(latency);
            var results = plugins.Select(_ => new List<Timings>()).ToList();
            for (var round = -1; round < report.Rounds(15); round++)
            {
                foreach (var i in Report.Alternate(round, plugins.Length))
                {
                    var timings = plugins[i].Store.Run(() => Measure(machine, plugins[i].Command, variables));
                    if (round >= 0)
                        results[i].Add(timings);
                }
            }

            for (var i = 0; i < plugins.Length; i++)
            {
                var own = results[i];
                string Median(Func<Timings, double> value) => Figures.Format(Figures.Median(own.Select(value)));
                var single = results[(i / stores.Count * stores.Count) + stores.Count - 1];
                var ratios = own.Zip(single, (one, other) => one.Total / other.Total).ToList();
                report.Row(plugins[i].Name, plugins[i].Store.Name, $"{latency}", Figures.Spread(own.Select(w => w.Total)), Figures.Spread(ratios, "0.00"), Median(w => w.Trips),
                    Median(w => w.Total - (w.Trips * latency)),
                    Median(w => w.Server - (w.Trips * latency)), Median(w => w.ToMetadata),
                    Median(w => w.Metadata), Median(w => w.ToCodeArtifact), Median(w => w.CodeArtifact),
                    Median(w => w.ToAnswer));
                if (plugins[i].Store == stores[0])
                    bars.Add(($"{plugins[i].Name}, {latency} ms", Figures.Median(own.Select(w => w.Total)), true));
                if (latency == 0 && plugins[i].Store != stores[^1])
                {
                    var ratio = Figures.Median(ratios);
                    report.Goal($"{plugins[i].Name}, {plugins[i].Store.Name}: first token on loopback / with one certificate", "2", ratio, ratio <= 2);
                }
            }

            AddGoals(report, latency, plugins[0].Store.Name, results[0]);
            AddGoals(report, latency, plugins[stores.Count - 1].Store.Name, results[stores.Count - 1]);
        }

        foreach (var store in stores)
            store.Dispose();
        return Chart.Bars("First token on a machine, by latency added to each round trip", "ms", bars);
    }

    private static void AddGoals(Report report, int latency, string store, List<Timings> native)
    {
        const int MinTrips = 4;
        var (total, trips) = (Figures.Median(native.Select(w => w.Total)), Figures.Median(native.Select(w => w.Trips)));
        if (latency == 0)
        {
            report.Goal($"native, {store}: first token on loopback, ms", "60", total, total <= 60, "0");
            report.Goal($"native, {store}: round trips to the first token", "5", trips, trips <= MinTrips + 1, "0");
            return;
        }

        var ratio = total / (MinTrips * latency);
        var beforeAndAfter = Figures.Median(native.Select(w => w.ToMetadata + w.ToAnswer));
        report.Goal($"native, {store}: first token at {latency} ms per round trip / four round trips", "1.15", ratio, ratio <= 1.15,
            limit: (1 + (beforeAndAfter / (MinTrips * latency)), "four round trips, and what this program does before the first and after the last"));
    }

    private static string Skip(Report report)
    {
        report.Note("The first token is not measured: that needs root, and certificates in /etc/ssl.");
        return Chart.Bars("First token on a machine: not measured", "ms", [("", 1, true)]);
    }

    private static Timings Measure(BenchmarkMachine machine, string[] command, Dictionary<string, string> variables)
    {
        machine.Services.Audit.Clear();
        var started = DateTimeOffset.UtcNow;
        var launch = PluginSession.Run(command, variables);
        if (!launch.IsSuccess)
            throw new InvalidOperationException($"{command[^2]}: no token");
        var calls = machine.Services.Audit.Entries.OrderBy(call => call.Time).ToList();
        var (metadata, token) = (calls.Where(call => call.Service == "metadata").ToList(), calls.Single(call => call.Service == "codeartifact"));
        double Since(DateTimeOffset moment) => (moment - started).TotalMilliseconds;
        // An audit entry's time is when its response was sent.
        var (metadataStart, metadataEnd, tokenStart, tokenEnd) =
            (Since(metadata[0].Time - metadata[0].Took), Since(metadata[^1].Time), Since(token.Time - token.Took), Since(token.Time));
        return new Timings(launch.Credentials, calls.Count, calls.Sum(call => call.Took.TotalMilliseconds), metadataStart,
            metadataEnd - metadataStart, tokenStart - metadataEnd, tokenEnd - tokenStart, launch.Credentials - tokenEnd);
    }

    private sealed record Plugin(string Name, string[] Command, SystemStore Store);

    /// <summary>Where one launch spent its time, in milliseconds; <paramref name="Trips"/> is the number of round trips.</summary>
    private sealed record Timings(double Total, double Trips, double Server,
        double ToMetadata, double Metadata, double ToCodeArtifact, double CodeArtifact, double ToAnswer);
}
