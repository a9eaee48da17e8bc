using Amazon.Runtime;

namespace CredentialProvider.Aws;

/// <summary>
/// The credentials of a profile with single sign-on: from the cache that all AWS tools share (~/.aws/sso/cache), renewed
/// while they can be. Once they cannot, a person has to sign in.
/// https://docs.aws.amazon.com/sdkref/latest/guide/understanding-sso.html
/// </summary>
internal sealed class SingleSignOn(string profile, SSOAWSCredentials credentials) : AWSCredentials
{
    /// <summary>What a person sees who is asked to allow it.</summary>
    private const string ClientName = "nuget-plugin-codeartifact";

    /// <summary>The SDK's synchronous path, which this program never takes.</summary>
    public override ImmutableCredentials GetCredentials() => throw new NotSupportedException();

    /// <exception cref="SignedOutException">Nobody is signed in any more.</exception>
    public override async Task<ImmutableCredentials> GetCredentialsAsync()
    {
        try
        {
            return await credentials.GetCredentialsAsync();
        }
        catch (Exception e) when (AwsFailure.IsOfNetwork(e))
        {
            throw AwsFailure.OfConnection($"https://portal.sso.{credentials.Region}.amazonaws.com", e);
        }
        catch (Exception e) when (e is AmazonClientException or AmazonServiceException)
        {
            throw new SignedOutException(profile, e, SignInAsync);
        }
    }

    /// <summary>The device flow (RFC 8628): shows where to sign in and with which code, and waits for it.</summary>
    private async Task SignInAsync(Action<string> show, CancellationToken cancel)
    {
        var options = credentials.Options;
        options.ClientName = ClientName;
        options.SupportsGettingNewToken = true;
        options.SsoVerificationCallback = at => show(
            $"AWS profile '{profile}': sign in at {at.VerificationUriComplete ?? at.VerificationUri} with the code {at.UserCode}");
        try
        {
            // The SDK writes the session to the cache, where the mode of the process decides who can read it.
            Platform.Posix.KeepNewFilesPrivate();
            await credentials.GetCredentialsAsync().WaitAsync(cancel);
        }
        catch (Exception e) when (AwsFailure.IsOfNetwork(e) && !cancel.IsCancellationRequested)
        {
            throw AwsFailure.OfConnection($"https://oidc.{credentials.Region}.amazonaws.com", e);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            throw new NoTokenException(ErrorCode.BadCredentials,
                $"nobody signed in for AWS profile '{profile}': {e.Message}",
                $"try again: nuget-plugin-codeartifact login --profile {profile}", e);
        }
        finally
        {
            options.SupportsGettingNewToken = false;
        }
    }
}

/// <summary>A person has to sign in before there can be a token.</summary>
/// <param name="signIn">Shows a person the way and returns when it is done.</param>
internal sealed class SignedOutException(
    string profile, Exception cause, Func<Action<string>, CancellationToken, Task> signIn)
    : NoTokenException(ErrorCode.BadCredentials,
        $"the single sign-on of AWS profile '{profile}' is over or not begun: {cause.Message}",
        $"sign in: nuget-plugin-codeartifact login --profile {profile} (or: aws sso login --profile {profile})", cause)
{
    public Task SignInAsync(Action<string> show, CancellationToken cancel) => signIn(show, cancel);
}
