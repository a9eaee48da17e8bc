using System.Diagnostics;

namespace CredentialProvider.Benchmarks;

/// <summary>Much of everything: feeds, files in the cache, rules, requests of one process.</summary>
internal static class Scale
{
    private static readonly string[] Plugin = [Machine.Native, "-Plugin"];

    public static async Task MeasureAsync(Report report)
    {
        await FeedsAsync(report);
        await FilesAsync(report);
        await RequestsAsync(report);
    }

    /// <summary>A configuration file with rules for other domains, which all have to be read.</summary>
    public static string WriteRules(Machine machine, int count) => machine.Write($"rules-{count}.json", $$"""
        { "rules": [ {{string.Join(",\n", Enumerable.Range(0, count).Select(i => $$"""
        { "domain": "domain{{i}}", "owner": "111122223333", "region": "us-east-1", "duration": 3600,
          "roles": [ "arn:aws:iam::111122223333:role/Tools", { "arn": "arn:aws:iam::111122223333:role/Reader{{i}}", "externalId": "42" } ] }
        """))}} ] }
        """);

    private static async Task FeedsAsync(Report report)
    {
        report.Section("One native plugin, many feeds", "All from nothing, asked one after the other as NuGet does, or all at once. Memory is the process's at its peak.",
            "feeds | domains | asked | token calls | metadata calls | all, ms | ms a domain | once more, ms | memory, MiB");
        foreach (var (feeds, domains) in new[] { (1, 1), (10, 10), (100, 50), (1000, 1), (1000, 50) })
        {
            foreach (var isAtOnce in new[] { false, true })
            {
                await using var machine = await Machine.StartAsync();
                var urls = Enumerable.Range(0, feeds).Select(i => $"https://team{i % domains}-111122223333.d.codeartifact.us-east-1.amazonaws.com/nuget/feed{i}/v3/index.json").ToList();
                for (var i = 0; i < domains; i++)
                    machine.Services.World.AddDomain($"team{i}");
                using var plugin = new Conversation(Plugin, machine.Variables).Open();
                var (first, again) = (Ask(plugin, urls, isAtOnce), Ask(plugin, urls, isAtOnce));
                var (calls, memory) = (machine.Services.Audit.Count("codeartifact"), plugin.PeakMemory);
                report.Row($"{feeds}", $"{domains}", isAtOnce ? "at once" : "in turn", $"{calls}", $"{machine.Services.Audit.Count("metadata")}", Figures.Show(first, "0"),
                    Figures.Show(first / domains), Figures.Show(again), Figures.Show(memory));
                if ((feeds, domains) == (1000, 50) && !isAtOnce)
                    report.Goal("1,000 feeds in 50 domains on one plugin: token calls", "50", calls, calls == domains, "0");
                plugin.Close();
            }
        }
    }

    /// <returns>Milliseconds for all answers.</returns>
    private static double Ask(Conversation plugin, List<string> urls, bool isAtOnce)
    {
        var watch = Stopwatch.StartNew();
        var isSending = isAtOnce ? Task.Run(() => urls.ForEach(url => plugin.SendForCredentials("c", url))) : Task.CompletedTask;
        foreach (var url in urls)
        {
            var answer = isAtOnce ? plugin.Response() : plugin.AskForCredentials(url);
            if (!answer.Contains("\"Success\"", StringComparison.Ordinal))
                throw new InvalidOperationException($"no token for {url}");
        }

        isSending.Wait();
        return watch.Elapsed.TotalMilliseconds;
    }

    private static async Task FilesAsync(Report report)
    {
        await using var machine = await Machine.StartAsync();
        if (!Conversation.Run(Plugin, machine.Variables).IsSuccess)
            throw new InvalidOperationException("no token");
        report.Section("Much beside the token", "Milliseconds from launch to credentials, token in the cache.", "what there is | launch to credentials");
        var token = await File.ReadAllBytesAsync(Directory.GetFiles(machine.Cache, "*.json").Single());
        for (var (files, of) = (1, 1); of <= 10_000; of *= 10)
        {
            for (; files < of; files++)
                await File.WriteAllBytesAsync(Path.Combine(machine.Cache, $"team{files}-111122223333.us-east-1.0123456789abcdef.json"), token);
            report.Row($"{of} tokens in the cache", Launch(report, machine.Variables));
        }

        foreach (var rules in new[] { 1, 10, 100, 1000 })
            report.Row($"{rules} rules in the configuration file", Launch(report, machine.With(("CODEARTIFACT_CONFIG", WriteRules(machine, rules)))));
    }

    private static string Launch(Report report, Dictionary<string, string> variables) =>
        Figures.Spread(Enumerable.Range(0, report.Rounds(30)).Select(_ => Conversation.Run(Plugin, variables).Credentials).ToList());

    private static async Task RequestsAsync(Report report)
    {
        await using var machine = await Machine.StartAsync();
        var count = report.Rounds(20_000);
        using var plugin = new Conversation(Plugin, machine.Variables).Open();
        plugin.AskForCredentials(Conversation.App);
        var before = plugin.PeakMemory;
        List<string> urls = [.. Enumerable.Repeat(Conversation.App, count)];
        var (inTurn, atOnce) = (Ask(plugin, urls, isAtOnce: false), Ask(plugin, urls, isAtOnce: true));
        report.Note($"One process answers {count / inTurn * 1000:0} requests a second asked in turn, {count / atOnce * 1000:0} that overlap; "
            + $"after {count * 2} of them its peak memory is {plugin.PeakMemory:0.0} MiB, after one {before:0.0} MiB.");
        plugin.Close();
    }
}
