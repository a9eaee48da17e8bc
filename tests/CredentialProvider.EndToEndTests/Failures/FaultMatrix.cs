using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using LocalAws;

namespace CredentialProvider.EndToEndTests.Failures;

/// <summary>
/// One row per cause, run with both builds: the response arrives in time, there is at most one warning, no Fault message and no leftover file,
/// and the next process gets a token once the cause is removed. docs/internals/faults.md is generated from the rows: if it differs, the
/// test writes the current table to artifacts/faults.md.
/// </summary>
[Trait("Category", "Slow")]
public sealed partial class FaultMatrix
{
    /// <summary>The result of a row whose fault the plugin recovers from, without a warning.</summary>
    private const string Token = "token";

    private const int Parallelism = 4;

    /// <summary>Most rows spend their time waiting, so several run at once.</summary>
    private static readonly SemaphoreSlim Slots = new(Parallelism);

    private static readonly ConcurrentDictionary<(string Cause, string Build), Task<string>> Runs = new();

    /// <summary>The file name of the token in the cache, the same in every row.</summary>
    private static readonly Lazy<Task<string>> TokenFile = new(async () =>
    {
        await using var sandbox = await Sandbox.StartAsync();
        await using var plugin = await PluginProcess.Start(sandbox, Artifacts.Native).InitializeAsync();
        await plugin.GetCredentialsAsync(Feeds.App);
        return Path.GetFileName(Assert.Single(Directory.GetFiles(sandbox.Cache, "*.json")));
    });

    /// <param name="Answer"><see cref="Token"/>, or the code of the warning.</param>
    /// <param name="Seconds">Until the response, plus what the machine needs (<see cref="TimeLimit"/>).</param>
    private sealed record Row(string Cause, Action<Sandbox> Inject, string Answer, double Seconds = 6)
    {
        /// <summary>Text that the warning contains.</summary>
        public string Says { get; init; } = "";

        /// <summary>Removes the cause. Null if that is not tested.</summary>
        public Action<Sandbox>? Repair { get; init; }

        public bool NeedsRoot { get; init; }

        /// <summary>The row relies on the default timeout of instance metadata.</summary>
        public bool IsAboutMetadata { get; init; }
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
    public async Task The_response_is_as_documented(string cause, string build)
    {
        Artifacts.Require(build, build);
        var row = All.Single(candidate => candidate.Cause == cause);
        Assert.SkipWhen(row.NeedsRoot && !Environment.IsPrivilegedProcess, "needs root");
        // Starts the next rows before this one ends.
        foreach (var next in All.SkipWhile(candidate => candidate != row).Take(Parallelism))
            _ = Begin(next, build);
        var wrong = await Begin(row, build);
        Assert.True(wrong.Length == 0, wrong);
    }

    [Fact]
    public void The_documentation_has_this_table()
    {
        var table = new StringBuilder("""
            # Faults

            What the plugin does when something fails. The tests run every row with the native executable and with the framework-dependent build: NuGet requests credentials
            for two feeds of one domain at the same time.

            - `token`: both feeds get a token, and the user sees no warning.
            - A code: both requests end with an error that does not stop NuGet from trying other sources. The user sees one warning with that code
              ([errors](../reference/errors.md)), and once the cause is removed, the next build gets a token.

            The last column is the time limit for the response, plus what the machine needs to start a process and fetch a token.

            | cause | result | within |
            | --- | --- | --- |

            """);
        foreach (var row in All)
            table.Append(System.Globalization.CultureInfo.InvariantCulture, $"| {row.Cause} | {row.Answer} | {row.Seconds} s |\n");
        var text = table.ToString().ReplaceLineEndings("\n");
        var page = Path.GetFullPath(Path.Combine(Artifacts.Built("."), "..", "docs", "internals", "faults.md"));
        if (!File.Exists(page) || File.ReadAllText(page) != text)
            File.WriteAllText(Artifacts.Built("faults.md"), text);
        Assert.Equal(text, File.Exists(page) ? File.ReadAllText(page) : "");
    }

    private static Task<string> Begin(Row row, string build) => Runs.GetOrAdd((row.Cause, build), _ => Task.Run(async () =>
    {
        await Slots.WaitAsync();
        try
        {
            return await RunAsync(row, build);
        }
        finally
        {
            Slots.Release();
        }
    }));

    /// <returns>Everything that differs from the row; empty if nothing does.</returns>
    private static async Task<string> RunAsync(Row row, string build)
    {
        var wrong = new List<string>();
        await using var sandbox = await Sandbox.StartAsync();
        try
        {
            await TokenFile.Value;
            if (!row.IsAboutMetadata)
                sandbox.AllowSlowMetadata();
            row.Inject(sandbox);
            var program = sandbox.Wrapper.Length > 0 ? CopyForOtherUsers(sandbox, build) : build;
            await RequestTokensAsync(sandbox, program, row, wrong);
            if (row.Repair is not null)
            {
                row.Repair(sandbox);
                await RequestTokensAsync(sandbox, program, row with { Answer = Token, Seconds = 10 }, wrong);
            }
        }
        catch (Exception e)
        {
            wrong.Add(e.ToString());
        }

        return string.Join('\n', wrong);
    }

    private static async Task RequestTokensAsync(Sandbox sandbox, string program, Row row, List<string> wrong)
    {
        await using var plugin = await PluginProcess.Start(sandbox, program).InitializeAsync();
        var watch = Stopwatch.StartNew();
        var answers = await Task.WhenAll(new[] { Feeds.App, Feeds.Shared }.Select(feed => plugin.GetCredentialsAsync(feed)));
        var elapsed = watch.Elapsed;
        await plugin.CloseAsync();

        var (isToken, warnings) = (row.Answer == Token, plugin.Warnings.ToList());
        if (answers.Any(answer => (string?)answer["ResponseCode"] != (isToken ? "Success" : "Error")))
            wrong.Add($"responses: {string.Join(", ", answers.Select(answer => answer["ResponseCode"]))}");
        if (await TimeLimit.CheckAsync(elapsed, row.Seconds, program) is { } late)
            wrong.Add(late);
        if (isToken ? warnings.Count > 0 : warnings.Count != 1 || !warnings[0].StartsWith(row.Answer, StringComparison.Ordinal)
            || !warnings[0].Contains(row.Says, StringComparison.Ordinal))
            wrong.Add($"warnings: {string.Join("; ", warnings)}");
        if (plugin.Messages.Any(message => (string?)message["Type"] == "Fault"))
            wrong.Add("a Fault");
        if (Directory.Exists(sandbox.Cache) && Directory.GetFiles(sandbox.Cache).Where(IsLeftover).ToList() is { Count: > 0 } leftovers)
            wrong.Add($"leftover files: {string.Join(", ", leftovers)}");
        if (plugin.Process.ExitCode != 0)
            wrong.Add($"exit code {plugin.Process.ExitCode}");
    }

    private static bool IsLeftover(string path) =>
        !path.EndsWith(".json", StringComparison.Ordinal) && !path.EndsWith(".json.lock", StringComparison.Ordinal);

    private static string CopyForOtherUsers(Sandbox sandbox, string build)
    {
        var folder = sandbox.Folder("program");
        foreach (var file in Directory.GetFiles(Path.GetDirectoryName(build)!))
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        return Path.Combine(folder, Path.GetFileName(build));
    }
}
