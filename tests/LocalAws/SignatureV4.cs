using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace LocalAws;

/// <summary>The parts of a request that are signed.</summary>
/// <param name="RawQuery">As sent, without the question mark.</param>
/// <param name="Header">Returns the value of a header by its lower-case name, or null.</param>
public sealed record SignedRequest(string Method, string RawPath, string RawQuery, Func<string, string?> Header, byte[] Body);

/// <summary>Why a signature is rejected: AWS's error code and message.</summary>
public sealed record SignatureError(string Code, string Message);

/// <summary>
/// Verifies AWS Signature Version 4. Written from the specification, independently of any signing code:
/// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
/// </summary>
public static class SignatureV4
{
    private const string Algorithm = "AWS4-HMAC-SHA256";
    private static readonly TimeSpan Tolerance = TimeSpan.FromMinutes(5);

    /// <summary>Parses an Authorization header; null if it is not a Signature Version 4 header.</summary>
    public static (string AccessKeyId, string[] Scope, string[] SignedHeaders, string Signature)? Parse(string? authorization)
    {
        if (authorization is null || !authorization.StartsWith(Algorithm + " ", StringComparison.Ordinal))
            return null;
        var parts = authorization[(Algorithm.Length + 1)..].Split(',').Select(part => part.Trim().Split('=', 2))
            .Where(part => part.Length == 2).DistinctBy(part => part[0]).ToDictionary(part => part[0], part => part[1]);
        if (!parts.TryGetValue("Credential", out var credential) || !parts.TryGetValue("SignedHeaders", out var headers)
            || !parts.TryGetValue("Signature", out var signature))
        {
            return null;
        }

        var slash = credential.IndexOf('/', StringComparison.Ordinal);
        return slash < 0 ? null : (credential[..slash], credential[(slash + 1)..].Split('/'), headers.Split(';'), signature);
    }

    /// <summary>Verifies that the session signed the request for this service and region, at about this time. Null if it did.</summary>
    public static SignatureError? Check(SignedRequest request, Session session, string service, string region, DateTimeOffset now)
    {
        var (_, scope, signedHeaders, signature) = Parse(request.Header("authorization"))!.Value;
        if (scope is not [var day, var scopeRegion, var scopeService, "aws4_request"])
            return new("IncompleteSignature", "Credential must have 5 parts");
        if (scopeRegion != region || scopeService != service)
            return new("InvalidSignatureException", $"Credential should be scoped to a valid region and service: {region}/{service}");
        if (session.Token is not null && (request.Header("x-amz-security-token") != session.Token
            || !signedHeaders.Contains("x-amz-security-token")))
        {
            return new("UnrecognizedClientException", "The security token included in the request is invalid.");
        }

        if (!signedHeaders.Contains("host") || !signedHeaders.Contains("x-amz-date"))
            return new("InvalidSignatureException", "host and x-amz-date must be signed");
        var date = request.Header("x-amz-date") ?? "";
        if (!date.StartsWith(day, StringComparison.Ordinal) || !DateTimeOffset.TryParseExact(date, "yyyyMMdd'T'HHmmss'Z'",
            CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var signedAt))
        {
            return new("InvalidSignatureException", "Date in Credential scope does not match x-amz-date");
        }

        if (now - signedAt > Tolerance)
            return new("InvalidSignatureException", $"Signature expired: {date} is now earlier than {Iso(now - Tolerance)} ({Iso(now)} - 5 min.)");
        if (signedAt - now > Tolerance)
            return new("InvalidSignatureException", $"Signature not yet current: {date} is still later than {Iso(now + Tolerance)} ({Iso(now)} + 5 min.)");
        if (Sign(request, session.SecretAccessKey, date, scope, signedHeaders) != signature)
            return new("InvalidSignatureException", "The request signature we calculated does not match the signature you provided.");
        return now >= session.Expires ? new("ExpiredTokenException", "The security token included in the request is expired") : null;
    }

    /// <summary>The signature in lower-case hexadecimal.</summary>
    /// <param name="scope">Date, region, service and <c>aws4_request</c>.</param>
    public static string Sign(SignedRequest request, string secret, string date, string[] scope, string[] signedHeaders)
    {
        var query = string.Join('&', request.RawQuery.Split('&', StringSplitOptions.RemoveEmptyEntries)
            .Select(pair => Encoded(pair.Split('=', 2)))
            .OrderBy(pair => pair[0], StringComparer.Ordinal).ThenBy(pair => pair[1], StringComparer.Ordinal)
            .Select(pair => $"{pair[0]}={pair[1]}"));
        var headers = string.Concat(signedHeaders.Select(name => $"{name}:{Fold(request.Header(name) ?? "")}\n"));
        // Except for S3, each path segment is encoded twice: once when sent and once more here.
        var path = string.Join('/', request.RawPath.Split('/').Select(Uri.EscapeDataString));
        var canonical = $"{request.Method}\n{path}\n{query}\n{headers}\n{string.Join(';', signedHeaders)}\n{Hex(SHA256.HashData(request.Body))}";
        var text = $"{Algorithm}\n{date}\n{string.Join('/', scope)}\n{Hex(SHA256.HashData(Encoding.UTF8.GetBytes(canonical)))}";
        var key = scope.Aggregate(Encoding.UTF8.GetBytes("AWS4" + secret), Hmac);
        return Hex(Hmac(key, text));
    }

    /// <summary>Name and value in the percent-encoding that the algorithm requires, whatever the client used.</summary>
    private static string[] Encoded(string[] pair) =>
        [Encoded(pair[0]), pair.Length > 1 ? Encoded(pair[1]) : ""];

    private static string Encoded(string text) => Uri.EscapeDataString(Uri.UnescapeDataString(text));

    private static string Fold(string value) => string.Join(' ', value.Split(' ', StringSplitOptions.RemoveEmptyEntries));

    private static byte[] Hmac(byte[] key, string text) => HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(text));

    private static string Hex(byte[] bytes) => Convert.ToHexStringLower(bytes);

    private static string Iso(DateTimeOffset time) => time.UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);
}
