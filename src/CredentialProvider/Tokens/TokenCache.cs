using System.Text.Json;
using CredentialProvider.Errors;
using CredentialProvider.FastStart;
using CredentialProvider.Platform;

namespace CredentialProvider.Tokens;

/// <summary>
/// Tokens on disk, one file per key. A file that is damaged, readable for others or of a newer format is a miss. A folder
/// that cannot be used makes every read a miss and every write a no-op. A cache never fails a build.
/// </summary>
internal sealed class TokenCache(string? folder)
{
    private const int Format = 1;

    private const string Files = "*" + TokenFile.Extension;

    /// <summary>Opened at each use, because another process or the user may have changed it.</summary>
    private OwnerOnlyFolder? Folder => folder is null ? null : OwnerOnlyFolder.TryOpen(folder);

    public AuthorizationToken? Read(TokenKey key) =>
        Folder?.TryRead(key.FileName) is { } bytes && Parse(bytes) is { } entry && entry.Key == key ? entry.Token
            : null;

    /// <summary>Every token that <see cref="Read"/> could return.</summary>
    public IReadOnlyList<(TokenKey Key, AuthorizationToken Token)> List()
    {
        var entries = new List<(TokenKey, AuthorizationToken)>();
        foreach (var name in Folder?.FindFiles(Files) ?? [])
        {
            if (Folder?.TryRead(name) is { } bytes && Parse(bytes) is { } entry && entry.Key.FileName == name)
                entries.Add(entry);
        }

        return entries;
    }

    /// <summary>Deletes one token.</summary>
    public void Remove(TokenKey key) => Folder?.Delete(key.FileName);

    /// <summary>Deletes all token files, damaged ones too. Locks stay: see
    /// <see cref="FileLock"/>.</summary>
    /// <returns>The number of deleted files.</returns>
    public int Clear()
    {
        // The user may have put the cache into a folder with other files.
        var names = (Folder?.FindFiles(Files) ?? []).Where(TokenFile.IsName).ToList();
        foreach (var name in names)
            Folder?.Delete(name);
        return names.Count;
    }

    /// <summary>Stores the token, unless a newer fresh one is stored already. Call it with the key's lock if there are
    /// locks.</summary>
    /// <returns>True if this token or the newer one is on disk now.</returns>
    public bool Write(TokenKey key, AuthorizationToken token, DateTimeOffset now)
    {
        if (Read(key) is { } stored && stored.Obtained > token.Obtained && stored.IsFresh(now))
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
            if (token.Source is not null)
                json.WriteString("Source", token.Source);
            if (token.Principal is not null)
                json.WriteString("Principal", PrintableText.Of(token.Principal));
            json.WriteString("Token", token.Token.Reveal());
            json.WriteNumber("Obtained", token.Obtained.ToUnixTimeMilliseconds());
            json.WriteNumber("Expires", token.Expires.ToUnixTimeMilliseconds());
            json.WriteEndObject();
        }

        // A process that was killed while writing leaves a file behind.
        var folder = Folder;
        foreach (var name in folder?.FindFiles($"{Files}*") ?? [])
        {
            if (TokenFile.IsName(name) && !name.EndsWith(TokenFile.LockExtension, StringComparison.Ordinal)
                && folder!.WasModifiedBefore(name, now - AuthorizationToken.MaxLifetime))
            {
                folder.Delete(name);
            }
        }

        return folder?.TryWrite(key.FileName, bytes.ToArray()) ?? false;
    }

    /// <summary>The exclusive right to fetch this key's token, to be taken. Where the file system has no locks, every
    /// process gets it: more calls, but no failure.</summary>
    /// <param name="number">Above 0 if the processes with the locks before it do not respond.</param>
    public FetchLock CreateLock(TokenKey key, int number = 0) =>
        new(Folder?.CreateLock(TokenFile.LockName(key.FileName, number)), key);

    /// <summary>Null unless the file is exactly what <see cref="Write"/> writes.</summary>
    internal static (TokenKey Key, AuthorizationToken Token)? Parse(byte[] bytes)
    {
        try
        {
            var entry = Json(bytes);
            if (entry.GetProperty("Format").GetInt64() != Format || GetString(entry, "Token") is not { Length: > 0 } token)
                return null;
            var key = new TokenKey(GetString(entry, "Endpoint"), GetString(entry, "Region"),
                GetString(entry, "Domain"), GetString(entry, "Owner"), GetString(entry, "Identity"));
            return (key, new AuthorizationToken(new Secret(token), GetTime(entry, "Obtained"), GetTime(entry, "Expires"))
            {
                Source = entry.Find("Source")?.GetString(),
                Principal = entry.Find("Principal")?.GetString(),
            });
        }
        catch (Exception e) when (IsDamage(e))
        {
            return null;
        }
    }

    private static JsonTree Json(byte[] bytes) => new JsonReader("cache", new ArraySegment<byte>(bytes)).Read();

    private static string GetString(JsonTree entry, string key) => entry.GetProperty(key).GetString();

    private static DateTimeOffset GetTime(JsonTree entry, string key) =>
        DateTimeOffset.FromUnixTimeMilliseconds(entry.GetProperty(key).GetInt64());

    private static bool IsDamage(Exception e) => e is InvalidValueException or ArgumentOutOfRangeException;

    /// <summary>The right to fetch, from when it is taken until it is disposed. Its file tells the next holder why the last
    /// fetch failed.</summary>
    /// <param name="file">Null if there is no folder for it: then nothing is locked.</param>
    internal sealed class FetchLock(FileLock? file, TokenKey key) : IDisposable
    {
        private const int MaxNoteSize = 64 * 1024;

        /// <summary>False if another process holds it.</summary>
        public bool TryTake() => file?.TryTake() ?? true;

        /// <summary>Waits while another process holds it: see <see cref="FileLock.TakeAsync"/>.</summary>
        public Task<bool> TakeAsync(TimeSpan limit, TimeProvider time, CancellationToken cancel) =>
            file?.TakeAsync(limit, time, cancel) ?? Task.FromResult(true);

        /// <summary>How a fetch of this key failed after that moment; null if none failed.</summary>
        /// <param name="now">A note with a later time was left before the clock was set back.</param>
        public NoTokenException? FailureAfter(DateTimeOffset moment, DateTimeOffset now)
        {
            try
            {
                if (file?.Read(MaxNoteSize) is not { Length: > 0 } bytes)
                    return null;
                var note = Json(bytes);
                var at = GetTime(note, "At");
                return GetString(note, "Key") == NameOf(key) && at > moment && at <= now
                    ? new NoTokenException(GetString(note, "Code"), GetString(note, "Why"), GetString(note, "Fix"))
                    : null;
            }
            catch (Exception e) when (IsDamage(e) || e is IOException)
            {
                return null;
            }
        }

        /// <summary>Tells waiting processes about a failure, whose parts are filtered. Without it they ask AWS
        /// themselves.</summary>
        public void Leave(NoTokenException failure, DateTimeOffset now)
        {
            var bytes = new MemoryStream();
            using (var json = new Utf8JsonWriter(bytes))
            {
                json.WriteStartObject();
                json.WriteString("Key", NameOf(key));
                json.WriteNumber("At", now.ToUnixTimeMilliseconds());
                json.WriteString("Code", failure.Code);
                json.WriteString("Why", failure.Why);
                json.WriteString("Fix", failure.Fix);
                json.WriteEndObject();
            }

            file?.Write(bytes.ToArray());
        }

        private static string NameOf(TokenKey key) => PrintableText.Of(key.ToString());

        public void Dispose() => file?.Dispose();
    }
}
