using LocalAws;

namespace CredentialProvider.EndToEndTests;

/// <summary>dotnet restore with a configuration file.</summary>
public sealed class Configured
{
    private const string Private = "https://nuget.corp.example.test/nuget/app/v3/index.json";

    private const string Hosts =
        """{ "hosts": { "nuget.corp.example.test": { "domain": "contoso", "owner": "111122223333", "region": "us-east-1" } } }""";

    [Fact]
    public async Task A_reverse_proxy_is_restored_from()
    {
        await using var sandbox = await WithReverseProxyAsync(Hosts);

        (await sandbox.DotnetAsync(sandbox.Folder("client"), "restore", "-warnaserror")).Succeeded();

        Assert.True(sandbox.HasPackage("Example.Json"));
        Assert.Equal(1, sandbox.Aws.Audit.Count("codeartifact"));
    }

    [Fact]
    public async Task A_reverse_proxy_that_is_not_configured_gets_no_token()
    {
        await using var sandbox = await WithReverseProxyAsync("{ }");

        var outcome = (await sandbox.DotnetAsync(sandbox.Folder("client"), "restore")).Failed();

        Assert.DoesNotContain("CACP", outcome.Output, StringComparison.Ordinal);
        Assert.Equal(0, sandbox.Aws.Audit.Count("codeartifact"));
    }

    [Fact]
    public async Task A_host_with_a_mistake_is_a_warning_with_its_place()
    {
        await using var sandbox = await WithReverseProxyAsync(Hosts.Replace("region", "regoin", StringComparison.Ordinal));

        var outcome = (await sandbox.DotnetAsync(sandbox.Folder("client"), "restore")).Failed();

        Assert.Contains("CACP1012: no token for host nuget.corp.example.test: ", outcome.Output, StringComparison.Ordinal);
        Assert.Contains("line 1, column 89: hosts.nuget.corp.example.test.regoin is no key; 'region' is; ", outcome.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{ \"rules\": [ { \"domain\": \"fabrikam\", \"profil\": \"x\" } ] }")]
    [InlineData("{ \"hosts\": { \"other.example\": { } } }")]
    public async Task A_mistake_about_other_feeds_changes_nothing(string json)
    {
        await using var sandbox = await WithReverseProxyAsync(json);
        sandbox.WriteConfig("client", ("app", Feeds.App));

        (await sandbox.DotnetAsync(sandbox.Folder("client"), "restore", "-warnaserror")).Succeeded();
    }

    [Fact]
    public async Task A_broken_file_changes_nothing_for_a_foreign_feed()
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
