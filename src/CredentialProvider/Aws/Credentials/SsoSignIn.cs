using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Amazon.SSOOIDC;
using Amazon.SSOOIDC.Model;
using CredentialProvider.Errors;
using CredentialProvider.Identity;
using CredentialProvider.Platform;

namespace CredentialProvider.Aws.Credentials;

/// <summary>
/// Signs the user in to IAM Identity Center and stores the session where all AWS tools find it. The authorization code
/// flow (RFC 6749, with PKCE of RFC 7636) needs a browser on this machine, so a link that an attacker sends cannot
/// complete it. The device code flow (RFC 8628) works with a browser anywhere.
/// </summary>
internal sealed class SsoSignIn(SsoSource source, SsoCache cache, IdentityCenter center, TimeProvider time)
{
    private const string DeviceGrant = "urn:ietf:params:oauth:grant-type:device_code";

    /// <summary>A registration with less time than this is replaced: it also renews the session.</summary>
    private static readonly TimeSpan RegistrationMargin = TimeSpan.FromMinutes(15);

    /// <summary>For the user, in the browser.</summary>
    private static readonly TimeSpan BrowserTimeout = TimeSpan.FromMinutes(10);

    /// <summary>RFC 8628, sections 3.2 and 3.5.</summary>
    private static readonly TimeSpan DefaultInterval = TimeSpan.FromSeconds(5), SlowDown = TimeSpan.FromSeconds(5);

    /// <summary>The domains of a build that need the same session ask the user once.</summary>
    private static readonly SemaphoreSlim SigningIn = new(1, 1);

    private readonly Retries _retries = new(time, Random.Shared.NextDouble, Retries.Timeout);

    /// <summary>Returns when the user has signed in.</summary>
    /// <param name="show">Shows a line that says where to sign in.</param>
    /// <param name="openBrowser">Opens a URL in a browser on this machine; null for the device code flow, which the old
    /// format of profiles always uses, as in the AWS CLI.</param>
    /// <exception cref="NoTokenException">The user did not sign in, or the session cannot be stored.</exception>
    /// <exception cref="AwsCallException">IAM Identity Center cannot be reached.</exception>
    public async Task RunAsync(Action<string> show, Action<string>? openBrowser, CancellationToken cancel)
    {
        var before = TryRead();
        await SigningIn.WaitAsync(cancel);
        try
        {
            if (TryRead() is { } other && other.AccessToken.Reveal() != before?.AccessToken.Reveal()
                && other.Expires > time.GetUtcNow())
            {
                return;
            }

            var isForBrowser = openBrowser is not null && source.Session is not null;
            var registration = await RegisterAsync(isForBrowser, cancel);
            var session = isForBrowser ? await UseBrowserAsync(registration, show, openBrowser!, cancel)
                : await UseDeviceCodeAsync(registration, show, cancel);
            cache.Write(session);
        }
        catch (AwsCallException e) when (e.Failure.Transient is null
            && AwsFailure.FindResponse(e) is { ErrorCode.Length: > 0 } response)
        {
            if (response.ErrorCode is "InvalidClientException" or "UnauthorizedClientException")
                cache.ForgetRegistration();
            throw NotCompleted(response.ErrorCode == "ExpiredTokenException" ? "the code has expired"
                : response.Message is { Length: > 0 } message ? message : response.ErrorCode, e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw NotCompleted($"the session cannot be stored: {e.Message}", e);
        }
        catch (Exception e) when (e is TimeoutException or SocketException)
        {
            throw NotCompleted(e.Message, e);
        }
        finally
        {
            SigningIn.Release();
        }
    }

    private SsoSession? TryRead()
    {
        try
        {
            return cache.ReadSession();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private async Task<SsoRegistration> RegisterAsync(bool isForBrowser, CancellationToken cancel)
    {
        if (cache.ReadRegistration(isForBrowser) is { } known && known.Expires - time.GetUtcNow() > RegistrationMargin)
            return known;
        var request = new RegisterClientRequest { ClientName = SsoCache.ClientName, ClientType = "public" };
        if (source.Scopes is { Length: > 0 } scopes)
            request.Scopes = [.. scopes];
        if (isForBrowser)
        {
            request.GrantTypes = [.. SsoRegistration.BrowserGrants];
            request.RedirectUris = [AuthorizationCallback.RegisteredUri];
            request.IssuerUrl = source.StartUrl;
        }

        var response = await CallAsync((client, stop) => client.RegisterClientAsync(request, stop), cancel);
        var registration = new SsoRegistration(response.ClientId, new Secret(response.ClientSecret),
            DateTimeOffset.FromUnixTimeSeconds(response.ClientSecretExpiresAt ?? 0), isForBrowser);
        cache.Write(registration);
        return registration;
    }

    private async Task<SsoSession> UseBrowserAsync(
        SsoRegistration registration, Action<string> show, Action<string> openBrowser, CancellationToken cancel)
    {
        var (state, verifier) = (RandomText(), RandomText());
        using var callback = new AuthorizationCallback(state);
        var challenge = Base64UrlText.Encode(SHA256.HashData(Encoding.ASCII.GetBytes(verifier)));
        var query = new[]
        {
            ("response_type", "code"), ("client_id", registration.ClientId), ("redirect_uri", callback.RedirectUri),
            ("state", state), ("code_challenge_method", "S256"), ("scopes", string.Join(" ", source.Scopes)),
            ("code_challenge", challenge),
        };
        var url = $"{center.AuthorizationPage}?"
            + string.Join("&", query.Select(pair => $"{pair.Item1}={Uri.EscapeDataString(pair.Item2)}"));
        show($"AWS profile '{source.Profile}': sign in using the browser on this machine; if it does not open, go to {url}");
        openBrowser(url);
        var code = await callback.WaitAsync(BrowserTimeout, cancel) switch
        {
            { Code: { } received } => received,
            { Error: { } error } => throw NotCompleted(error),
            _ => throw NotCompleted($"the browser did not respond within {BrowserTimeout.TotalMinutes:0} minutes "
                + "(add --device-code if this machine has no browser)"),
        };
        return await CreateSessionAsync(registration, new CreateTokenRequest
        {
            GrantType = SsoRegistration.BrowserGrants[0],
            Code = code,
            RedirectUri = callback.RedirectUri,
            CodeVerifier = verifier,
        }, cancel);
    }

    private async Task<SsoSession> UseDeviceCodeAsync(
        SsoRegistration registration, Action<string> show, CancellationToken cancel)
    {
        var device = await CallAsync((client, stop) => client.StartDeviceAuthorizationAsync(
            new StartDeviceAuthorizationRequest
            {
                ClientId = registration.ClientId,
                ClientSecret = registration.ClientSecret.Reveal(),
                StartUrl = source.StartUrl,
            }, stop), cancel);
        show($"AWS profile '{source.Profile}': sign in at {device.VerificationUriComplete ?? device.VerificationUri} "
            + $"with the code {device.UserCode}");
        var interval = device.Interval is > 0 ? TimeSpan.FromSeconds(device.Interval.Value) : DefaultInterval;
        var started = time.GetTimestamp();
        while (true)
        {
            try
            {
                return await CreateSessionAsync(registration, new CreateTokenRequest
                {
                    GrantType = DeviceGrant,
                    DeviceCode = device.DeviceCode,
                }, cancel);
            }
            catch (AwsCallException e) when (AwsFailure.FindResponse(e)?.ErrorCode
                is "AuthorizationPendingException" or "SlowDownException")
            {
                if (AwsFailure.FindResponse(e)!.ErrorCode == "SlowDownException")
                    interval += SlowDown;
                if (time.GetElapsedTime(started).TotalSeconds > (device.ExpiresIn ?? 0))
                    throw NotCompleted("the code has expired", e);
            }

            await time.Delay(interval, cancel);
        }
    }

    private Task<SsoSession> CreateSessionAsync(
        SsoRegistration registration, CreateTokenRequest request, CancellationToken cancel)
    {
        request.ClientId = registration.ClientId;
        request.ClientSecret = registration.ClientSecret.Reveal();
        return CallAsync(async (client, stop) => SsoSession.From(
            await client.CreateTokenAsync(request, stop), registration, time.GetUtcNow()), cancel);
    }

    private Task<T> CallAsync<T>(Func<IAmazonSSOOIDC, CancellationToken, Task<T>> call, CancellationToken cancel) =>
        _retries.RunAsync(stop => center.CallOidcAsync(call, stop), waiting: null, cancel);

    /// <summary>256 bits: the length that RFC 7636, section 4.1, recommends for a verifier.</summary>
    private static string RandomText()
    {
        var bytes = new byte[32];
        using var random = RandomNumberGenerator.Create();
        random.GetBytes(bytes);
        return Base64UrlText.Encode(bytes);
    }

    private NoTokenException NotCompleted(string why, Exception? cause = null) => new(ErrorCode.BadCredentials,
        $"sign-in for AWS profile '{source.Profile}' was not completed: {why}",
        $"try again: nuget-plugin-codeartifact login {ShellText.Option("--profile", source.Profile)}", cause);
}
