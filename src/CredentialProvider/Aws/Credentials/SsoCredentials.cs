using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using Amazon.Runtime;
using CredentialProvider.Configuration;
using CredentialProvider.Errors;
using CredentialProvider.Identity;
using CredentialProvider.Platform;

namespace CredentialProvider.Aws.Credentials;

/// <summary>
/// The credentials of a profile that uses IAM Identity Center. They come from the SSO session that all AWS tools share
/// in ~/.aws/sso/cache, which the SDK renews for as long as it can. After that, the user has to sign in.
/// https://docs.aws.amazon.com/sdkref/latest/guide/understanding-sso.html
/// </summary>
internal sealed class SsoCredentials(SsoSource source) : AsyncCredentials
{
    /// <summary>Shown in the browser to the user who approves the sign-in.</summary>
    private const string ClientName = "nuget-plugin-codeartifact";

    private readonly AwsCall _portal = AwsCall.ToIdentityCenter($"https://portal.sso.{source.Region}.amazonaws.com");

    /// <summary>The portal has refused the cached session although it has not expired.</summary>
    private bool _isRefused;

    /// <exception cref="SsoSessionExpiredException">The user has to sign in.</exception>
    /// <exception cref="NoTokenException">The user has no access to the role; signing in would not help.</exception>
    /// <exception cref="AwsCallException">The portal cannot be reached, or is busy.</exception>
    public override async Task<ImmutableCredentials> GetCredentialsAsync()
    {
        using var credentials = Create();
        try
        {
            return await credentials.GetCredentialsAsync();
        }
        catch (Exception e) when (AwsFailure.IsOfNetwork(e) || AwsFailure.Judge(_portal, e).Transient is not null)
        {
            throw new AwsCallException(_portal, e);
        }
        catch (Exception e) when (AwsFailure.FindResponse(e)?.ErrorCode is "ForbiddenException"
            or "ResourceNotFoundException")
        {
            throw new NoTokenException(ErrorCode.Profile,
                $"AWS profile '{source.Profile}' cannot be used: IAM Identity Center grants no access to role "
                    + $"{source.RoleName} in account {source.AccountId} ({AwsFailure.FindResponse(e)!.Message})",
                "correct sso_account_id and sso_role_name, or have the permission set assigned to you", e);
        }
        catch (Exception e) when (e is AmazonClientException or AmazonServiceException)
        {
            _isRefused = AwsFailure.FindResponse(e)?.ErrorCode == "UnauthorizedException";
            throw new SsoSessionExpiredException(source.Profile, e, SignInAsync)
            {
                Command = $"nuget-plugin-codeartifact login --profile {ShellText.Quote(source.Profile)}",
            };
        }
    }

    /// <summary>The device code flow (RFC 8628): shows a URL and a code, and waits for the user's approval.</summary>
    private async Task SignInAsync(Action<string> show, CancellationToken cancel)
    {
        if (_isRefused)
            ForgetSession();
        using var credentials = Create();
        var options = credentials.Options;
        options.SupportsGettingNewToken = true;
        options.SsoVerificationCallback = device => show($"AWS profile '{source.Profile}': sign in at "
            + $"{device.VerificationUriComplete ?? device.VerificationUri} with the code {device.UserCode}");
        try
        {
            // The SDK writes the session to the cache with the mode that the process's umask leaves.
            Posix.KeepNewFilesPrivate();
            await credentials.GetCredentialsAsync().WaitAsync(cancel);
        }
        catch (Exception e) when (AwsFailure.IsOfNetwork(e) && !cancel.IsCancellationRequested)
        {
            throw new AwsCallException(
                AwsCall.ToIdentityCenter($"https://oidc.{source.Region}.amazonaws.com"), e);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            throw new NoTokenException(ErrorCode.BadCredentials,
                $"sign-in for AWS profile '{source.Profile}' was not completed: {e.Message}",
                $"try again: nuget-plugin-codeartifact login --profile {ShellText.Quote(source.Profile)}", e);
        }
    }

    /// <summary>Deletes the cached session: the SDK would use it again for as long as it looks valid.</summary>
    [SuppressMessage("Security", "CA5350", Justification = "AWS names these files by SHA-1")]
    private void ForgetSession()
    {
        var name = new StringBuilder();
        foreach (var b in SHA1.HashData(Encoding.UTF8.GetBytes(source.Session ?? source.StartUrl)))
            name.Append(b.ToString("x2"));
        OwnerOnlyFile.TryDelete(Path.Combine(Settings.Home, ".aws", "sso", "cache", name + ".json"));
    }

    private SSOAWSCredentials Create() => new(source.AccountId, source.Region, source.RoleName, source.StartUrl,
        new SSOAWSCredentialsOptions { SessionName = source.Session, ClientName = ClientName });
}

/// <summary>The user has to sign in to IAM Identity Center before there can be credentials.</summary>
/// <param name="signIn">Shows how, and returns when the user is signed in.</param>
internal sealed class SsoSessionExpiredException(
    string profile, Exception cause, Func<Action<string>, CancellationToken, Task> signIn)
    : NoTokenException(ErrorCode.BadCredentials,
        $"the SSO session for AWS profile '{profile}' has expired or was never started: {cause.Message}",
        $"sign in: nuget-plugin-codeartifact login --profile {ShellText.Quote(profile)} "
            + $"(or: aws sso login --profile {ShellText.Quote(profile)})", cause)
{
    /// <exception cref="NoTokenException">The user did not sign in.</exception>
    /// <exception cref="AwsCallException">IAM Identity Center cannot be reached.</exception>
    public Task SignInAsync(Action<string> show, CancellationToken cancel) => signIn(show, cancel);
}
