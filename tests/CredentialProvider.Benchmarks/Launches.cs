namespace CredentialProvider.Benchmarks;

/// <summary>From launch to credentials with the token in the cache, which every restore waits for.</summary>
internal static class Launches
{
    private const int Rules = 100;

    /// <returns>The chart, as SVG.</returns>
    public static async Task<string> MeasureAsync(Report report)
    {
        await using var machine = await BenchmarkMachine.StartAsync();
        var withRules = machine.With(("CODEARTIFACT_CONFIG", Scale.WriteRules(machine, Rules)));
        List<(string Name, string[] Command, Dictionary<string, string> Variables)> plugins =
        [
            ("floor: answers with constants", [BenchmarkMachine.Floor, "-Plugin"], machine.Variables),
            ("native", [BenchmarkMachine.Native, "-Plugin"], machine.Variables),
            ($"native, {Rules} rules in the configuration file", [BenchmarkMachine.Native, "-Plugin"], withRules),
            ("netcore", ["dotnet", BenchmarkMachine.NetCore, "-Plugin"], machine.Variables),
            ("peer on NuGet.Protocol 8.0.0", ["dotnet", typeof(Launches).Assembly.Location, "-Plugin"], machine.Variables),
        ];
        if (File.Exists(BenchmarkMachine.Mono))
            plugins.Add(("netfx under mono", [BenchmarkMachine.Mono, BenchmarkMachine.NetFx, "-Plugin"], machine.With(("CODEARTIFACT_AUTH_TOKEN", "token"))));
        var results = plugins.Select(_ => new List<Launch>()).ToList();
        // The first round fills the token cache and the system's file cache.
        for (var round = -1; round < report.Rounds(60); round++)
        {
            foreach (var i in Report.Alternate(round, plugins.Count))
            {
                var launch = PluginSession.Run(plugins[i].Command, plugins[i].Variables);
                if (!launch.IsSuccess)
                    throw new InvalidOperationException($"{plugins[i].Name}: no token");
                if (round >= 0)
                    results[i].Add(launch);
            }
        }

        report.Section("From launch to credentials, token in the cache",
            $"{results[0].Count} launches each, from just before the process starts. The floor and the peer return a constant token, "
            + "netfx one from a variable,\n"
            + "because mono does not trust the certificates of this run. KiB read does not include mapped files, such as executables.",
            "plugin | handshake, ms | credentials, ms | Close to exit, ms | peak memory, MiB | CPU time, ms | read, KiB | peer's credentials / this plugin's");
        var (floor, native, netcore, peer) = (results[0], results[1], results[3], results[4]);
        for (var i = 0; i < plugins.Count; i++)
        {
            var own = results[i];
            report.Row(plugins[i].Name, Figures.Spread(own.Select(l => l.Handshake)), Figures.Spread(own.Select(l => l.Credentials)),
                Figures.Spread(own.Select(l => l.Exit)),
                Figures.Format(Figures.Median(own.Select(l => l.Memory))), Figures.Format(Figures.Median(own.Select(l => l.Cpu))),
                Figures.Format(Figures.Median(own.Select(l => l.Read)), "0"),
                Figures.Format(Ratio(peer, own)));
        }

        await CommandLineAsync(report, machine);
        report.Goal("native: launch to credentials / the floor's", "1.3", Ratio(native, floor), Ratio(native, floor) <= 1.3, limit: (1, "a program compiled ahead of time that answers with constants"));
        report.Goal("peer's launch to credentials / native's", "80", Ratio(peer, native), Ratio(peer, native) >= 80, "0", (Ratio(peer, floor), "the same program"));
        var memory = Figures.Median(native.Select(l => l.Memory));
        report.Goal("native: peak memory, MiB", "10", memory, memory <= 10, "0.0");
        report.Goal("peer's launch to credentials / netcore's", "5", Ratio(peer, netcore), Ratio(peer, netcore) >= 5, "0.0");
        return Chart.Bars("From launch to credentials, token in the cache", "ms", [.. plugins.Select((plugin, i) => (Name: plugin.Name.Split(':')[0],
            Figures.Median(results[i].Select(l => l.Credentials)), plugin.Name.StartsWith('n')))
            .Where(row => !row.Name.Contains(',', StringComparison.Ordinal))]);
    }

    /// <summary>Compares with the AWS CLI, which scripts call when there is no plugin, and which does not cache tokens.</summary>
    private static async Task CommandLineAsync(Report report, BenchmarkMachine machine)
    {
        if (!File.Exists(BenchmarkMachine.Aws))
        {
            report.Note("`aws` was not measured: it is not installed (Debian package awscli).");
            return;
        }

        // The AWS CLI appends paths to the endpoint without a slash.
        var variables = machine.With(("AWS_CA_BUNDLE", machine.Services.CaBundleFile), ("AWS_REGION", "us-east-1"),
            ("AWS_EC2_METADATA_SERVICE_ENDPOINT", $"{machine.Services.Metadata}"));
        var (aws, own) = (new List<double>(), new List<double>());
        for (var round = 0; round < report.Rounds(10); round++)
        {
            aws.Add(await BenchmarkMachine.TimeAsync(machine.Folder("."), variables, BenchmarkMachine.Aws,
                "codeartifact", "get-authorization-token", "--domain", "contoso", "--domain-owner", "111122223333"));
            own.Add(await BenchmarkMachine.TimeAsync(machine.Folder("."), variables, BenchmarkMachine.Native, "token", PluginSession.App));
        }

        report.Note($"`aws codeartifact get-authorization-token` takes {Figures.Spread(aws, "0")} ms, "
            + $"`nuget-plugin-codeartifact token` with the token in the cache {Figures.Spread(own)} ms.");
    }

    private static double Ratio(List<Launch> ones, List<Launch> others) => Figures.Ratio(ones.Select(l => l.Credentials), others.Select(l => l.Credentials));
}
