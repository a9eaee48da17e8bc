using System.IO.Enumeration;
using System.Text.Json.Nodes;

namespace LocalAws;

/// <summary>What a statement's conditions are held against.</summary>
internal sealed record RequestContext(string ServiceName = "", int DurationSeconds = 0);

/// <summary>Reads policies as people attach them: IAM's JSON policy language, as far as <see cref="Statement"/> goes.</summary>
public static class PolicyLanguage
{
    /// <summary>The statements of an identity's policy, one for each action and resource.</summary>
    public static List<Statement> Identity(JsonNode document) =>
    [
        .. from statement in Statements(document)
           from action in Texts(statement["Action"]!)
           from resource in Texts(statement["Resource"]!)
           select new Statement(action, resource, IsDeny: (string?)statement["Effect"] == "Deny")
           {
               ServiceName = (string?)statement["Condition"]?["StringEquals"]?["sts:AWSServiceName"],
           },
    ];

    /// <summary>The grants of a domain's or a repository's policy.</summary>
    public static List<Grant> Resource(JsonNode document) =>
    [
        .. from statement in Statements(document)
           from principal in Texts(statement["Principal"]!["AWS"]!)
           from action in Texts(statement["Action"]!)
           from resource in Texts(statement["Resource"]!)
           select new Grant(principal, action, resource),
    ];

    private static List<JsonNode> Statements(JsonNode document) => (string?)document["Version"] == "2012-10-17"
        ? [.. document["Statement"]!.AsArray().Select(statement => statement!)]
        : throw new InvalidDataException("no policy of version 2012-10-17");

    private static IEnumerable<string> Texts(JsonNode node) =>
        node is JsonArray array ? array.Select(text => (string)text!) : [(string)node!];
}

/// <summary>Evaluates the callers' policies as IAM does: a deny wins, an allow is needed.</summary>
internal static class Iam
{
    /// <summary>Null if allowed, else IAM's message.</summary>
    public static string? Refusal(Session caller, string action, string resource, RequestContext? context = null)
    {
        var statements = caller.Role.Policy.Where(statement => Matches(statement.Action, action)
            && Matches(statement.Resource, resource) && Holds(statement, context ?? new())).ToList();
        if (statements.Exists(s => s.IsDeny))
            return $"{Start(caller, action, resource)} with an explicit deny in an identity-based policy";
        return statements.Count > 0 ? null
            : $"{Start(caller, action, resource)} because no identity-based policy allows the {action} action";
    }

    /// <summary>Null if the policy of a domain or repository lets a caller of another account in; AWS gives no reason
    /// here.</summary>
    public static string? Refusal(Session caller, string action, string resource, string owner, IReadOnlyList<Grant> policy) =>
        caller.Role.Account == owner || policy.Any(grant => Matches(grant.Action, action) && Matches(grant.Resource, resource)
            && (grant.Principal == "*" || grant.Principal == caller.Role.Account || grant.Principal == caller.Role.Arn
                || grant.Principal == $"arn:aws:iam::{caller.Role.Account}:root"))
            ? null : Start(caller, action, resource);

    private static bool Holds(Statement statement, RequestContext context) =>
        (statement.ServiceName is null || statement.ServiceName == context.ServiceName)
        && (statement.MaxDurationSeconds is null || context.DurationSeconds <= statement.MaxDurationSeconds);

    private static string Start(Session caller, string action, string resource) =>
        $"User: {caller.PrincipalArn} is not authorized to perform: {action} on resource: {resource}";

    private static bool Matches(string pattern, string text) => FileSystemName.MatchesSimpleExpression(pattern, text, ignoreCase: false);
}
