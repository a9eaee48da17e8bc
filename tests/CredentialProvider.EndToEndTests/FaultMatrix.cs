using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using LocalAws;

namespace CredentialProvider.EndToEndTests;

/// <summary>
/// What goes wrong, one row a case, with both builds: the answer in its time, one warning or none, no Fault, nothing left behind, and a
/// token as soon as the cause is gone. docs/faults.md is this table; another one is written to artifacts/faults.md.
/// </summary>
public sealed partial class FaultMatrix
{
    /// <summary>Answered with a token, and not a word to a person.</summary>
    private const string Token = "token";

    private const int Side = 4;

    /// <summary>The rows wait for most of their time: many go at once.</summary>
    private static readonly SemaphoreSlim Places = new(Side);

    private static readonly ConcurrentDictionary<(string Cause, string Build), Task<string>> Runs = new();

    /// <summary>What the program calls the file of the token that all rows are about.</summary>
    private static readonly Lazy<Task<string>> TokenFile = new(async () =>
    {
        await using var sandbox = await Sandbox.StartAsync();
        await using var plugin = await PluginProcess.Start(sandbox, Artifacts.Native).HandshakeAsync();
        await plugin.CredentialsAsync(Feeds.App);
        return Path.GetFileName(Assert.Single(Directory.GetFiles(sandbox.Cache, "*.json")));
    });

    /// <param name="Answer">A token, or the code of the warning.</param>
    /// <param name="Seconds">Within which the answer comes.</param>
    private sealed record Row(string Cause, Action<Sandbox> Plant, string Answer, double Seconds = 6)
    {
        /// <summary>What the warning has to say.</summary>
        public string Says { get; init; } = "";

        /// <summary>What ends the cause; then there is a token. Null where ending it takes a new process with another environment.</summary>
        public Action<Sandbox>? Heal { get; init; }

        public bool NeedsRoot { get; init; }
    }

    public static TheoryData<string, string> Cases
    {
        get
        {
            var cases = new TheoryData<string, string>();
            foreach (var row in All)
            {
                cases.Add(row.Cause, Artifacts.Native);
                cases.Add(row.Cause, Artifacts.NetCore);
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Is_answered_as_it_should_be(string cause, string build)
    {
        Artifacts.Require(build, build);
        var row = All.Single(candidate => candidate.Cause == cause);
        Assert.SkipWhen(row.NeedsRoot && !Environment.IsPrivilegedProcess, "this takes root");
        // The rows after this one begin before it ends.
        foreach (var next in All.SkipWhile(candidate => candidate != row).Take(Side))
            _ = Begin(next, build);
        var wrong = await Begin(row, build);
        Assert.True(wrong.Length == 0, wrong);
    }

    [Fact]
    public void The_table_in_docs_is_this_one()
    {
        var table = new StringBuilder("""
            # What goes wrong, and what comes of it

            Each row is run by the tests with the native and the framework-dependent build: two feeds of one domain ask at once. `token` means that both get one and nobody
            hears of it. A code means that both are answered with an error that lets NuGet go on, that a person reads one warning with that code ([errors.md](errors.md)), and
            that the next build has a token once the cause is gone. The time is the limit that the test holds for the first answer.

            | cause | answer | within |
            | --- | --- | --- |

            """);
        foreach (var row in All)
            table.Append(System.Globalization.CultureInfo.InvariantCulture, $"| {row.Cause} | {row.Answer} | {row.Seconds} s |\n");
        var text = table.ToString().ReplaceLineEndings("\n");
        var shown = Path.GetFullPath(Path.Combine(Artifacts.Built("."), "..", "docs", "faults.md"));
        if (!File.Exists(shown) || File.ReadAllText(shown) != text)
            File.WriteAllText(Artifacts.Built("faults.md"), text);
        Assert.Equal(text, File.Exists(shown) ? File.ReadAllText(shown) : "");
    }

    private static Task<string> Begin(Row row, string build) => Runs.GetOrAdd((row.Cause, build), _ => Task.Run(async () =>
    {
        await Places.WaitAsync();
        try
        {
            return await RunAsync(row, build);
        }
        finally
        {
            Places.Release();
        }
    }));

    /// <returns>What was wrong; empty if nothing was.</returns>
    private static async Task<string> RunAsync(Row row, string build)
    {
        var wrong = new List<string>();
        await using var sandbox = await Sandbox.StartAsync();
        try
        {
            await TokenFile.Value;
            row.Plant(sandbox);
            var program = sandbox.Wrapper.Length > 0 ? CopyForOthers(sandbox, build) : build;
            await AskAsync(sandbox, program, row, wrong);
            if (row.Heal is not null)
            {
                row.Heal(sandbox);
                await AskAsync(sandbox, program, row with { Answer = Token, Seconds = 10 }, wrong);
            }
        }
        catch (Exception e)
        {
            wrong.Add(e.ToString());
        }

        return string.Join('\n', wrong);
    }

    private static async Task AskAsync(Sandbox sandbox, string program, Row row, List<string> wrong)
    {
        await using var plugin = await PluginProcess.Start(sandbox, program).HandshakeAsync();
        var watch = Stopwatch.StartNew();
        var asked = new[] { Feeds.App, Feeds.App.Replace("/app/", "/shared/", StringComparison.Ordinal) }
            .Select(feed => plugin.CredentialsAsync(feed)).ToList();
        var answers = await Task.WhenAll(asked).WaitAsync(TimeSpan.FromSeconds(row.Seconds + 60));
        var elapsed = watch.Elapsed;
        await plugin.CloseAsync();

        var (isToken, warnings) = (row.Answer == Token, plugin.Warnings.ToList());
        if (answers.Any(answer => (string?)answer["ResponseCode"] != (isToken ? "Success" : "Error")))
            wrong.Add($"answers: {string.Join(", ", answers.Select(answer => answer["ResponseCode"]))}");
        if (elapsed.TotalSeconds > row.Seconds)
            wrong.Add($"took {elapsed}");
        if (isToken ? warnings.Count > 0 : warnings.Count != 1 || !warnings[0].StartsWith(row.Answer, StringComparison.Ordinal)
            || !warnings[0].Contains(row.Says, StringComparison.Ordinal))
            wrong.Add($"warnings: {string.Join("; ", warnings)}");
        if (plugin.Spoken.Any(message => (string?)message["Type"] == "Fault"))
            wrong.Add("a Fault");
        if (Directory.Exists(sandbox.Cache) && Directory.GetFiles(sandbox.Cache).Where(IsLeftover).ToList() is { Count: > 0 } leftovers)
            wrong.Add($"left behind: {string.Join(", ", leftovers)}");
        if (plugin.Process.ExitCode != 0)
            wrong.Add($"exit code {plugin.Process.ExitCode}");
    }

    private static bool IsLeftover(string path) =>
        !path.EndsWith(".json", StringComparison.Ordinal) && !path.EndsWith(".json.lock", StringComparison.Ordinal);

    private static string CopyForOthers(Sandbox sandbox, string build)
    {
        var folder = sandbox.Folder("program");
        foreach (var file in Directory.GetFiles(Path.GetDirectoryName(build)!))
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        return Path.Combine(folder, Path.GetFileName(build));
    }
}
