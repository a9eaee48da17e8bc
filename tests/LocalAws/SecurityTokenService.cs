using System.Xml.Linq;
using Microsoft.AspNetCore.WebUtilities;

namespace LocalAws;

/// <summary>STS: GetCallerIdentity, AssumeRole and AssumeRoleWithWebIdentity, in its query protocol.</summary>
internal sealed class SecurityTokenService(World world, Func<DateTimeOffset> now)
{
    private static readonly XNamespace Ns = "https://sts.amazonaws.com/doc/2011-06-15/";

    public static void Name(Exchange exchange)
    {
        exchange.Service = "sts";
        exchange.Operation = Parameter(exchange, "Action");
        exchange.Detail = Parameter(exchange, "RoleArn");
    }

    public void Answer(Exchange exchange, string region)
    {
        if (exchange.Operation == "AssumeRoleWithWebIdentity")
        {
            AssumeRoleWithWebIdentity(exchange);
            return;
        }

        if (Callers.Find(world, exchange, "sts", region, now()) is not { } caller)
            return;
        switch (exchange.Operation)
        {
            case "GetCallerIdentity":
                Result(exchange, new XElement(Ns + "Arn", caller.PrincipalArn), new XElement(Ns + "Account", caller.Role.Account));
                break;
            case "AssumeRole":
                AssumeRole(exchange, caller);
                break;
            default:
                exchange.Error(400, "InvalidAction", "Could not find operation " + exchange.Operation);
                break;
        }
    }

    private void AssumeRole(Exchange exchange, Session caller)
    {
        var arn = Parameter(exchange, "RoleArn");
        var externalId = Parameter(exchange, "ExternalId");
        if (caller.Token is not null && int.TryParse(Parameter(exchange, "DurationSeconds"), out var seconds) && seconds > 3600)
        {
            exchange.Error(400, "ValidationError", "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.");
            return;
        }

        if (!world.Roles.TryGetValue(arn, out var role) || Iam.Refusal(caller, "sts:AssumeRole", arn) is not null
            || !role.Trusts.Exists(trust => (trust.Principal == caller.Role.Arn || trust.Principal == caller.Role.Account)
                && (trust.ExternalId ?? externalId) == externalId))
        {
            exchange.Error(403, "AccessDenied", $"User: {caller.PrincipalArn} is not authorized to perform: sts:AssumeRole on resource: {arn}");
            return;
        }

        Credentials(exchange, role);
    }

    private void AssumeRoleWithWebIdentity(Exchange exchange)
    {
        var arn = Parameter(exchange, "RoleArn");
        if (!world.Roles.TryGetValue(arn, out var role) || role.WebIdentityToken is null || role.WebIdentityToken != Parameter(exchange, "WebIdentityToken"))
            exchange.Error(400, "InvalidIdentityToken", "The web identity token that was passed could not be validated.");
        else
            Credentials(exchange, role);
    }

    private void Credentials(Exchange exchange, Role role)
    {
        var session = world.OpenSession(role, Parameter(exchange, "RoleSessionName"), now());
        Result(exchange,
            new XElement(Ns + "AssumedRoleUser", new XElement(Ns + "Arn", session.PrincipalArn)),
            new XElement(Ns + "Credentials", new XElement(Ns + "AccessKeyId", session.AccessKeyId),
                new XElement(Ns + "SecretAccessKey", session.SecretAccessKey), new XElement(Ns + "SessionToken", session.Token),
                new XElement(Ns + "Expiration", session.Expires.UtcDateTime.ToString("s") + "Z")));
    }

    private static void Result(Exchange exchange, params object[] content) => exchange.Xml(new XElement(
        Ns + (exchange.Operation + "Response"), new XElement(Ns + (exchange.Operation + "Result"), content)));

    private static string Parameter(Exchange exchange, string name)
    {
        using var form = new FormReader(System.Text.Encoding.UTF8.GetString(exchange.Body));
        return form.ReadForm().TryGetValue(name, out var value) ? value.ToString() : exchange.Query(name);
    }
}

/// <summary>Whose signature a request has.</summary>
internal static class Callers
{
    /// <summary>Null where the signature is not taken; the exchange then has its error.</summary>
    public static Session? Find(World world, Exchange exchange, string service, string region, DateTimeOffset now)
    {
        var isSts = service == "sts";
        if (SignatureV4.Parse(exchange.Header("Authorization")) is not { } credential)
        {
            exchange.Error(403, isSts ? "MissingAuthenticationToken" : "MissingAuthenticationTokenException", "Missing Authentication Token");
            return null;
        }

        if (!world.Sessions.TryGetValue(credential.AccessKeyId, out var session))
        {
            exchange.Error(403, isSts ? "InvalidClientTokenId" : "UnrecognizedClientException", "The security token included in the request is invalid.");
            return null;
        }

        if (SignatureV4.Check(exchange.Signed(), session, service, region, now) is not { } refusal)
            return session;
        var code = (isSts, refusal.Code) switch
        {
            (true, "InvalidSignatureException") => "SignatureDoesNotMatch",
            (true, "ExpiredTokenException") => "ExpiredToken",
            _ => refusal.Code,
        };
        exchange.Error(403, code, refusal.Message);
        return null;
    }
}
