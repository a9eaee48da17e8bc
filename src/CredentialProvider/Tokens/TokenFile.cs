using System.Text.Json.Serialization;

namespace CredentialProvider.Tokens;

/// <summary>A cache file's content: the whole key, the token, and its times in milliseconds since 1970 UTC.</summary>
internal sealed record TokenFile(
    int Format, string Endpoint, string Region, string Domain, string Owner, string Identity, string Token, long Obtained, long Expires);

[JsonSerializable(typeof(TokenFile))]
internal sealed partial class TokenFileContext : JsonSerializerContext;
