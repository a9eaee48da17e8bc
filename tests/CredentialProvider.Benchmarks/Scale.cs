using System.Diagnostics;

namespace CredentialProvider.Benchmarks;

/// <summary>Large numbers of feeds, cache files, rules, and requests to one process.</summary>
internal static class Scale
{
    private static readonly string[] Plugin = [BenchmarkMachine.Native, "-Plugin"];

    public static async Task MeasureAsync(Report report)
    {
        await FeedsAsync(report);
        await FilesAsync(report);
        await RequestsAsync(report);
    }

    /// <summary>Writes a configuration file whose rules are for other domains; all of them have to be read.</summary>
    public static string WriteRules(BenchmarkMachine machine, int count) => machine.Write($"rules-{count}.json", $$"""
        { "rules": [ {{string.Join(",\n", Enumerable.Range(0, count).Select(i => $$"""
        { "domain": "domain{{i}}", "owner": "111122223333", "region": "us-east-1", "duration": 3600,
          "roles": [ "arn:aws:iam::111122223333:role/Tools", { "arn": "arn:aws:iam::111122223333:role/Reader{{i}}", "externalId": "42" } ] }
        """))}} ] }
        """);

    private static async Task FeedsAsync(Report report)
    {
        report.Section("One native plugin, many feeds", "Starting with an empty cache, requested one after the other as NuGet does, or all at once. "
            + "Memory is peak resident memory.",
            "feeds | domains | requests | token calls | metadata calls | all feeds, ms | per domain, ms | all feeds again, ms | memory, MiB");
        foreach (var (feeds, domains) in new[] { (1, 1), (10, 10), (100, 50), (1000, 1), (1000, 50) })
        {
            foreach (var isConcurrent in new[] { false, true })
            {
                await using var machine = await BenchmarkMachine.StartAsync();
                var urls = Enumerable.Range(0, feeds).Select(i =>
                    $"https://team{i % domains}-111122223333.d.codeartifact.us-east-1.amazonaws.com/nuget/feed{i}/v3/index.json").ToList();
                for (var i = 0; i < domains; i++)
                    machine.Services.World.AddDomain($"team{i}");
                using var plugin = new PluginSession(Plugin, machine.Variables).Initialize();
                var (first, again) = (RequestAll(plugin, urls, isConcurrent), RequestAll(plugin, urls, isConcurrent));
                var (calls, memory) = (machine.Services.Audit.Count("codeartifact"), plugin.PeakMemory);
                report.Row($"{feeds}", $"{domains}", isConcurrent ? "concurrent" : "sequential", $"{calls}",
                    $"{machine.Services.Audit.Count("metadata")}", Figures.Format(first, "0"),
                    Figures.Format(first / domains), Figures.Format(again), Figures.Format(memory));
                if ((feeds, domains) == (1000, 50) && !isConcurrent)
                    report.Goal("1,000 feeds in 50 domains on one plugin: token calls", "50", calls, calls == domains, "0");
                plugin.Close();
            }
        }
    }

    /// <returns>Milliseconds until all are answered.</returns>
    private static double RequestAll(PluginSession plugin, List<string> urls, bool isConcurrent)
    {
        var watch = Stopwatch.StartNew();
        var sending = isConcurrent ? Task.Run(() => urls.ForEach(url => plugin.SendCredentialsRequest("c", url))) : Task.CompletedTask;
        foreach (var url in urls)
        {
            var answer = isConcurrent ? plugin.ReadResponse() : plugin.GetCredentials(url);
            if (!answer.Contains("\"Success\"", StringComparison.Ordinal))
                throw new InvalidOperationException($"no token for {url}");
        }

        sending.Wait();
        return watch.Elapsed.TotalMilliseconds;
    }

    private static async Task FilesAsync(Report report)
    {
        await using var machine = await BenchmarkMachine.StartAsync();
        if (!PluginSession.Run(Plugin, machine.Variables).IsSuccess)
            throw new InvalidOperationException("no token");
        report.Section("Large caches and configuration files", "In milliseconds, with the token in the cache.", "size | launch to credentials");
        var token = await File.ReadAllBytesAsync(Directory.GetFiles(machine.Cache, "*.json").Single());
        for (var (files, count) = (1, 1); count <= 10_000; count *= 10)
        {
            for (; files < count; files++)
                await File.WriteAllBytesAsync(Path.Combine(machine.Cache, $"team{files}-111122223333.us-east-1.0123456789abcdef.json"), token);
            report.Row($"{count} tokens in the cache", Launch(report, machine.Variables));
        }

        foreach (var rules in new[] { 1, 10, 100, 1000 })
            report.Row($"{rules} rules in the configuration file", Launch(report, machine.With(("CODEARTIFACT_CONFIG", WriteRules(machine, rules)))));
    }

    private static string Launch(Report report, Dictionary<string, string> variables) =>
        Figures.Spread(Enumerable.Range(0, report.Rounds(30)).Select(_ => PluginSession.Run(Plugin, variables).Credentials).ToList());

    private static async Task RequestsAsync(Report report)
    {
        await using var machine = await BenchmarkMachine.StartAsync();
        var count = report.Rounds(20_000);
        using var plugin = new PluginSession(Plugin, machine.Variables).Initialize();
        plugin.GetCredentials(PluginSession.App);
        var before = plugin.PeakMemory;
        List<string> urls = [.. Enumerable.Repeat(PluginSession.App, count)];
        var (sequential, concurrent) = (RequestAll(plugin, urls, isConcurrent: false), RequestAll(plugin, urls, isConcurrent: true));
        report.Note($"One process answers {count / sequential * 1000:0} sequential requests per second, {count / concurrent * 1000:0} concurrent ones; "
            + $"its peak memory is {before:0.0} MiB after one request and {plugin.PeakMemory:0.0} MiB after {count * 2}.");
        plugin.Close();
    }
}
