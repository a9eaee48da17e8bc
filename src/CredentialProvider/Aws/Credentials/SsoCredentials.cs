using Amazon.Runtime;
using Amazon.SSOOIDC.Model;
using CredentialProvider.Errors;
using CredentialProvider.Identity;
using CredentialProvider.Platform;

namespace CredentialProvider.Aws.Credentials;

/// <summary>
/// The credentials of a profile that uses IAM Identity Center. They come from the SSO session that all AWS tools share,
/// which each of them renews for as long as it can. After that, the user has to sign in.
/// https://docs.aws.amazon.com/sdkref/latest/guide/understanding-sso.html
/// </summary>
internal sealed class SsoCredentials(SsoSource source, SsoCache cache, IdentityCenter center, TimeProvider time)
    : AsyncCredentials
{
    /// <summary>Sessions with less time than this are renewed.</summary>
    private static readonly TimeSpan Margin = TimeSpan.FromMinutes(5);

    /// <exception cref="SsoSessionExpiredException">The user has to sign in.</exception>
    /// <exception cref="NoTokenException">The user has no access to the role; signing in would not help.</exception>
    /// <exception cref="AwsCallException">IAM Identity Center cannot be reached, or is busy.</exception>
    public override async Task<ImmutableCredentials> GetCredentialsAsync()
    {
        var session = await FindSessionAsync();
        try
        {
            return await center.GetCredentialsAsync(source, session);
        }
        catch (AwsCallException e) when (AwsFailure.FindResponse(e) is { } response)
        {
            throw (Exception)(response.ErrorCode switch
            {
                "UnauthorizedException" => SignIn($"IAM Identity Center rejected it ({response.Message})", e),
                "ForbiddenException" or "ResourceNotFoundException" => new NoTokenException(ErrorCode.Profile,
                    $"AWS profile '{source.Profile}' cannot be used: IAM Identity Center grants no access to role "
                        + $"{source.RoleName} in account {source.AccountId} ({response.Message})",
                    "correct sso_account_id and sso_role_name, or have the permission set assigned to you", e),
                _ => e,
            });
        }
    }

    private async Task<SsoSession> FindSessionAsync()
    {
        var session = Read();
        if (IsFresh(session))
            return session;
        if (!session.IsRenewable(time.GetUtcNow()))
            return IsValid(session) ? session : throw SignIn($"it expired at {session.Expires:u}");
        using var taken = await RenewalLock.TakeAsync(cache.SessionFile!, time);
        session = Read();
        return IsFresh(session) ? session : await RenewAsync(session);
    }

    private SsoSession Read()
    {
        try
        {
            return cache.ReadSession() ?? throw SignIn("there is none, or its file is damaged");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw SignIn($"its file {cache.SessionFile} cannot be read: {e.Message}", e);
        }
    }

    private bool IsFresh(SsoSession session) => session.Expires - time.GetUtcNow() > Margin;

    private bool IsValid(SsoSession session) => session.Expires > time.GetUtcNow();

    private async Task<SsoSession> RenewAsync(SsoSession session)
    {
        try
        {
            var registration = session.Registration!;
            var renewed = await center.CallOidcAsync(async (client, stop) =>
                session.Renew(await client.CreateTokenAsync(new CreateTokenRequest
                {
                    GrantType = "refresh_token",
                    ClientId = registration.ClientId,
                    ClientSecret = registration.ClientSecret.Reveal(),
                    RefreshToken = session.RefreshToken!.Reveal(),
                }, stop), time.GetUtcNow()), CancellationToken.None);
            Write(renewed);
            return renewed;
        }
        catch (AwsCallException) when (IsValid(session))
        {
            return session;
        }
        catch (AwsCallException e) when (e.Failure.Transient is null
            && AwsFailure.FindResponse(e) is { ErrorCode.Length: > 0 } response)
        {
            // The AWS CLI does not know the lock, and its renewal ends this refresh token.
            return Read() is var current && IsFresh(current) ? current : throw SignIn(
                $"it expired at {session.Expires:u}, and AWS does not renew it ({response.ErrorCode})", e);
        }
    }

    private void Write(SsoSession renewed)
    {
        try
        {
            cache.Write(renewed);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The session is valid all the same. If AWS no longer takes the old refresh token, the next process reports
            // that the user has to sign in.
        }
    }

    private SsoSessionExpiredException SignIn(string why, Exception? cause = null) =>
        new(source.Profile, why, cause, new SsoSignIn(source, cache, center, time))
        {
            Command = $"nuget-plugin-codeartifact login {ShellText.Option("--profile", source.Profile)}",
        };
}

/// <summary>The user has to sign in to IAM Identity Center before there can be credentials.</summary>
internal sealed class SsoSessionExpiredException(string profile, string why, Exception? cause, SsoSignIn signIn)
    : NoTokenException(ErrorCode.BadCredentials, $"AWS profile '{profile}' has no valid SSO session: {why}",
        $"sign in: nuget-plugin-codeartifact login {ShellText.Option("--profile", profile)} "
            + $"(or: aws sso login {ShellText.Option("--profile", profile)})", cause)
{
    public SsoSignIn SignIn => signIn;
}
