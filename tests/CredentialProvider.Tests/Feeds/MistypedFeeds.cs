using CredentialProvider.Feeds;

namespace CredentialProvider.Tests.Feeds;

/// <summary>URLs that were meant for CodeArtifact.</summary>
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
    public void Are_written_right(string url, string right)
    {
        Assert.Equal($"write {right}", MistypedFeed.Find(url)!.Value.Fix);
        Assert.Null(MistypedFeed.Find(right));
        Assert.True(Feed.TryParse(right, out _));
    }

    [Theory]
    [InlineData("https://codeartifact.us-east-1.amazonaws.com/nuget/app/v3/index.json", "its host is the API's")]
    [InlineData("https://contoso.d.codeartifact.us-east-1.amazonaws.com/nuget/app/v3/index.json", "does not name domain, account (12 digits) and region")]
    [InlineData("https://contoso-111122223333.d.codeartifact.useast1.amazonaws.com/nuget/app/v3/index.json", "does not name domain, account (12 digits) and region")]
    [InlineData(Host + "/v3/index.json", "")]
    [InlineData("https://aws:secret@contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com/nuget/app/v3/index.json", "user name or password")]
    [InlineData("https://vpce-0a1b-cd.d.codeartifact.us-east-1.vpce.amazonaws.com/nuget/app/v3/index.json", "does not name a NuGet repository")]
    public void Are_told_what_is_wrong(string url, string why)
    {
        var found = MistypedFeed.Find(url)!.Value;
        Assert.Contains(why, found.Why, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", found.Why + found.Fix, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://user:p%61ss@nuget.example.test/a@b", "https://***@nuget.example.test/a@b")]
    [InlineData("https://user:p@ss@nuget.example.test", "https://***@nuget.example.test")]
    [InlineData("https://nuget.example.test/a@b", "https://nuget.example.test/a@b")]
    [InlineData("a@b", "a@b")]
    [InlineData("https://", "https://")]
    public void Are_printed_without_a_password(string url, string printable) => Assert.Equal(printable, MistypedFeed.Printable(url));

    [Theory]
    [InlineData("https://nuget.example.test/v3/index.json")]
    [InlineData("https://codeartifact-mirror.example.test/nuget/app/v3/index.json")]
    [InlineData("/local/folder")]
    [InlineData("")]
    [InlineData(Host + "/nuget/app/v3/index.json")]
    public void Are_not_those_of_others_or_right_ones(string url) => Assert.Null(MistypedFeed.Find(url));
}
