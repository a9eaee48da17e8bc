using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace CredentialProvider.Benchmarks;

/// <summary>Builds docs/benchmarks.md: the goals, sections with tables, and the section that is written by hand.</summary>
internal sealed class Report(bool isQuick)
{
    /// <summary>Heading of the hand-written section, which is copied from docs/benchmarks.md up to its end.</summary>
    private const string ByHand = "\n## Measured by hand\n";

    private readonly StringBuilder _sections = new();
    private readonly List<string> _goals = [];

    /// <summary>Whole restores use the time that is left until then.</summary>
    public DateTimeOffset End { get; } = DateTimeOffset.UtcNow.AddMinutes(isQuick ? 2 : 13);

    public bool IsQuick => isQuick;

    /// <summary>Measures everything and prints the report.</summary>
    /// <param name="args"><c>--output FOLDER</c> also writes benchmarks.md and its charts there; <c>--quick</c> measures for three minutes, which
    /// gives rough figures.</param>
    public static async Task<int> WriteAsync(string[] args)
    {
        CultureInfo.DefaultThreadCurrentCulture = CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        var report = new Report(args.Contains("--quick"));
        var charts = new List<(string Name, string Svg)>();
        foreach (var (name, measure) in new (string, Func<Report, Task<string>>)[]
            { ("benchmark-launch.svg", Launches.MeasureAsync), ("benchmark-cold.svg", FirstTokens.MeasureAsync),
                ("benchmark-storms.svg", ConcurrentPlugins.MeasureAsync) })
        {
            charts.Add((name, await measure(report)));
            report.Note($"![bar chart of this table]({name})");
        }

        await Scale.MeasureAsync(report);
        await MSBuildPackage.MeasureAsync(report);
        await Restores.MeasureAsync(report);
        var text = report.Render();
        Console.Write(text);
        if (Array.IndexOf(args, "--output") is >= 0 and var at)
        {
            await File.WriteAllTextAsync(Path.Combine(args[at + 1], "benchmarks.md"), text);
            foreach (var (name, svg) in charts)
                await File.WriteAllTextAsync(Path.Combine(args[at + 1], name), svg);
        }

        return 0;
    }

    /// <summary>The given number of rounds, or a tenth of it with --quick.</summary>
    public int Rounds(int full) => isQuick ? Math.Max(1, full / 10) : full;

    /// <summary>A B C, then C B A, so that no candidate always runs right after the same other one.</summary>
    public static IEnumerable<int> Alternate(int round, int count) => Enumerable.Range(0, count).Select(i => round % 2 == 0 ? i : count - 1 - i);

    public void Section(string title, string text, string columns)
    {
        Console.Error.WriteLine(title);
        _sections.AppendLine(CultureInfo.InvariantCulture, $"\n## {title}\n\n{text}\n");
        Row(columns.Split(" | "));
        Row([.. columns.Split(" | ").Select(_ => "---")]);
    }

    public void Row(params string[] cells) => _sections.AppendLine($"| {string.Join(" | ", cells)} |");

    public void Note(string text) => _sections.AppendLine($"\n{text}");

    /// <summary>Adds a figure with its goal to the first table.</summary>
    /// <param name="limit">What nothing that this program does could improve, measured in the same run, and what it is; null where the goal is not
    /// near it.</param>
    public void Goal(string figure, string goal, double measured, bool isMet, string format = "0.00", (double Value, string What)? limit = null) =>
        _goals.Add($"| {figure} | {goal} | {Figures.Format(measured, format)} | {(isMet ? "yes" : "no")} | "
            + $"{(limit is var (value, what) ? $"{Figures.Format(value, format)}: {what}" : "")} |");

    private static string ReadHandWritten()
    {
        var page = File.ReadAllText(Path.Combine(BenchmarkMachine.RepositoryRoot, "docs", "benchmarks.md"));
        var start = page.IndexOf(ByHand, StringComparison.Ordinal);
        return start < 0 ? "" : page[start..];
    }

    private string Render() => $"""
        # Benchmarks

        `build/bench.sh{(isQuick ? " --quick" : "")}`, {DateTime.UtcNow:yyyy-MM-dd}, {Environment.ProcessorCount} cores, {RuntimeInformation.OSDescription},
        {RuntimeInformation.OSArchitecture}, .NET {Environment.Version}. Whole processes, measured alternately in one run (A B, B A): medians, with
        quartiles in parentheses. Ratios are medians of the ratios of each round. AWS is `tests/LocalAws` on loopback, inside the
        measuring process. `tests/CredentialProvider.EndToEndTests/Costs.txt` has instructions and system calls, which a busy
        machine does not change; `build/test.sh` compares them.

        ## Goals

        The physical limit is what this program cannot change, measured in the same run.

        | figure | goal | measured | met | physical limit |
        | --- | --- | --- | --- | --- |
        {string.Join("\n", _goals)}
        {_sections}{ReadHandWritten()}
        """;
}
