using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace CredentialProvider.Benchmarks;

/// <summary>docs/benchmarks.md as it grows: sections of tables, and what the figures were meant to be.</summary>
internal sealed class Report(bool isQuick)
{
    private readonly StringBuilder _sections = new();
    private readonly List<string> _goals = [];

    /// <summary>Whole restores take what is left of this.</summary>
    public DateTimeOffset End { get; } = DateTimeOffset.UtcNow.AddMinutes(isQuick ? 2 : 13);

    public bool IsQuick => isQuick;

    /// <summary><c>--output FOLDER</c> writes benchmarks.md and its charts there; <c>--quick</c> takes three minutes and is good for a look only.</summary>
    public static async Task<int> WriteAsync(string[] args)
    {
        CultureInfo.DefaultThreadCurrentCulture = CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        var report = new Report(args.Contains("--quick"));
        var charts = new List<(string Name, string Svg)>();
        foreach (var (name, measure) in new (string, Func<Report, Task<string>>)[]
            { ("benchmark-launch.svg", Launches.MeasureAsync), ("benchmark-cold.svg", Cold.MeasureAsync), ("benchmark-storms.svg", Storms.MeasureAsync) })
        {
            charts.Add((name, await measure(report)));
            report.Note($"![the same as bars]({name})");
        }

        await Scale.MeasureAsync(report);
        await BroughtAlong.MeasureAsync(report);
        await Restores.MeasureAsync(report);
        var text = report.Text();
        Console.Write(text);
        if (Array.IndexOf(args, "--output") is >= 0 and var at)
        {
            await File.WriteAllTextAsync(Path.Combine(args[at + 1], "benchmarks.md"), text);
            foreach (var (name, svg) in charts)
                await File.WriteAllTextAsync(Path.Combine(args[at + 1], name), svg);
        }

        return 0;
    }

    /// <summary>As many rounds as that, or a few.</summary>
    public int Rounds(int full) => isQuick ? Math.Max(1, full / 10) : full;

    /// <summary>A B C, then C B A: whoever comes after another of its kind finds a warmer machine.</summary>
    public static IEnumerable<int> InTurn(int round, int count) => Enumerable.Range(0, count).Select(i => round % 2 == 0 ? i : count - 1 - i);

    public void Section(string title, string text, string columns)
    {
        Console.Error.WriteLine(title);
        _sections.AppendLine(CultureInfo.InvariantCulture, $"\n## {title}\n\n{text}\n");
        Row(columns.Split(" | "));
        Row([.. columns.Split(" | ").Select(_ => "---")]);
    }

    public void Row(params string[] cells) => _sections.AppendLine($"| {string.Join(" | ", cells)} |");

    public void Note(string text) => _sections.AppendLine($"\n{text}");

    /// <summary>A figure that was aimed at.</summary>
    public void Goal(string what, string aim, double measured, bool isMet, string format = "0.00") =>
        _goals.Add($"| {what} | {aim} | {Figures.Show(measured, format)} | {(isMet ? "yes" : "no")} |");

    private string Text() => $"""
        # Benchmarks

        `build/bench.sh{(isQuick ? " --quick" : "")}`, {DateTime.UtcNow:yyyy-MM-dd}, {Environment.ProcessorCount} cores, {RuntimeInformation.OSDescription},
        {RuntimeInformation.OSArchitecture}, .NET {Environment.Version}. Whole processes, measured in turn in one run (A B, B A): medians, with quartiles in brackets. Ratios are medians of pairs.
        AWS is `tests/LocalAws` on loopback, in the process that measures. Instructions and system calls, which a busy machine does not change, are in
        `tests/CredentialProvider.EndToEndTests/Costs.txt` and compared by `build/test.sh`.

        ## What was aimed at

        | figure | aim | measured | met |
        | --- | --- | --- | --- |
        {string.Join("\n", _goals)}
        {_sections}
        """;
}
