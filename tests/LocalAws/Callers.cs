namespace LocalAws;

/// <summary>Finds the session that signed a request.</summary>
internal static class Callers
{
    /// <summary>Null if the signature is rejected; the exchange then holds the error response.</summary>
    public static Session? Find(World world, Exchange exchange, string service, string region, DateTimeOffset now)
    {
        var isSts = service == "sts";
        if (SignatureV4.Parse(exchange.Header("Authorization")) is not { } credential)
        {
            exchange.Error(403, isSts ? "MissingAuthenticationToken" : "MissingAuthenticationTokenException",
                "Missing Authentication Token");
            return null;
        }

        if (!world.Sessions.TryGetValue(credential.AccessKeyId, out var session))
        {
            exchange.Error(403, isSts ? "InvalidClientTokenId" : "UnrecognizedClientException",
                "The security token included in the request is invalid.");
            return null;
        }

        if (SignatureV4.Check(exchange.Signed(), session, service, region, now) is not { } error)
            return session;
        var code = (isSts, error.Code) switch
        {
            (true, "InvalidSignatureException") => "SignatureDoesNotMatch",
            (true, "ExpiredTokenException") => "ExpiredToken",
            (true, "UnrecognizedClientException") => "InvalidClientTokenId",
            _ => error.Code,
        };
        exchange.Error(403, code, error.Message);
        return null;
    }
}
