using System.Text;
using System.Text.Json;
using CredentialProvider.Agent;
using CredentialProvider.Aws;
using CredentialProvider.Aws.Credentials;
using CredentialProvider.Configuration;
using CredentialProvider.Errors;
using CredentialProvider.FastStart;
using CredentialProvider.Feeds;
using CredentialProvider.Platform;
using CredentialProvider.Plugin;
using CredentialProvider.Tokens;
using SharpFuzz;

namespace CredentialProvider.Fuzzing;

/// <summary>
/// Feeds input from afl-fuzz to the code that parses data from others: <c>fuzz TARGET</c>. With a folder as the second
/// argument, reads each of its files once, without instrumentation. An input is a finding if a target throws an exception
/// that its callers do not expect, accepts a foreign host, or takes too long.
/// </summary>
internal static class Program
{
    /// <summary>Created on first use, because instrumented code may run only within <see cref="Fuzzer.Run(Action{Stream})"/>.</summary>
    private static readonly Lazy<Settings> LazySettings = new(() => Settings.From(_ => null));

    private static readonly Dictionary<string, Action<byte[]>> Targets = new()
    {
        ["url"] = Url,
        ["protocol"] = Protocol,
        ["configuration"] = bytes => _ = ConfigurationFileReader.Parse("codeartifact.json", bytes),
        ["cache"] = Cache,
        ["aws"] = Aws,
        ["agent"] = Agent,
    };

    private static Settings EmptySettings => LazySettings.Value;

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

    /// <summary>Accepted URLs must be on an AWS host.</summary>
    private static void Url(byte[] bytes)
    {
        var url = Encoding.UTF8.GetString(bytes);
        if (FeedUrl.TryParse(url, out _))
            AwsHosts.Require(url);
    }

    /// <summary>Any input from the client leads to valid messages.</summary>
    private static void Protocol(byte[] bytes)
    {
        using var input = new MemoryStream(bytes);
        using var output = new MemoryStream();
        var tokens = new TokenSource(new TokenCache(null), TimeProvider.System, (_, _, _) =>
            Task.FromException<AuthorizationToken>(new NoTokenException(ErrorCode.Service, "fuzzing", "stop")));
        using (var host = new PluginHost(new Connection(input, output), new CredentialAnswer(EmptySettings, tokens,
            (_, _, _, _) => Task.FromResult(FeedReply.None), TimeProvider.System),
            new LogFile(null, null, TimeProvider.System)))
        {
            host.Run();
        }

        // Other requests may still be running, but everything written so far must be complete lines of JSON.
        foreach (var line in Encoding.UTF8.GetString(output.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries))
            JsonDocument.Parse(line).Dispose();
    }

    /// <summary>A cache file is damaged or has a token.</summary>
    private static void Cache(byte[] bytes)
    {
        if (TokenCache.Parse(bytes) is { } entry && entry.Token.Token.Reveal().Length == 0)
            throw new InvalidOperationException("the cache returned an empty token");
    }

    /// <summary>Responses of CodeArtifact, instance metadata and container endpoints.</summary>
    private static void Aws(byte[] bytes)
    {
        Expect<JsonException>(() => new AmazonCodeArtifactClient.Answer(GetAuthorizationTokenResponse.From).Read(new MemoryStream(bytes)));
        var text = Encoding.UTF8.GetString(bytes);
        Expect<NoTokenException>(() => new InstanceRoleCredentials(EmptySettings.Metadata(), TimeProvider.System).Parse(text));
        Expect<NoTokenException>(() => ContainerCredentials.Parse(text));
    }

    /// <summary>Whatever a client sends, an agent answers with one line of its version, or not at all; and whatever an agent answers, a
    /// plugin reads it or refuses it.</summary>
    private static void Agent(byte[] bytes)
    {
        using var connection = new Duplex(bytes);
        var log = "";
        var server = new AgentServer(Settings.From(name => name == "CODEARTIFACT_CACHE" ? "off" : null), [], TimeProvider.System, (_, _, _) =>
            Task.FromResult(new AuthorizationToken(new Secret("token"), DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddHours(12))), line => log = line);
        server.ServeAsync(connection, "fuzzing", CancellationToken.None).GetAwaiter().GetResult();
        if (log.Contains("Exception", StringComparison.Ordinal))
            throw new InvalidOperationException(log);
        var answer = Encoding.UTF8.GetString(connection.Written.ToArray());
        if (answer.Length > 0)
        {
            using var json = JsonDocument.Parse(answer);
            if (json.RootElement.GetProperty("version").GetInt32() != AgentProtocol.Version || answer.IndexOf('\n', StringComparison.Ordinal) != answer.Length - 1)
                throw new InvalidOperationException(answer);
        }

        Expect<InvalidValueException>(() => AgentResponse.Parse(new ArraySegment<byte>(bytes)));
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
            // Callers handle this exception.
        }
    }
}
