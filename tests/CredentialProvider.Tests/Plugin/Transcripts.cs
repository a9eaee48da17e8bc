using System.Text;
using System.Text.Json.Nodes;
using CredentialProvider.Plugin;
using CredentialProvider.Tests.Tokens;
using CredentialProvider.Tokens;

namespace CredentialProvider.Tests.Plugin;

/// <summary>
/// Conversations as text files. <c>&gt;</c> is a line from NuGet, sent as it stands; <c>&lt;</c> is what the plugin has to say next, where
/// <c>"*"</c> stands for any text; <c>$NAME=value</c> sets a variable; <c>#</c> is for people. Behind the last line nothing more may come,
/// and the end of input has to end the plugin.
/// </summary>
public sealed class Transcripts
{
    public static TheoryData<string> Files =>
        [.. Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "Plugin", "Transcripts"), "*.txt").Select(path => Path.GetFileName(path)).Order()];

    [Theory]
    [MemberData(nameof(Files))]
    public void Go_as_written(string file)
    {
        var lines = File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "Plugin", "Transcripts", file));
        var variables = lines.Where(line => line.StartsWith('$')).Select(line => line[1..].Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1]);
        var said = Say(variables, string.Concat(lines.Where(line => line.StartsWith("> ", StringComparison.Ordinal)).Select(line => line[2..] + "\r\n")));
        var expected = lines.Where(line => line.StartsWith("< ", StringComparison.Ordinal)).Select(line => line[2..]).ToList();
        for (var i = 0; i < expected.Count; i++)
        {
            Assert.True(i < said.Count, $"nothing said, but expected: {expected[i]}");
            Assert.True(Matches(JsonNode.Parse(expected[i]), JsonNode.Parse(said[i])), $"expected: {expected[i]}\nsaid:     {said[i]}");
        }

        Assert.Equal(expected.Count, said.Count);
    }

    /// <summary>Every answer comes in order where none has to wait, which is so as long as nobody fetches a token.</summary>
    private static List<string> Say(Dictionary<string, string> variables, string input)
    {
        variables["CODEARTIFACT_CACHE"] = "off";
        var settings = Settings.From(variables.GetValueOrDefault);
        var output = new MemoryStream();
        var tokens = new TokenSource(settings, new TokenCache(null), TimeProvider.System,
            (_, _) => throw new NoTokenException(ErrorCode.AccessDenied, "nobody may", "ask nicely"));
        using (var host = new PluginHost(new Connection(new MemoryStream(Encoding.UTF8.GetBytes(input)), output),
            new CredentialAnswer(settings, tokens, TimeProvider.System), new LogFile(null, null, TimeProvider.System)))
        {
            host.Run();
        }

        return [.. Encoding.UTF8.GetString(output.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries)];
    }

    private static bool Matches(JsonNode? expected, JsonNode? actual) => (expected, actual) switch
    {
        (JsonValue value, not null) when value.ToString() == "*" => true,
        (JsonObject e, JsonObject a) => e.Count == a.Count && e.All(pair => a.ContainsKey(pair.Key) && Matches(pair.Value, a[pair.Key])),
        _ => JsonNode.DeepEquals(expected, actual),
    };
}
