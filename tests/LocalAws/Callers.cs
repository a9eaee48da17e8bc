namespace LocalAws;

/// <summary>Whose signature a request has.</summary>
internal static class Callers
{
    /// <summary>Null where the signature is not taken; the exchange then has its error.</summary>
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

        if (SignatureV4.Check(exchange.Signed(), session, service, region, now) is not { } refusal)
            return session;
        var code = (isSts, refusal.Code) switch
        {
            (true, "InvalidSignatureException") => "SignatureDoesNotMatch",
            (true, "ExpiredTokenException") => "ExpiredToken",
            (true, "UnrecognizedClientException") => "InvalidClientTokenId",
            _ => refusal.Code,
        };
        exchange.Error(403, code, refusal.Message);
        return null;
    }
}
