using Amazon.Runtime;
using CredentialProvider.Feeds;

namespace CredentialProvider.Aws;

/// <summary>Makes a token: finds credentials, calls GetAuthorizationToken, and puts every failure into a person's
/// words.</summary>
internal sealed class TokenService(Settings settings, TimeProvider time)
{
    private CredentialChain _chain = new(settings, time);

    /// <exception cref="NoTokenException">With the cause and what to do.</exception>
    public async Task<AuthorizationToken> FetchAsync(Feed feed, CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(AwsCall.Budget);
        try
        {
            // The SDK has blocking calls on its way to credentials; they must not hold up the protocol.
            return await Task.Run(() => CallAsync(feed, limit.Token), limit.Token).WaitAsync(limit.Token);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new NoTokenException(ErrorCode.Network, $"AWS did not answer within {AwsCall.Budget.TotalSeconds:0} s",
                "check the way to " + ApiEndpoint.For(feed, settings));
        }
        catch (Exception e) when (e is not (NoTokenException or OperationCanceledException))
        {
            throw AwsFailure.OfToken(feed, ApiEndpoint.For(feed, settings), e);
        }
    }

    private async Task<AuthorizationToken> CallAsync(Feed feed, CancellationToken cancel)
    {
        var chain = _chain;
        // Until the call has succeeded, the next one starts over: what failed may be mended with other credentials.
        _chain = new CredentialChain(settings, time);
        var credentials = await AwsCall.FetchAsync(chain.Resolve(feed));
        var endpoint = ApiEndpoint.For(feed, settings, chain.EndpointOf(feed));
        var config = new AmazonCodeArtifactConfig(endpoint, feed.Region);
        AwsCall.Bound(config, settings);
        using var client = new AmazonCodeArtifactClient(credentials, config);
        var request = new GetAuthorizationTokenRequest
        {
            Domain = feed.Domain,
            DomainOwner = feed.Owner,
            DurationSeconds = FeedSettings.For(feed, settings).Duration,
        };
        try
        {
            var response = await client.GetAuthorizationTokenAsync(request, cancel);
            _chain = chain;
            return new AuthorizationToken(new Secret(response.AuthorizationToken), time.GetUtcNow(), response.Expiration);
        }
        catch (Exception e) when (!cancel.IsCancellationRequested)
        {
            // Here the profile's own endpoint is known, which a person has to read.
            throw AwsFailure.OfToken(feed, endpoint, e);
        }
    }
}
