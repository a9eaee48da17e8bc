using Amazon.Runtime;
using CredentialProvider.Aws.Credentials;
using CredentialProvider.Configuration;
using CredentialProvider.Errors;
using CredentialProvider.Tokens;

namespace CredentialProvider.Aws;

/// <summary>Calls CodeArtifact with the credentials that apply to a feed. The last place that sees an AWS failure, so
/// here it becomes a message.</summary>
/// <param name="throttlingTimeout">How long to keep retrying throttled calls. Only <c>doctor</c> waits for less than
/// <see cref="Retries.BuildTimeout"/>.</param>
internal sealed class TokenService(Settings settings, TimeProvider time, TimeSpan throttlingTimeout)
{
    /// <summary>After this long, users want to know what they are waiting for.</summary>
    private static readonly TimeSpan LongWait = TimeSpan.FromSeconds(5);

    private readonly Retries _retries = new(time, Random.Shared.NextDouble, throttlingTimeout);
    private CredentialChain _chain = new(settings, time);

    /// <param name="prompt">Shows long waits and how to sign in; null if there is no user.</param>
    /// <exception cref="NoTokenException">With the cause and a fix.</exception>
    public Task<AuthorizationToken> FetchAsync(TokenRequest request, UserPrompt? prompt, CancellationToken cancel) =>
        DescribeFailuresAsync(request, async () =>
    {
        try
        {
            return await GetTokenAsync(request, prompt, cancel);
        }
        catch (SsoSessionExpiredException e) when (prompt is { CanSignIn: true })
        {
            // Outside of the retries: users take longer than AWS may. NuGet or another tool runs this, perhaps on
            // another machine than the user's, so no browser is opened.
            await e.SignIn.RunAsync(prompt.Show, openBrowser: null, cancel);
            return await GetTokenAsync(request, prompt, cancel);
        }
    }, cancel);

    /// <summary>Calls GetRepositoryEndpoint.</summary>
    /// <param name="request">If the feed's owner is empty, the domain is in the caller's account.</param>
    /// <returns>The repository's URL; append v3/index.json to get the NuGet source.</returns>
    /// <exception cref="NoTokenException">With the cause and a fix.</exception>
    public Task<string> FindEndpointAsync(TokenRequest request, CancellationToken cancel) =>
        DescribeFailuresAsync(request, () => CallAsync(request, prompt: null, async (client, _, stop) =>
    {
        var response = await client.GetRepositoryEndpointAsync(new GetRepositoryEndpointRequest
        {
            Domain = request.Feed.Domain,
            DomainOwner = request.Feed.Owner.Length > 0 ? request.Feed.Owner : null,
            Repository = request.Feed.Repository,
            EndpointType = request.Feed.IsDualStack ? "dualstack" : "ipv4",
        }, stop);
        return response.RepositoryEndpoint;
    }, cancel), cancel);

    private Task<AuthorizationToken> GetTokenAsync(
        TokenRequest request, UserPrompt? prompt, CancellationToken cancel) =>
        CallAsync(request, prompt, async (client, principal, stop) =>
    {
        var response = await client.GetAuthorizationTokenAsync(new GetAuthorizationTokenRequest
        {
            Domain = request.Feed.Domain,
            DomainOwner = request.Feed.Owner,
            DurationSeconds = request.FeedSettings.Duration,
        }, stop);
        return new AuthorizationToken(new Secret(response.AuthorizationToken), time.GetUtcNow(), response.Expiration)
        {
            Source = request.Identity.Source?.Description,
            Principal = principal,
        };
    }, cancel);

    private async Task<T> DescribeFailuresAsync<T>(TokenRequest request, Func<Task<T>> run, CancellationToken cancel)
    {
        try
        {
            return await run();
        }
        catch (TimeoutException)
        {
            throw FailureMessages.NoResponse(DefaultEndpoint(request), Retries.Timeout);
        }
        catch (Exception e) when (e is not NoTokenException && !cancel.IsCancellationRequested)
        {
            throw FailureMessages.Describe(request.Feed, DefaultEndpoint(request), e, request.Identity);
        }
    }

    private async Task<T> CallAsync<T>(TokenRequest request, UserPrompt? prompt,
        Func<AmazonCodeArtifactClient, string?, CancellationToken, Task<T>> call, CancellationToken cancel)
    {
        // Shared by all domains that call at the same time, so that credentials are fetched once.
        var chain = _chain;
        var hasSucceeded = false;
        try
        {
            // The SDK resolves some credentials synchronously, which must not block the protocol.
            var result = await _retries.RunAsync(
                stop => Task.Run(() => TryCallAsync(request, chain, prompt, call, stop), stop).WaitAsync(stop),
                () => prompt?.Show($"AWS is throttling requests; waiting to retry for {request.Feed.DomainName}"),
                cancel);
            hasSucceeded = true;
            return result;
        }
        finally
        {
            // The user may fix the credentials, so the next call resolves them again.
            if (!hasSucceeded)
                Interlocked.CompareExchange(ref _chain, new CredentialChain(settings, time), chain);
        }
    }

    /// <summary>One attempt.</summary>
    /// <param name="call">With a client and the principal that signs its calls, if that is known.</param>
    private async Task<T> TryCallAsync<T>(TokenRequest request, CredentialChain chain, UserPrompt? prompt,
        Func<AmazonCodeArtifactClient, string?, CancellationToken, Task<T>> call, CancellationToken cancel)
    {
        var (endpoint, place) = (DefaultEndpoint(request), (string?)null);
        try
        {
            var source = chain.Resolve(request);
            var fetch = FetchCredentialsAsync(source, request, prompt, cancel);
            var isWaiting = !fetch.IsCompleted;
            var profile = request.Identity.EndpointOf("codeartifact", settings);
            endpoint = ApiEndpoint.For(request.Feed, request.FeedSettings, settings, profile);
            place = endpoint == request.FeedSettings.EndpointOfFile ? "\"endpoint\" in codeartifact.json" : profile.UrlPlace;
            var config = new AmazonCodeArtifactConfig(endpoint, request.Feed.Region);
            AwsClients.Configure(config, profile, settings);
            // The TLS handshake is most of the work of a first token. HttpClient gives up such a connection after 5 s, which
            // is too soon for slow networks, so none is opened where it gains nothing.
            using var connection = isWaiting ? HttpConnections.Connect(config, endpoint) : null;
            var credentials = await fetch;
            using var client = new AmazonCodeArtifactClient(credentials, config);
            return await AwsClients.WithTimeoutAsync(stop => call(client, (source as AsyncCredentials)?.Principal, stop), cancel);
        }
        catch (Exception e) when (e is not (NoTokenException or AwsCallException) && !cancel.IsCancellationRequested)
        {
            throw new AwsCallException(AwsCall.ToCodeArtifact(request.Feed, endpoint, request.Identity, place), e);
        }
    }

    /// <summary>Says where they come from: a command may wait for the user, and a service may be slow.</summary>
    private async Task<AWSCredentials> FetchCredentialsAsync(
        AWSCredentials source, TokenRequest request, UserPrompt? prompt, CancellationToken cancel)
    {
        var name = request.Identity.SourceOrThrow().Description;
        prompt?.Log?.Invoke($"getting AWS credentials for {request.Feed.DomainName}: {name}");
        var fetch = FetchedCredentials.FromAsync(source);
        if (prompt is not null && await Task.WhenAny(fetch, time.Delay(LongWait, cancel)) != fetch
            && !cancel.IsCancellationRequested)
        {
            prompt.Show($"waiting for AWS credentials for {request.Feed.DomainName}: {name}");
        }

        return await fetch;
    }

    /// <summary>The endpoint without the AWS profile's settings, which may be what cannot be read.</summary>
    private string DefaultEndpoint(TokenRequest request) =>
        ApiEndpoint.For(request.Feed, request.FeedSettings, settings);
}
