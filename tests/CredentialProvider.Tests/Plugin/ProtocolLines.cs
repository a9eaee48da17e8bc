using System.Text;
using System.Text.Json;
using CredentialProvider.FastStart;
using CredentialProvider.Plugin;
using CsCheck;

namespace CredentialProvider.Tests.Plugin;

/// <summary>Messages on stdin and stdout: one JSON object per line, however the bytes are split into reads.</summary>
public sealed class ProtocolLines
{
    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(4096)]
    [InlineData(1_000_000)]
    public void Are_assembled_from_reads_of_any_size(int piece)
    {
        var ids = Enumerable.Range(0, 300).Select(i => $"{i}-{new string('x', i * 40)}").ToList();
        var connection = Over(string.Concat(ids.Select(id => Line(id) + (id.Length % 80 == 0 ? "\r\n" : "\n"))), piece);
        Assert.Equal(ids, Received(connection));
    }

    [Fact]
    public void Are_dropped_if_too_long_and_their_neighbors_kept()
    {
        var big = new string('x', 3 * 1024 * 1024);
        var connection = Over($"{Line("1")}\n{Line(big)}\n{Line("2")}\n{big}\n{big}\n{Line("3")}\n", 50_000);
        Assert.Equal(["1", "2", "3"], Received(connection));
    }

    [Fact]
    public void Are_not_parsed_from_the_tail_of_a_dropped_line() =>
        Assert.Equal(["1"], Received(Over($"{new string('x', 2 * 1024 * 1024)}{Line("tail")}\n{Line("1")}\n", 4096)));

    [Fact]
    public void Are_ignored_without_a_line_end() => Assert.Equal(["1"], Received(Over($"{Line("1")}\n{Line("2")}", 100)));

    [Fact]
    public void Are_never_interleaved_by_concurrent_senders()
    {
        var output = new SplitWrites();
        var connection = new Connection(Stream.Null, output);
        Parallel.For(0, 8, thread =>
        {
            for (var i = 0; i < 200; i++)
                connection.Send($"{thread}.{i}", "Response", "Log", $$"""{"Message":"{{new string('x', i * 10)}}"}""");
        });
        var lines = Encoding.UTF8.GetString(output.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(1600, lines.Select(line => JsonDocument.Parse(line).RootElement.GetProperty("RequestId").GetString()).Distinct().Count());
    }

    /// <summary>Tries generated ids, invalid lines and read sizes; a failure prints the seed that reproduces it.</summary>
    [Fact]
    public void Are_read_in_order_with_invalid_lines_between_them() =>
        Gen.Select(Gen.String.Array[0, 20], Gen.Byte.Array[0, 300], Gen.Int[1, 64]).Sample((texts, noise, piece) =>
    {
        var ids = texts.Select(id => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(id))).ToList();
        var invalidLine = Encoding.UTF8.GetBytes("~").Concat(noise.Where(b => b != (byte)'\n')).Append((byte)'\n').ToArray();
        var bytes = ids.SelectMany(id => invalidLine.Concat(Encoding.UTF8.GetBytes(
            $$"""{"RequestId":{{JsonString.Quote(id)}},"Type":"Request","Method":"None"}""" + "\r\n"))).ToArray();
        Assert.Equal(ids, Received(new Connection(new SmallReads(bytes, piece), Stream.Null)));
    });

    /// <summary>.NET Framework's Process writes one before NuGet's first line in a console with code page 65001.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(4096)]
    public void May_begin_with_a_byte_order_mark(int piece) =>
        Assert.Equal(["1", "2"], Received(Over($"\uFEFF{Line("1")}\r\n\uFEFF{Line("2")}\r\n", piece)));

    [Theory]
    [InlineData("\uFEFF")]
    [InlineData("\uFEFF\uFEFF")]
    [InlineData("{\uFEFF")]
    public void Are_ignored_with_a_byte_order_mark_elsewhere(string start) =>
        Assert.Equal(["2"], Received(Over($"{start}\n{start}{Line("1")[1..]}\n{Line("2")}\n", 4096)));

    [Fact]
    public void Have_the_replacement_character_for_bytes_that_are_not_UTF_8()
    {
        var line = Encoding.Latin1.GetBytes("""{"RequestId":"1","Type":"Request","Method":"GetAuthenticationCredentials","Payload":{"Uri":"https://nuget.example.test/frédéric/"}}""" + "\n");

        var message = new Connection(new MemoryStream(line), Stream.Null).Receive();

        Assert.Equal("https://nuget.example.test/fr\uFFFDd\uFFFDric/", CredentialsRequest.From(message!).Uri);
    }

    [Fact]
    public void Are_discarded_once_the_client_has_exited()
    {
        var closed = new MemoryStream();
        closed.Dispose();
        var connection = new Connection(closed, closed);
        connection.Send("1", "Response", "Log", payload: null);
        Assert.Null(connection.Receive());
    }

    private static string Line(string id) => $$"""{"RequestId":"{{id}}","Type":"Request","Method":"Log"}""";

    private static Connection Over(string text, int piece) => new(new SmallReads(Encoding.UTF8.GetBytes(text), piece), Stream.Null);

    private static List<string> Received(Connection connection)
    {
        var ids = new List<string>();
        while (connection.Receive() is { } message)
            ids.Add(message.RequestId);
        return ids;
    }

    /// <summary>A stream that yields to other threads in the middle of a write, as a nearly full pipe does.</summary>
    private sealed class SplitWrites : MemoryStream
    {
        public override void Write(byte[] buffer, int offset, int count)
        {
            base.Write(buffer, offset, count / 2);
            Thread.Yield();
            base.Write(buffer, offset + (count / 2), count - (count / 2));
        }
    }
}
