using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using CredentialProvider.Aws;
using CredentialProvider.Feeds;
using CredentialProvider.Plugin;
using CredentialProvider.Tests.Aws;
using CredentialProvider.Tokens;
using CsCheck;
using static CredentialProvider.Tests.Tokens.Examples;

namespace CredentialProvider.Tests;

/// <summary>What holds for every input, tried with generated ones; a failure prints the seed that repeats it.</summary>
public sealed class Properties : IDisposable
{
    private static readonly JsonSerializerOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly TemporaryFolder _temporary = new();

    [Fact]
    public void A_text_comes_out_of_JSON_as_it_went_in() => Gen.String.Sample(text =>
    {
        // Half of a surrogate pair is no text; everything else is kept.
        var whole = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
        Assert.Equal(whole, JsonSerializer.Deserialize<string>(Json.Text(whole)));
    });

    /// <summary>Texts that are JSON more often than not, and those of them with a byte changed.</summary>
    [Fact]
    public void What_is_JSON_is_read_as_System_Text_Json_reads_it() =>
        Gen.Select(Documents(4), Gen.Int[0, 1000], Gen.OneOf(Gen.Byte, OneOf([.. "{}[]\",:\\/.-+0eu \n*"u8]))).Sample((document, at, value) =>
    {
        var bytes = Encoding.UTF8.GetBytes(document);
        AssertReadAlike(bytes);
        if (bytes.Length > 0)
            bytes[at % bytes.Length] = value;
        AssertReadAlike(bytes);
    }, iter: 20_000);

    [Fact]
    public void A_URL_that_is_split_at_once_is_split_as_System_Uri_does()
    {
        var pieces = Gen.OneOf(OneOf("https://", "http://", "/", ".", "-", "_", ":443", "@", "nuget", "us-east-1", "1", "xn--", "..", "//", "%2e", "?", "#", new string('a', 63)),
            Gen.String[Gen.Char[' ', '~'], 0, 3]);
        var split = 0;
        Gen.Select(Gen.Bool, pieces.Array[0, 12]).Sample((isUrl, parts) =>
        {
            var url = (isUrl ? "https://" : "") + string.Concat(parts);
            if (!Feed.TrySplit(url, out var host, out var path))
                return;
            Interlocked.Increment(ref split);
            var uri = new Uri(url);
            Assert.Equal(("https", UriHostNameType.Dns, "", host, path), (uri.Scheme, uri.HostNameType, uri.UserInfo, uri.Authority, uri.PathAndQuery + uri.Fragment));
        }, iter: 100_000);
        Assert.True(split > 100, $"{split}");
    }

    [Fact]
    public void Messages_are_read_in_order_whatever_is_between_them_and_however_they_arrive() =>
        Gen.Select(Gen.String.Array[0, 20], Gen.Byte.Array[0, 300], Gen.Int[1, 64]).Sample((ids, noise, piece) =>
    {
        var wanted = ids.Select(id => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(id))).ToList();
        var garbage = Encoding.UTF8.GetBytes("~").Concat(noise.Where(b => b != (byte)'\n')).Append((byte)'\n').ToArray();
        var bytes = wanted.SelectMany(id => garbage.Concat(Encoding.UTF8.GetBytes(
            $$"""{"RequestId":{{Json.Text(id)}},"Type":"Request","Method":"None"}""" + "\r\n"))).ToArray();
        var connection = new Connection(new InPieces(bytes, piece), Stream.Null);
        var seen = new List<string>();
        while (connection.Receive() is { } message)
            seen.Add(message.RequestId);
        Assert.Equal(wanted, seen);
    });

    [Fact]
    public void Any_token_of_any_key_is_read_as_it_was_written() =>
        Gen.Select(Gen.String[Gen.Char[' ', '~'], 0, 50], Gen.String[Gen.Char['!', '~'], 1, 3000], Gen.Int[0, 43200]).Sample((identity, text, life) =>
    {
        var cache = new TokenCache(_temporary.Below("cache"));
        var (key, token) = (Key with { Identity = identity }, new AuthorizationToken(new Secret(text), Noon, Noon.AddSeconds(life)));
        Assert.True(cache.Write(key, token, Noon));
        var read = cache.Read(key)!;
        Assert.Equal((text, token.Obtained, token.Expires), (read.Token.Reveal(), read.Obtained, read.Expires));
        Assert.Null(cache.Read(key with { Identity = identity + "\u00e9" }));
    }, iter: 300, threads: 1);

    [Fact]
    public void A_cache_file_with_any_byte_changed_is_a_miss_or_a_token_of_its_key()
    {
        var cache = new TokenCache(_temporary.Below("cache"));
        cache.Write(Key, Token(), Noon);
        var file = File.ReadAllBytes(Path.Combine(_temporary.Below("cache"), Key.FileName));
        Gen.Select(Gen.Int[0, file.Length - 1], Gen.Byte).Sample((at, value) =>
        {
            var bytes = file.ToArray();
            bytes[at] = value;
            if (TokenCache.Parse(bytes) is { } entry)
                Assert.NotEmpty(entry.Token.Token.Reveal());
        });
    }

    [Fact]
    public void Any_configuration_is_read_or_has_a_problem() => Gen.Byte.Array[0, 400].Sample(bytes =>
        Assert.NotNull(ConfigurationFile.Parse("file", bytes)));

    [Fact]
    public void Any_number_is_an_expiration_or_no_answer_of_CodeArtifact() => Gen.Double.Sample(seconds =>
    {
        var text = seconds.ToString("R", CultureInfo.InvariantCulture);
        using var answer = new MemoryStream(Encoding.UTF8.GetBytes($$"""{"authorizationToken":"t","expiration":{{text}}}"""));
        try
        {
            var read = (GetAuthorizationTokenResponse)new AmazonCodeArtifactClient.Answer(GetAuthorizationTokenResponse.From).Read(answer);
            Assert.InRange(read.Expiration.ToUnixTimeMilliseconds() - (seconds * 1000), -1, 1);
        }
        catch (JsonException)
        {
            Assert.False(seconds is > 0 and < 1e10);
        }
    });

    /// <summary>Whatever AWS answers, and however often: there is an end, and it is within the budget.</summary>
    [Fact]
    public void Retries_end_in_time() => Gen.Select(Gen.Int[-1, 900].Array[1, 60], Gen.Double[0, 1]).Sample((answers, jitter) =>
    {
        var time = new VirtualTime();
        var attempt = 0;
        var running = new Retries(time, () => jitter, Retries.BuildPatience).RunAsync<int>(
            _ => Task.FromException<int>(new HttpRequestException()),
            _ => answers[attempt++ % answers.Length] is var seconds and >= 0
                ? new Setback(IsThrottling: true, TimeSpan.FromSeconds(seconds)) : new Setback(IsThrottling: false),
            waiting: null, CancellationToken.None);
        time.Run();
        Assert.True(running.IsFaulted);
        Assert.InRange(time.Elapsed, TimeSpan.Zero, Retries.BuildPatience);
    });

    public void Dispose() => _temporary.Dispose();

    private static Gen<T> OneOf<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    private static Gen<string> Documents(int depth)
    {
        var space = OneOf("", "", " ", "\r\n\t");
        var text = Gen.String[Gen.OneOf(Gen.Char[' ', '~'], Gen.Char), 0, 8].Select(Gen.Bool, (plain, isEscaped) =>
            isEscaped ? Json.Text(plain) : JsonSerializer.Serialize(plain, Relaxed));
        var leaf = Gen.OneOf(text, OneOf("true", "false", "null", "\"\\/\\b\\f\\n\\r\\t\"", "\"\\uD83D\\uDE00\"", "\"\\ud83d\""),
            Gen.Double.Select(number => number.ToString("R", CultureInfo.InvariantCulture)), OneOf("0", "-0", "01", "1.", ".5", "1e9", "1E-9", "-"));
        if (depth == 0)
            return leaf;
        var value = Gen.Select(space, Documents(depth - 1), space, (before, inner, after) => before + inner + after);
        return Gen.OneOf(leaf, value.Array[0, 3].Select(items => $"[{string.Join(",", items)}]"),
            Gen.Select(text, value).Array[0, 3].Select(members => $"{{{string.Join(",", members.Select(member => $"{member.Item1}:{member.Item2}"))}}}"));
    }

    private static void AssertReadAlike(byte[] bytes)
    {
        var (theirs, ours) = ("", "");
        try
        {
            using var document = JsonDocument.Parse(bytes);
            theirs = Flat(document.RootElement);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Or a text that is not UTF-8.
        }

        try
        {
            ours = Flat(new JsonReader("text", bytes).Read());
        }
        catch (BadValueException)
        {
            // Both, or the next line says so.
        }

        Assert.Equal(theirs, ours);
    }

    private static string Flat(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => $"{{{string.Concat(value.EnumerateObject().Select(member => $"{member.Name}={Flat(member.Value)};"))}}}",
        JsonValueKind.Array => $"[{string.Concat(value.EnumerateArray().Select(item => $"{Flat(item)};"))}]",
        JsonValueKind.String => $"'{value.GetString()}'",
        _ => value.GetRawText(),
    };

    private static string Flat(JsonTree value) =>
        value.IsObject ? $"{{{string.Concat(value.Children().Select(member => $"{member.Key}={Flat(member)};"))}}}"
        : value.Kind == JsonKind.Array ? $"[{string.Concat(value.Children().Select(item => $"{Flat(item)};"))}]"
        : value.Kind == JsonKind.Text ? $"'{value.Text()}'" : value.Written;

    /// <summary>Gives a few bytes at a time, as a pipe does.</summary>
    private sealed class InPieces(byte[] bytes, int most) : MemoryStream(bytes)
    {
        public override int Read(byte[] buffer, int offset, int count) => base.Read(buffer, offset, Math.Min(count, most));
    }
}
