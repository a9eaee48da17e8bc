using System.IO.Enumeration;
using System.Text.Json.Nodes;

namespace LocalAws;

/// <summary>The request context that a statement's conditions are evaluated against.</summary>
internal sealed record RequestContext(string ServiceName = "", int DurationSeconds = 0);

/// <summary>Parses IAM JSON policies into <see cref="Statement"/> and <see cref="Grant"/>. It knows only the elements that those have.</summary>
public static class PolicyLanguage
{
    /// <summary>The statements of an identity-based policy, one per action and resource.</summary>
    public static List<Statement> Identity(JsonNode document) =>
    [
        .. from statement in Statements(document)
           from action in Strings(statement["Action"]!)
           from resource in Strings(statement["Resource"]!)
           select new Statement(action, resource, IsDeny: (string?)statement["Effect"] == "Deny")
           {
               ServiceName = (string?)statement["Condition"]?["StringEquals"]?["sts:AWSServiceName"],
           },
    ];

    /// <summary>The grants of a domain or repository policy, one per principal, action and resource.</summary>
    public static List<Grant> Resource(JsonNode document) =>
    [
        .. from statement in Statements(document)
           from principal in Strings(statement["Principal"]!["AWS"]!)
           from action in Strings(statement["Action"]!)
           from resource in Strings(statement["Resource"]!)
           select new Grant(principal, action, resource),
    ];

    private static List<JsonNode> Statements(JsonNode document) => (string?)document["Version"] == "2012-10-17"
        ? [.. document["Statement"]!.AsArray().Select(statement => statement!)]
        : throw new InvalidDataException("not a policy of version 2012-10-17");

    private static IEnumerable<string> Strings(JsonNode node) =>
        node is JsonArray array ? array.Select(text => (string)text!) : [(string)node!];
}

/// <summary>Evaluates policies as IAM does: an explicit deny wins, and without an allow the request is denied.</summary>
internal static class Iam
{
    /// <summary>Evaluates the caller's identity-based policy and the guardrails around it. Null if it allows the request, otherwise IAM's message.</summary>
    public static string? FindDenial(Session caller, string action, string resource, RequestContext? context = null)
    {
        var statements = caller.Role.Policy.Where(statement => Matches(statement.Action, action)
            && Matches(statement.Resource, resource) && Holds(statement, context ?? new())).ToList();
        if (statements.Exists(s => s.IsDeny))
            return $"{NotAuthorized(caller, action, resource)} with an explicit deny in an identity-based policy";
        if (statements.Count == 0)
            return $"{NotAuthorized(caller, action, resource)} because no identity-based policy allows the {action} action";
        if (caller.Policy is { } policy && !PolicyLanguage.Identity(JsonNode.Parse(policy)!).Exists(statement =>
            Matches(statement.Action, action) && Matches(statement.Resource, resource) && Holds(statement, context ?? new())))
        {
            return $"{NotAuthorized(caller, action, resource)} because no session policy allows the {action} action";
        }

        return caller.Role.Guardrails.Find(guardrail => guardrail.Action == action) is not { } refusing ? null
            : NotAuthorized(caller, action, resource) + (refusing.IsExplicit ? $" with an explicit deny in a {refusing.Policy}"
                : $" because no {refusing.Policy} allows the {action} action");
    }

    /// <summary>Evaluates a domain or repository policy for callers from other accounts. Null if it allows the request, otherwise IAM's
    /// message, which has no reason in this case.</summary>
    public static string? FindDenial(Session caller, string action, string resource, string owner, IReadOnlyList<Grant> policy) =>
        caller.Role.Account == owner || policy.Any(grant => Matches(grant.Action, action) && Matches(grant.Resource, resource)
            && (grant.Principal == "*" || grant.Principal == caller.Role.Account || grant.Principal == caller.Role.Arn
                || grant.Principal == $"arn:aws:iam::{caller.Role.Account}:root"))
            ? null : NotAuthorized(caller, action, resource);

    private static bool Holds(Statement statement, RequestContext context) =>
        (statement.ServiceName is null || statement.ServiceName == context.ServiceName)
        && (statement.MaxDurationSeconds is null || context.DurationSeconds <= statement.MaxDurationSeconds);

    private static string NotAuthorized(Session caller, string action, string resource) =>
        $"User: {caller.PrincipalArn} is not authorized to perform: {action} on resource: {resource}";

    public static bool Matches(string pattern, string text) => FileSystemName.MatchesSimpleExpression(pattern, text, ignoreCase: false);
}
