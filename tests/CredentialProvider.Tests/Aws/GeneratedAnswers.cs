using System.Globalization;
using System.Text;
using System.Text.Json;
using CredentialProvider.Aws;
using CsCheck;

namespace CredentialProvider.Tests.Aws;

/// <summary>Properties of the AWS code that hold for every response; a failure prints the seed that reproduces it.</summary>
public sealed class GeneratedAnswers
{
    [Fact]
    public void Have_an_expiration_in_seconds_or_are_rejected() => Gen.Double.Sample(seconds =>
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

    [Fact]
    public void Never_keep_retries_beyond_their_time_budget() => Gen.Select(Gen.Int[-1, 900].Array[1, 60], Gen.Double[0, 1]).Sample((answers, jitter) =>
    {
        var time = new VirtualTime();
        var attempt = 0;
        var running = new Retries(time, () => jitter, Retries.BuildTimeout).RunAsync<int>(
            _ => Task.FromException<int>(answers[attempt++ % answers.Length] is var seconds and >= 0
                ? FailedCalls.Throttled(seconds) : FailedCalls.ToCodeArtifact(new HttpRequestException())),
            waiting: null, CancellationToken.None);
        time.Run();
        Assert.True(running.IsFaulted);
        Assert.InRange(time.Elapsed, TimeSpan.Zero, Retries.BuildTimeout);
    });
}
