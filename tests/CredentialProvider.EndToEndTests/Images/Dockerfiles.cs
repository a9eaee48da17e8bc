using System.Text.Json.Nodes;

namespace CredentialProvider.EndToEndTests.Images;

/// <summary>The Dockerfiles and manifests of build/images, run without a container engine.</summary>
[Trait("Category", "Slow")]
public sealed class Dockerfiles(SdkImage sdk) : IClassFixture<SdkImage>
{
    private const string Restore = "dotnet restore client.csproj -warnaserror";

    [Theory]
    [InlineData("root", "0", "/root")]
    [InlineData("root without HOME", "0", null)]
    [InlineData("www-data without HOME, whose passwd home does not exist", "33", null)]
    [InlineData("a UID without a passwd entry, as Docker starts it", "4242", "/")]
    [InlineData("a read-only home", "4242", "/usr/share")]
    [InlineData("a missing home", "4242", "/home/nobody")]
    public async Task Every_user_of_the_SDK_image_restores(string who, string user, string? home)
    {
        await using var sandbox = await Sandbox.StartAsync();
        var image = await WithProjectAsync(sandbox) with { User = user };

        (await image.RunAsync(Restore, ("HOME", home))).Succeeded();

        Assert.Equal(1, sandbox.Aws.Audit.Count("codeartifact", "GetAuthorizationToken"));
        Assert.Contains(sandbox.Aws.Audit.Entries, entry => entry.Detail == "Contoso.Core 1.0.0 from shared");
        Assert.True(HasNoTokenCache(sandbox), who);
    }

    public static TheoryData<string> Files => [.. Directory.GetFiles(Artifacts.Source("build/images"), "*.Dockerfile").Select(file => Path.GetFileName(file)).Order()];

    [Theory]
    [MemberData(nameof(Files))]
    public async Task A_Dockerfile_passes_the_linter(string file)
    {
        var linter = Artifacts.Built("dockerfilelint/node_modules/.bin/dockerfilelint");
        Artifacts.Require(linter, "dockerfilelint");
        await using var sandbox = await Sandbox.StartAsync();

        (await sandbox.RunAsync(linter, sandbox.Root, Artifacts.Source("build/images/" + file))).Succeeded();
    }

    [Fact]
    public async Task Another_user_restores_after_root()
    {
        await using var sandbox = await Sandbox.StartAsync();
        var image = (await WithProjectAsync(sandbox)).WithLayer();
        (await image.ExecuteAsync(Restore + " && chmod -R a+rwX /src", ("HOME", "/root"))).Succeeded();

        (await (image with { User = "4242" }).RunAsync(Restore + " --force", ("HOME", "/"))).Succeeded();

        Assert.True(HasNoTokenCache(sandbox));
    }

    [Fact]
    public async Task Tokens_are_cached_in_the_configured_volume()
    {
        await using var sandbox = await Sandbox.StartAsync();
        var volume = Writable(sandbox, "volume");
        var image = await WithProjectAsync(sandbox) with { User = "4242" };
        image = image with { Mounts = image.Mounts.SetItem("/volume", volume) };
        (string, string?)[] cache = [("HOME", "/"), ("CODEARTIFACT_CACHE", "on"), ("CODEARTIFACT_CACHE_DIR", "/volume")];

        (await image.RunAsync(Restore, cache)).Succeeded();
        (await image.RunAsync(Restore, cache)).Succeeded();

        Assert.Equal(1, sandbox.Aws.Audit.Count("codeartifact", "GetAuthorizationToken"));
        Assert.Single(Directory.GetFiles(Path.Combine(volume, "codeartifact-credentials"), "*.json"));
    }

    [Fact]
    public void The_example_ECS_task_has_a_role_and_no_credentials()
    {
        var task = JsonNode.Parse(File.ReadAllText(Artifacts.Source("build/images/ecs-task.json")))!;
        Assert.StartsWith("arn:aws:iam::", (string?)task["taskRoleArn"], StringComparison.Ordinal);
        Assert.Equal(["name", "image", "user", "command", "essential"], Assert.Single(task["containerDefinitions"]!.AsArray())!.AsObject().Select(property => property.Key));
    }

    [Theory]
    [InlineData("IRSA")]
    [InlineData("Pod Identity")]
    public async Task The_example_EKS_pod_restores_with(string identity)
    {
        await using var sandbox = await Sandbox.StartAsync();
        var pod = Pipeline.Read("build/images/eks-pod.yml").Text;
        Assert.Contains("runAsUser: 4242\n", pod, StringComparison.Ordinal);
        Assert.Contains("readOnlyRootFilesystem: true\n", pod, StringComparison.Ordinal);
        Assert.Equal(2, pod.Split("mountPath: ").Length - 1);
        var image = await WithProjectAsync(sandbox) with { User = "4242", IsReadOnly = true };
        image = image with { Mounts = image.Mounts.SetItem("/tmp", Writable(sandbox, "tmp")).SetItem("/src/obj", Writable(sandbox, "obj")) };
        sandbox.Write("tmp/token", identity == "IRSA" ? "the-pod's-token-77ac" : sandbox.Aws.World.ContainerAuthorization);
        var role = sandbox.Aws.World.InstanceRole! with { WebIdentityToken = "the-pod's-token-77ac" };
        (sandbox.Aws.World.Roles[role.Arn], sandbox.Aws.World.InstanceRole) = (role, identity == "IRSA" ? null : role);
        (string, string?)[] variables = identity == "IRSA"
            ? [("AWS_WEB_IDENTITY_TOKEN_FILE", "/tmp/token"), ("AWS_ROLE_ARN", role.Arn)]
            : [("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/tmp/token"), ("AWS_CONTAINER_CREDENTIALS_FULL_URI", new Uri(sandbox.Aws.Metadata, "container-credentials").AbsoluteUri)];

        (await image.RunAsync(Restore, [("HOME", "/"), .. variables])).Succeeded();

        Assert.All(sandbox.Aws.World.Tokens.Values, given => Assert.Equal(role.Arn, given.Caller.Role.Arn));
        Assert.Equal(0, sandbox.Aws.Audit.Count("metadata", "GetCredentials"));
    }

    [Fact]
    public async Task A_damaged_archive_fails_the_image_build()
    {
        await using var sandbox = await Sandbox.StartAsync();
        var release = sandbox.Folder("release");
        foreach (var file in Directory.GetFiles(SdkImage.Archives()))
            File.Copy(file, Path.Combine(release, Path.GetFileName(file)));
        await File.AppendAllTextAsync(Path.Combine(release, Path.GetFileName(Artifacts.Archive(Artifacts.Platform))), "x", TestContext.Current.CancellationToken);

        var refusal = await Assert.ThrowsAnyAsync<Xunit.Sdk.XunitException>(() => SdkImage.BuildAsync(sandbox, release));

        Assert.Contains(".tar.gz: FAILED", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a token")]
    [InlineData("the builder's instance role")]
    [InlineData("the builder's task role")]
    public async Task The_example_application_builds_with(string credentials)
    {
        await using var sandbox = await Sandbox.StartAsync();
        var build = new Dockerfile(sandbox, "build/images/app.Dockerfile", WriteApplication(sandbox));
        build.Local[$"dotnet-codeartifact:{Artifacts.Version}"] = await sdk.OnAsync(sandbox);
        (build.Arguments["VERSION"], build.Arguments["PROJECT"]) = (Artifacts.Version, "client");
        if (credentials == "a token")
            build.Secrets["token"] = await WriteTokenAsync(sandbox);
        else if (credentials == "the builder's task role")
            UseTaskRole(sandbox, build);
        sandbox.Aws.Audit.Clear();

        var image = await build.BuildAsync();

        Assert.Equal("runs for 1654\n", (await image.RunAsync()).Succeeded().Output);
        Assert.Equal(credentials == "a token" ? 0 : 1, sandbox.Aws.Audit.Count("codeartifact", "GetAuthorizationToken"));
        Assert.Equal(credentials == "the builder's instance role" ? 1 : 0, sandbox.Aws.Audit.Count("metadata", "GetCredentials"));
        Assert.Equal(credentials == "the builder's task role" ? 1 : 0, sandbox.Aws.Audit.Count("metadata", "ContainerCredentials"));
        Assert.True(HasNoTokenCache(sandbox));
    }

    [Theory]
    [InlineData("its lock file", true)]
    [InlineData("another lock file", false)]
    public async Task An_application_with_central_versions_is_restored_with(string what, bool succeeds)
    {
        await using var sandbox = await Sandbox.StartAsync();
        var folder = WriteApplication(sandbox);
        var project = Path.Combine(folder, "client", "client.csproj");
        sandbox.Write("application/client/client.csproj", (await File.ReadAllTextAsync(project, TestContext.Current.CancellationToken)).Replace(" Version=\"1.0.0\"", "", StringComparison.Ordinal));
        sandbox.Write("application/Directory.Packages.props", """
            <Project>
              <PropertyGroup>
                <ManagePackageVersionsCentrally>true</ManagePackageVersionsCentrally>
                <RestorePackagesWithLockFile>true</RestorePackagesWithLockFile>
              </PropertyGroup>
              <ItemGroup><PackageVersion Include="Contoso.App.Client" Version="1.0.0" /></ItemGroup>
            </Project>
            """);
        sandbox.Write("application/global.json", """{ "sdk": { "version": "10.0.100", "rollForward": "latestFeature" } }""");
        var build = new Dockerfile(sandbox, "build/images/app.Dockerfile", folder);
        build.Local[$"dotnet-codeartifact:{Artifacts.Version}"] = await sdk.OnAsync(sandbox);
        (build.Arguments["VERSION"], build.Arguments["PROJECT"]) = (Artifacts.Version, "client");
        sandbox.PutNativeOnPath();
        (await sandbox.DotnetAsync(folder, "restore", "client")).Succeeded();
        Directory.Delete(Path.Combine(folder, "client", "obj"), recursive: true);
        var locks = Path.Combine(folder, "client", "packages.lock.json");
        if (!succeeds)
            sandbox.Write("application/client/packages.lock.json", (await File.ReadAllTextAsync(locks, TestContext.Current.CancellationToken)).Replace("\"contentHash\": \"", "\"contentHash\": \"AAAA", StringComparison.Ordinal));

        if (succeeds)
            Assert.Equal("runs for 1654\n", (await (await build.BuildAsync()).RunAsync()).Succeeded().Output);
        else
            Assert.Contains("NU1403", (await Assert.ThrowsAnyAsync<Xunit.Sdk.XunitException>(build.BuildAsync)).Message, StringComparison.Ordinal);
        Assert.True(HasNoTokenCache(sandbox), what);
    }

    [Fact]
    public void Secrets_are_not_sent_to_the_builder()
    {
        // BuildKit reads this file beside the Dockerfile instead of .dockerignore.
        var ignored = File.ReadAllLines(Artifacts.Source("build/images/app.Dockerfile.dockerignore"));
        Assert.All(["**/.git", "**/.aws", "**/.env*", "**/*.secret", "**/bin", "**/obj"], pattern => Assert.Contains(pattern, ignored));
        // The documentation names secrets accordingly.
        Assert.All(System.Text.RegularExpressions.Regex.Matches(File.ReadAllText(Artifacts.Source("docs/guides/docker.md")), "--output (\\S+)").Select(match => match.Groups[1].Value),
            file => Assert.EndsWith(".secret", file, StringComparison.Ordinal));
    }

    /// <summary>The SDK image with LocalAws as its network and a project that every user may write to.</summary>
    private async Task<Image> WithProjectAsync(Sandbox sandbox)
    {
        var image = (await sdk.OnAsync(sandbox)).WithLayer();
        sandbox.WriteSimpleProject();
        (await image.CopyAsync(null, sandbox.Root, ["client"], "/src")).Succeeded();
        (await image.ExecuteAsync("chmod -R a+rwX /src")).Succeeded();
        return image with { WorkingDirectory = "/src", Environment = image.Environment.SetItems(Dockerfile.Machine(sandbox)) };
    }

    private static string Writable(Sandbox sandbox, string name)
    {
        var folder = sandbox.Folder(name);
        File.SetUnixFileMode(folder, (UnixFileMode)0x1FF);
        return folder;
    }

    private static string WriteApplication(Sandbox sandbox)
    {
        sandbox.WriteConfig("application", ("app", Feeds.App));
        sandbox.WriteProject("application/client", "Contoso.App.Client/1.0.0");
        sandbox.Write("application/client/Directory.Build.props", "<Project><PropertyGroup><OutputType>Exe</OutputType><UseAppHost>false</UseAppHost></PropertyGroup></Project>");
        sandbox.Write("application/client/Program.cs", """System.Console.WriteLine($"runs for {System.Environment.GetEnvironmentVariable("APP_UID")}");""");
        return Path.Combine(sandbox.Root, "application");
    }

    private static async Task<string> WriteTokenAsync(Sandbox sandbox)
    {
        var file = Path.Combine(sandbox.Home, "token.secret");
        (await sandbox.RunAsync(Artifacts.Native, Path.Combine(sandbox.Root, "application"), "token", "app", "--output", file)).Succeeded();
        sandbox.TestFiles[file] = true;
        return file;
    }

    /// <summary>Binding the link-local address of ECS needs network privileges, so its connections are redirected to LocalAws.</summary>
    private static void UseTaskRole(Sandbox sandbox, Dockerfile build)
    {
        build.Secrets["container"] = sandbox.Write("container.secret", "/container-credentials");
        build.Mounts["/redirect.so"] = RedirectedAddress.Compile(sandbox, "169.254.170.2", sandbox.Aws.Metadata.Port);
        build.Variables["LD_PRELOAD"] = "/redirect.so";
        // LocalAws requires it; ECS does not.
        build.Variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = sandbox.Aws.World.ContainerAuthorization;
    }

    /// <summary>No layer contains a token cache. <see cref="SecretScan"/> searches for the tokens themselves.</summary>
    private static bool HasNoTokenCache(Sandbox sandbox) =>
        !Directory.EnumerateDirectories(sandbox.Folder("layers"), "codeartifact-credentials", SearchOption.AllDirectories).Any();
}
