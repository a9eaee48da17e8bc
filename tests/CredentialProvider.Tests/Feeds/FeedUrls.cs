using CredentialProvider.Feeds;
using CsCheck;

namespace CredentialProvider.Tests.Feeds;

/// <summary>Which URLs are CodeArtifact feeds; every other URL is foreign and never gets a token.</summary>
public sealed class FeedUrls
{
    [Theory]
    [InlineData("https://nuget.example.test/nuget/secret/v3/index.json", "https://nuget.example.test")]
    [InlineData("https://nuget.example.test:8443?key=secret", "https://nuget.example.test:8443")]
    [InlineData("http://[::1]:80\\secret", "http://[::1]:80")]
    [InlineData("https://nuget.example.test", "https://nuget.example.test")]
    [InlineData("/srv/packages", "/srv/packages")]
    [InlineData(@"C:\packages", @"C:\packages")]
    [InlineData("file:///srv/packages", "file:///srv/packages")]
    public void Of_foreign_feeds_are_printed_without_their_path(string url, string printed) =>
        Assert.Equal(printed, FeedUrl.OriginOf(url));

    private const string App = "https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com/nuget/app/v3/index.json";

    [Theory]
    [InlineData(App, "contoso", "111122223333", "us-east-1", "app")]
    [InlineData("https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com/nuget/app/v3/flat/x/1.0.0/x.1.0.0.nupkg", "contoso", "111122223333", "us-east-1", "app")]
    [InlineData("https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com:443/nuget/app", "contoso", "111122223333", "us-east-1", "app")]
    [InlineData("https://CONTOSO-111122223333.D.codeartifact.us-east-1.AMAZONAWS.com/nuget/App.Two_3-x/", "contoso", "111122223333", "us-east-1", "App.Two_3-x")]
    [InlineData("https://a1-b2-444455556666.d.codeartifact.ap-southeast-7.amazonaws.com/nuget/app/v3/index.json", "a1-b2", "444455556666", "ap-southeast-7", "app")]
    [InlineData("https://contoso-111122223333.codeartifact.eu-west-1.on.aws/nuget/app/v3/index.json", "contoso", "111122223333", "eu-west-1", "app")]
    [InlineData("https://contoso-111122223333.d.codeartifact.eu-west-1.on.aws/nuget/app/v3/index.json", "contoso", "111122223333", "eu-west-1", "app")]
    [InlineData("https://vpce-0a1b2c3d-abcd.d.codeartifact.us-west-2.vpce.amazonaws.com/nuget/d/contoso-111122223333/app/v3/index.json", "contoso", "111122223333", "us-west-2", "app")]
    [InlineData("https://vpce-0a1b2c3d-abcd-us-west-2a.d.codeartifact.us-west-2.vpce.amazonaws.com/nuget/d/contoso-111122223333/app/v3/index.json", "contoso", "111122223333", "us-west-2", "app")]
    [InlineData("https://contoso-111122223333.d.codeartifact.cn-north-1.amazonaws.com.cn/nuget/app/v3/index.json", "contoso", "111122223333", "cn-north-1", "app")]
    [InlineData("https://contoso-111122223333.d.codeartifact.us-gov-west-1.amazonaws.com/nuget/app/v3/index.json", "contoso", "111122223333", "us-gov-west-1", "app")]
    [InlineData("https://contoso-111122223333.d.codeartifact.us-iso-east-1.c2s.ic.gov/nuget/app/v3/index.json", "contoso", "111122223333", "us-iso-east-1", "app")]
    [InlineData("https://contoso-111122223333.d.codeartifact.us-isob-east-1.sc2s.sgov.gov/nuget/app/v3/index.json", "contoso", "111122223333", "us-isob-east-1", "app")]
    [InlineData("https://contoso-111122223333.d.codeartifact.eu-isoe-west-1.cloud.adc-e.uk/nuget/app/v3/index.json", "contoso", "111122223333", "eu-isoe-west-1", "app")]
    [InlineData("https://contoso-111122223333.d.codeartifact.us-isof-south-1.csp.hci.ic.gov/nuget/app/v3/index.json", "contoso", "111122223333", "us-isof-south-1", "app")]
    [InlineData("https://contoso-111122223333.d.codeartifact.eusc-de-east-1.amazonaws.eu/nuget/app/v3/index.json", "contoso", "111122223333", "eusc-de-east-1", "app")]
    [InlineData("HTTPS://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com/nuget/app/v3/index.json", "contoso", "111122223333", "us-east-1", "app")]
    [InlineData("https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com/nuget/app/v3/index.json ", "contoso", "111122223333", "us-east-1", "app")]
    [InlineData("https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com/nuget/app/v3/index.json\r\n\t", "contoso", "111122223333", "us-east-1", "app")]
    [InlineData("https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com/nuget/app/v3/index.json?semVerLevel=2.0.0#x", "contoso", "111122223333", "us-east-1", "app")]
    [InlineData("https://the-2-long-111122223333-111122223333.d.codeartifact.us-east-1.amazonaws.com/nuget/app/v3/index.json", "the-2-long-111122223333", "111122223333", "us-east-1", "app")]
    [InlineData("https://vpce-0a1b2c3d-abcd.d.codeartifact.cn-north-1.vpce.amazonaws.com.cn/nuget/d/contoso-111122223333/app/v3/index.json", "contoso", "111122223333", "cn-north-1", "app")]
    [InlineData("https://contoso-111122223333.d.codeartifact.eu-isof-west-1.csp.hci.ic.gov/nuget/app/v3/index.json", "contoso", "111122223333", "eu-isof-west-1", "app")]
    public void Of_CodeArtifact_are_parsed(string url, string domain, string owner, string region, string repository)
    {
        Assert.True(FeedUrl.TryParse(url, out var feed));
        Assert.Equal(new Feed(domain, owner, region, repository) { IsDualStack = url.Contains(".on.aws/", StringComparison.Ordinal) }, feed);

        // In another package format the URL is foreign, although the token is the same.
        foreach (var format in new[] { "cargo", "generic", "maven", "npm", "pypi", "ruby", "swift" })
        {
            var other = url.Replace("/nuget/", $"/{format}/", StringComparison.Ordinal);
            Assert.False(FeedUrl.TryParse(other, out _));
            Assert.True(FeedUrl.TryParse(other, out var same, anyFormat: true));
            Assert.Equal(feed, same);
        }
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("/nuget/app/v3/index.json")]
    [InlineData("https://nuget.example.test/v3/index.json")]
    [InlineData("http://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com/nuget/app/v3/index.json")]
    [InlineData("https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com:8443/nuget/app/v3/index.json")]
    [InlineData("https://aws:x@contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com/nuget/app/v3/index.json")]
    [InlineData("https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com@evil.test/nuget/app/v3/index.json")]
    [InlineData("https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com.evil.test/nuget/app/v3/index.json")]
    [InlineData("https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com./nuget/app/v3/index.json")]
    [InlineData("https://contoso-111122223333.d.codeartifact.us-east-1.evil-amazonaws.com/nuget/app/v3/index.json")]
    [InlineData("https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com.cn/nuget/app/v3/index.json")]
    [InlineData("https://contoso-111122223333.d.codeartifact.cn-north-1.amazonaws.com/nuget/app/v3/index.json")]
    [InlineData("https://contoso-111122223333.d.codeartifact.cn-north-1.on.aws/nuget/app/v3/index.json")]
    [InlineData("https://contoso-111122223333.codeartifact.us-east-1.amazonaws.com/nuget/app/v3/index.json")]
    [InlineData("https://contoso-111122223333.d.codeartifact.us-east-1.on.aws.evil.test/nuget/app/v3/index.json")]
    [InlineData("https://contoso-111122223333.d.codeartifact.us-east-1.on-aws/nuget/app/v3/index.json")]
    [InlineData("https://x.contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com/nuget/app/v3/index.json")]
    [InlineData("https://contoso-111122223333.d.d.codeartifact.us-east-1.amazonaws.com/nuget/app/v3/index.json")]
    [InlineData("https://contoso-111122223333.d.codeartifacts.us-east-1.amazonaws.com/nuget/app/v3/index.json")]
    [InlineData("https://contoso-111122223333.d.codeartifact.us-east.amazonaws.com/nuget/app/v3/index.json")]
    [InlineData("https://contoso-111122223333.d.codeartifact.xx-east-1.amazonaws.com/nuget/app/v3/index.json")]
    [InlineData("https://contoso-111122223333.d.codeartifact.us-east-1.s3.amazonaws.com/nuget/app/v3/index.json")]
    [InlineData("https://assets-193858265520-us-east-1.s3.us-east-1.amazonaws.com/nuget/app/v3/index.json")]
    [InlineData("https://codeartifact.us-east-1.amazonaws.com/nuget/app/v3/index.json")]
    [InlineData("https://contoso.d.codeartifact.us-east-1.amazonaws.com/nuget/app/v3/index.json")]
    [InlineData("https://contoso-11112222333.d.codeartifact.us-east-1.amazonaws.com/nuget/app/v3/index.json")]
    [InlineData("https://contoso-1111222233334.d.codeartifact.us-east-1.amazonaws.com/nuget/app/v3/index.json")]
    [InlineData("https://contoso-11112222333a.d.codeartifact.us-east-1.amazonaws.com/nuget/app/v3/index.json")]
    [InlineData("https://c-111122223333.d.codeartifact.us-east-1.amazonaws.com/nuget/app/v3/index.json")]
    [InlineData("https://1contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com/nuget/app/v3/index.json")]
    [InlineData("https://con_toso-111122223333.d.codeartifact.us-east-1.amazonaws.com/nuget/app/v3/index.json")]
    [InlineData("https://contoso--111122223333.d.codeartifact.us-east-1.amazonaws.com/nuget/app/v3/index.json")]
    [InlineData("https://-111122223333.d.codeartifact.us-east-1.amazonaws.com/nuget/app/v3/index.json")]
    [InlineData("https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com/npm/app/")]
    [InlineData("https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com/")]
    [InlineData("https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com/nuget")]
    [InlineData("https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com/nuget/")]
    [InlineData("https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com/nuget//v3/index.json")]
    [InlineData("https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com/nuget/a/v3/index.json")]
    [InlineData("https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com/nuget/.app/v3/index.json")]
    [InlineData("https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com/nuget/a%2Fb/v3/index.json")]
    [InlineData("https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com/NuGet/app/v3/index.json")]
    [InlineData("https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com/nuget/d/fabrikam-444455556666/app/v3/index.json")]
    [InlineData("https://vpce-0a1b-c2.d.codeartifact.us-west-2.vpce.amazonaws.com/nuget/app/v3/index.json")]
    [InlineData("https://vpce-0a1b-c2.d.codeartifact.us-west-2.vpce.amazonaws.com/nuget/d/contoso-111122223333")]
    [InlineData("https://vpce-0a1b-c2.d.codeartifact.us-west-2.vpce.amazonaws.com/nuget/d/CONTOSO-111122223333/app/v3/index.json")]
    [InlineData("https://vpce-0a1b-c2.codeartifact.us-west-2.vpce.amazonaws.com/nuget/d/contoso-111122223333/app/v3/index.json")]
    [InlineData("https://vpce-0a1b-c2.d.codeartifact.us-west-2.vpce.amazonaws.com.evil.test/nuget/d/contoso-111122223333/app/v3/index.json")]
    [InlineData("https://evil-0a1b-c2.d.codeartifact.us-west-2.vpce.amazonaws.com/nuget/d/contoso-111122223333/app/v3/index.json")]
    [InlineData("https://cоntoso-111122223333.d.codeartifact.us-east-1.amazonaws.com/nuget/app/v3/index.json")] // Cyrillic o
    [InlineData("https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws。com/nuget/app/v3/index.json")]
    [InlineData("https://ｃontoso-111122223333.d.codeartifact.us-east-1.amazonaws.com/nuget/app/v3/index.json")]
    [InlineData("https://contoso-111122223333%2ed.codeartifact.us-east-1.amazonaws.com/nuget/app/v3/index.json")]
    [InlineData("https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com\\nuget\\app\\v3\\index.json")]
    [InlineData("https:\\\\contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com/nuget/app/v3/index.json")]
    [InlineData(" https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com/nuget/app/v3/index.json")]
    [InlineData("https://127.0.0.1/nuget/app/v3/index.json")]
    [InlineData("https://[::1]/nuget/app/v3/index.json")]
    [InlineData("//contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com/nuget/app/v3/index.json")]
    [InlineData("contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com/nuget/app/v3/index.json")]
    [InlineData("https:contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com/nuget/app/v3/index.json")]
    [InlineData("ftp://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com/nuget/app/v3/index.json")]
    [InlineData("file://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com/nuget/app/v3/index.json")]
    [InlineData("https://evil.test/https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com/nuget/app/v3/index.json")]
    [InlineData("https://evil.test?https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com/nuget/app/v3/index.json")]
    [InlineData("https://evil.test#@contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com/nuget/app/v3/index.json")]
    [InlineData("https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com:80/nuget/app/v3/index.json")]
    [InlineData("https://@evil.test:443/nuget/app/v3/index.json")]
    [InlineData("https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com:443@evil.test/nuget/app/v3/index.json")]
    [InlineData("https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com%2Fnuget/app/v3/index.json")]
    [InlineData("https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com%00.evil.test/nuget/app/v3/index.json")]
    [InlineData("https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com%2eevil.test/nuget/app/v3/index.json")]
    [InlineData("https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws%2ecom/nuget/app/v3/index.json")]
    [InlineData("https://contoso-111122223333.d.codeartifact.us-east-1.amazon.aws.com/nuget/app/v3/index.json")]
    [InlineData("https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com.evil-amazonaws.com/nuget/app/v3/index.json")]
    [InlineData("https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.co/nuget/app/v3/index.json")]
    [InlineData("https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.comm/nuget/app/v3/index.json")]
    [InlineData("https://contoso-111122223333.d.codeartifact.us-east-1..amazonaws.com/nuget/app/v3/index.json")]
    [InlineData("https://contoso-111122223333.d.codeartifact.us-east-1.api.aws/nuget/app/v3/index.json")]
    [InlineData("https://contoso-111122223333.d.codeartifact.us-east-1.aws/nuget/app/v3/index.json")]
    [InlineData("https://contoso-111122223333.d.codeartifact-fips.us-east-1.amazonaws.com/nuget/app/v3/index.json")]
    [InlineData("https://contoso-111122223333.x.codeartifact.us-east-1.amazonaws.com/nuget/app/v3/index.json")]
    [InlineData("https://contoso-111122223333.d.codeartifact.amazonaws.com/nuget/app/v3/index.json")]
    [InlineData("https://contoso-111122223333.d.codeartifact.us-east-1a.amazonaws.com/nuget/app/v3/index.json")]
    [InlineData("https://contoso-111122223333.d.codeartifact.us-east-1-2.amazonaws.com/nuget/app/v3/index.json")]
    [InlineData("https://contoso-111122223333.d.codeartifact.us--1.amazonaws.com/nuget/app/v3/index.json")]
    [InlineData("https://contoso-111122223333.d.codeartifact.us-gov.amazonaws.com/nuget/app/v3/index.json")]
    [InlineData("https://contoso-111122223333.d.codeartifact.us-iso-east-1.amazonaws.com/nuget/app/v3/index.json")]
    [InlineData("https://contoso-111122223333.d.codeartifact.us-east-1.c2s.ic.gov/nuget/app/v3/index.json")]
    [InlineData("https://contoso-111122223333.d.codeartifact.eusc-de-east-1.amazonaws.com/nuget/app/v3/index.json")]
    [InlineData("https://contoso-111122223333.d.codeartifact.us-gov-west-1.amazonaws.eu/nuget/app/v3/index.json")]
    [InlineData("https://contoso-111122223333.d.codeartifact.us-iso-east-1.on.aws/nuget/app/v3/index.json")]
    [InlineData("https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com/pypi/app/")]
    [InlineData("https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com/maven/app/")]
    [InlineData("https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com/nugets/app/v3/index.json")]
    [InlineData("https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com//nuget/app/v3/index.json")]
    [InlineData("https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com/x/nuget/app/v3/index.json")]
    [InlineData("https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com/nuget/../npm/app/")]
    [InlineData("https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com/nuget%2Fapp/v3/index.json")]
    [InlineData("https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com/nuget/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/v3/index.json")]
    [InlineData("https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com/nuget/_app/v3/index.json")]
    [InlineData("https://vpce-0a1b-c2.d.codeartifact.us-west-2.vpce.amazonaws.com/nuget/d/contoso-11112222333/app/v3/index.json")]
    [InlineData("https://vpce-0a1b-c2.d.codeartifact.us-west-2.vpce.amazonaws.com/nuget/d/contoso/app/v3/index.json")]
    [InlineData("https://vpce-0a1b-c2.d.codeartifact.us-west-2.vpce.amazonaws.com/nuget/contoso-111122223333/app/v3/index.json")]
    [InlineData("https://vpce-0a1b-c2.d.codeartifact.us-west-2.vpce.amazonaws.com/npm/d/contoso-111122223333/app/")]
    [InlineData("https://vpce-0a1b-c2.d.codeartifact.us-west-2.vpce.amazonaws.com/nuget/d/contoso-111122223333//v3/index.json")]
    [InlineData("https://vpce-0a1b-c2.d.codeartifact.us-west-2.vpce.amazonaws.com/nuget/d/")]
    [InlineData("https://vpce-0a1b-111122223333.d.codeartifact.us-west-2.vpce.amazonaws.com/nuget/app/v3/index.json")]
    [InlineData("https://vpce-0a1b-c2.d.codeartifact.us-west-2.vpce.amazonaws.com.cn/nuget/d/contoso-111122223333/app/v3/index.json")]
    [InlineData("https://vpce-0a1b-c2.d.codeartifact.us-west-2.vpce.on.aws/nuget/d/contoso-111122223333/app/v3/index.json")]
    [InlineData("https://vpce-0a1b-c2.api.codeartifact.us-west-2.vpce.amazonaws.com/nuget/d/contoso-111122223333/app/v3/index.json")]
    [InlineData("https://vpce-0a1b-c2.d.codeartifact.us-west-2.vpce.vpce.amazonaws.com/nuget/d/contoso-111122223333/app/v3/index.json")]
    [InlineData("https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws．com/nuget/app/v3/index.json")]
    [InlineData("https://contoso‐111122223333.d.codeartifact.us-east-1.amazonaws.com/nuget/app/v3/index.json")]
    [InlineData("https://contoso-１１1122223333.d.codeartifact.us-east-1.amazonaws.com/nuget/app/v3/index.json")]
    [InlineData("https://contoso-111122223333.d.codeartıfact.us-east-1.amazonaws.com/nuget/app/v3/index.json")]
    [InlineData("https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com\u200b/nuget/app/v3/index.json")]
    [InlineData("https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com／nuget/app/v3/index.json")]
    [InlineData("https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com/nuget/äpp/v3/index.json")]
    [InlineData("https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com\\@evil.test/nuget/app/v3/index.json")]
    [InlineData("https:///contoso-111122223333.d.codeartifact")]
    [InlineData("https://contoso-111122223333.d.codeartifact.us-east-1.amazon\taws.com/nuget/app/v3/index.json")]
    [InlineData("\thttps://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com/nuget/app/v3/index.json")]
    [InlineData("https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com/nuget/ap p/v3/index.json")]
    [InlineData("https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com\r\n/nuget/app/v3/index.json")]
    [InlineData("https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com\0/nuget/app/v3/index.json")]
    [InlineData("https://2130706433/nuget/app/v3/index.json")]
    [InlineData("https://0x7f000001/nuget/app/v3/index.json")]
    [InlineData("https://[fe80::1%25eth0]/nuget/app/v3/index.json")]
    [InlineData("https://[::ffff:127.0.0.1]/nuget/app/v3/index.json")]
    [InlineData("https://localhost/nuget/app/v3/index.json")]
    [InlineData("https:///nuget/app/v3/index.json")]
    [InlineData("https://")]
    [InlineData("   ")]
    public void Of_other_hosts_are_foreign(string? url)
    {
        Assert.False(FeedUrl.TryParse(url, out _));
        // And get no token in any other package format.
        if (url?.Contains("/nuget/", StringComparison.Ordinal) == true)
            Assert.False(FeedUrl.TryParse(url.Replace("/nuget/", "/npm/", StringComparison.Ordinal), out _, anyFormat: true));
    }

    [Theory]
    [InlineData("us-east-1")]
    [InlineData("us-east-2")]
    [InlineData("us-west-2")]
    [InlineData("ap-south-1")]
    [InlineData("ap-southeast-1")]
    [InlineData("ap-southeast-2")]
    [InlineData("ap-northeast-1")]
    [InlineData("eu-central-1")]
    [InlineData("eu-west-1")]
    [InlineData("eu-west-2")]
    [InlineData("eu-west-3")]
    [InlineData("eu-north-1")]
    [InlineData("eu-south-1")]
    [InlineData("mx-central-1")] // CodeArtifact is not available there yet
    [InlineData("af-somewhere2-17")] // does not exist
    public void Accept_any_region_of_the_right_shape(string region)
    {
        Assert.True(FeedUrl.TryParse($"https://contoso-111122223333.d.codeartifact.{region}.amazonaws.com/nuget/app/v3/index.json", out var feed));
        Assert.Equal(region, feed.Region);
        Assert.True(FeedUrl.TryParse($"https://contoso-111122223333.codeartifact.{region}.on.aws/nuget/app/v3/index.json", out feed));
        Assert.Equal(region, feed.Region);
    }

    [Fact]
    public void Accept_domains_of_up_to_fifty_characters()
    {
        static string Url(int length) => $"https://{new string('a', length)}-111122223333.d.codeartifact.us-east-1.amazonaws.com/nuget/app/v3/index.json";
        Assert.True(FeedUrl.TryParse(Url(50), out _));
        Assert.False(FeedUrl.TryParse(Url(51), out _));
    }

    [Theory]
    [InlineData(App)]
    [InlineData("https://contoso-111122223333.codeartifact.eu-west-1.on.aws/nuget/app/v3/index.json")]
    [InlineData("https://vpce-0a1b-c2.d.codeartifact.us-west-2.vpce.amazonaws.com/nuget/d/contoso-111122223333/app/v3/index.json")]
    [Trait("Category", "Slow")]
    public void With_random_edits_are_accepted_only_on_AWS_hosts(string url)
    {
        string[] suffixes = [".amazonaws.com", ".on.aws", ".amazonaws.com.cn", ".amazonaws.eu", ".c2s.ic.gov", ".sc2s.sgov.gov", ".cloud.adc-e.uk", ".csp.hci.ic.gov"];
        var random = new Random(20261124);
        var accepted = 0;
        for (var i = 0; i < 60_000; i++)
        {
            var text = Mutate(url, random);
            if (!FeedUrl.TryParse(text, out var feed))
                continue;
            accepted++;
            var uri = new Uri(text);
            Assert.True(uri.Scheme == "https" && Array.Exists(suffixes, suffix => uri.IdnHost.EndsWith(suffix, StringComparison.Ordinal)), text);
            Assert.Contains($"{feed.Domain}-{feed.Owner}", uri.IdnHost + uri.AbsolutePath, StringComparison.Ordinal);
            Assert.True(FeedUrl.TryParse(uri.AbsoluteUri, out var again) && again == feed, text);
        }

        Assert.InRange(accepted, 1000, 45_000);
    }

    /// <summary>Compares with System.Uri on generated URLs; a failure prints the seed that reproduces it.</summary>
    [Fact]
    [Trait("Category", "Slow")]
    public void Have_the_host_and_path_that_System_Uri_finds()
    {
        string[] fragments = ["https://", "http://", "/", ".", "-", "_", ":443", ":8443", "@", "nuget", "us-east-1", "1", "xn--", "..", "//", "%2e", "?", "#", new string('a', 63)];
        var pieces = Gen.OneOf(Generators.OneOf(fragments), Gen.String[Gen.Char[' ', '~'], 0, 3]);
        var split = 0;
        Gen.Select(Gen.Bool, pieces.Array[0, 12]).Sample((isUrl, parts) =>
        {
            var url = (isUrl ? "https://" : "") + string.Concat(parts);
            if (!FeedUrl.TrySplit(url, out var host, out var path))
                return;
            // NuGet asks for no URL that System.Uri rejects, such as one with the label "-".
            if (!Uri.TryCreate(url, UriKind.Absolute, out var uri))
                return;
            Interlocked.Increment(ref split);
            Assert.Equal(("https", "", host), (uri.Scheme, uri.UserInfo, uri.Authority));
            // System.Uri calls a host "Basic" if a label starts with an underscore.
            Assert.True(uri.HostNameType is UriHostNameType.Dns or UriHostNameType.Basic, url);
            // System.Uri also normalizes percent-encoding in paths; repository names contain none.
            if (path.All(c => char.IsAsciiLetterOrDigit(c) || "/-_".Contains(c, StringComparison.Ordinal)))
                Assert.Equal(path, uri.AbsolutePath);
        }, iter: 100_000);
        Assert.True(split > 100, $"{split}");
    }

    private static string Mutate(string original, Random random)
    {
        const string Pieces = "abz019-._~:/?#[]@!$&'()*+,;=%\\ \té。ａ";
        var url = original.ToList();
        for (var edits = random.Next(1, 4); edits > 0; edits--)
        {
            var at = random.Next(url.Count);
            var piece = Pieces[random.Next(Pieces.Length)];
            switch (random.Next(4))
            {
                case 0:
                    url[at] = piece;
                    break;
                case 1:
                    url.Insert(at, piece);
                    break;
                case 2:
                    url.RemoveAt(at);
                    break;
                default:
                    // Repeat a piece of the URL, as look-alike hosts do.
                    url.InsertRange(at, url.Skip(random.Next(url.Count)).Take(random.Next(1, 30)).ToList());
                    break;
            }
        }

        return new string([.. url]);
    }

    [Theory]
    [InlineData("", true)]
    [InlineData("contoso", true)]
    [InlineData("fabrikam,contoso", true)]
    [InlineData("contoso/111122223333", true)]
    [InlineData("*/111122223333", true)]
    [InlineData("contoso/444455556666", false)]
    [InlineData("fabrikam", false)]
    [InlineData("*/444455556666", false)]
    [InlineData("contos", false)]
    public void Are_allowed_by_domain_and_owner(string list, bool isAllowed)
    {
        Assert.True(FeedUrl.TryParse(App, out var feed));
        Assert.Equal(isAllowed, feed.IsAllowedBy(list.Length == 0 ? [] : list.Split(',')));
    }
}
