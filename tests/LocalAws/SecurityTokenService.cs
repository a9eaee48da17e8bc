using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Xml.Linq;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Primitives;

namespace LocalAws;

/// <summary>STS: GetCallerIdentity, AssumeRole and AssumeRoleWithWebIdentity in the AWS query protocol.</summary>
internal sealed class SecurityTokenService(World world, OidcIssuers issuers, Func<DateTimeOffset> now)
{
    private static readonly XNamespace Ns = "https://sts.amazonaws.com/doc/2011-06-15/";

    public static void Name(Exchange exchange)
    {
        exchange.Service = "sts";
        exchange.Operation = Parameter(exchange, "Action");
        exchange.Detail = Parameter(exchange, "RoleArn");
    }

    public void Respond(Exchange exchange, string region)
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
                Result(exchange, new XElement(Ns + "Arn", caller.PrincipalArn), new XElement(Ns + "UserId", UserId(caller)),
                    new XElement(Ns + "Account", caller.Role.Account));
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
        if (!IsValid(exchange))
            return;
        if (caller.Token is not null && Duration(exchange) > 3600)
        {
            exchange.Error(400, "ValidationError",
                "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.");
            return;
        }

        if (!world.Roles.TryGetValue(arn, out var role) || Iam.FindDenial(caller, "sts:AssumeRole", arn) is not null
            || !role.Trusts.Exists(trust => (trust.Principal == caller.Role.Arn || trust.Principal == caller.Role.Account)
                && (trust.ExternalId ?? externalId) == externalId))
        {
            Deny(exchange, caller, "sts:AssumeRole", arn);
            return;
        }

        var tags = Tags(exchange, caller);
        var sourceIdentity = Parameter(exchange, "SourceIdentity") is { Length: > 0 } named ? named : caller.SourceIdentity;
        if (caller.SourceIdentity is { } known && known != sourceIdentity)
        {
            exchange.Error(400, "ValidationError", "The source identity of a session cannot be changed");
            return;
        }

        foreach (var action in (sourceIdentity is null ? [] : new[] { "sts:SetSourceIdentity" }).Concat(tags.Count == 0 ? [] : ["sts:TagSession"]))
        {
            if (Iam.FindDenial(caller, action, arn) is null && role.Trusts.Exists(trust => trust.Actions.Contains(action)))
                continue;
            Deny(exchange, caller, action, arn);
            return;
        }

        Credentials(exchange, role, sourceIdentity, tags);
    }

    private static void Deny(Exchange exchange, Session caller, string action, string arn) =>
        exchange.Error(403, "AccessDenied", $"User: {caller.PrincipalArn} is not authorized to perform: {action} on resource: {arn}");

    /// <summary>The tags in the request, and the caller's that are transitive.</summary>
    private static Dictionary<string, SessionTag> Tags(Exchange exchange, Session caller)
    {
        var transitive = Members(exchange, "TransitiveTagKeys.member.{0}").ToHashSet();
        var tags = caller.Tags.Where(tag => tag.Value.IsTransitive).ToDictionary();
        foreach (var (key, value) in Members(exchange, "Tags.member.{0}.Key").Zip(Members(exchange, "Tags.member.{0}.Value", allowEmpty: true)))
            tags.Add(key, new SessionTag(value, transitive.Contains(key)));
        return tags;
    }

    private static IEnumerable<string> Members(Exchange exchange, string name, bool allowEmpty = false)
    {
        for (var i = 1; Parameters(exchange).TryGetValue(string.Format(CultureInfo.InvariantCulture, name, i), out var value)
            && (allowEmpty || value.ToString().Length > 0); i++)
        {
            yield return value.ToString();
        }
    }

    private void AssumeRoleWithWebIdentity(Exchange exchange)
    {
        if (!IsValid(exchange))
            return;
        var token = Parameter(exchange, "WebIdentityToken");
        var role = world.Roles.GetValueOrDefault(Parameter(exchange, "RoleArn"));
        if ((role?.WebIdentityToken is { } known && known == token) || issuers.IsAccepted(exchange, token, role))
            Credentials(exchange, role!, sourceIdentity: null, []);
    }

    private void Credentials(Exchange exchange, Role role, string? sourceIdentity, Dictionary<string, SessionTag> tags)
    {
        var life = Duration(exchange) is { } seconds ? TimeSpan.FromSeconds(seconds) : world.SessionLife;
        var session = world.OpenSession(role, Parameter(exchange, "RoleSessionName"), now(), life: life) with
        {
            SourceIdentity = sourceIdentity,
            Tags = tags,
            Policy = Parameter(exchange, "Policy") is { Length: > 0 } policy ? policy : null,
        };
        world.Sessions[session.AccessKeyId] = exchange.Session = session;
        Result(exchange,
            new XElement(Ns + "AssumedRoleUser", new XElement(Ns + "Arn", session.PrincipalArn),
                new XElement(Ns + "AssumedRoleId", UserId(session))),
            new XElement(Ns + "Credentials", new XElement(Ns + "AccessKeyId", session.AccessKeyId),
                new XElement(Ns + "SecretAccessKey", session.SecretAccessKey), new XElement(Ns + "SessionToken", session.Token),
                new XElement(Ns + "Expiration", session.Expires.UtcDateTime.ToString("s") + "Z")));
    }

    /// <summary>Checks duration and session name against STS's limits. If false, the exchange holds the error response.</summary>
    private static bool IsValid(Exchange exchange)
    {
        var error = (Parameter(exchange, "DurationSeconds"), Duration(exchange)) switch
        {
            ({ Length: > 0 } text, null or < 900) => Constraint(text, "durationSeconds", "value greater than or equal to 900"),
            ({ Length: > 0 } text, > 43200) => Constraint(text, "durationSeconds", "value less than or equal to 43200"),
            _ when Parameter(exchange, "RoleSessionName") is { Length: < 2 or > 64 } name =>
                Constraint(name, "roleSessionName", "length between 2 and 64"),
            _ when Parameter(exchange, "RoleSessionName") is var name && !IsName(name) => Pattern(name, "roleSessionName"),
            _ when Parameter(exchange, "SourceIdentity") is { Length: > 0 } identity && (identity.Length is < 2 or > 64 || !IsName(identity)) =>
                Pattern(identity, "sourceIdentity"),
            _ when Parameter(exchange, "Policy") is { Length: > 2048 } policy => Constraint(policy, "policy", "length less than or equal to 2048"),
            _ => null,
        };
        if (error is not null)
            exchange.Error(400, "ValidationError", error);
        return error is null;
    }

    private static bool IsName(string text) => text.All(c => char.IsAsciiLetterOrDigit(c) || "_+=,.@-".Contains(c, StringComparison.Ordinal));

    private static string Pattern(string value, string member) =>
        $"1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*";

    private static string Constraint(string value, string member, string constraint) =>
        $"1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: Member must have {constraint}";

    private static int? Duration(Exchange exchange) => int.TryParse(Parameter(exchange, "DurationSeconds"), out var seconds) ? seconds : null;

    /// <summary>A unique ID for a role or user, derived from its name.</summary>
    private static string UserId(Session session) => session.Token is null
        ? "AIDA" + Unique(session.Name) : $"AROA{Unique(session.Role.Arn)}:{session.Name}";

    private static string Unique(string name) => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(name)))[..16];

    private static void Result(Exchange exchange, params object[] content) => exchange.Xml(new XElement(
        Ns + (exchange.Operation + "Response"), new XElement(Ns + (exchange.Operation + "Result"), content),
        new XElement(Ns + "ResponseMetadata", new XElement(Ns + "RequestId", Guid.NewGuid()))));

    private static string Parameter(Exchange exchange, string name) =>
        Parameters(exchange).TryGetValue(name, out var value) ? value.ToString() : exchange.Query(name);

    private static Dictionary<string, StringValues> Parameters(Exchange exchange)
    {
        using var form = new FormReader(Encoding.UTF8.GetString(exchange.Body));
        return form.ReadForm();
    }
}
