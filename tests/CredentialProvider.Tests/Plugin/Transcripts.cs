using System.Globalization;
using System.Text.Json.Nodes;

namespace CredentialProvider.Tests.Plugin;

/// <summary>
/// Conversations as text files. <c>&gt;</c> is a line from NuGet, sent as it stands but for PROCESS_ID; <c>&lt;</c> is what the plugin has to say
/// next, where <c>"*"</c> stands for any text; <c>$NAME=value</c> sets a variable; <c>#</c> is for people. AWS refuses every token. Behind
/// the last line nothing more may come, and the end of input has to end the plugin.
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
    public async Task Go_as_written(string file, string lineEnd)
    {
        var lines = await File.ReadAllLinesAsync(Path.Combine(Folder, file), TestContext.Current.CancellationToken);
        using var host = new RunningHost(SettingsOf(lines), (_, _) => throw new NoTokenException(ErrorCode.AccessDenied, "nobody may", "ask nicely"));
        foreach (var line in lines)
        {
            if (line.StartsWith("> ", StringComparison.Ordinal))
                host.Say(line[2..].Replace("PROCESS_ID", Environment.ProcessId.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal), lineEnd);
            if (!line.StartsWith("< ", StringComparison.Ordinal))
                continue;
            var said = await host.HearAsync();
            Assert.True(Matches(JsonNode.Parse(line[2..]), said), $"expected: {line[2..]}\nsaid:     {said.ToJsonString()}");
        }

        Assert.Equal("", host.End());
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
