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

    private const string Files = "*.json", Locks = ".lock";

    /// <summary>What was not touched for longer is of no use: a token lives 12 hours, and who dies while writing leaves
    /// a file that nobody reads.</summary>
    private static readonly TimeSpan LongestUse = TimeSpan.FromHours(13);

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

    /// <summary>Deletes all tokens, and what is damaged. Locks stay: see
    /// <see cref="OwnerOnlyFolder.TryLock"/>.</summary>
    /// <returns>How many files there were.</returns>
    public int Clear()
    {
        // A person may have put the cache into a folder with other files.
        var names = (Folder?.FilesLike(Files) ?? []).Where(TokenKey.IsFileName).ToList();
        foreach (var name in names)
            Folder?.Delete(name);
        return names.Count;
    }

    /// <summary>True if the token, or a newer one that is good, is on disk now. Call it with the key's lock where there
    /// are locks.</summary>
    public bool Write(TokenKey key, AuthorizationToken token, DateTimeOffset now)
    {
        if (Read(key) is { } stored && stored.Obtained > token.Obtained && stored.IsGood(now))
            return true;
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

        var folder = Folder;
        foreach (var name in folder?.FilesLike($"{Files}*") ?? [])
        {
            if (TokenKey.IsFileName(name) && !name.EndsWith(Locks, StringComparison.Ordinal)
                && folder!.IsOlder(name, now - LongestUse))
            {
                folder.Delete(name);
            }
        }

        return folder?.TryWrite(key.FileName, bytes.ToArray()) ?? false;
    }

    /// <summary>
    /// The right to fetch this key's token; null while another process has it. Where locks cannot be had at all,
    /// everybody has it: more calls, but no failure.
    /// </summary>
    public Lock? TryLock(TokenKey key)
    {
        var isBusy = false;
        var file = Folder?.TryLock(key.FileName + Locks, out isBusy);
        return isBusy ? null : new Lock(file, key);
    }

    /// <summary>Null unless everything is as <see cref="Write"/> writes it.</summary>
    internal static (TokenKey Key, AuthorizationToken Token)? Parse(byte[] bytes)
    {
        try
        {
            var entry = Json(bytes);
            if (entry.Get("Format").Number() != Format || Text(entry, "Token") is not { Length: > 0 } token)
                return null;
            var key = new TokenKey(Text(entry, "Endpoint"), Text(entry, "Region"), Text(entry, "Domain"),
                Text(entry, "Owner"), Text(entry, "Identity"));
            return (key, new AuthorizationToken(new Secret(token), Time(entry, "Obtained"), Time(entry, "Expires")));
        }
        catch (Exception e) when (IsDamage(e))
        {
            return null;
        }
    }

    private static JsonTree Json(byte[] bytes) => new JsonReader("cache", new ArraySegment<byte>(bytes)).Read();

    private static string Text(JsonTree entry, string key) => entry.Get(key).Text();

    private static DateTimeOffset Time(JsonTree entry, string key) =>
        DateTimeOffset.FromUnixTimeMilliseconds(entry.Get(key).Number());

    private static bool IsDamage(Exception e) => e is BadValueException or ArgumentOutOfRangeException;

    /// <summary>The right to fetch, until disposed. Its file tells the next holder how the last one failed.</summary>
    /// <param name="file">Null where there are no locks.</param>
    internal sealed class Lock(FileStream? file, TokenKey key) : IDisposable
    {
        private const int LongestNote = 64 * 1024;

        /// <summary>A failure of this key's since then; null if there was none.</summary>
        public NoTokenException? FailureAfter(DateTimeOffset moment)
        {
            try
            {
                if (file is null || file.Length is 0 or > LongestNote)
                    return null;
                file.Position = 0;
                using var bytes = new MemoryStream();
                file.CopyTo(bytes);
                var note = Json(bytes.ToArray());
                return Text(note, "Key") == key.ToString() && Time(note, "At") > moment
                    ? new NoTokenException(Text(note, "Code"), Text(note, "Why"), Text(note, "Fix")) : null;
            }
            catch (Exception e) when (IsDamage(e) || e is IOException)
            {
                return null;
            }
        }

        /// <summary>Tells those who wait. A failure holds no secret.</summary>
        public void Leave(NoTokenException failure, DateTimeOffset now)
        {
            try
            {
                if (file is null)
                    return;
                file.SetLength(0);
                using var json = new Utf8JsonWriter(file);
                json.WriteStartObject();
                json.WriteString("Key", key.ToString());
                json.WriteNumber("At", now.ToUnixTimeMilliseconds());
                json.WriteString("Code", failure.Code);
                json.WriteString("Why", failure.Why);
                json.WriteString("Fix", failure.Fix);
                json.WriteEndObject();
            }
            catch (IOException)
            {
                // The disk is full: those who wait will find out for themselves.
            }
        }

        public void Dispose()
        {
            try
            {
                file?.Dispose();
            }
            catch (IOException)
            {
                // What Leave could not write.
            }
        }
    }
}
