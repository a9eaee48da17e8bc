using System.Text.Json;
using CredentialProvider.Platform;

namespace CredentialProvider.Tokens;

/// <summary>
/// Tokens on disk, one file a key. Whatever is wrong with a file (damaged, another's, of a newer format) makes it a
/// miss, and whatever is wrong with the folder makes every read a miss and every write nothing: a cache never fails a
/// build.
/// </summary>
internal sealed class TokenCache(string? folder)
{
    private const int Format = 1;

    /// <summary>Opened at each use: another process, or a person, may have changed it since.</summary>
    private OwnerOnlyFolder? Folder => folder is null ? null : OwnerOnlyFolder.TryOpen(folder);

    public AuthorizationToken? Read(TokenKey key) => Folder?.TryRead(key.FileName) is { } bytes ? Parse(bytes, key) : null;

    /// <summary>True if the token is on disk now. Call it with the key's lock: the last writer wins.</summary>
    public bool Write(TokenKey key, AuthorizationToken token)
    {
        var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            json.WriteNumber("Format", Format);
            json.WriteString("Endpoint", key.Endpoint);
            json.WriteString("Region", key.Region);
            json.WriteString("Domain", key.Domain);
            json.WriteString("Owner", key.Owner);
            json.WriteString("Identity", key.Identity);
            json.WriteString("Token", token.Token.Reveal());
            json.WriteNumber("Obtained", token.Obtained.ToUnixTimeMilliseconds());
            json.WriteNumber("Expires", token.Expires.ToUnixTimeMilliseconds());
            json.WriteEndObject();
        }

        return Folder?.TryWrite(key.FileName, bytes.ToArray()) ?? false;
    }

    /// <summary>
    /// The right to fetch this key's token; null while another process has it. Where locks cannot be had at all,
    /// everybody has it: more calls, but no failure.
    /// </summary>
    public IDisposable? TryLock(TokenKey key)
    {
        var isBusy = false;
        return Folder?.TryLock($"{key.FileName}.lock", out isBusy) ?? (isBusy ? null : NoLock.Instance);
    }

    /// <summary>Null unless everything is as <see cref="Write"/> writes it, the whole key included.</summary>
    private static AuthorizationToken? Parse(byte[] bytes, TokenKey key)
    {
        try
        {
            using var json = JsonDocument.Parse(bytes);
            var entry = json.RootElement;
            if (entry.GetProperty("Format").GetInt32() != Format
                || !entry.GetProperty("Endpoint").ValueEquals(key.Endpoint) || !entry.GetProperty("Region").ValueEquals(key.Region)
                || !entry.GetProperty("Domain").ValueEquals(key.Domain) || !entry.GetProperty("Owner").ValueEquals(key.Owner)
                || !entry.GetProperty("Identity").ValueEquals(key.Identity)
                || entry.GetProperty("Token").GetString() is not { Length: > 0 } token)
            {
                return null;
            }

            return new AuthorizationToken(new Secret(token), Time(entry.GetProperty("Obtained")), Time(entry.GetProperty("Expires")));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException or ArgumentOutOfRangeException)
        {
            return null;
        }
    }

    private static DateTimeOffset Time(JsonElement milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds.GetInt64());

    private sealed class NoLock : IDisposable
    {
        public static readonly NoLock Instance = new();

        public void Dispose()
        {
        }
    }
}
