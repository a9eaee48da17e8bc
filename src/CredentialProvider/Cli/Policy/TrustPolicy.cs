using CredentialProvider.Aws;
using CredentialProvider.Errors;
using CredentialProvider.FastStart;
using CredentialProvider.Feeds;

namespace CredentialProvider.Cli.Policy;

/// <summary>Who may assume the role that restores, and what they may pass.</summary>
/// <param name="Principal">An account ID, or the ARN of a role or user; null for the role's own account.</param>
/// <param name="Issuer">Of OIDC tokens, in place of the principal: a name of <see cref="Issuers"/> or a URL; null for
/// AWS credentials.</param>
/// <param name="Subject">The sub of those tokens; <c>*</c> matches anything.</param>
/// <param name="Audience">The aud of those tokens.</param>
/// <param name="PassesSourceIdentity">The caller passes a source identity.</param>
/// <param name="Tags">Keys of the tags that the caller passes.</param>
internal sealed record TrustPolicy(string? Principal, string? Issuer, string? Subject, string Audience,
    bool PassesSourceIdentity, string[] Tags)
{
    /// <summary>Names of issuers that are the same for everybody.</summary>
    public static IReadOnlyDictionary<string, string> Issuers { get; } = new Dictionary<string, string>
    {
        ["github"] = "token.actions.githubusercontent.com",
        ["gitlab"] = "gitlab.com",
        ["buildkite"] = "agent.buildkite.com",
    };

    /// <param name="account">The role's.</param>
    /// <exception cref="CommandFailedException">The principal, the issuer or a value is invalid.</exception>
    public PolicyDocument For(Feed feed, string account)
    {
        var assume = Issuer is null ? "sts:AssumeRole" : "sts:AssumeRoleWithWebIdentity";
        List<string> actions = [assume];
        if (PassesSourceIdentity)
            actions.Add("sts:SetSourceIdentity");
        if (Tags.Length > 0)
            actions.Add("sts:TagSession");
        List<PolicyCondition> conditions = [];
        var principal = ("AWS", PolicyDocuments.PrincipalArn(Principal ?? account, feed));
        if (Issuer is not null)
        {
            var host = HostOf(Issuer);
            principal = ("Federated", $"arn:{Partition.OfRegion(feed.Region)!.Name}:iam::{account}:oidc-provider/{host}");
            conditions.Add(new PolicyCondition("StringEquals", $"{host}:aud", [Checked("--audience", Audience)]));
            var isPattern = Subject!.Contains('*', StringComparison.Ordinal);
            conditions.Add(new PolicyCondition(
                isPattern ? "StringLike" : "StringEquals", $"{host}:sub", [Checked("--subject", Subject!)]));
        }

        if (Tags.Length > 0)
        {
            conditions.Add(new PolicyCondition("ForAllValues:StringEquals", "aws:TagKeys",
                Array.ConvertAll(Tags, tag => Checked("--tags", tag))));
        }

        return new PolicyDocument(PolicyTarget.Trust, "codeartifact_reader_role", "the trust policy of that role", feed,
            [new("Assume", [.. actions], []) { Principal = principal, Conditions = [.. conditions] }]);
    }

    /// <summary>A value as it was given: the filter of printed texts would change what is allowed.</summary>
    private static string Checked(string option, string value) => !PrintableText.HasControls(value) ? value
        : throw new CommandFailedException(
            $"no trust policy: {option} contains a control character; give its value without it");

    /// <summary>The issuer without https://, as IAM names its provider.</summary>
    private static string HostOf(string issuer)
    {
        if (Issuers.TryGetValue(issuer, out var known))
            return known;
        return Uri.TryCreate(issuer, UriKind.Absolute, out var uri) && uri.Scheme == Uri.UriSchemeHttps && uri.UserInfo.Length == 0
            && uri.Query.Length == 0 && AsciiText.IsHeaderValue(issuer)
            ? issuer["https://".Length..].TrimEnd('/')
            : throw new CommandFailedException($"'{issuer}' is not an issuer of OIDC tokens; expected "
                + $"{string.Join(", ", Issuers.Keys)} or a URL such as https://vstoken.dev.azure.com/ORGANIZATION-ID");
    }
}
