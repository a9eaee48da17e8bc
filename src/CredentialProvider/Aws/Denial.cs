using CredentialProvider.Errors;
using CredentialProvider.Feeds;
using CredentialProvider.Platform;

namespace CredentialProvider.Aws;

/// <summary>
/// A refusal by IAM. Its message names one kind of policy that refused, and the fix is for that kind.
/// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
/// </summary>
/// <param name="Purpose">What to do; ends before the command if there is one.</param>
/// <param name="Command">Prints the missing policy or shows the one that refused; null if no command helps.</param>
internal sealed record Denial(string Purpose, string? Command = null)
{
    public string Fix => Command is null ? Purpose : $"{Purpose}: {Command}";

    /// <param name="message">IAM's. It names the caller: one from another account needs policies on both sides.</param>
    public static Denial Of(Feed feed, string message, bool isPublishing = false)
    {
        bool Has(string text) => message.Contains(text, StringComparison.OrdinalIgnoreCase);
        var (isExplicit, action) = (Has("explicit deny"), FindAction(message));
        var change = isExplicit ? $"remove the deny of {action} from" : $"allow {action} in";
        if (Has("service control policy") || Has("resource control policy"))
        {
            return new Denial($"ask the administrators of the AWS organization to {change} its "
                + $"{(Has("service control policy") ? "service" : "resource")} control policy; no policy of the role can");
        }

        if (Has("VPC endpoint policy"))
            return new Denial($"{change} the policy of the VPC endpoint for {EndpointOf(action)}");
        if (Has("permissions boundary"))
            return new Denial($"{change} the permissions boundary of the role");
        if (Has("session policy"))
        {
            return new Denial($"{change} the session policy that the role is assumed with; for \"scope\" in codeartifact.json, "
                + "set it to \"publish\" to publish, or remove it");
        }

        if (Has("kms:"))
            return new Denial($"allow {action} in the policy of the KMS key that encrypts the domain");
        if (isExplicit && Has("resource-based policy"))
            return new Denial($"{change} the policy of the domain or repository", ShowPolicy(feed, message));
        if (isExplicit)
            return new Denial($"{change} the policies of the caller");
        var account = FindAccount(message);
        var isOther = account is not null && feed.Owner.Length > 0 && account != feed.Owner;
        return new Denial(
            (isOther ? $"use a profile of account {feed.Owner}, or " : "") + "attach the policy printed by",
            PolicyCommand(feed, isPublishing, isOther ? account : null));
    }

    /// <summary>Of a role, or of what the request sets besides: a source identity or tags.</summary>
    public static Denial OfRole(AwsCall call, string message)
    {
        var (role, feed) = call.Assumed!.Value;
        if (call.Token is { } token)
        {
            const string Purpose = "allow sts:AssumeRoleWithWebIdentity for this subject, issuer and audience in the role's trust policy";
            var account = FindAccount(role.Arn);
            return OfRole(Purpose, feed, account == feed.Owner ? null : account, token.PolicyOptions);
        }

        var action = FindAction(message);
        var option = action == "sts:SetSourceIdentity" ? " --source-identity"
            : action == "sts:TagSession" && role.Tags is { } tags
                ? " --tags " + ShellText.Quote(string.Join(",", Array.ConvertAll(tags, tag => tag.Key))) : null;
        return action is not ("sts:SetSourceIdentity" or "sts:TagSession")
            ? new Denial("allow sts:AssumeRole on the role in the caller's policy, and allow the caller (with its external ID, "
                + "if one is required) in the role's trust policy")
            : OfRole($"allow {action} on the role in the caller's policy and in the role's trust policy",
                feed, principal: null, option);
    }

    /// <param name="options">Of <c>policy</c>; null if it cannot print the trust policy.</param>
    private static Denial OfRole(string purpose, Feed feed, string? principal, string? options)
    {
        var denial = new Denial(purpose + ", which this prints",
            PolicyCommand(feed, isPublishing: false, principal) + options);
        // A command that is cut, or has asterisks in place of a value, would print another policy.
        var isPrintable = PrintableText.Of(denial.Fix, PrintableText.MaxFixLength) == denial.Fix;
        return options is not null && isPrintable ? denial : new Denial(purpose);
    }

    /// <summary>The command that prints the missing policy.</summary>
    private static string PolicyCommand(Feed feed, bool isPublishing, string? principal)
    {
        var target = feed.Repository.Length > 0 ? $"{feed.Domain}/{feed.Repository}" : feed.Domain;
        return $"nuget-plugin-codeartifact policy {ShellText.Quote(target)}"
            + (feed.Owner.Length > 0 ? $" --owner {ShellText.Quote(feed.Owner)}" : "")
            + $" --region {ShellText.Quote(feed.Region)}{(isPublishing ? " --publish" : "")}"
            + (principal is null ? "" : $" --principal {principal}");
    }

    private static string ShowPolicy(Feed feed, string message)
    {
        var isDomain = feed.Repository.Length == 0 || message.Contains(":domain/", StringComparison.Ordinal);
        return $"aws codeartifact get-{(isDomain ? "domain" : "repository")}-permissions-policy {AwsCli.DomainOptions(feed)}"
            + (isDomain ? "" : $" --repository {ShellText.Quote(feed.Repository)}");
    }

    /// <summary>The action that was refused, such as <c>codeartifact:GetAuthorizationToken</c>.</summary>
    private static string FindAction(string message)
    {
        const string Before = "to perform: ";
        var start = message.IndexOf(Before, StringComparison.Ordinal) + Before.Length;
        var end = start < Before.Length ? -1 : message.IndexOf(' ', start);
        return end < 0 ? "the action" : message[start..end];
    }

    private static string EndpointOf(string action) =>
        action.StartsWith("s3:", StringComparison.Ordinal) ? "s3"
        : action.StartsWith("sts:", StringComparison.Ordinal) && action != "sts:GetServiceBearerToken" ? "sts"
        : action is "codeartifact:ReadFromRepository" or "codeartifact:PublishPackageVersion" ? "codeartifact.repositories"
        : "codeartifact.api";

    /// <summary>The caller's account: that of the first STS or IAM ARN.</summary>
    private static string? FindAccount(string message)
    {
        var start = message.IndexOf(":sts::", StringComparison.Ordinal);
        if (start < 0)
            start = message.IndexOf(":iam::", StringComparison.Ordinal);
        var account = start < 0 ? "" : message[(start + 6)..Math.Min(message.Length, start + 18)];
        return Feed.IsOwner(account) ? account : null;
    }
}
