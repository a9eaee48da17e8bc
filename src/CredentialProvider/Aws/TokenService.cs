using Amazon.Runtime;
using CredentialProvider.Feeds;

namespace CredentialProvider.Aws;

/// <summary>Makes a token: finds credentials, calls GetAuthorizationToken, and puts every failure into a person's
/// words.</summary>
/// <param name="patience">How long throttling is waited out: builds have time, a person who asks has not.</param>
internal sealed class TokenService(Settings settings, TimeProvider time, TimeSpan patience)
{
    private readonly Retries _retries = new(time, Random.Shared.NextDouble, patience);
    private CredentialChain _chain = new(settings, time);
    private Task? _roots;

    /// <param name="person">Is shown where to sign in, if that is what is missing; null where nobody is there.</param>
    /// <exception cref="NoTokenException">With the cause and what to do.</exception>
    public async Task<AuthorizationToken> FetchAsync(Feed feed, Person? person, CancellationToken cancel)
    {
        try
        {
            return await FetchNowAsync(feed, person, cancel);
        }
        catch (SignedOutException e) when (person is { CanSignIn: true })
        {
            // A person takes longer than AWS may.
            await e.SignInAsync(person.Tell, cancel);
            return await FetchNowAsync(feed, person, cancel);
        }
    }

    /// <summary>The repository's URL, as GetRepositoryEndpoint tells it; NuGet's source is that and v3/index.json.</summary>
    /// <param name="feed">Its owner may be empty: then it is the caller's account.</param>
    /// <exception cref="NoTokenException">With the cause and what to do.</exception>
    public Task<string> FindEndpointAsync(Feed feed, bool isDualStack, CancellationToken cancel) =>
        CallAsync(feed, person: null, async (client, stop) =>
    {
        var response = await client.GetRepositoryEndpointAsync(new GetRepositoryEndpointRequest
        {
            Domain = feed.Domain,
            DomainOwner = feed.Owner.Length > 0 ? feed.Owner : null,
            Repository = feed.Repository,
            EndpointType = isDualStack ? "dualstack" : "ipv4",
        }, stop);
        return response.RepositoryEndpoint;
    }, cancel);

    private Task<AuthorizationToken> FetchNowAsync(Feed feed, Person? person, CancellationToken cancel) =>
        CallAsync(feed, person, async (client, stop) =>
    {
        var response = await client.GetAuthorizationTokenAsync(new GetAuthorizationTokenRequest
        {
            Domain = feed.Domain,
            DomainOwner = feed.Owner,
            DurationSeconds = FeedSettings.For(feed, settings).Duration,
        }, stop);
        return new AuthorizationToken(new Secret(response.AuthorizationToken), time.GetUtcNow(), response.Expiration);
    }, cancel);

    private async Task<T> CallAsync<T>(Feed feed, Person? person,
        Func<AmazonCodeArtifactClient, CancellationToken, Task<T>> call, CancellationToken cancel)
    {
        _roots ??= TrustedRoots.ReadAsync(settings);
        // The same for all domains that call at once: the instance's role, or the container's, is asked once.
        var chain = _chain;
        var isDone = false;
        try
        {
            // The SDK has blocking calls on its way to credentials; they must not hold up the protocol.
            var result = await _retries.RunAsync(
                stop => Task.Run(() => CallOnceAsync(feed, chain, call, stop), stop).WaitAsync(stop),
                AwsFailure.SetbackOf,
                () => person?.Tell($"AWS asks for fewer requests; {feed.DomainName} waits for its turn"), cancel);
            isDone = true;
            return result;
        }
        catch (TimeoutException)
        {
            throw new NoTokenException(ErrorCode.Network,
                $"AWS did not answer within {Retries.Budget.TotalSeconds:0} s",
                "check the way to " + ApiEndpoint.For(feed, settings));
        }
        catch (Exception e) when (e is not NoTokenException && !cancel.IsCancellationRequested)
        {
            throw AwsFailure.OfToken(feed, ApiEndpoint.For(feed, settings), e);
        }
        finally
        {
            // What failed may be mended with other credentials: the next call starts over.
            if (!isDone)
                Interlocked.CompareExchange(ref _chain, new CredentialChain(settings, time), chain);
        }
    }

    private async Task<T> CallOnceAsync<T>(Feed feed, CredentialChain chain,
        Func<AmazonCodeArtifactClient, CancellationToken, Task<T>> call, CancellationToken cancel)
    {
        var credentials = await AwsCall.FetchAsync(chain.Resolve(feed));
        var endpoint = ApiEndpoint.For(feed, settings, chain.EndpointOf(feed));
        var config = new AmazonCodeArtifactConfig(endpoint, feed.Region);
        AwsCall.Bound(config, settings);
        using var client = new AmazonCodeArtifactClient(credentials, config);
        try
        {
            return await AwsCall.InTimeAsync(stop => call(client, stop), cancel);
        }
        catch (Exception e) when (!cancel.IsCancellationRequested)
        {
            // Here the profile's own endpoint is known, which a person has to read.
            throw AwsFailure.OfToken(feed, endpoint, e);
        }
    }
}
