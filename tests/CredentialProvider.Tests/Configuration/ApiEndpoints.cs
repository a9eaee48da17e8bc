using CredentialProvider.Configuration;
using CredentialProvider.Feeds;

namespace CredentialProvider.Tests.Configuration;

/// <summary>The host that GetAuthorizationToken is sent to.</summary>
public sealed class ApiEndpoints
{
    [Theory]
    [InlineData("us-east-1", "", "https://codeartifact.us-east-1.amazonaws.com")]
    [InlineData("us-east-1", "AWS_USE_FIPS_ENDPOINT", "https://codeartifact-fips.us-east-1.amazonaws.com")]
    [InlineData("us-east-1", "AWS_USE_DUALSTACK_ENDPOINT", "https://codeartifact.us-east-1.api.aws")]
    [InlineData("us-east-1", "AWS_USE_FIPS_ENDPOINT,AWS_USE_DUALSTACK_ENDPOINT", "https://codeartifact-fips.us-east-1.api.aws")]
    [InlineData("us-gov-west-1", "AWS_USE_DUALSTACK_ENDPOINT", "https://codeartifact.us-gov-west-1.api.aws")]
    [InlineData("cn-north-1", "", "https://codeartifact.cn-north-1.amazonaws.com.cn")]
    [InlineData("cn-north-1", "AWS_USE_DUALSTACK_ENDPOINT", "https://codeartifact.cn-north-1.api.amazonwebservices.com.cn")]
    [InlineData("us-iso-east-1", "", "https://codeartifact.us-iso-east-1.c2s.ic.gov")]
    [InlineData("eusc-de-east-1", "AWS_USE_DUALSTACK_ENDPOINT", "https://codeartifact.eusc-de-east-1.api.amazonwebservices.eu")]
    public void Follow_AWS_endpoint_rules(string region, string variables, string endpoint) =>
        Assert.Equal(endpoint, EndpointFor(region, name => variables.Split(',').Contains(name) ? "true" : null));

    [Theory]
    [InlineData("AWS_ENDPOINT_URL_CODEARTIFACT=https://own.example,AWS_ENDPOINT_URL=https://all.example", "https://own.example")]
    [InlineData("AWS_ENDPOINT_URL=https://all.example", "https://all.example")]
    [InlineData("AWS_ENDPOINT_URL=https://all.example,AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true", "https://codeartifact.us-east-1.amazonaws.com")]
    public void Can_be_overridden(string variables, string endpoint)
    {
        var values = variables.Split(',').Select(pair => pair.Split('=')).ToDictionary(pair => pair[0], pair => pair[1]);
        Assert.Equal(endpoint, EndpointFor("us-east-1", values.GetValueOrDefault));
    }

    /// <summary>A feed on the host that answers over IPv6 is for networks that may have nothing else.</summary>
    [Theory]
    [InlineData("https://contoso-111122223333.codeartifact.us-east-1.on.aws/nuget/app/v3/index.json", null, "https://codeartifact.us-east-1.api.aws")]
    [InlineData("https://contoso-111122223333.d.codeartifact.us-gov-west-1.on.aws/nuget/app/", null, "https://codeartifact.us-gov-west-1.api.aws")]
    [InlineData("https://contoso-111122223333.codeartifact.us-east-1.on.aws/nuget/app/v3/index.json", "false", "https://codeartifact.us-east-1.amazonaws.com")]
    [InlineData("https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com/nuget/app/v3/index.json", null, "https://codeartifact.us-east-1.amazonaws.com")]
    public void Follow_the_feed_s_host(string url, string? useDualStack, string endpoint)
    {
        var settings = Settings.From(name => name == "AWS_USE_DUALSTACK_ENDPOINT" ? useDualStack : null);
        Assert.True(FeedUrl.TryParse(url, out var feed));
        Assert.Equal(endpoint, ApiEndpoint.For(feed, FeedSettings.For(feed, settings), settings));
    }

    private static string EndpointFor(string region, Func<string, string?> variable)
    {
        var (feed, settings) = (new Feed("contoso", "111122223333", region, "app"), Settings.From(variable));
        return ApiEndpoint.For(feed, FeedSettings.For(feed, settings), settings);
    }
}
