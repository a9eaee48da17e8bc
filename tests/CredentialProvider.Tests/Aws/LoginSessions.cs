using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using CredentialProvider.Aws.Credentials;

namespace CredentialProvider.Tests.Aws;

/// <summary>Sessions of <c>aws login</c>: the name of the file and the proof of its key.</summary>
public sealed class LoginSessions
{
    private const string Url = "https://us-east-1.signin.aws.amazon.com/v1/token";

    private static readonly DateTimeOffset Now = new(2026, 11, 24, 12, 0, 0, TimeSpan.Zero);

    /// <summary>Computed with sha256sum.</summary>
    [Fact]
    public void A_file_is_named_after_the_SHA256_of_the_session() => Assert.Equal(
        "11fc4cc919a5a20db9df757c8a1b149bd4c42115ef36c7152c0d33f1e05a9027.json", LoginCache.FileName("arn:aws:iam::111122223333:user/dev"));

    [Fact]
    public void A_proof_is_signed_with_the_key_of_the_session()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var imported = EcKey.Import(key.ExportECPrivateKeyPem());

        var parts = DpopProof.Create(imported, Url, Now).Split('.');

        var point = key.ExportParameters(includePrivateParameters: false).Q;
        Assert.Equal(3, parts.Length);
        Assert.True(key.VerifyData(Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}"), Decode(parts[2]), HashAlgorithmName.SHA256,
            DSASignatureFormat.IeeeP1363FixedFieldConcatenation));
        Assert.Equal($$$"""{"typ":"dpop+jwt","alg":"ES256","jwk":{"kty":"EC","x":"{{{Base64Url.EncodeToString(point.X)}}}","y":"{{{Base64Url.EncodeToString(point.Y)}}}","crv":"P-256"}}""",
            JsonNode.Parse(Decode(parts[0]))!.ToJsonString(new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }));
        var payload = JsonNode.Parse(Decode(parts[1]))!;
        Assert.Equal(("POST", Url, Now.ToUnixTimeSeconds()), ((string)payload["htm"]!, (string)payload["htu"]!, (long)payload["iat"]!));
    }

    [Fact]
    public void Every_proof_has_its_own_id()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var ids = Enumerable.Range(0, 100).Select(_ => (string)JsonNode.Parse(Decode(DpopProof.Create(key, Url, Now).Split('.')[1]))!["jti"]!);
        Assert.Equal(100, ids.Distinct().Count());
    }

    [Theory]
    [InlineData("")]
    [InlineData("-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----")]
    [InlineData("-----BEGIN EC PRIVATE KEY-----")]
    public void A_damaged_key_is_rejected(string pem) => Assert.Throws<CryptographicException>(() => EcKey.Import(pem));

    [Theory]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"accessToken":7}""")]
    [InlineData("""{"accessToken":{"accessKeyId":"A","secretAccessKey":"S","sessionToken":"T","expiresAt":"soon"},"clientId":"c","refreshToken":"r","dpopKey":"k"}""")]
    [InlineData("""{"accessToken":{"accessKeyId":"A","secretAccessKey":"S","sessionToken":"","expiresAt":"2026-11-24T12:00:00Z"},"clientId":"c","refreshToken":"r","dpopKey":"k"}""")]
    [InlineData("""{"clientId":"a","clientId":"b","accessToken":{}}""")]
    [InlineData("""{"accessToken":{"accessKeyId":"A",""")]
    public void An_incomplete_file_is_damaged(string content)
    {
        using var folder = new TemporaryFolder();
        var cache = new LoginCache(folder.Path, "arn");
        File.WriteAllText(cache.File, content);
        Assert.Null(cache.Read());
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"accessToken":{"accessKeyId":"A","secretAccessKey":"S","sessionToken":"T"},"refreshToken":"r"}""")]
    [InlineData("""{"accessToken":{"accessKeyId":"A","secretAccessKey":"S","sessionToken":"T"},"expiresIn":"long","refreshToken":"r"}""")]
    [InlineData("""{"accessToken":{"accessKeyId":"A","secretAccessKey":"S"},"expiresIn":900,"refreshToken":"r"}""")]
    public void An_incomplete_response_renews_nothing(string response)
    {
        var session = LoginSession.From(JsonNode.Parse("""
            {"accessToken":{"accessKeyId":"A","secretAccessKey":"S","sessionToken":"T","expiresAt":"2026-11-24T12:00:00Z"},"clientId":"c","refreshToken":"r","dpopKey":"k"}
            """))!;
        Assert.Null(session.Renew(JsonNode.Parse(response), Now));
        Assert.Equal(Now, session.Expires);
    }

    private static byte[] Decode(string text) => Base64Url.DecodeFromChars(text);
}
