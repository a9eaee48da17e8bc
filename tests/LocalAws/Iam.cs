using System.IO.Enumeration;

namespace LocalAws;

/// <summary>What a statement's conditions are held against.</summary>
internal sealed record RequestContext(string ServiceName = "", int DurationSeconds = 0);

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

    /// <summary>Null if the domain's policy lets a caller of another account in; AWS gives no reason here.</summary>
    public static string? Refusal(Session caller, string action, string resource, string owner, IReadOnlyList<Grant> policy) =>
        caller.Role.Account == owner || policy.Any(grant => Matches(grant.Action, action)
            && (grant.Principal == "*" || grant.Principal == caller.Role.Account || grant.Principal == caller.Role.Arn))
            ? null : Start(caller, action, resource);

    private static bool Holds(Statement statement, RequestContext context) =>
        (statement.ServiceName is null || statement.ServiceName == context.ServiceName)
        && (statement.MaxDurationSeconds is null || context.DurationSeconds <= statement.MaxDurationSeconds);

    private static string Start(Session caller, string action, string resource) =>
        $"User: {caller.PrincipalArn} is not authorized to perform: {action} on resource: {resource}";

    private static bool Matches(string pattern, string text) => FileSystemName.MatchesSimpleExpression(pattern, text, ignoreCase: false);
}
