using System.Net;
using System.Net.Http;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Amazon.Runtime;
using CredentialProvider.Configuration;
using CredentialProvider.Errors;
using CredentialProvider.Feeds;
using CredentialProvider.Identity;
using CredentialProvider.Platform;

namespace CredentialProvider.Aws.Credentials;

/// <summary>
/// The credentials of an <c>aws login</c> session. Like the AWS CLI, this program renews them in their last minutes and
/// writes them back, so that each tool continues where the other stopped.
/// https://docs.aws.amazon.com/signin/latest/userguide/command-line-sign-in.html
/// </summary>
/// <param name="region">Where the session is renewed unless the profile has a region.</param>
/// <param name="signIn">What the environment and the profile in use say about the endpoint of AWS Sign-In.</param>
internal sealed class LoginCredentials(
    LoginSource source, string region, ServiceEndpoint signIn, Settings settings, TimeProvider time)
    : AsyncCredentials
{
    /// <summary>Credentials with less time than this are renewed, as the AWS CLI does.</summary>
    private static readonly TimeSpan Margin = TimeSpan.FromMinutes(5);

    private static readonly TimeSpan RequestTimeout = TimeSpan.FromSeconds(10);

    private readonly LoginCache _cache = new(settings.AwsLoginCacheFolder, source.Session);

    /// <exception cref="NoTokenException">The user has to sign in, or may not renew the session.</exception>
    /// <exception cref="AwsCallException">The session could not be renewed.</exception>
    public override async Task<ImmutableCredentials> GetCredentialsAsync()
    {
        var session = Read();
        if (IsFresh(session))
            return session.Credentials;
        using var taken = await RenewalLock.TakeAsync(_cache.File, time);
        session = Read();
        if (IsFresh(session))
            return session.Credentials;
        // AWS takes each refresh token once: if the next one cannot be stored, the session is lost for every tool.
        if (!_cache.IsWritable())
            return session.Expires > time.GetUtcNow() ? session.Credentials : throw Unwritable(_cache.File);
        return (await RenewAsync(session)).Credentials;
    }

    private LoginSession Read()
    {
        try
        {
            return _cache.Read() ?? throw SignIn($"its session file {_cache.File} is incomplete or damaged");
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw SignIn($"its session file {_cache.File} does not exist", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw SignIn($"its session file {_cache.File} cannot be read: {e.Message}", e);
        }
    }

    private bool IsFresh(LoginSession session) => session.Expires - time.GetUtcNow() > Margin;

    private async Task<LoginSession> RenewAsync(LoginSession session)
    {
        var endpoint = FindEndpoint();
        var url = $"{endpoint}/v1/token";
        try
        {
            using var http = AwsClients.CreateHttpClient(settings, RequestTimeout, signIn.CaBundle);
            using var request = CreateRequest(session, url);
            using var response = await http.SendAsync(request);
            var body = await response.Content.ReadAsStringAsync();
            if (!response.IsSuccessStatusCode)
                return Judge(session, response.StatusCode, body);
            var renewed = session.Renew(JsonNode.Parse(body), time.GetUtcNow())
                ?? throw new JsonException("the response has no credentials");
            Write(renewed);
            return renewed;
        }
        catch (Exception e) when (e is not NoTokenException)
        {
            throw new AwsCallException(AwsCall.ToSignIn(endpoint, signIn), e);
        }
    }

    private string FindEndpoint()
    {
        // The AWS CLI's order, in which it also chose the region of the session.
        var (name, place) = settings.AwsRegion is { } own ? (own, "AWS_REGION or AWS_DEFAULT_REGION")
            : source.Region is { } property ? (property.Value, property.Place) : (region, "the region");
        return EndpointIn(name, signIn) ?? throw Unusable($"{place} is '{name}', which is not a region");
    }

    /// <summary>By the endpoint rules of AWS's service model.</summary>
    /// <returns>Null if there is no such region.</returns>
    internal static string? EndpointIn(string region, ServiceEndpoint signIn)
    {
        if (signIn.Url is not null)
            return signIn.Url.TrimEnd('/');
        if (Partition.OfRegion(region) is not { } partition)
            return null;
        var suffix = signIn.UseDualStack == true ? partition.ApiDualStackSuffix : partition.DnsSuffix;
        return signIn.UseFips == true ? $"https://signin-fips.{region}.{suffix}" : (partition.Name, signIn.UseDualStack) switch
        {
            ("aws", not true) => $"https://{region}.signin.aws.amazon.com",
            ("aws-cn", not true) => $"https://{region}.signin.amazonaws.cn",
            ("aws-us-gov", not true) => $"https://{region}.signin.amazonaws-us-gov.com",
            _ => $"https://signin.{region}.{suffix}",
        };
    }

    private HttpRequestMessage CreateRequest(LoginSession session, string url)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, url);
        try
        {
            using var key = EcKey.Import(session.DpopKey.Reveal());
            request.Headers.TryAddWithoutValidation("DPoP", DpopProof.Create(key, url, time.GetUtcNow()));
        }
        catch (CryptographicException e)
        {
            throw SignIn($"its session file {_cache.File} has no usable dpopKey: {e.Message}", e);
        }

        request.Content = new StringContent(new JsonObject
        {
            ["clientId"] = session.ClientId,
            ["refreshToken"] = session.RefreshToken.Reveal(),
            ["grantType"] = "refresh_token",
        }.ToJsonString(), Encoding.UTF8, "application/json");
        return request;
    }

    private void Write(LoginSession renewed)
    {
        try
        {
            _cache.Write(renewed);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The disk has filled up in the meantime. The credentials are valid all the same; the next process reports
            // that the user has to sign in.
        }
    }

    /// <summary>Finds the cause of an error response. AWS documents no fixed status for each.</summary>
    /// <returns>A session that another program has renewed in the meantime.</returns>
    private LoginSession Judge(LoginSession session, HttpStatusCode status, string body)
    {
        var (error, message) = ReadError(body);
        if (error == "INSUFFICIENT_PERMISSIONS")
        {
            throw new NoTokenException(ErrorCode.AccessDenied,
                $"the 'aws login' session of AWS profile '{source.Profile}' cannot be renewed ({error}): {message}",
                "attach the AWS managed policy SignInLocalDevelopmentAccess to the user or role that signs in");
        }

        if (error is null || AwsFailure.IsTransient(status))
            throw new AmazonServiceException(message ?? "", ErrorType.Unknown, error, "", status);

        // The AWS CLI does not know the lock, and its renewal ends this refresh token.
        var current = Read();
        if (current.RefreshToken.Reveal() != session.RefreshToken.Reveal() && IsFresh(current))
            return current;

        throw SignIn(error switch
        {
            "TOKEN_EXPIRED" => $"it has expired ({error})",
            "USER_CREDENTIALS_CHANGED" => $"the user's password or access has changed ({error})",
            _ => $"AWS does not renew it ({error}): {message}",
        });
    }

    private static (string? Error, string? Message) ReadError(string body)
    {
        try
        {
            return JsonNode.Parse(body) is JsonObject json
                ? (LoginSession.GetString(json, "error"), LoginSession.GetString(json, "message")) : (null, null);
        }
        catch (Exception e) when (e is JsonException or ArgumentException)
        {
            return (null, null);
        }
    }

    private NoTokenException SignIn(string why, Exception? cause = null)
    {
        var command = $"aws login {ShellText.Option("--profile", source.Profile)}";
        return new NoTokenException(ErrorCode.BadCredentials,
            $"the 'aws login' session of AWS profile '{source.Profile}' cannot be used: {why}", $"sign in: {command}",
            cause)
        {
            Command = command,
        };
    }

    private NoTokenException Unwritable(string file) => new(ErrorCode.BadCredentials,
        $"the 'aws login' session of AWS profile '{source.Profile}' has expired and was not renewed, because {file} cannot "
            + "be written",
        $"make {Path.GetDirectoryName(file)} writable, or sign in as the user that owns it");

    private NoTokenException Unusable(string why) => new(ErrorCode.Profile,
        $"the 'aws login' session of AWS profile '{source.Profile}' cannot be renewed: {why}",
        "set the region of the profile to one where its user signs in");
}
