using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace CredentialProvider.Aws.Credentials;

/// <summary>
/// Proves possession of the key that a refresh token is bound to: a signed JWT for one request.
/// https://www.rfc-editor.org/rfc/rfc9449#section-4.2
/// </summary>
internal static class DpopProof
{
    /// <param name="key">On the curve P-256.</param>
    /// <returns>The value of the header <c>DPoP</c> of a POST to <paramref name="url"/>.</returns>
    public static string Create(ECDsa key, string url, DateTimeOffset now)
    {
        var point = key.ExportParameters(includePrivateParameters: false).Q;
        var header = new JsonObject
        {
            ["typ"] = "dpop+jwt",
            ["alg"] = "ES256",
            ["jwk"] = new JsonObject
            {
                ["kty"] = "EC",
                ["x"] = Base64UrlText.Encode(point.X!),
                ["y"] = Base64UrlText.Encode(point.Y!),
                ["crv"] = "P-256",
            },
        };
        var payload = new JsonObject
        {
            ["htm"] = "POST",
            ["htu"] = url,
            ["iat"] = now.ToUnixTimeSeconds(),
            ["jti"] = Guid.NewGuid().ToString(),
        };
        var content = $"{Base64UrlText.Encode(Utf8(header.ToJsonString()))}.{Base64UrlText.Encode(Utf8(payload.ToJsonString()))}";
        // .NET's default format is IEEE P1363, r and s of 32 bytes each, which JWTs use as well.
        return $"{content}.{Base64UrlText.Encode(key.SignData(Utf8(content), HashAlgorithmName.SHA256))}";
    }

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);
}
