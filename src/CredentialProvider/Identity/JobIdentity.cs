using CredentialProvider.Configuration;
using CredentialProvider.Errors;

namespace CredentialProvider.Identity;

/// <summary>The identity of a CI job: CODEARTIFACT_WEB_IDENTITY turns its OIDC token into the first of this project's
/// roles. Like CODEARTIFACT_PROFILE, it comes before everything of AWS's own order.</summary>
internal static class JobIdentity
{
    private const string Setting = WebIdentityOrigin.Setting;

    /// <param name="profileOrigin">What sets the feed's profile, for messages.</param>
    /// <exception cref="NoTokenException">The setting cannot be used for this feed.</exception>
    public static WebIdentitySource Of(FeedSettings feed, WebIdentityOrigin origin, string profileOrigin)
    {
        if (feed.Profile is { } profile)
        {
            throw Invalid($"{Setting} is '{origin}', but AWS profile '{profile}' ({profileOrigin}) is set too",
                "unset one of them: only one can sign");
        }

        if (feed.Roles is not [var role, ..])
        {
            throw Invalid($"{Setting} is '{origin}', but this feed has no role to exchange the token for",
                "set CODEARTIFACT_ROLE_ARN to the role that trusts the CI system");
        }

        return role.ExternalId is null ? new WebIdentitySource(origin, role)
            : throw Invalid($"{Setting} is '{origin}', but role {role.Arn} has an external ID, which cannot be sent with an OIDC token",
                "remove the external ID of the first role; its trust policy can require a subject instead");
    }

    private static NoTokenException Invalid(string why, string fix) => new(ErrorCode.Setting, why, fix);
}
