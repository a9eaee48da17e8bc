namespace CredentialProvider.Feeds;

/// <summary>Where CodeArtifact's API is called for a region.</summary>
internal static class ApiEndpoint
{
    /// <summary>As AWS's endpoint rules say, unless a setting names another place.</summary>
    /// <returns>A URL without a path, for example https://codeartifact.eu-west-1.amazonaws.com.</returns>
    public static string For(string region, Settings settings)
    {
        if (settings.CodeArtifactEndpoint is { } endpoint)
            return endpoint;
        var partition = Partition.OfRegion(region) ?? throw new ArgumentException($"'{region}' is no region", nameof(region));
        var service = settings.UseFipsEndpoint ? "codeartifact-fips" : "codeartifact";
        var suffix = settings.UseDualStackEndpoint ? partition.ApiDualStackSuffix : partition.DnsSuffix;
        return $"https://{service}.{region}.{suffix}";
    }
}
