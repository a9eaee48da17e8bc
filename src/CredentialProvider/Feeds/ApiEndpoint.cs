namespace CredentialProvider.Feeds;

/// <summary>Where CodeArtifact's API is called for a region.</summary>
internal static class ApiEndpoint
{
    /// <summary>As AWS's endpoint rules say, unless a setting names another place.</summary>
    /// <param name="profile">What the AWS profile in use says; it comes last.</param>
    /// <returns>A URL without a path, for example https://codeartifact.eu-west-1.amazonaws.com.</returns>
    public static string For(Feed feed, Settings settings, ProfileEndpoint? profile = null)
    {
        if ((FeedSettings.For(feed, settings).Endpoint ?? profile?.Url) is { } endpoint)
            return endpoint;
        var partition = Partition.OfRegion(feed.Region)
            ?? throw new ArgumentException($"'{feed.Region}' is no region", nameof(feed));
        var isFips = settings.UseFipsEndpoint ?? profile?.UseFips ?? false;
        var isDualStack = settings.UseDualStackEndpoint ?? profile?.UseDualStack ?? false;
        var suffix = isDualStack ? partition.ApiDualStackSuffix : partition.DnsSuffix;
        return (isFips ? "https://codeartifact-fips." : "https://codeartifact.") + feed.Region + "." + suffix;
    }
}

/// <summary>endpoint_url (or that of <c>services</c>), use_fips_endpoint and use_dualstack_endpoint of an AWS
/// profile.</summary>
internal sealed record ProfileEndpoint(string? Url, bool? UseFips, bool? UseDualStack);
