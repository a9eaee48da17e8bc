using System.Text;
using System.Text.Json;
using CredentialProvider.Plugin;

namespace CredentialProvider.Tests.Plugin;

/// <summary>What becomes of bytes between two pipes, wherever a read happens to end.</summary>
public sealed class Lines
{
    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(4096)]
    [InlineData(1_000_000)]
    public void Are_whole_whatever_piece_arrives(int piece)
    {
        var ids = Enumerable.Range(0, 300).Select(i => $"{i}-{new string('x', i * 40)}").ToList();
        var connection = Over(string.Concat(ids.Select(id => Line(id) + (id.Length % 80 == 0 ? "\r\n" : "\n"))), piece);
        Assert.Equal(ids, Received(connection));
    }

    [Fact]
    public void Too_long_ones_are_dropped_and_their_neighbours_are_not()
    {
        var big = new string('x', 3 * 1024 * 1024);
        var connection = Over($"{Line("1")}\n{Line(big)}\n{Line("2")}\n{big}\n{big}\n{Line("3")}\n", 50_000);
        Assert.Equal(["1", "2", "3"], Received(connection));
    }

    [Fact]
    public void Too_long_ones_have_no_message_in_their_tail() =>
        Assert.Equal(["1"], Received(Over($"{new string('x', 2 * 1024 * 1024)}{Line("tail")}\n{Line("1")}\n", 4096)));

    [Fact]
    public void Without_an_end_are_none() => Assert.Equal(["1"], Received(Over($"{Line("1")}\n{Line("2")}", 100)));

    [Fact]
    public void Are_never_mixed_when_many_threads_send()
    {
        var output = new InHalves();
        var connection = new Connection(Stream.Null, output);
        Parallel.For(0, 8, thread =>
        {
            for (var i = 0; i < 200; i++)
                connection.Send($"{thread}.{i}", "Response", "Log", $$"""{"Message":"{{new string('x', i * 10)}}"}""");
        });
        var lines = Encoding.UTF8.GetString(output.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(1600, lines.Select(line => JsonDocument.Parse(line).RootElement.GetProperty("RequestId").GetString()).Distinct().Count());
    }

    [Theory]
    [InlineData("plain", "\"plain\"")]
    [InlineData("\"\\/", "\"\\\"\\\\/\"")]
    [InlineData("a\r\n\tb\0", "\"a\\u000d\\u000a\\u0009b\\u0000\"")]
    [InlineData("\u007f\u2028é", "\"\\u007f\\u2028\\u00e9\"")]
    [InlineData("😀", "\"\\ud83d\\ude00\"")]
    public void Hold_text_as_ASCII(string text, string json)
    {
        Assert.Equal(json, Json.Text(text));
        Assert.Equal(text, JsonSerializer.Deserialize<string>(json));
    }

    [Fact]
    public void To_a_client_that_is_gone_disturb_nobody()
    {
        var closed = new MemoryStream();
        closed.Dispose();
        var connection = new Connection(closed, closed);
        connection.Send("1", "Response", "Log", payload: null);
        Assert.Null(connection.Receive());
    }

    private static string Line(string id) => $$"""{"RequestId":"{{id}}","Type":"Request","Method":"Log"}""";

    private static Connection Over(string text, int piece) => new(new Pieces(Encoding.UTF8.GetBytes(text), piece), Stream.Null);

    private static List<string> Received(Connection connection)
    {
        var ids = new List<string>();
        while (connection.Receive() is { } message)
            ids.Add(message.RequestId);
        return ids;
    }

    /// <summary>A pipe that hands out so many bytes at a time.</summary>
    private sealed class Pieces(byte[] bytes, int piece) : MemoryStream(bytes)
    {
        public override int Read(byte[] buffer, int offset, int count) => base.Read(buffer, offset, Math.Min(count, piece));
    }

    /// <summary>Lets other threads in between, as a pipe does that is nearly full.</summary>
    private sealed class InHalves : MemoryStream
    {
        public override void Write(byte[] buffer, int offset, int count)
        {
            base.Write(buffer, offset, count / 2);
            Thread.Yield();
            base.Write(buffer, offset + (count / 2), count - (count / 2));
        }
    }
}
