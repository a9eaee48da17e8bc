using System.Globalization;
using System.Text.RegularExpressions;

namespace CredentialProvider.EndToEndTests.Limits;

/// <summary>
/// Compares the native executable with Costs.txt, in units that hardly depend on the load of the machine: the runtime's threads vary by a dozen system
/// calls. The start is measured with a client that closes at once.
/// </summary>
[Trait("Category", "Slow")]
public sealed partial class Costs
{
    private const double Tolerance = 1.05;

    private const int FurtherAnswers = 100;

    private static readonly string[] Handshake =
    [
        """{"RequestId":"1","Type":"Request","Method":"Handshake","Payload":{"ProtocolVersion":"2.0.0","MinimumProtocolVersion":"1.0.0"}}""",
        """{"RequestId":"2","Type":"Request","Method":"Initialize","Payload":{"ClientVersion":"7.9.0","Culture":"en-US","RequestTimeout":"00:00:30"}}""",
        """{"RequestId":"3","Type":"Request","Method":"GetOperationClaims","Payload":{}}""",
        """{"RequestId":"4","Type":"Request","Method":"SetLogLevel","Payload":{"LogLevel":"Debug"}}""",
    ];

    [Fact]
    public Task Instructions_are_no_more_than_recorded() => CompareAsync(
        "/usr/bin/valgrind", "valgrind --tool=callgrind --callgrind-out-file=/dev/null", Instructions(), column: 1);

    [Fact]
    public Task System_calls_are_no_more_than_recorded() => CompareAsync("/usr/bin/strace", "strace -f -c", SystemCalls(), column: 2);

    private static async Task CompareAsync(string tool, string counter, Regex counted, int column)
    {
        Artifacts.Require(tool, Path.GetFileName(tool));
        Artifacts.RequireNative();
        Assert.SkipUnless(Artifacts.Platform == "linux-x64", "Costs.txt has figures for linux-x64");
        await using var sandbox = await Sandbox.StartAsync();
        (await sandbox.RunAsync(Artifacts.Native, sandbox.Home, "warm", Feeds.App)).Succeeded();
        async Task<double> CountAsync(int answers)
        {
            string[] lines = answers == 0 ? [] : [.. Handshake, .. Enumerable.Range(0, answers).Select(i =>
                $$$"""{"RequestId":"c{{{i}}}","Type":"Request","Method":"GetAuthenticationCredentials","Payload":{"Uri":"{{{Feeds.App}}}","IsRetry":false}}""")];
            var input = sandbox.Write("input", string.Concat(lines.Select(line => line + "\n")));
            var outcome = (await sandbox.RunAsync("bash", sandbox.Home, "-c", $"{counter} {Artifacts.Native} -Plugin < {input} 2> counted | grep -c Password; cat counted")).Succeeded();
            Assert.StartsWith($"{answers}\n", outcome.Output, StringComparison.Ordinal);
            return double.Parse(counted.Match(outcome.Output).Groups[1].Value, NumberStyles.AllowThousands, CultureInfo.InvariantCulture);
        }

        var (start, first, all) = (await CountAsync(0), await CountAsync(1), await CountAsync(1 + FurtherAnswers));

        var recorded = await ReadRecordedAsync(column);
        var measured = new Dictionary<string, double>
        {
            ["start"] = start, ["to the first answer"] = first, ["each further answer"] = (all - first) / FurtherAnswers,
        };
        Assert.Equal(recorded.Keys, measured.Keys);
        var costs = string.Join("\n", measured.Select(cost => $"{cost.Key,-22}{cost.Value,13:0.0} recorded: {recorded[cost.Key]}"));
        Assert.True(measured.All(cost => cost.Value <= recorded[cost.Key] * Tolerance), costs);
    }

    private static async Task<Dictionary<string, double>> ReadRecordedAsync(int column)
    {
        var lines = await File.ReadAllLinesAsync(Path.Combine(AppContext.BaseDirectory, "Costs.txt"), TestContext.Current.CancellationToken);
        return lines.Where(line => !line.StartsWith('#')).Select(line => Columns().Split(line))
            .ToDictionary(cells => cells[0], cells => double.Parse(cells[column], CultureInfo.InvariantCulture));
    }

    [GeneratedRegex("refs: +([0-9,]+)")]
    private static partial Regex Instructions();

    [GeneratedRegex("^100.00 +[0-9.]+ +[0-9]+ +([0-9]+)", RegexOptions.Multiline)]
    private static partial Regex SystemCalls();

    [GeneratedRegex(" {2,}")]
    private static partial Regex Columns();
}
