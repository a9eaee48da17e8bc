using LocalAws;

namespace CredentialProvider.EndToEndTests.Clients;

/// <summary>dotnet restore and related commands on a machine whose only AWS credentials are its instance role.</summary>
public sealed class DotnetRestore
{
    /// <summary>How NuGet finds the plugin.</summary>
    public enum Discovery
    {
        NativeOnPath,
        NativeByPluginPaths,
        NetCoreByNetCorePluginPaths,
        NetCoreInHome,
    }

    [Theory]
    [InlineData(Discovery.NativeOnPath)]
    [InlineData(Discovery.NativeByPluginPaths, Traits = ["Category", "Slow"])]
    [InlineData(Discovery.NetCoreByNetCorePluginPaths, Traits = ["Category", "Slow"])]
    [InlineData(Discovery.NetCoreInHome, Traits = ["Category", "Slow"])]
    public async Task A_restore_needs_only_the_plugin(Discovery how)
    {
        await using var sandbox = await Sandbox.StartAsync();
        sandbox.AllowSlowMetadata();
        Install(sandbox, how);
        var project = sandbox.WriteSimpleProject();

        (await sandbox.DotnetAsync(project, "restore", "-warnaserror")).Succeeded();

        Assert.True(sandbox.HasPackage("Contoso.App.Client"));
        Assert.Contains(sandbox.Aws.Audit.Entries, entry => entry.Detail == "Contoso.Core 1.0.0 from shared");
        Assert.Contains(sandbox.Aws.Audit.Entries, entry => entry.Detail == "Example.Json 13.0.1 from public:nuget-org through nuget-store");
        Assert.Equal(1, sandbox.Aws.Audit.Count("codeartifact"));
        Assert.Equal(3, sandbox.Aws.Audit.Count("metadata"));
    }

    [Theory]
    [Trait("Category", "Slow")]
    [InlineData("https://contoso-111122223333.codeartifact.us-east-1.on.aws/nuget/app/v3/index.json")]
    [InlineData("https://vpce-0a1b2c3d-abcd.d.codeartifact.us-east-1.vpce.amazonaws.com/nuget/d/contoso-111122223333/app/v3/index.json")]
    public async Task Dual_stack_and_VPC_endpoint_URLs_restore(string url)
    {
        await using var sandbox = await Sandbox.StartAsync();
        sandbox.PutNativeOnPath();
        var project = sandbox.WriteProject("client", "Contoso.App.Client/1.0.0");
        sandbox.WriteConfig("client", ("app", url));

        (await sandbox.DotnetAsync(project, "restore", "-warnaserror")).Succeeded();

        Assert.Equal(1, sandbox.Aws.Audit.Count("codeartifact"));
    }

    [Fact]
    [Trait("Category", "Slow")]
    public async Task A_second_restore_sends_no_request_to_AWS()
    {
        await using var sandbox = await Sandbox.StartAsync();
        sandbox.PutNativeOnPath();
        var project = sandbox.WriteSimpleProject();
        (await sandbox.DotnetAsync(project, "restore")).Succeeded();
        sandbox.Aws.Audit.Clear();
        sandbox.ForgetPackages();

        (await sandbox.DotnetAsync(project, "restore", "--no-cache", "--force")).Succeeded();

        Assert.Equal(0, sandbox.Aws.Audit.Count("codeartifact"));
        Assert.Equal(0, sandbox.Aws.Audit.Count("metadata"));
        Assert.NotEqual(0, sandbox.Aws.Audit.Count("nuget", "Download"));
    }

    [Fact]
    [Trait("Category", "Slow")]
    public async Task Ten_projects_with_three_feeds_in_two_domains_fetch_two_tokens()
    {
        await using var sandbox = await Sandbox.StartAsync();
        sandbox.AllowSlowMetadata();
        sandbox.PutNativeOnPath();
        var fabrikam = sandbox.Aws.World.AddDomain("fabrikam-tools", region: "eu-west-1");
        sandbox.Aws.World.Repositories.Add(new Repository(fabrikam, "tools").With(Package.Create("Fabrikam.Tool", "2.0.0")));
        sandbox.WriteConfig(".", ("app", Feeds.App), ("shared", Feeds.Shared),
            ("tools", "https://fabrikam-tools-111122223333.d.codeartifact.eu-west-1.amazonaws.com/nuget/tools/v3/index.json"));
        await sandbox.DotnetAsync(sandbox.Folder("."), "new", "sln", "-n", "ten", "--format", "sln");
        for (var i = 0; i < 10; i++)
            sandbox.WriteProject($"project{i}", "Contoso.App.Client/1.0.0", "Fabrikam.Tool/2.0.0");
        var projects = Enumerable.Range(0, 10).Select(i => $"project{i}/project{i}.csproj");
        (await sandbox.DotnetAsync(sandbox.Folder("."), ["sln", "ten.sln", "add", .. projects])).Succeeded();

        (await sandbox.DotnetAsync(sandbox.Folder("."), "restore", "ten.sln", "-warnaserror")).Succeeded();

        Assert.Equal(2, sandbox.Aws.Audit.Count("codeartifact", "GetAuthorizationToken"));
        Assert.Equal(3, sandbox.Aws.Audit.Count("metadata"));
        Assert.True(sandbox.HasPackage("Fabrikam.Tool"));
    }

    [Theory]
    [Trait("Category", "Slow")]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_rejected_token_is_replaced_during_the_restore(bool isExpired)
    {
        await using var sandbox = await Sandbox.StartAsync();
        sandbox.PutNativeOnPath();
        var project = sandbox.WriteSimpleProject();
        (await sandbox.DotnetAsync(project, "restore")).Succeeded();
        if (isExpired)
            sandbox.Aws.World.ExpireAllTokens();
        else
            sandbox.Aws.World.RevokeAllTokens();
        sandbox.Aws.Audit.Clear();
        sandbox.ForgetPackages();

        (await sandbox.DotnetAsync(project, "restore", "--no-cache", "--force", "-warnaserror")).Succeeded();

        Assert.Equal(1, sandbox.Aws.Audit.Entries.Count(e => e is { Operation: "GetAuthorizationToken", Status: 200 }));
    }

    [Fact]
    [Trait("Category", "Slow")]
    public async Task A_foreign_feed_next_to_CodeArtifact_works_as_before()
    {
        await using var sandbox = await Sandbox.StartAsync();
        sandbox.PutNativeOnPath();
        sandbox.Aws.World.ForeignFeeds.Add(new ForeignFeed("nuget.example.test", Password: "open sesame")
        {
            Packages = [Package.Create("Foreign.Thing", "3.0.0")],
        });
        var project = sandbox.WriteProject("client", "Contoso.App.Client/1.0.0", "Foreign.Thing/3.0.0");
        sandbox.Write("client/nuget.config", $"""
            <configuration>
              <packageSources><clear />
                <add key="app" value="{Feeds.App}" /><add key="foreign" value="https://nuget.example.test/v3/index.json" />
              </packageSources>
              <packageSourceCredentials><foreign>
                <add key="Username" value="user" /><add key="ClearTextPassword" value="open sesame" />
              </foreign></packageSourceCredentials>
            </configuration>
            """);

        (await sandbox.DotnetAsync(project, "restore", "-warnaserror")).Succeeded();

        Assert.True(sandbox.HasPackage("Foreign.Thing"));
    }

    [Fact]
    [Trait("Category", "Slow")]
    public async Task Packages_can_be_added_and_published()
    {
        await using var sandbox = await Sandbox.StartAsync();
        sandbox.PutNativeOnPath();
        var project = sandbox.WriteSimpleProject();
        var package = Package.Create("Contoso.New", "0.1.0");
        await File.WriteAllBytesAsync(Path.Combine(project, "new.nupkg"), package.Content, TestContext.Current.CancellationToken);

        (await sandbox.DotnetAsync(project, "nuget", "push", "new.nupkg", "--source", "app", "--api-key", "unused")).Succeeded();
        (await sandbox.DotnetAsync(project, "add", "package", "Contoso.New", "--version", "0.1.0")).Succeeded();

        Assert.Contains(sandbox.Aws.Audit.Entries, entry => entry.Detail == "Contoso.New 0.1.0 to app" && entry.Status == 201);
        Assert.True(sandbox.HasPackage("Contoso.New"));
        Assert.Equal(1, sandbox.Aws.Audit.Count("codeartifact"));
    }

    [Fact]
    [Trait("Category", "Slow")]
    public async Task A_missing_permission_is_reported_once()
    {
        await using var sandbox = await Sandbox.StartAsync();
        sandbox.PutNativeOnPath();
        sandbox.Aws.World.InstanceRole!.Policy.RemoveAll(statement => statement.Action == "sts:GetServiceBearerToken");
        var project = sandbox.WriteSimpleProject();

        var outcome = (await sandbox.DotnetAsync(project, "restore")).Failed();

        var line = Assert.Single(outcome.Output.Split('\n').Where(l => l.Contains("CACP1001", StringComparison.Ordinal)).Select(l => l[l.IndexOf("CACP", StringComparison.Ordinal)..]).Distinct());
        Assert.Contains("contoso (111122223333, us-east-1)", line, StringComparison.Ordinal);
        Assert.Contains("not authorized to perform: sts:GetServiceBearerToken", line, StringComparison.Ordinal);
        Assert.Contains("; attach the policy printed by: nuget-plugin-codeartifact policy contoso/app --owner 111122223333 --region us-east-1", line, StringComparison.Ordinal);
        Assert.DoesNotContain("A task was canceled", outcome.Output, StringComparison.Ordinal);
    }

    private static void Install(Sandbox sandbox, Discovery how)
    {
        switch (how)
        {
            case Discovery.NativeOnPath:
                sandbox.PutNativeOnPath();
                break;
            case Discovery.NativeByPluginPaths:
                Artifacts.RequireNative();
                sandbox.Variables["NUGET_PLUGIN_PATHS"] = Artifacts.Native;
                break;
            case Discovery.NetCoreByNetCorePluginPaths:
                sandbox.Variables["NUGET_NETCORE_PLUGIN_PATHS"] = Artifacts.NetCore;
                break;
            case Discovery.NetCoreInHome:
                var folder = Directory.CreateDirectory(Path.Combine(sandbox.Home, ".nuget/plugins/netcore/CredentialProvider.CodeArtifact"));
                foreach (var file in Directory.GetFiles(Artifacts.NetCoreFolder))
                    File.Copy(file, Path.Combine(folder.FullName, Path.GetFileName(file)));
                break;
        }
    }
}
