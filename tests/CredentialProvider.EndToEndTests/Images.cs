using System.Text.Json.Nodes;

namespace CredentialProvider.EndToEndTests;

/// <summary>The Dockerfiles of build/images, carried out without a container engine.</summary>
public sealed class Images(SdkImage sdk) : IClassFixture<SdkImage>
{
    private const string Restore = "dotnet restore client.csproj -warnaserror";

    [Theory]
    [InlineData("root", "0", "/root")]
    [InlineData("root without HOME", "0", null)]
    [InlineData("www-data without HOME, whose home is not there", "33", null)]
    [InlineData("a number without a name, as Docker starts it", "4242", "/")]
    [InlineData("a home that cannot be written", "4242", "/usr/share")]
    [InlineData("a home that is not there", "4242", "/home/nobody")]
    public async Task Every_user_of_the_SDKs_image_restores(string who, string user, string? home)
    {
        await using var sandbox = await Sandbox.StartAsync();
        var image = await WithProjectAsync(sandbox) with { User = user };

        (await image.RunAsync(Restore, ("HOME", home))).Succeeded();

        Assert.Equal(1, sandbox.Aws.Audit.Count("codeartifact", "GetAuthorizationToken"));
        Assert.Contains(sandbox.Aws.Audit.Entries, entry => entry.Detail == "Contoso.Core 1.0.0 from shared");
        Assert.True(KeepsNoToken(sandbox), who);
    }

    public static TheoryData<string> Files => [.. Directory.GetFiles(Artifacts.Source("build/images"), "*.Dockerfile").Select(file => Path.GetFileName(file)).Order()];

    [Theory]
    [MemberData(nameof(Files))]
    public async Task A_Dockerfile_has_nothing_that_a_linter_finds(string file)
    {
        var linter = Artifacts.Built("dockerfilelint/node_modules/.bin/dockerfilelint");
        Artifacts.Require(linter, "dockerfilelint");
        await using var sandbox = await Sandbox.StartAsync();

        (await sandbox.RunAsync(linter, sandbox.Root, Artifacts.Source("build/images/" + file))).Succeeded();
    }

    [Fact]
    public async Task A_user_comes_after_root()
    {
        await using var sandbox = await Sandbox.StartAsync();
        var image = (await WithProjectAsync(sandbox)).WithLayer();
        (await image.ExecuteAsync(Restore + " && chmod -R a+rwX /src", ("HOME", "/root"))).Succeeded();

        (await (image with { User = "4242" }).RunAsync(Restore + " --force", ("HOME", "/"))).Succeeded();

        Assert.True(KeepsNoToken(sandbox));
    }

    [Fact]
    public async Task Tokens_are_kept_where_whoever_runs_the_image_says()
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
    public void The_task_of_the_example_has_a_role_and_no_credentials()
    {
        var task = JsonNode.Parse(File.ReadAllText(Artifacts.Source("build/images/ecs-task.json")))!;
        Assert.StartsWith("arn:aws:iam::", (string?)task["taskRoleArn"], StringComparison.Ordinal);
        Assert.Equal(["name", "image", "user", "command", "essential"], Assert.Single(task["containerDefinitions"]!.AsArray())!.AsObject().Select(property => property.Key));
    }

    [Theory]
    [InlineData("IRSA")]
    [InlineData("Pod Identity")]
    public async Task The_pod_of_the_example_restores_with(string identity)
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
    public async Task A_damaged_archive_makes_no_image()
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
    public async Task An_application_is_built_with(string credentials)
    {
        await using var sandbox = await Sandbox.StartAsync();
        var build = new Dockerfile(sandbox, "build/images/app.Dockerfile", WriteApplication(sandbox));
        build.Local[$"dotnet-codeartifact:{Artifacts.Version}"] = await sdk.OnAsync(sandbox);
        (build.Arguments["VERSION"], build.Arguments["PROJECT"]) = (Artifacts.Version, "client");
        if (credentials == "a token")
            build.Secrets["token"] = await WriteTokenAsync(sandbox);
        else if (credentials == "the builder's task role")
            BecomeTask(sandbox, build);
        sandbox.Aws.Audit.Clear();

        var image = await build.BuildAsync();

        Assert.Equal("runs for 1654\n", (await image.RunAsync()).Succeeded().Output);
        Assert.Equal(credentials == "a token" ? 0 : 1, sandbox.Aws.Audit.Count("codeartifact", "GetAuthorizationToken"));
        Assert.Equal(credentials == "the builder's instance role" ? 1 : 0, sandbox.Aws.Audit.Count("metadata", "GetCredentials"));
        Assert.Equal(credentials == "the builder's task role" ? 1 : 0, sandbox.Aws.Audit.Count("metadata", "ContainerCredentials"));
        Assert.True(KeepsNoToken(sandbox));
    }

    /// <summary>The SDK's image on a machine that reaches LocalAws, with a project that anybody may write to.</summary>
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
        sandbox.Planted[file] = true;
        return file;
    }

    /// <summary>The address of ECS cannot be had without rights over the network, so the C library sends its connections to LocalAws.</summary>
    private static void BecomeTask(Sandbox sandbox, Dockerfile build)
    {
        build.Secrets["container"] = sandbox.Write("container.secret", "/container-credentials");
        build.Mounts["/redirect.so"] = Sources.Redirection(sandbox, "169.254.170.2", sandbox.Aws.Metadata.Port);
        build.Variables["LD_PRELOAD"] = "/redirect.so";
        // LocalAws wants it, and ECS does not.
        build.Variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = sandbox.Aws.World.ContainerAuthorization;
    }

    /// <summary>No cache of tokens in any layer; <see cref="Secrets"/> looks for the tokens themselves.</summary>
    private static bool KeepsNoToken(Sandbox sandbox) =>
        !Directory.EnumerateDirectories(sandbox.Folder("layers"), "codeartifact-credentials", SearchOption.AllDirectories).Any();
}
