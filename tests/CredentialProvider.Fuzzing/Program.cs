using System.Text;
using System.Text.Json;
using CredentialProvider.Aws;
using CredentialProvider.Feeds;
using CredentialProvider.Plugin;
using CredentialProvider.Tokens;
using SharpFuzz;

namespace CredentialProvider.Fuzzing;

/// <summary>
/// What reads bytes of others, for afl-fuzz: <c>fuzz TARGET</c>. With a folder as the second argument, each file of it is
/// tried once, without instrumentation. An
/// input is found where a target throws anything but what callers expect of it, says yes to a foreign host, or takes too long.
/// </summary>
internal static class Program
{
    /// <summary>Made when it is needed: instrumented code runs only within <see cref="Fuzzer.Run(Action{Stream})"/>.</summary>
    private static readonly Lazy<Settings> Nothing = new(() => Settings.From(_ => null));

    private static readonly Dictionary<string, Action<byte[]>> Targets = new()
    {
        ["url"] = Url,
        ["protocol"] = Protocol,
        ["configuration"] = bytes => _ = ConfigurationFile.Parse("codeartifact.json", bytes),
        ["cache"] = Cache,
        ["aws"] = Aws,
    };

    private static Settings Plain => Nothing.Value;

    public static int Main(string[] args)
    {
        if (args is not [var name, ..] || !Targets.TryGetValue(name, out var target))
        {
            Console.Error.WriteLine($"usage: fuzz {string.Join('|', Targets.Keys)} [FOLDER]");
            return 2;
        }

        if (args is [_, var folder])
        {
            foreach (var file in Directory.GetFiles(folder))
                target(File.ReadAllBytes(file));
            return 0;
        }

        Fuzzer.Run(stream =>
        {
            using var copy = new MemoryStream();
            stream.CopyTo(copy);
            target(copy.ToArray());
        });
        return 0;
    }

    private static void Url(byte[] bytes)
    {
        var url = Encoding.UTF8.GetString(bytes);
        if (Feed.TryParse(url, out _))
            AwsHosts.Require(url);
    }

    private static void Protocol(byte[] bytes)
    {
        using var input = new MemoryStream(bytes);
        using var output = new MemoryStream();
        var tokens = new TokenSource(Plain, new TokenCache(null), TimeProvider.System, (_, _, _) =>
            Task.FromException<AuthorizationToken>(new NoTokenException(ErrorCode.Service, "fuzzing", "stop")));
        using (var host = new PluginHost(new Connection(input, output), new CredentialAnswer(Plain, tokens, TimeProvider.System),
            new LogFile(null, null, TimeProvider.System)))
        {
            host.Run();
        }

        // Requests that wait go on elsewhere; what was written so far is whole lines of JSON.
        foreach (var line in Encoding.UTF8.GetString(output.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries))
            JsonDocument.Parse(line).Dispose();
    }

    private static void Cache(byte[] bytes)
    {
        if (TokenCache.Parse(bytes) is { } entry && entry.Token.Token.Reveal().Length == 0)
            throw new InvalidOperationException("an empty token");
    }

    private static void Aws(byte[] bytes)
    {
        Expect<JsonException>(() => new AmazonCodeArtifactClient.Answer(GetAuthorizationTokenResponse.From).Read(new MemoryStream(bytes)));
        var text = Encoding.UTF8.GetString(bytes);
        Expect<NoTokenException>(() => new InstanceRole(Plain.Metadata, TimeProvider.System).Parse(text));
        Expect<NoTokenException>(() => ContainerRole.Parse(text));
    }

    private static void Expect<T>(Action read)
        where T : Exception
    {
        try
        {
            read();
        }
        catch (T)
        {
            // What callers are ready for.
        }
    }
}
