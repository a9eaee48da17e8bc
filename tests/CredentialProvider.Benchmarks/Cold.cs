namespace CredentialProvider.Benchmarks;

/// <summary>The first token of a machine: instance role, then CodeArtifact over TLS, with nothing in the cache.</summary>
internal static class Cold
{
    private static readonly int[] Latencies = [0, 20, 100];

    /// <returns>The chart.</returns>
    public static async Task<string> MeasureAsync(Report report)
    {
        await using var machine = await Machine.StartAsync();
        var nothing = ("CODEARTIFACT_CACHE", "off");
        (string Name, string[] Command, Dictionary<string, string> Variables)[] plugins =
        [
            ("native", [Machine.Native, "-Plugin"], machine.With(nothing)),
            ("native, one certificate to trust", [Machine.Native, "-Plugin"],
                machine.With(nothing, ("SSL_CERT_FILE", machine.Services.CaFile), ("SSL_CERT_DIR", machine.Folder("no-certificates")))),
            ("netcore", ["dotnet", Machine.NetCore, "-Plugin"], machine.With(nothing)),
        ];
        report.Section("The first token: empty cache, instance role, over TLS",
            "Milliseconds. Added latency is put on every answer, once for each round trip; the protocol needs four: session, role and keys of the instance, then the token.\n"
            + "The server's own time is without it. .NET reads all certificates that the system trusts before the first connection: with one to trust, that is gone.",
            "plugin | added latency | launch to credentials | round trips | above round trips x latency | the server's own "
            + "| launch to metadata | metadata | to CodeArtifact: TLS, signing | CodeArtifact | to the answer");
        var bars = new List<(string, double, bool)>();
        foreach (var latency in Latencies)
        {
            machine.Services.Faults.Latency = TimeSpan.FromMilliseconds(latency);
            var results = plugins.Select(_ => new List<Walk>()).ToList();
            for (var round = -1; round < report.Rounds(15); round++)
            {
                foreach (var i in Report.InTurn(round, plugins.Length))
                {
                    var walk = Take(machine, plugins[i].Command, plugins[i].Variables);
                    if (round >= 0)
                        results[i].Add(walk);
                }
            }

            for (var i = 0; i < plugins.Length; i++)
            {
                var own = results[i];
                string Median(Func<Walk, double> value) => Figures.Show(Figures.Median(own.Select(value)));
                report.Row(plugins[i].Name, $"{latency}", Figures.Spread(own.Select(w => w.Total)), Median(w => w.Trips), Median(w => w.Total - (w.Trips * latency)),
                    Median(w => w.Server - (w.Trips * latency)), Median(w => w.ToMetadata), Median(w => w.Metadata), Median(w => w.ToCodeArtifact), Median(w => w.CodeArtifact),
                    Median(w => w.ToAnswer));
                bars.Add(($"{plugins[i].Name.Replace(" to trust", "", StringComparison.Ordinal)}, {latency} ms", Figures.Median(own.Select(w => w.Total)), i < 2));
            }

            AddGoals(report, latency, results[0]);
        }

        return Chart.Bars("The first token of a machine, by added latency of a round trip", "ms", bars);
    }

    private static void AddGoals(Report report, int latency, List<Walk> native)
    {
        const int Fewest = 4;
        var (total, trips) = (Figures.Median(native.Select(w => w.Total)), Figures.Median(native.Select(w => w.Trips)));
        if (latency == 0)
        {
            report.Goal("native: first token on loopback, ms", "60", total, total <= 60, "0");
            report.Goal("native: round trips to the first token", "5", trips, trips <= Fewest + 1, "0");
        }
        else if (latency == Latencies[^1])
        {
            var ratio = total / (Fewest * latency);
            report.Goal($"native: first token at {latency} ms a round trip / four of them", "1.15", ratio, ratio <= 1.15);
        }
    }

    private static Walk Take(Machine machine, string[] command, Dictionary<string, string> variables)
    {
        machine.Services.Audit.Clear();
        var started = DateTimeOffset.UtcNow;
        var launch = Conversation.Run(command, variables);
        if (!launch.IsSuccess)
            throw new InvalidOperationException($"{command[^2]}: no token");
        var calls = machine.Services.Audit.Entries.OrderBy(call => call.Time).ToList();
        var (metadata, token) = (calls.Where(call => call.Service == "metadata").ToList(), calls.Single(call => call.Service == "codeartifact"));
        double Since(DateTimeOffset moment) => (moment - started).TotalMilliseconds;
        // An entry is made when its answer is sent.
        var (first, last, asked, answered) = (Since(metadata[0].Time - metadata[0].Took), Since(metadata[^1].Time), Since(token.Time - token.Took), Since(token.Time));
        return new Walk(launch.Credentials, calls.Count, calls.Sum(call => call.Took.TotalMilliseconds), first, last - first, asked - last, answered - asked, launch.Credentials - answered);
    }

    /// <summary>Where the time went, in milliseconds.</summary>
    private sealed record Walk(double Total, double Trips, double Server, double ToMetadata, double Metadata, double ToCodeArtifact, double CodeArtifact, double ToAnswer);
}
