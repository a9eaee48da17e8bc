using CredentialProvider.Feeds;

namespace CredentialProvider.Tests.Feeds;

/// <summary>Mistakes in URLs that were meant to be CodeArtifact feeds.</summary>
public sealed class MistypedFeeds
{
    private const string Host = "https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com";

    [Theory]
    [InlineData(Host + "/nuget/app/", Host + "/nuget/app/v3/index.json")]
    [InlineData(Host + "/nuget/app", Host + "/nuget/app/v3/index.json")]
    [InlineData(Host + "/nuget/app/v3/", Host + "/nuget/app/v3/index.json")]
    [InlineData(Host + "/npm/app/", Host + "/nuget/app/v3/index.json")]
    [InlineData("http://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com/nuget/app/v3/index.json", Host + "/nuget/app/v3/index.json")]
    [InlineData("https://contoso-111122223333.codeartifact.us-east-1.amazonaws.com/nuget/app/v3/index.json", Host + "/nuget/app/v3/index.json")]
    [InlineData("https://vpce-0a1b-cd.d.codeartifact.us-east-1.vpce.amazonaws.com/nuget/d/contoso-111122223333/app/",
        "https://vpce-0a1b-cd.d.codeartifact.us-east-1.vpce.amazonaws.com/nuget/d/contoso-111122223333/app/v3/index.json")]
    public void Are_corrected(string url, string corrected)
    {
        Assert.Equal($"use {corrected}", MistypedFeed.Find(url)!.Value.Fix);
        Assert.Null(MistypedFeed.Find(corrected));
        Assert.True(FeedUrl.TryParse(corrected, out _));
    }

    [Theory]
    [InlineData("https://codeartifact.us-east-1.amazonaws.com/nuget/app/v3/index.json", "the host is that of the CodeArtifact API")]
    [InlineData("https://contoso.d.codeartifact.us-east-1.amazonaws.com/nuget/app/v3/index.json", "does not consist of domain, account (12 digits) and region")]
    [InlineData("https://contoso-111122223333.d.codeartifact.useast1.amazonaws.com/nuget/app/v3/index.json", "does not consist of domain, account (12 digits) and region")]
    [InlineData("https://codeartifact.us-east-1.api.aws/nuget/app/v3/index.json", "the host is that of the CodeArtifact API")]
    [InlineData("https://contoso.codeartifact.us-east-1.on.aws/nuget/app/v3/index.json", "does not consist of domain, account (12 digits) and region")]
    [InlineData("https://contoso.d.codeartifact.cn-north-1.amazonaws.com.cn/nuget/app/v3/index.json", "does not consist of domain, account (12 digits) and region")]
    [InlineData(Host + "/v3/index.json", "the path does not contain a NuGet repository")]
    [InlineData("https://aws:secret@contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com/nuget/app/v3/index.json", "the URL contains a user name or password")]
    [InlineData("https://vpce-0a1b-cd.d.codeartifact.us-east-1.vpce.amazonaws.com/nuget/app/v3/index.json", "the path does not contain a NuGet repository")]
    public void Are_explained_without_their_password(string url, string why)
    {
        var found = MistypedFeed.Find(url)!.Value;
        Assert.Contains(why, found.Why, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", found.Why + found.Fix, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://nuget.example.test/v3/index.json")]
    [InlineData("https://codeartifact-mirror.example.test/nuget/app/v3/index.json")]
    [InlineData("https://codeartifact.contoso.example/nuget/hunter2/")]
    [InlineData("http://nuget.codeartifact.example.test/F/hunter2/v3/index.json")]
    [InlineData("https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com.evil.test/nuget/app/")]
    [InlineData("https://contoso-111122223333.d.codeartifact.us-east-1.fakeamazonaws.com/nuget/app/")]
    [InlineData("/local/folder")]
    [InlineData("")]
    [InlineData(Host + "/nuget/app/v3/index.json")]
    public void Are_not_reported_for_other_hosts_or_correct_URLs(string url) => Assert.Null(MistypedFeed.Find(url));
}
