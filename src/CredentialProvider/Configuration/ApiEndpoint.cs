using CredentialProvider.Feeds;

namespace CredentialProvider.Configuration;

/// <summary>The URL of the CodeArtifact API in a feed's region.</summary>
internal static class ApiEndpoint
{
    /// <summary>The feed's setting, else the AWS profile's, else AWS's own endpoint by its endpoint rules. A feed on a
    /// dual-stack host was probably chosen for a network without IPv4, so its API is called the same way.</summary>
    /// <param name="service">What the environment and the AWS profile in use say; null if it is not known.</param>
    /// <returns>A URL without a path, for example https://codeartifact.eu-west-1.amazonaws.com.</returns>
    public static string For(Feed feed, FeedSettings feedSettings, Settings settings, ServiceEndpoint? service = null)
    {
        var configured = service is { IgnoresVariables: true } ? feedSettings.EndpointOfFile : feedSettings.Endpoint ?? service?.Url;
        if (configured is { } endpoint)
            return endpoint;
        var partition = Partition.OfRegion(feed.Region)
            ?? throw new ArgumentException($"'{feed.Region}' is not a region", nameof(feed));
        var isFips = settings.UseFipsEndpoint ?? service?.UseFips ?? false;
        var isDualStack = settings.UseDualStackEndpoint ?? service?.UseDualStack ?? feed.IsDualStack;
        var suffix = isDualStack ? partition.ApiDualStackSuffix : partition.DnsSuffix;
        return (isFips ? "https://codeartifact-fips." : "https://codeartifact.") + feed.Region + "." + suffix;
    }
}
