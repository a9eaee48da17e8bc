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

    private const string Files = "*.json";

    /// <summary>Opened at each use: another process, or a person, may have changed it since.</summary>
    private OwnerOnlyFolder? Folder => folder is null ? null : OwnerOnlyFolder.TryOpen(folder);

    public AuthorizationToken? Read(TokenKey key) =>
        Folder?.TryRead(key.FileName) is { } bytes && Parse(bytes) is { } entry && entry.Key == key ? entry.Token
            : null;

    /// <summary>Everything that <see cref="Read"/> could give.</summary>
    public IReadOnlyList<(TokenKey Key, AuthorizationToken Token)> List()
    {
        var entries = new List<(TokenKey, AuthorizationToken)>();
        foreach (var name in Folder?.FilesLike(Files) ?? [])
        {
            if (Folder?.TryRead(name) is { } bytes && Parse(bytes) is { } entry && entry.Key.FileName == name)
                entries.Add(entry);
        }

        return entries;
    }

    /// <summary>Deletes one token.</summary>
    public void Remove(TokenKey key) => Folder?.Delete(key.FileName);

    /// <summary>Deletes all tokens, and what is damaged. Locks stay: see <see cref="OwnerOnlyFolder.TryLock"/>.</summary>
    /// <returns>How many files there were.</returns>
    public int Clear()
    {
        var names = Folder?.FilesLike(Files) ?? [];
        foreach (var name in names)
            Folder?.Delete(name);
        return names.Count;
    }

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

    /// <summary>Null unless everything is as <see cref="Write"/> writes it.</summary>
    private static (TokenKey Key, AuthorizationToken Token)? Parse(byte[] bytes)
    {
        try
        {
            using var json = JsonDocument.Parse(bytes);
            var entry = json.RootElement;
            string Text(string name) => entry.GetProperty(name).GetString() ?? throw new JsonException(name);
            if (entry.GetProperty("Format").GetInt32() != Format || Text("Token") is not { Length: > 0 } token)
                return null;
            return (new TokenKey(Text("Endpoint"), Text("Region"), Text("Domain"), Text("Owner"), Text("Identity")),
                new AuthorizationToken(new Secret(token), Time(entry.GetProperty("Obtained")),
                    Time(entry.GetProperty("Expires"))));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException
            or FormatException or ArgumentOutOfRangeException)
        {
            return null;
        }
    }

    private static DateTimeOffset Time(JsonElement milliseconds) =>
        DateTimeOffset.FromUnixTimeMilliseconds(milliseconds.GetInt64());

    private sealed class NoLock : IDisposable
    {
        public static readonly NoLock Instance = new();

        public void Dispose()
        {
        }
    }
}
