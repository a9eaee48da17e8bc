using System.Text.Json;
using CredentialProvider.Errors;
using CredentialProvider.FastStart;

namespace CredentialProvider.Cli.NuGet;

/// <summary>What a plugin did when it was asked as NuGet asks it.</summary>
/// <param name="Problem">Why a restore fails at it, such as "ends with exit code 1"; null if it does not.</param>
/// <param name="OffersCredentials">False if NuGet asks it for no credentials.</param>
/// <param name="HasCredentials">True if NuGet uses its credentials for the feed, and asks no other plugin.</param>
internal sealed record PluginReply(string? Problem, bool OffersCredentials = false, bool HasCredentials = false);

/// <summary>A feed that a plugin is asked about.</summary>
/// <param name="HasProxy">NuGet has a proxy of its own, and tells plugins about it.</param>
/// <param name="Accepts">Tries a password on the feed.</param>
internal sealed record AskedFeed(string Url, bool HasProxy, Func<Secret, Task<bool>> Accepts);

/// <summary>
/// NuGet's half of the conversation with a plugin, from the handshake to the credentials of a feed. A restore fails at a
/// plugin that does not answer, or not as NuGet expects.
/// </summary>
/// <param name="feed">Null to ask for no credentials.</param>
internal sealed class PluginConversation(TextReader output, TextWriter input, AskedFeed? feed)
{
    public const string Handshake = "Handshake", Credentials = "GetAuthenticationCredentials";

    private const string Success = "Success", Authentication = "Authentication";

    /// <summary>NuGet asks again when a feed refuses what it was given.</summary>
    private const int MaxAttempts = 4;

    private bool _hasGreeted;

    /// <summary>The request that the plugin has to answer.</summary>
    public string Step { get; private set; } = Handshake;

    /// <summary>Counts requests, and signs of progress: with each of them the plugin's time starts again.</summary>
    public int Progress { get; private set; }

    /// <exception cref="EndOfStreamException">The plugin has ended.</exception>
    /// <exception cref="InvalidDataException">It prints text, perhaps before it ends.</exception>
    public async Task<PluginReply> RunAsync()
    {
        try
        {
            var answer = await AskAsync(Handshake, """{"ProtocolVersion":"2.0.0","MinimumProtocolVersion":"1.0.0"}""");
            RequireSuccess(answer);
            // Each side greets the other one.
            while (!_hasGreeted)
                await HandleAsync(await ReadAsync());
            await AskAsync("MonitorNuGetProcessExit", $$"""{"ProcessId":{{Environment.ProcessId}}}""");
            RequireSuccess(await AskAsync(
                "Initialize", """{"ClientVersion":"7.9.0","Culture":"en","RequestTimeout":"00:00:30"}"""));
            var claims = (await AskAsync("GetOperationClaims", "{}")).GetProperty("Claims").EnumerateArray()
                .Select(claim => claim.GetString()).ToList();
            if (claims.Find(claim => claim is not (Authentication or "DownloadPackage")) is { } unknown)
                throw new ProblemException($"offers {unknown}, which NuGet does not know");
            var offersCredentials = claims.Contains(Authentication);
            var hasCredentials = offersCredentials && feed is not null && await HasCredentialsAsync(feed);
            await WriteAsync(Guid.NewGuid().ToString(), "Request", "Close", "{}");
            return new PluginReply(null, offersCredentials, hasCredentials);
        }
        catch (ProblemException e)
        {
            return new PluginReply(e.Message);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            return new PluginReply($"answers {Step} with a message that is not a response");
        }
    }

    private async Task<bool> HasCredentialsAsync(AskedFeed asked)
    {
        await AskAsync("SetLogLevel", """{"LogLevel":"Debug"}""");
        // A plugin need not know this request: without a proxy, NuGet does not send it.
        if (asked.HasProxy)
        {
            await AskAsync("SetCredentials",
                $$"""{"PackageSourceRepository":{{JsonString.Quote(new Uri(asked.Url).AbsolutePath)}}}""");
        }

        for (var attempt = 0; attempt < MaxAttempts; attempt++)
        {
            var isRetry = attempt > 0 ? "true" : "false";
            var answer = await AskAsync(Credentials, $"{{\"Uri\":{JsonString.Quote(asked.Url)},\"IsRetry\":{isRetry},"
                + "\"IsNonInteractive\":true,\"CanShowDialog\":false}");
            if (answer.GetProperty("ResponseCode").GetString() != Success)
                return false;
            if (answer.GetProperty("Password").GetString() is { } password && await asked.Accepts(new Secret(password)))
                return true;
        }

        throw new ProblemException($"has credentials for {asked.Url}, which the feed refuses");
    }

    private void RequireSuccess(JsonElement answer)
    {
        if (answer.GetProperty("ResponseCode").GetString() != Success)
            throw new ProblemException($"answers {Step} with an error");
        if (answer.TryGetProperty("ProtocolVersion", out var version))
            RequireVersion(version);
    }

    private static void RequireVersion(JsonElement version)
    {
        // Version 1 has no claims without a source.
        if (version.GetString()?.StartsWith("1.", StringComparison.Ordinal) == true)
            throw new ProblemException($"speaks version {version} of NuGet's protocol, without credentials");
    }

    private async Task<JsonElement> AskAsync(string method, string payload)
    {
        var id = Guid.NewGuid().ToString();
        (Step, Progress) = (method, Progress + 1);
        await WriteAsync(id, "Request", method, payload);
        while (true)
        {
            var message = await ReadAsync();
            switch (message.GetProperty("RequestId").GetString() == id ? message.GetProperty("Type").GetString() : null)
            {
                case "Response":
                    return message.GetProperty("Payload");
                case "Fault":
                    throw new ProblemException(
                        $"answers {Step} with a fault: {message.GetProperty("Payload").GetProperty("Message")}");
                case "Progress":
                    Progress++;
                    break;
                default:
                    await HandleAsync(message);
                    break;
            }
        }
    }

    /// <summary>Answers a request of the plugin, and ignores anything else.</summary>
    private async Task HandleAsync(JsonElement message)
    {
        var method = message.GetProperty("Method").GetString()!;
        if (message.GetProperty("Type").GetString() != "Request")
            return;
        if (method == Handshake)
        {
            RequireVersion(message.GetProperty("Payload").GetProperty("ProtocolVersion"));
            _hasGreeted = true;
        }
        // NuGet fails a restore in which an error was logged.
        else if (method == "Log" && Step == Credentials && message.GetProperty("Payload") is var log
            && log.GetProperty("LogLevel").GetString() == "Error")
        {
            throw new ProblemException($"logs an error: {log.GetProperty("Message")}");
        }

        await WriteAsync(message.GetProperty("RequestId").GetString()!, "Response", method,
            $$"""{"ResponseCode":"Success"{{(method == Handshake ? ",\"ProtocolVersion\":\"2.0.0\"" : "")}}}""");
    }

    /// <summary>NuGet ignores empty lines, and ends a plugin that prints anything else.</summary>
    private async Task<JsonElement> ReadAsync()
    {
        while (await output.ReadLineAsync() is { } line)
        {
            if (line.Length == 0)
                continue;
            try
            {
                using var message = JsonDocument.Parse(line);
                return message.RootElement.Clone();
            }
            catch (JsonException)
            {
                throw new InvalidDataException($"prints what is not a message of NuGet's protocol: {line.Trim()}");
            }
        }

        throw new EndOfStreamException();
    }

    private async Task WriteAsync(string id, string type, string method, string payload)
    {
        try
        {
            await input.WriteLineAsync($"{{\"RequestId\":{JsonString.Quote(id)},\"Type\":\"{type}\","
                + $"\"Method\":{JsonString.Quote(method)},\"Payload\":{payload}}}");
            await input.FlushAsync();
        }
        catch (IOException)
        {
            // It has ended; the exit code says more.
        }
    }

    private sealed class ProblemException(string message) : Exception(message);
}
