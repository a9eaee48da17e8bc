using System.Text;
using System.Text.RegularExpressions;
using LocalAws;

namespace CredentialProvider.EndToEndTests.CommandLine;

/// <summary>
/// The sessions in Commands/: <c>$</c> marks what a user types, followed by the output and, if it is not 0, the exit code as <c>[N]</c>;
/// <c>##</c> marks comments. Each session runs in a shell of its own sandbox, in a folder whose nuget.config has the source contoso. What
/// differs between runs has a name: TOKEN, TIME, ~ and so on. Sessions as they ran are written to artifacts/commands/.
/// </summary>
public sealed partial class CommandLines
{
    private static readonly string Folder = Path.Combine(Path.GetDirectoryName(typeof(CommandLines).Assembly.Location)!, "Commands");

    public static TheoryData<string> Sessions => [.. Directory.GetFiles(Folder).Select(file => Path.GetFileNameWithoutExtension(file)).Order()];

    [Theory]
    [MemberData(nameof(Sessions))]
    public async Task Print_what_the_transcript_says(string name)
    {
        Artifacts.Require(Artifacts.Native, "the native executable");
        var session = await File.ReadAllTextAsync(Path.Combine(Folder, name + ".txt"), TestContext.Current.CancellationToken);
        await using var sandbox = await Sandbox.StartAsync();
        sandbox.PrintsTokens = name is "token" or "legacy-protocol";
        sandbox.PutNativeOnPath();
        sandbox.WriteSimpleConfig();
        sandbox.Aws.World.SsoUser = sandbox.Aws.World.AddRole("SsoReader", World.ReadPolicy());
        sandbox.Aws.World.Repositories.Add(new Repository(sandbox.Aws.World.AddDomain("fabrikam", "444455556666", "eu-west-1"), "tools"));

        var seen = await ReplayAsync(sandbox, session);

        await File.WriteAllTextAsync(Path.Combine(Directory.CreateDirectory(Artifacts.Built("commands")).FullName, name + ".txt"), seen, TestContext.Current.CancellationToken);
        Assert.Equal(session, seen);
    }

    private static async Task<string> ReplayAsync(Sandbox sandbox, string session)
    {
        var seen = new StringBuilder();
        foreach (var line in session.Split('\n'))
        {
            if (line.StartsWith("## ", StringComparison.Ordinal))
                seen.Append(line).Append('\n');
            if (!line.StartsWith("$ ", StringComparison.Ordinal))
                continue;
            var outcome = await sandbox.RunAsync("bash", sandbox.Folder("client"), "-c", $"({line[2..]}) 2>&1");
            seen.Append(line).Append('\n').Append(Normalize(sandbox, outcome.Output));
            if (outcome.ExitCode != 0)
                seen.Append('[').Append(outcome.ExitCode).Append("]\n");
        }

        return seen.ToString();
    }

    private static string Normalize(Sandbox sandbox, string text)
    {
        text = text.Replace(sandbox.Home, "~", StringComparison.Ordinal).Replace(Path.GetDirectoryName(sandbox.Home)!, "", StringComparison.Ordinal)
            .Replace(Artifacts.Built("."), "/artifacts", StringComparison.Ordinal);
        text = Token().Replace(text, "TOKEN");
        text = Time().Replace(text, "TIME");
        text = Name().Replace(text, "$1HASH");
        return Duration().Replace(Port().Replace(Sdk().Replace(text, "dotnet VERSION"), "127.0.0.1:PORT"), "(N ms)");
    }

    [GeneratedRegex(@"eyJ[A-Za-z0-9.]+")]
    private static partial Regex Token();

    [GeneratedRegex(@"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)")]
    private static partial Regex Time();

    [GeneratedRegex(@"(us-east-1|eu-west-1)\.[0-9a-f]{16}")]
    private static partial Regex Name();

    [GeneratedRegex(@"\(\d+ ms\)")]
    private static partial Regex Duration();

    [GeneratedRegex(@"127\.0\.0\.1:\d{4,5}")]
    private static partial Regex Port();

    [GeneratedRegex(@"\bdotnet \d+\.\d+\.\d+\S*")]
    private static partial Regex Sdk();
}
