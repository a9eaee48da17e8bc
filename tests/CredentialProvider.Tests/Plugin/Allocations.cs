using System.Text;
using CredentialProvider.Platform;
using CredentialProvider.Plugin;
using CredentialProvider.Tokens;
using Microsoft.Extensions.Time.Testing;
using static CredentialProvider.Tests.Tokens.Examples;

namespace CredentialProvider.Tests.Plugin;

/// <summary>Bytes allocated per request. A restore sends one request per source, some clients a thousand.</summary>
public sealed class Allocations : IDisposable
{
    private const string Uri = "https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com/nuget/app/v3/index.json";

    private readonly TemporaryFolder _temporary = new();

    [Theory]
    [InlineData(Uri, 26_000)]
    [InlineData("https://nuget.example/v3/index.json", 2_800)]
    public void Of_a_cached_or_foreign_answer_stay_small(string uri, long maxBytes)
    {
        var bytes = (BytesFor(uri, requests: 1100) - BytesFor(uri, requests: 100)) / 1000;

        Assert.InRange(bytes, 1, maxBytes);
    }

    public void Dispose() => _temporary.Dispose();

    private long BytesFor(string uri, int requests)
    {
        var time = new FakeTimeProvider(Noon);
        var cache = new TokenCache(_temporary.Path);
        // CodeArtifact tokens are about this long.
        cache.Write(Key, Token(new string('t', 1500)), Noon);
        var tokens = new TokenSource(cache, time, (_, _, _) => throw new InvalidOperationException("a cached answer must not fetch"));
        var line = $$"""
            {"RequestId":"1","Type":"Request","Method":"GetAuthenticationCredentials","Payload":{"Uri":"{{uri}}","IsRetry":false,"IsNonInteractive":true,"CanShowDialog":true} }
            """;
        using var input = new MemoryStream(Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(line + "\n", requests))));
        using var host = new PluginHost(new Connection(input, Stream.Null), new CredentialAnswer(DefaultSettings, tokens, (_, _, _, _) => throw new InvalidOperationException("a cached answer must not ask the feed"), time), new LogFile(null, null, time));
        var before = GC.GetAllocatedBytesForCurrentThread();
        host.Run();
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}
