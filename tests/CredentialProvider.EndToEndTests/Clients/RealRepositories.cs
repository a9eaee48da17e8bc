using LocalAws;

namespace CredentialProvider.EndToEndTests.Clients;

/// <summary>
/// The shapes of two source repositories, with CodeArtifact as the only source, from a fresh clone on a fresh build agent: each NuGet starts the plugin
/// once, one token is fetched, and what is restored equals a restore with a static token.
/// </summary>
[Trait("Category", "Slow")]
public sealed class RealRepositories
{
    /// <summary>Central package versions, transitive packages, and a project SDK from the feed.</summary>
    /// <param name="starts">Before the restore, MSBuild resolves project SDKs with a NuGet of its own, which starts the plugin for itself. The restore's
    /// finds the token in the cache.</param>
    [Theory]
    [InlineData("Microsoft.NET.Sdk", 1)]
    [InlineData("Contoso.Sdk", 2)]
    public async Task A_solution_of_120_projects_restores_with_one_token(string sdk, int starts)
    {
        await using var sandbox = await StartAsync();
        var app = sandbox.Aws.World.Repositories.Single(repository => repository.Name == "app");
        app.With([.. Enumerable.Range(0, 60).Select(i => Package.Create($"Contoso.Part{i}", "1.2.0", i < 20 ? [] : [($"Contoso.Part{i - 20}", "1.2.0")]))]);
        app.With(Package.Create("Contoso.Sdk", "3.1.0", [], "MSBuildSdk",
            ("Sdk/Sdk.props", """<Project><Import Project="Sdk.props" Sdk="Microsoft.NET.Sdk" /></Project>"""),
            ("Sdk/Sdk.targets", """<Project><Import Project="Sdk.targets" Sdk="Microsoft.NET.Sdk" /></Project>""")));
        var root = sandbox.Folder("solution");
        sandbox.WriteConfig("solution", ("contoso", Feeds.App));
        sandbox.Write("solution/global.json", """{ "msbuild-sdks": { "Contoso.Sdk": "3.1.0" } }""");
        sandbox.Write("solution/Directory.Packages.props", $"""
            <Project>
              <PropertyGroup><ManagePackageVersionsCentrally>true</ManagePackageVersionsCentrally></PropertyGroup>
              <ItemGroup>{Lines(60, i => $"""<PackageVersion Include="Contoso.Part{i}" Version="1.2.0" />""")}</ItemGroup>
            </Project>
            """);
        sandbox.Write("solution/all.slnx", $"<Solution>{Lines(120, i => $"""<Project Path="src/P{i}/P{i}.csproj" />""")}</Solution>");
        for (var i = 0; i < 120; i++)
        {
            sandbox.Write($"solution/src/P{i}/P{i}.csproj", $"""
                <Project Sdk="{sdk}">
                  <PropertyGroup><TargetFramework>net10.0</TargetFramework></PropertyGroup>
                  <ItemGroup>
                    <PackageReference Include="Contoso.Part{i % 60}" /><PackageReference Include="Contoso.Part{(i + 7) % 60}" />
                    {(i == 0 ? "" : $"""<ProjectReference Include="../P{i / 2}/P{i / 2}.csproj" />""")}
                  </ItemGroup>
                </Project>
                """);
        }

        await AssertOneTokenAsync(sandbox, root, "obj/project.assets.json", starts, ["restore", "-warnaserror"]);
    }

    /// <summary>A tool manifest, lock files in locked mode, and two nuget.configs that are merged.</summary>
    [Fact]
    public async Task A_repository_with_tools_lock_files_and_two_configurations_restores_with_one_token()
    {
        await using var sandbox = await StartAsync();
        sandbox.Aws.World.Repositories.Single(repository => repository.Name == "shared").With(Package.Create("Contoso.Tool", "2.0.0", [], "DotnetTool",
            ("tools/net8.0/any/DotnetToolSettings.xml", """
                <DotNetCliTool Version="1"><Commands><Command Name="contoso-tool" EntryPoint="tool.dll" Runner="dotnet" /></Commands></DotNetCliTool>
                """), ("tools/net8.0/any/tool.dll", "")));
        var root = sandbox.Folder("repository");
        sandbox.WriteConfig("repository", ("app", Feeds.App));
        sandbox.Write("repository/src/nuget.config", $"""<configuration><packageSources><add key="shared" value="{Feeds.Shared}" /></packageSources></configuration>""");
        sandbox.Write("repository/.config/dotnet-tools.json", """
            { "version": 1, "isRoot": true, "tools": { "contoso.tool": { "version": "2.0.0", "commands": ["contoso-tool"] } } }
            """);
        sandbox.Write("repository/src/Directory.Build.props",
            "<Project><PropertyGroup><RestorePackagesWithLockFile>true</RestorePackagesWithLockFile></PropertyGroup></Project>");
        sandbox.WriteProject("repository/src/Client", "Contoso.App.Client/1.0.0");
        sandbox.WriteProject("repository/src/Logging", "Example.Logging/4.1.0");
        sandbox.Write("repository/src/all.slnx", """<Solution><Project Path="Client/Client.csproj" /><Project Path="Logging/Logging.csproj" /></Solution>""");

        await AssertOneTokenAsync(sandbox, root, "packages.lock.json", 1, ["restore", "src/all.slnx", "-warnaserror"]);
        await AssertOneTokenAsync(sandbox, root, "obj/project.assets.json", 2,
            ["tool", "restore", "--add-source", Feeds.Shared], ["restore", "src/all.slnx", "--locked-mode", "-warnaserror"]);
    }

    private static async Task<Sandbox> StartAsync()
    {
        Artifacts.RequireNative();
        var sandbox = await Sandbox.StartAsync();
        sandbox.AllowSlowMetadata();
        sandbox.PutOnPath($"sh -c 'echo started >> {sandbox.Root}/starts; exec {Artifacts.Native} \"$@\"' sh");
        return sandbox;
    }

    /// <param name="result">The path in each project's folder of what a restore writes.</param>
    private static async Task AssertOneTokenAsync(Sandbox sandbox, string root, string result, int starts, params string[][] commands)
    {
        Forget(sandbox, root);
        sandbox.Aws.Audit.Clear();
        foreach (var command in commands)
            (await sandbox.DotnetAsync(root, command)).Succeeded();
        var restored = Read(root, result);
        Assert.Equal(1, sandbox.Aws.Audit.Count("codeartifact", "GetAuthorizationToken"));
        Assert.Equal(3, sandbox.Aws.Audit.Count("metadata"));
        Assert.NotEqual(0, sandbox.Aws.Audit.Count("s3", "GetObject"));
        Assert.Equal(starts, Starts(sandbox));

        Forget(sandbox, root);
        sandbox.Variables["CODEARTIFACT_AUTH_TOKEN"] = sandbox.Aws.World.IssueToken("contoso");
        foreach (var command in commands)
            (await sandbox.DotnetAsync(root, command)).Succeeded();
        sandbox.Variables.Remove("CODEARTIFACT_AUTH_TOKEN");
        Assert.Equal(restored, Read(root, result));
    }

    private static int Starts(Sandbox sandbox) => File.ReadAllLines(Path.Combine(sandbox.Root, "starts")).Length;

    /// <summary>As on an agent that has never built anything: no packages, no answers of feeds, no token.</summary>
    private static void Forget(Sandbox sandbox, string root)
    {
        foreach (var folder in new[] { sandbox.Variables["NUGET_PACKAGES"], sandbox.Cache, Path.Combine(sandbox.Home, ".local"), Path.Combine(sandbox.Home, ".dotnet/toolResolverCache") }
            .Concat(Directory.GetDirectories(root, "obj", SearchOption.AllDirectories)).Where(Directory.Exists))
        {
            Directory.Delete(folder, recursive: true);
        }

        File.Delete(Path.Combine(sandbox.Root, "starts"));
    }

    private static Dictionary<string, string> Read(string root, string result) =>
        Directory.GetFiles(root, Path.GetFileName(result), SearchOption.AllDirectories).ToDictionary(file => file, File.ReadAllText);

    private static string Lines(int count, Func<int, string> line) => string.Concat(Enumerable.Range(0, count).Select(line));
}
