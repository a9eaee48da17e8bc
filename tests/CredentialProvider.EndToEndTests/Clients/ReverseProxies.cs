using LocalAws;

namespace CredentialProvider.EndToEndTests.Clients;

/// <summary>A reverse proxy in front of CodeArtifact, with and without an entry under "hosts" in the configuration file.</summary>
[Trait("Category", "Slow")]
public sealed class ReverseProxies
{
    private const string Private = "https://nuget.corp.example.test/nuget/app/v3/index.json";

    private const string Hosts =
        """{ "hosts": { "nuget.corp.example.test": { "domain": "contoso", "owner": "111122223333", "region": "us-east-1" } } }""";

    [Fact]
    public async Task A_configured_proxy_is_treated_as_a_CodeArtifact_feed()
    {
        await using var sandbox = await WithReverseProxyAsync(Hosts);

        (await sandbox.DotnetAsync(sandbox.Folder("client"), "restore", "-warnaserror")).Succeeded();

        Assert.True(sandbox.HasPackage("Example.Json"));
        Assert.Equal(1, sandbox.Aws.Audit.Count("codeartifact"));
    }

    [Fact]
    public async Task An_unconfigured_proxy_is_a_foreign_feed()
    {
        await using var sandbox = await WithReverseProxyAsync("{ }");

        var outcome = (await sandbox.DotnetAsync(sandbox.Folder("client"), "restore")).Failed();

        Assert.DoesNotContain("CACP", outcome.Output, StringComparison.Ordinal);
        Assert.Equal(0, sandbox.Aws.Audit.Count("codeartifact"));
    }

    [Fact]
    public async Task A_mistake_in_its_entry_is_one_warning_with_line_and_column()
    {
        await using var sandbox = await WithReverseProxyAsync(Hosts.Replace("region", "regoin", StringComparison.Ordinal));

        var outcome = (await sandbox.DotnetAsync(sandbox.Folder("client"), "restore")).Failed();

        Assert.Contains("CACP1012: no token for host nuget.corp.example.test: ", outcome.Output, StringComparison.Ordinal);
        Assert.Contains("line 1, column 89: hosts.nuget.corp.example.test.regoin is not a known key (did you mean 'region'?); ", outcome.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{ \"rules\": [ { \"domain\": \"fabrikam\", \"profil\": \"x\" } ] }")]
    [InlineData("{ \"hosts\": { \"other.example\": { } } }")]
    public async Task A_mistake_in_settings_for_other_feeds_has_no_effect(string json)
    {
        await using var sandbox = await WithReverseProxyAsync(json);
        sandbox.WriteConfig("client", ("app", Feeds.App));

        (await sandbox.DotnetAsync(sandbox.Folder("client"), "restore", "-warnaserror")).Succeeded();
    }

    [Fact]
    public async Task A_syntax_error_has_no_effect_on_foreign_feeds()
    {
        await using var sandbox = await WithReverseProxyAsync("{ broken");
        sandbox.Aws.World.ForeignFeeds.Add(new ForeignFeed("foreign.example.test", null) { Packages = [Package.Create("Contoso.App.Client", "1.0.0")] });
        sandbox.WriteConfig("client", ("foreign", "https://foreign.example.test/v3/index.json"));

        (await sandbox.DotnetAsync(sandbox.Folder("client"), "restore", "-warnaserror")).Succeeded();
    }

    private static async Task<Sandbox> WithReverseProxyAsync(string json)
    {
        var sandbox = await Sandbox.StartAsync();
        sandbox.PutNativeOnPath();
        sandbox.Aws.World.ReverseProxies.Add(new ReverseProxy("nuget.corp.example.test", sandbox.Aws.World.Domains[0]));
        sandbox.Write("home/.config/codeartifact.json", json);
        sandbox.WriteProject("client", "Contoso.App.Client/1.0.0");
        sandbox.WriteConfig("client", ("private", Private));
        return sandbox;
    }
}
