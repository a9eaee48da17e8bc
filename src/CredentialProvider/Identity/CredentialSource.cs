using CredentialProvider.Configuration;
using CredentialProvider.Errors;
using CredentialProvider.FastStart;

namespace CredentialProvider.Identity;

/// <summary>
/// Where the credentials of a principal come from. It says everything that is needed to fetch them, and fetches nothing.
/// </summary>
/// <param name="Key">Differs for different principals and stays the same for the same one. Contains no secret.</param>
/// <param name="Description">For users: messages, the log, <c>cache list</c> and <c>doctor</c>.</param>
internal abstract record CredentialSource(string Key, string Description);

/// <summary>An access key from the environment or from one of AWS's shared files.</summary>
/// <param name="SessionToken">Null for a long-term key.</param>
internal sealed record AccessKeySource(
    string AccessKeyId, Secret SecretAccessKey, Secret? SessionToken, string Description)
    : CredentialSource("access key " + Fnv1a.Hash(AccessKeyId), Description)
{
    /// <summary>The description of one from AWS's variables.</summary>
    public const string FromEnvironment = "environment";
}

/// <summary>A role assumed with another source's credentials (AssumeRole).</summary>
/// <param name="Setting">The role_arn of a profile; null for a role from this project's settings.</param>
internal sealed record RoleSource(CredentialSource Source, RoleRequest Role, SharedProperty? Setting = null)
    : CredentialSource(Source.Key + " -> " + KeyOf(Role), Source.Description + " -> " + Describe(Role))
{
    /// <summary>Whatever IAM may decide by.</summary>
    public static string KeyOf(RoleRequest role) =>
        role.Arn + (role.ExternalId is null ? "" : " external id " + Fnv1a.Hash(role.ExternalId))
            + (role.SessionName is null ? "" : " session " + role.SessionName)
            + (role.SourceIdentity is null ? "" : " source identity " + role.SourceIdentity)
            + (role.Scope is null ? "" : $" {Describe(role.Scope)}")
            + (role.Tags is null ? "" : " tags " + string.Join("\n", Array.ConvertAll(role.Tags,
                tag => $"{tag.Key}\n{tag.Value}{(tag.IsTransitive ? "\ntransitive" : "")}")));

    public static string Describe(RoleRequest role) =>
        role.Scope is null ? role.Arn : $"{role.Arn} ({Describe(role.Scope)})";

    private static string Describe(SessionScope scope) =>
        $"for {(scope.IsPublishing ? "publishing to" : "reading from")} {scope.Feed.Domain}/{scope.Feed.Repository}";
}

/// <summary>A role assumed with an OIDC token (AssumeRoleWithWebIdentity): EKS and CI systems.</summary>
/// <param name="Setting">The web_identity_token_file of a profile; null if the environment names the token.</param>
internal sealed record WebIdentitySource(WebIdentityOrigin Origin, RoleRequest Role, SharedProperty? Setting = null)
    : CredentialSource($"web identity {Origin.Key} -> {RoleSource.KeyOf(Role)}",
        $"web identity{(Origin.Kind == WebIdentityOrigin.File ? "" : $" ({Origin})")} -> {RoleSource.Describe(Role)}");

/// <summary>A permission set of IAM Identity Center.</summary>
/// <param name="Session">Name of the sso-session section; null in the old format.</param>
/// <param name="RegistrationScopes">sso_registration_scopes, separated by commas; null if it is missing.</param>
internal sealed record SsoSource(
    string Profile, string? Session, string StartUrl, string Region, string AccountId, string RoleName,
    string? RegistrationScopes = null)
    : CredentialSource($"SSO {StartUrl} {(Session is null ? "" : $"{Fnv1a.Hash(Session)} ")}{AccountId}/{RoleName}",
        $"SSO role {RoleName} in account {AccountId} (profile {Profile})")
{
    /// <summary>What a sign-in asks for. The old format has no scopes, and its sessions cannot be renewed.</summary>
    public string[] Scopes => Session is null ? [] : [.. (RegistrationScopes ?? "sso:account:access").Split(',')
        .Select(scope => scope.Trim()).Where(scope => scope.Length > 0)];
}

/// <summary>A session of <c>aws login</c>.</summary>
/// <param name="Session">The ARN in login_session.</param>
/// <param name="Region">The profile's; null if it has none.</param>
internal sealed record LoginSource(string Profile, string Session, SharedProperty? Region)
    : CredentialSource($"login {Session}", $"aws login session (profile {Profile})");

/// <summary>A program that prints credentials.</summary>
/// <param name="Command">The profile's credential_process.</param>
/// <param name="Context">What the program may decide by: the machine, AWS_PROFILE, the variables in the command, and
/// AWS's shared files.</param>
internal sealed record ProcessSource(string Profile, SharedProperty Command, string Context)
    : CredentialSource($"process {Fnv1a.Hash(Command.Value)} of {Profile} on {Context}", $"credential_process of profile {Profile}");

/// <summary>The credentials endpoint of ECS, EKS Pod Identity or Greengrass. On ECS, the path of its URL
/// is all that authorizes, and an agent's clients get the description: it has the host only.</summary>
/// <param name="Caller">The authorization token, hashed: with EKS Pod Identity, all pods have the same URL and the same
/// path of the token. Null if there is none.</param>
/// <param name="Machine">As for an instance role: the URL may be one of this machine.</param>
internal sealed record ContainerSource(string Uri, string? TokenFile, string? Caller, string Machine)
    : CredentialSource($"container {Fnv1a.Hash(Uri)} {TokenFile} {Caller} on {Machine}",
        $"container credentials{From(Uri)}")
{
    private static string From(string uri)
    {
        var host = uri.IndexOf("://", StringComparison.Ordinal) is > 0 and var scheme ? scheme + "://".Length : uri.Length;
        var end = uri.IndexOfAny(['/', '\\', '?', '#', '@', ' '], host) is >= 0 and var found ? found : uri.Length;
        return end == host || (end < uri.Length && uri[end] == '@') ? "" : $" from {uri[..end]}";
    }
}

/// <summary>The role of the EC2 instance.</summary>
/// <param name="Machine">Identifies this machine, so that a home directory on a shared volume mixes no roles.</param>
/// <param name="Service">See <see cref="MetadataSettings.KeyOf"/>.</param>
internal sealed record InstanceRoleSource(string Machine, string Service)
    : CredentialSource($"instance role of {Machine}{Service}", "instance role");
