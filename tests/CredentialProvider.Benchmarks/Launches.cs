namespace CredentialProvider.Benchmarks;

/// <summary>From launch to credentials with the token in the cache: what every restore pays.</summary>
internal static class Launches
{
    private const int Rules = 100;

    /// <returns>The chart.</returns>
    public static async Task<string> MeasureAsync(Report report)
    {
        await using var machine = await Machine.StartAsync();
        var withRules = machine.With(("CODEARTIFACT_CONFIG", Scale.WriteRules(machine, Rules)));
        List<(string Name, string[] Command, Dictionary<string, string> Variables)> plugins =
        [
            ("floor: answers with constants", [Machine.Floor, "-Plugin"], machine.Variables),
            ("native", [Machine.Native, "-Plugin"], machine.Variables),
            ($"native, {Rules} rules in the configuration file", [Machine.Native, "-Plugin"], withRules),
            ("netcore", ["dotnet", Machine.NetCore, "-Plugin"], machine.Variables),
            ("peer on NuGet.Protocol 8.0.0", ["dotnet", typeof(Launches).Assembly.Location, "-Plugin"], machine.Variables),
        ];
        if (File.Exists(Machine.Mono))
            plugins.Add(("netfx under mono", [Machine.Mono, Machine.NetFx, "-Plugin"], machine.With(("CODEARTIFACT_AUTH_TOKEN", "token"))));
        var results = plugins.Select(_ => new List<Launch>()).ToList();
        // The first round fills the cache of tokens and the system's of files.
        for (var round = -1; round < report.Rounds(60); round++)
        {
            foreach (var i in Report.InTurn(round, plugins.Count))
            {
                var launch = Conversation.Run(plugins[i].Command, plugins[i].Variables);
                if (!launch.IsSuccess)
                    throw new InvalidOperationException($"{plugins[i].Name}: no token");
                if (round >= 0)
                    results[i].Add(launch);
            }
        }

        report.Section("From launch to credentials, token in the cache",
            $"{results[0].Count} launches each; milliseconds from before the start of the process. The floor and the peer have their token in a constant, netfx in a variable, as\n"
            + "mono's certificates are not those of this run. KiB read are those of read calls: what is mapped, as programs are, is not in them.",
            "plugin | handshake | credentials | Close to exit | peak memory, MiB | processor, ms | read, KiB | peer's credentials / its own");
        var (floor, native, netcore, peer) = (results[0], results[1], results[3], results[4]);
        for (var i = 0; i < plugins.Count; i++)
        {
            var own = results[i];
            report.Row(plugins[i].Name, Figures.Spread(own.Select(l => l.Handshake)), Figures.Spread(own.Select(l => l.Credentials)), Figures.Spread(own.Select(l => l.Exit)),
                Figures.Show(Figures.Median(own.Select(l => l.Memory))), Figures.Show(Figures.Median(own.Select(l => l.Cpu))), Figures.Show(Figures.Median(own.Select(l => l.Read)), "0"),
                Figures.Show(Ratio(peer, own)));
        }

        await CommandLineAsync(report, machine);
        report.Goal("native: launch to credentials / the floor's", "1.5", Ratio(native, floor), Ratio(native, floor) <= 1.5);
        report.Goal("peer's launch to credentials / native's", "80", Ratio(peer, native), Ratio(peer, native) >= 80, "0");
        var memory = Figures.Median(native.Select(l => l.Memory));
        report.Goal("native: peak memory, MiB", "10", memory, memory <= 10, "0.0");
        report.Goal("peer's launch to credentials / netcore's", "5", Ratio(peer, netcore), Ratio(peer, netcore) >= 5, "0.0");
        return Chart.Bars("From launch to credentials, token in the cache", "ms", [.. plugins.Select((plugin, i) => (Name: plugin.Name.Split(':')[0],
            Figures.Median(results[i].Select(l => l.Credentials)), plugin.Name.StartsWith('n'))).Where(row => !row.Name.Contains(',', StringComparison.Ordinal))]);
    }

    /// <summary>What scripts call without a plugin, each time: it keeps no token.</summary>
    private static async Task CommandLineAsync(Report report, Machine machine)
    {
        if (!File.Exists(Machine.Aws))
        {
            report.Note("`aws` is not here (Debian: awscli), so it was not measured.");
            return;
        }

        // It puts paths right behind the endpoint.
        var variables = machine.With(("AWS_CA_BUNDLE", machine.Services.CaBundleFile), ("AWS_REGION", "us-east-1"),
            ("AWS_EC2_METADATA_SERVICE_ENDPOINT", $"{machine.Services.Metadata}"));
        var (aws, own) = (new List<double>(), new List<double>());
        for (var round = 0; round < report.Rounds(10); round++)
        {
            aws.Add(await Machine.TimeAsync(machine.Folder("."), variables, Machine.Aws,
                "codeartifact", "get-authorization-token", "--domain", "contoso", "--domain-owner", "111122223333"));
            own.Add(await Machine.TimeAsync(machine.Folder("."), variables, Machine.Native, "token", Conversation.App));
        }

        report.Note($"`aws codeartifact get-authorization-token` takes {Figures.Spread(aws, "0")} ms, `nuget-plugin-codeartifact token` with the token in the cache {Figures.Spread(own)} ms.");
    }

    private static double Ratio(List<Launch> ones, List<Launch> others) => Figures.Ratio(ones.Select(l => l.Credentials), others.Select(l => l.Credentials));
}
