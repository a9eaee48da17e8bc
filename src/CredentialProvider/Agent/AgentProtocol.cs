using System.Globalization;
using System.Text;
using CredentialProvider.Errors;
using CredentialProvider.FastStart;
using CredentialProvider.Feeds;
using CredentialProvider.Tokens;

namespace CredentialProvider.Agent;

// The wire between plugin and agent, version 1: one connection, one line of JSON each way, in UTF-8.
// docs/reference/agent.md describes it. Both sides limit the other's line and the time it takes.

/// <summary>A request for a token.</summary>
/// <param name="Feed">As the plugin recognized it; the agent checks each part again.</param>
/// <param name="After">Only a token obtained later will do: earlier ones were refused or are about to expire.</param>
internal sealed record AgentRequest(Feed Feed, DateTimeOffset After)
{
    /// <summary>In bytes, with the line end. The longest valid request has fewer than 400.</summary>
    public const int MaxLength = 1024;

    public string ToLine() => AgentProtocol.Line(
        ("domain", JsonString.Quote(Feed.Domain)), ("owner", JsonString.Quote(Feed.Owner)),
        ("region", JsonString.Quote(Feed.Region)), ("repository", JsonString.Quote(Feed.Repository)),
        ("after", AgentProtocol.Time(After)));

    /// <exception cref="NoTokenException">The line is something else; says what, for the plugin's user.</exception>
    public static AgentRequest Parse(ArraySegment<byte> line)
    {
        try
        {
            var json = AgentProtocol.Read("request", line);
            var feed = new Feed(
                GetString(json, "domain", Feed.IsDomain),
                GetString(json, "owner", Feed.IsOwner),
                GetString(json, "region", region => Partition.OfRegion(region) is not null),
                // Empty on a private host that stands for the whole domain.
                GetString(json, "repository", repository => repository.Length == 0 || Feed.IsRepository(repository)));
            // The wire has milliseconds; a token that was obtained within this one is not later.
            var after = AgentProtocol.GetTime(json, "after").AddTicks(TimeSpan.TicksPerMillisecond - 1);
            return new AgentRequest(feed, after);
        }
        catch (InvalidValueException e)
        {
            throw AgentProtocol.Failure(e.Message, AgentProtocol.SameVersion);
        }
    }

    private static string GetString(JsonTree json, string key, Func<string, bool> isValid)
    {
        var value = json.GetProperty(key);
        return isValid(value.GetString()) ? value.Raw : throw value.Error("is not valid");
    }
}

/// <summary>The agent's answer: a token, a failure, or neither while the agent waits for AWS.</summary>
internal sealed record AgentResponse(AuthorizationToken? Token, NoTokenException? Failure)
{
    /// <summary>In bytes, with the line end.</summary>
    public const int MaxLength = 64 * 1024;

    /// <summary>AWS has not answered yet: ask again.</summary>
    public static readonly AgentResponse Wait = new(null, null);

    public string ToLine() =>
        Token is { } token ? AgentProtocol.Line(("token", JsonString.Quote(token.Token.Reveal())),
            ("obtained", AgentProtocol.Time(token.Obtained)), ("expires", AgentProtocol.Time(token.Expires)),
            ("source", Quote(token.Source)), ("principal", Quote(token.Principal)))
        : Failure is { } failure ? AgentProtocol.Line(
            ("code", Quote(failure.Code)), ("why", Quote(failure.Why)), ("fix", Quote(failure.Fix)))
        : AgentProtocol.Line(("wait", "true"));

    /// <exception cref="InvalidValueException">The line is something else.</exception>
    public static AgentResponse Parse(ArraySegment<byte> line)
    {
        var json = AgentProtocol.Read("response", line);
        if (json.Find("code")?.GetString() is { } code)
        {
            return new AgentResponse(null, new NoTokenException(IsCode(code) ? code : ErrorCode.Service,
                $"the agent says: {json.GetProperty("why").GetString()}",
                $"where the agent runs: {json.GetProperty("fix").GetString()}"));
        }

        if (json.Find("wait")?.GetBoolean() == true)
            return Wait;
        var token = json.GetProperty("token");
        var (obtained, expires) = (AgentProtocol.GetTime(json, "obtained"), AgentProtocol.GetTime(json, "expires"));
        if (!AsciiText.IsToken(token.GetString()))
            throw token.Error("is not a token");
        if (expires <= obtained || expires - obtained > AuthorizationToken.MaxLifetime)
            throw json.GetProperty("expires").Error("is not a token's expiration");
        return new AgentResponse(new AuthorizationToken(new Secret(token.Raw), obtained, expires)
        {
            Source = GetText(json, "source"),
            Principal = GetText(json, "principal"),
        }, null);
    }

    private static string? GetText(JsonTree json, string key) =>
        json.Find(key) is { Kind: not JsonKind.Null } value ? PrintableText.Of(value.GetString()) : null;

    private static string Quote(string? text) => text is null ? "null" : JsonString.Quote(PrintableText.Of(text));

    private static bool IsCode(string text) => text.Length == ErrorCode.NoAgent.Length
        && text.StartsWith("CACP", StringComparison.Ordinal) && AsciiText.AreDigits(text[4..]);
}

/// <summary>What requests and responses have in common.</summary>
internal static class AgentProtocol
{
    public const int Version = 1;

    public const string SameVersion = "install the same version of this program on both sides";

    /// <summary>In milliseconds since 1970: the year 3000.</summary>
    private const long MaxTime = 32_503_680_000_000;

    /// <summary>A failure after which the plugin does without the agent.</summary>
    public static NoTokenException Failure(string why, string fix) => new(ErrorCode.NoAgent, why, fix);

    /// <summary>Reads a line whose version is ours.</summary>
    /// <exception cref="InvalidValueException">It is not JSON, or of another version.</exception>
    public static JsonTree Read(string name, ArraySegment<byte> line)
    {
        var json = new JsonReader(name, line).Read();
        var version = json.GetProperty("version");
        return version.Kind == JsonKind.Number && version.Raw == $"{Version}" ? json
            : throw new InvalidValueException($"the {name} has protocol version {version.Raw}, but this program speaks version {Version}");
    }

    /// <param name="members">Keys, and their values as JSON.</param>
    public static string Line(params (string Key, string Value)[] members) =>
        $"{{\"version\":{Version}{string.Concat(members.Select(member => $",\"{member.Key}\":{member.Value}"))}}}";

    /// <summary>Milliseconds since 1970 in UTC; 0 for any earlier time.</summary>
    public static string Time(DateTimeOffset time) =>
        Math.Max(0, time.ToUnixTimeMilliseconds()).ToString(CultureInfo.InvariantCulture);

    /// <exception cref="InvalidValueException">The member is missing or no such time.</exception>
    public static DateTimeOffset GetTime(JsonTree json, string key)
    {
        var value = json.GetProperty(key);
        return value.GetInt64() is var milliseconds && milliseconds <= MaxTime
            ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds) : throw value.Error("is not a time");
    }

    /// <summary>Reads up to the first line end; what follows it is ignored.</summary>
    /// <exception cref="IOException">The stream ends before.</exception>
    /// <exception cref="InvalidValueException">The line is too long.</exception>
    public static async Task<ArraySegment<byte>> ReadLineAsync(Stream stream, int maxLength, CancellationToken cancel)
    {
        var (bytes, length) = (new byte[Math.Min(maxLength, 4096)], 0);
        while (true)
        {
            if (length == bytes.Length)
            {
                if (length == maxLength)
                    throw new InvalidValueException($"a line of more than {maxLength} bytes");
                Array.Resize(ref bytes, Math.Min(length * 2, maxLength));
            }

            var read = await stream.ReadAsync(bytes.AsMemory(length), cancel);
            if (read == 0)
                throw new IOException("the connection was closed in the middle of a line");
            var end = Array.IndexOf(bytes, (byte)'\n', length, read);
            if (end >= 0)
                return new ArraySegment<byte>(bytes, 0, end);
            length += read;
        }
    }

    public static async Task SendAsync(Stream stream, string line, CancellationToken cancel)
    {
        await stream.WriteAsync(Encoding.UTF8.GetBytes(line + "\n"), cancel);
        await stream.FlushAsync(cancel);
    }
}
