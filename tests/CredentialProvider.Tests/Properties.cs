using System.Globalization;
using System.Text;
using System.Text.Json;
using CredentialProvider.Aws;
using CredentialProvider.Plugin;
using CredentialProvider.Tests.Aws;
using CredentialProvider.Tokens;
using CsCheck;
using static CredentialProvider.Tests.Tokens.Examples;

namespace CredentialProvider.Tests;

/// <summary>What holds for every input, tried with generated ones; a failure prints the seed that repeats it.</summary>
public sealed class Properties : IDisposable
{
    private readonly TemporaryFolder _temporary = new();

    [Fact]
    public void A_text_comes_out_of_JSON_as_it_went_in() => Gen.String.Sample(text =>
    {
        // Half of a surrogate pair is no text; everything else is kept.
        var whole = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
        Assert.Equal(whole, JsonSerializer.Deserialize<string>(Json.Text(whole)));
    });

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

    /// <summary>Gives a few bytes at a time, as a pipe does.</summary>
    private sealed class InPieces(byte[] bytes, int most) : MemoryStream(bytes)
    {
        public override int Read(byte[] buffer, int offset, int count) => base.Read(buffer, offset, Math.Min(count, most));
    }
}
