using CredentialProvider.Feeds;


namespace CredentialProvider.Configuration;

/// <summary>The URL of the CodeArtifact API in a feed's region.</summary>
internal static class ApiEndpoint
{
    /// <summary>The feed's setting, else the AWS profile's, else AWS's own endpoint by its endpoint rules. A feed on a
    /// dual-stack host was probably chosen for a network without IPv4, so its API is called the same way.</summary>
    /// <param name="profile">What the AWS profile in use says; null if it is not known.</param>
    /// <returns>A URL without a path, for example https://codeartifact.eu-west-1.amazonaws.com.</returns>
    public static string For(Feed feed, FeedSettings feedSettings, Settings settings, ProfileEndpoint? profile = null)
    {
        var configured = profile is { IgnoresVariables: true } ? feedSettings.EndpointOfFile : feedSettings.Endpoint ?? profile?.Url;
        if (configured is { } endpoint)
            return endpoint;
        var partition = Partition.OfRegion(feed.Region)
            ?? throw new ArgumentException($"'{feed.Region}' is not a region", nameof(feed));
        var isFips = settings.UseFipsEndpoint ?? profile?.UseFips ?? false;
        var isDualStack = settings.UseDualStackEndpoint ?? profile?.UseDualStack ?? feed.IsDualStack;
        var suffix = isDualStack ? partition.ApiDualStackSuffix : partition.DnsSuffix;
        return (isFips ? "https://codeartifact-fips." : "https://codeartifact.") + feed.Region + "." + suffix;
    }
}

/// <summary>How to call one AWS service: AWS's environment variables first, then the profile in use.</summary>
internal sealed record ProfileEndpoint(string? Url, bool? UseFips, bool? UseDualStack)
{
    /// <summary>ignore_configured_endpoint_urls: it applies to AWS's variables too, but not to this project's files.</summary>
    public bool IgnoresVariables { get; init; }

    /// <summary>AWS_CA_BUNDLE, else ca_bundle: a file of the certificates to trust; null for the system's.</summary>
    public string? CaBundle { get; init; }

    /// <summary>The user's name for an application, for the User-Agent; null if there is none.</summary>
    public string? ApplicationId { get; init; }
}
