using System.Security.Cryptography;
using System.Text;
using System.Xml.Linq;

namespace LocalAws;

/// <summary>
/// The bucket that CodeArtifact keeps packages in. A repository answers a download with a redirect to a presigned URL here, which is valid for a short
/// time and without any other authorization. Errors: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
/// </summary>
internal sealed class S3(World world, Func<DateTimeOffset> now)
{
    private static readonly TimeSpan UrlLife = TimeSpan.FromMinutes(15);

    private readonly byte[] _key = RandomNumberGenerator.GetBytes(32);

    public static void Name(Exchange exchange) => (exchange.Service, exchange.Operation) = ("s3", "GetObject");

    /// <summary>Redirects the download of a package to its presigned URL.</summary>
    /// <param name="region">Of the repository.</param>
    /// <param name="suffix">DNS suffix of the region's partition.</param>
    public void Redirect(Exchange exchange, Package package, string region, string suffix)
    {
        world.Assets[package.Key] = package;
        var path = $"/{package.Key}";
        var expires = now().Add(UrlLife).ToUnixTimeSeconds();
        exchange.Http.Response.Headers.Location = $"https://assets-193858265520-{region}.s3.{region}.{suffix}{path}"
            + $"?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Expires={expires}&X-Amz-Signature={Sign(path, expires.ToString())}";
        exchange.Bytes([], "application/octet-stream", 302);
    }

    public void Respond(Exchange exchange)
    {
        var expires = exchange.Query("X-Amz-Expires");
        if (exchange.Header("Authorization") is not null)
            Error(exchange, 400, "InvalidArgument", "Only one auth mechanism allowed");
        else if (exchange.Query("X-Amz-Signature") != Sign(exchange.Path, expires))
            Error(exchange, 403, "SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided.");
        else if (DateTimeOffset.FromUnixTimeSeconds(long.Parse(expires)) < now())
            Error(exchange, 403, "AccessDenied", "Request has expired");
        else if (world.S3Denial is { } message)
            Error(exchange, 403, "AccessDenied", message);
        else
            exchange.Bytes(world.Assets[exchange.Path.TrimStart('/')].Content, "application/octet-stream");
    }

    private string Sign(string path, string expires) => Convert.ToHexStringLower(HMACSHA256.HashData(_key, Encoding.UTF8.GetBytes($"{path} {expires}")));

    private static void Error(Exchange exchange, int status, string code, string message) =>
        exchange.Xml(new XElement("Error", new XElement("Code", code), new XElement("Message", message)), status);
}
