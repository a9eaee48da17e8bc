using System.Text.Json;
using CredentialProvider.Platform;

namespace CredentialProvider.Tokens;

/// <summary>
/// Tokens on disk, one file a key. Whatever is wrong with a file (damaged, another's, of a newer format) makes it a miss, and
/// whatever is wrong with the folder makes every read a miss and every write nothing: a cache never fails a build.
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
        var entry = new TokenFile(Format, key.Endpoint, key.Region, key.Domain, key.Owner, key.Identity,
            token.Token.Reveal(), token.Obtained.ToUnixTimeMilliseconds(), token.Expires.ToUnixTimeMilliseconds());
        return Folder?.TryWrite(key.FileName, JsonSerializer.SerializeToUtf8Bytes(entry, TokenFileContext.Default.TokenFile)) ?? false;
    }

    /// <summary>
    /// The right to fetch this key's token; null while another process has it. Where locks cannot be had at all, everybody has it:
    /// more calls, but no failure.
    /// </summary>
    public IDisposable? TryLock(TokenKey key)
    {
        var isBusy = false;
        return Folder?.TryLock($"{key.FileName}.lock", out isBusy) ?? (isBusy ? null : NoLock.Instance);
    }

    private static AuthorizationToken? Parse(byte[] bytes, TokenKey key)
    {
        try
        {
            var entry = JsonSerializer.Deserialize(bytes, TokenFileContext.Default.TokenFile);
            if (entry is not { Format: Format, Token.Length: > 0 }
                || new TokenKey(entry.Endpoint, entry.Region, entry.Domain, entry.Owner, entry.Identity) != key)
            {
                return null;
            }

            return new AuthorizationToken(new Secret(entry.Token), DateTimeOffset.FromUnixTimeMilliseconds(entry.Obtained),
                DateTimeOffset.FromUnixTimeMilliseconds(entry.Expires));
        }
        catch (Exception e) when (e is JsonException or ArgumentOutOfRangeException)
        {
            return null;
        }
    }

    private sealed class NoLock : IDisposable
    {
        public static readonly NoLock Instance = new();

        public void Dispose()
        {
        }
    }
}
