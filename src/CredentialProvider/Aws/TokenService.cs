using Amazon.Runtime;
using CredentialProvider.Feeds;

namespace CredentialProvider.Aws;

/// <summary>Makes a token: finds credentials, calls GetAuthorizationToken, and puts every failure into a person's
/// words.</summary>
internal sealed class TokenService(Settings settings, TimeProvider time)
{
    private CredentialChain _chain = new(settings, time);

    /// <param name="show">Shows a person where to sign in, if that is what is missing; null where nobody is
    /// there.</param>
    /// <exception cref="NoTokenException">With the cause and what to do.</exception>
    public async Task<AuthorizationToken> FetchAsync(Feed feed, Action<string>? show, CancellationToken cancel)
    {
        try
        {
            return await FetchAsync(feed, cancel);
        }
        catch (SignedOutException e) when (show is not null)
        {
            // A person takes longer than AWS may.
            await e.SignInAsync(show, cancel);
            return await FetchAsync(feed, cancel);
        }
    }

    /// <summary>The repository's URL, as GetRepositoryEndpoint tells it; NuGet's source is that and v3/index.json.</summary>
    /// <param name="feed">Its owner may be empty: then it is the caller's account.</param>
    /// <exception cref="NoTokenException">With the cause and what to do.</exception>
    public Task<string> FindEndpointAsync(Feed feed, bool isDualStack, CancellationToken cancel) =>
        CallAsync(feed, async (client, stop) =>
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

    private Task<AuthorizationToken> FetchAsync(Feed feed, CancellationToken cancel) =>
        CallAsync(feed, async (client, stop) =>
    {
        var response = await client.GetAuthorizationTokenAsync(new GetAuthorizationTokenRequest
        {
            Domain = feed.Domain,
            DomainOwner = feed.Owner,
            DurationSeconds = FeedSettings.For(feed, settings).Duration,
        }, stop);
        return new AuthorizationToken(new Secret(response.AuthorizationToken), time.GetUtcNow(), response.Expiration);
    }, cancel);

    private async Task<T> CallAsync<T>(
        Feed feed, Func<AmazonCodeArtifactClient, CancellationToken, Task<T>> call, CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(AwsCall.Budget);
        try
        {
            // The SDK has blocking calls on its way to credentials; they must not hold up the protocol.
            return await Task.Run(() => CallNowAsync(feed, call, limit.Token), limit.Token).WaitAsync(limit.Token);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new NoTokenException(ErrorCode.Network,
                $"AWS did not answer within {AwsCall.Budget.TotalSeconds:0} s",
                "check the way to " + ApiEndpoint.For(feed, settings));
        }
        catch (Exception e) when (e is not (NoTokenException or OperationCanceledException))
        {
            throw AwsFailure.OfToken(feed, ApiEndpoint.For(feed, settings), e);
        }
    }

    private async Task<T> CallNowAsync<T>(
        Feed feed, Func<AmazonCodeArtifactClient, CancellationToken, Task<T>> call, CancellationToken cancel)
    {
        var chain = _chain;
        // Until the call has succeeded, the next one starts over: what failed may be mended with other credentials.
        _chain = new CredentialChain(settings, time);
        var credentials = await AwsCall.FetchAsync(chain.Resolve(feed));
        var endpoint = ApiEndpoint.For(feed, settings, chain.EndpointOf(feed));
        var config = new AmazonCodeArtifactConfig(endpoint, feed.Region);
        AwsCall.Bound(config, settings);
        using var client = new AmazonCodeArtifactClient(credentials, config);
        try
        {
            var result = await call(client, cancel);
            _chain = chain;
            return result;
        }
        catch (Exception e) when (!cancel.IsCancellationRequested)
        {
            // Here the profile's own endpoint is known, which a person has to read.
            throw AwsFailure.OfToken(feed, endpoint, e);
        }
    }
}
