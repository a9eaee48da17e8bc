using System.Text.Json.Nodes;
using LocalAws;

namespace CredentialProvider.EndToEndTests.Secrecy;

/// <summary>The token that <c>doctor</c> reads a feed with goes to that feed over https, whatever the feed answers.</summary>
[Trait("Category", "Slow")]
public sealed class TheTokenOfDoctor
{
    [Theory]
    [InlineData("https://evil.example.test/flat/", "https://evil.example.test")]
    [InlineData("http://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com/nuget/app/v3/flat/", "http://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com")]
    [InlineData("https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com:8443/nuget/app/v3/flat/", "https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com:8443")]
    [InlineData("https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com@evil.example.test/", "https://***@evil.example.test")]
    [InlineData("https://fabrikam-111122223333.d.codeartifact.us-east-1.amazonaws.com/nuget/app/v3/flat/", "https://fabrikam-111122223333.d.codeartifact.us-east-1.amazonaws.com")]
    public async Task Is_not_sent_to_a_host_that_the_service_index_names(string resource, string named)
    {
        await using var sandbox = await StartAsync(new Fault("nuget", "ServiceIndex") { Body = ServiceIndex(resource, resource) });

        foreach (var (check, options) in new[] { ("package", new[] { "--package", "Contoso.App.Client" }), ("publish", ["--publish", "Contoso.App.Client"]) })
        {
            var finding = await FindingAsync(sandbox, check, options);

            Assert.Equal("fail", (string?)finding["outcome"]);
            Assert.Equal($"the service index names {named}, which is not the feed's host; no token was sent there", (string?)finding["text"]);
        }

        Assert.All(sandbox.Aws.Audit.Entries.Where(entry => entry.Service is "nuget" or "foreign" or "proxy"), entry => Assert.Equal("ServiceIndex", entry.Operation));
    }

    [Theory]
    [InlineData("ServiceIndex", "read")]
    [InlineData("Versions", "package")]
    [InlineData("Publish", "publish")]
    public async Task Does_not_follow_a_redirect(string operation, string check)
    {
        await using var sandbox = await StartAsync(Redirect(operation, "https://evil.example.test/x?token=1"));

        var finding = await FindingAsync(sandbox, check, "--package", "Contoso.App.Client", "--publish", "Contoso.App.Client");

        Assert.Equal("the feed redirects to https://evil.example.test; no token was sent there", (string?)finding["text"]);
        Assert.DoesNotContain(sandbox.Aws.Audit.Entries, entry => entry.Host == "evil.example.test");
    }

    /// <summary>CodeArtifact redirects downloads to presigned URLs of S3, which refuses requests with a second authorization. The feed of
    /// another domain stands for S3 here: it would accept a token, and answers 401 without one.</summary>
    [Theory]
    [InlineData("https://fabrikam-111122223333.d.codeartifact.us-east-1.amazonaws.com/nuget/app/v3/index.json", 1)]
    [InlineData("https://evil.example.test/", 0)]
    [InlineData("http://assets.s3.us-east-1.amazonaws.com/", 0)]
    public async Task Does_not_follow_the_redirect_of_a_download(string location, int requests)
    {
        await using var sandbox = await StartAsync(Redirect("Download", location));

        var finding = await FindingAsync(sandbox, "publish", "--publish", "Contoso.App.Client");

        Assert.Equal("fail", (string?)finding["outcome"]);
        Assert.Equal(requests, sandbox.Aws.Audit.Entries.Count(entry => entry.Host == new Uri(location).Host && entry.Status is 401));
        Assert.DoesNotContain(sandbox.Aws.Audit.Entries, entry => entry.Host == "evil.example.test");
        Assert.Equal(0, sandbox.Aws.Audit.Count("nuget", "Publish"));
    }

    [Theory]
    [InlineData("ServiceIndex", "read")]
    [InlineData("Versions", "package")]
    public async Task Is_not_worth_an_answer_without_end(string operation, string check)
    {
        await using var sandbox = await StartAsync(new Fault("nuget", operation) { Body = new string(' ', 5 * 1024 * 1024) });

        var finding = await FindingAsync(sandbox, check, "--package", "Contoso.App.Client");

        Assert.Equal("fail", (string?)finding["outcome"]);
        Assert.Contains("more than 4 MB", (string?)finding["text"], StringComparison.Ordinal);
    }

    private static async Task<Sandbox> StartAsync(Fault fault)
    {
        Artifacts.RequireNative();
        var sandbox = await Sandbox.StartAsync();
        sandbox.Aws.World.ForeignFeeds.Add(new ForeignFeed("evil.example.test", null));
        sandbox.WriteConfig("client", ("contoso", Feeds.App));
        sandbox.Aws.Faults.Add(fault);
        return sandbox;
    }

    private static Fault Redirect(string operation, string location) =>
        new("nuget", operation) { Status = 307, Headers = new Dictionary<string, string> { ["Location"] = location } };

    private static string ServiceIndex(string flat, string publish) => $$"""
        {"version":"3.0.0","resources":[{"@id":"{{flat}}","@type":"PackageBaseAddress/3.0.0"},{"@id":"{{publish}}","@type":"PackagePublish/2.0.0"}]}
        """;

    private static async Task<JsonNode> FindingAsync(Sandbox sandbox, string check, params string[] options)
    {
        var output = (await sandbox.RunAsync(Artifacts.Native, sandbox.Folder("client"), ["doctor", "contoso", "--json", .. options])).Output;
        var findings = JsonNode.Parse(output[..(output.LastIndexOf(']') + 1)])!.AsArray();
        return findings.Single(finding => (string?)finding!["check"] == check)!;
    }
}
