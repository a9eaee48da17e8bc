using System.Globalization;
using System.Text.Json.Nodes;
using CredentialProvider.Configuration;
using CredentialProvider.Errors;

namespace CredentialProvider.Tests.Plugin;

/// <summary>
/// Protocol conversations in text files. <c>&gt;</c> is a line from NuGet, in which PROCESS_ID is replaced by the PID of this process.
/// <c>&lt;</c> is the next message expected from the plugin; <c>"*"</c> matches any text. <c>$NAME=value</c> sets an environment variable and
/// <c>#</c> starts a comment. AWS denies every request for a token. After the last line the plugin must send nothing more and must end
/// when its input is closed.
/// </summary>
public sealed class Transcripts
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "Plugin", "Transcripts");

    public static TheoryData<string, string> Files
    {
        get
        {
            var rows = new TheoryData<string, string>();
            foreach (var file in Directory.GetFiles(Folder, "*.txt").Order())
            {
                rows.Add(Path.GetFileName(file), "\r\n");
                rows.Add(Path.GetFileName(file), "\n");
            }

            return rows;
        }
    }

    [Theory]
    [MemberData(nameof(Files))]
    public async Task Match_the_plugin(string file, string lineEnd)
    {
        var lines = await File.ReadAllLinesAsync(Path.Combine(Folder, file), TestContext.Current.CancellationToken);
        using var host = new RunningHost(SettingsOf(lines), (_, _) => throw new NoTokenException(ErrorCode.AccessDenied, "access denied", "grant access"));
        foreach (var line in lines)
        {
            if (line.StartsWith("> ", StringComparison.Ordinal))
                host.Send(line[2..].Replace("PROCESS_ID", Environment.ProcessId.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal), lineEnd);
            if (!line.StartsWith("< ", StringComparison.Ordinal))
                continue;
            var actual = await host.ReceiveAsync();
            Assert.True(Matches(JsonNode.Parse(line[2..]), actual), $"expected: {line[2..]}\nactual:   {actual.ToJsonString()}");
        }

        Assert.Equal("", host.CloseInput());
    }

    private static Settings SettingsOf(string[] lines)
    {
        var variables = lines.Where(line => line.StartsWith('$')).Select(line => line[1..].Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1]);
        return Settings.From(variables.GetValueOrDefault);
    }

    private static bool Matches(JsonNode? expected, JsonNode? actual) => (expected, actual) switch
    {
        (JsonValue value, not null) when value.ToString() == "*" => true,
        (JsonObject e, JsonObject a) => e.Count == a.Count && e.All(pair => a.ContainsKey(pair.Key) && Matches(pair.Value, a[pair.Key])),
        _ => JsonNode.DeepEquals(expected, actual),
    };
}
