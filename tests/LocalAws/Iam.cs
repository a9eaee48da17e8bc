using System.IO.Enumeration;

namespace LocalAws;

/// <summary>Evaluates the callers' policies as IAM does: a deny wins, an allow is needed.</summary>
internal static class Iam
{
    /// <summary>Null if allowed, else IAM's message.</summary>
    public static string? Refusal(Session caller, string action, string resource)
    {
        var statements = caller.Role.Policy.Where(s => Matches(s.Action, action) && Matches(s.Resource, resource)).ToList();
        if (statements.Exists(s => s.IsDeny))
            return $"{Start(caller, action, resource)} with an explicit deny in an identity-based policy";
        return statements.Count > 0 ? null
            : $"{Start(caller, action, resource)} because no identity-based policy allows the {action} action";
    }

    private static string Start(Session caller, string action, string resource) =>
        $"User: {caller.PrincipalArn} is not authorized to perform: {action} on resource: {resource}";

    private static bool Matches(string pattern, string text) => FileSystemName.MatchesSimpleExpression(pattern, text, ignoreCase: false);
}
