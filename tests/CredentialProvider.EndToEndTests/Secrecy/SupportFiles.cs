using System.Text.RegularExpressions;
using LocalAws;

namespace CredentialProvider.EndToEndTests.Secrecy;

/// <summary><c>diagnose</c>: what the support file says, and that no secret of the machine is in it.</summary>
[Trait("Category", "Slow")]
public sealed partial class SupportFiles
{
    private static readonly string[] Parts =
        ["Versions", "Variables", "Settings", "Plugins that NuGet finds", "Sources", "Identity", "Checks", "Cached tokens", "Log"];

    [Fact]
    public async Task Say_what_a_maintainer_asks_for()
    {
        await using var sandbox = await StartAsync();
        sandbox.WriteConfig("client", ("contoso", Feeds.App));
        sandbox.Variables["CODEARTIFACT_LOG_FILE"] = Path.Combine(sandbox.Home, "plugin.log");
        sandbox.Variables["AWS_PROFILE"] = "default";
        sandbox.Write("home/.aws/config", "[default]\ncredential_process = /bin/false\n");
        await using (var plugin = await PluginProcess.Start(sandbox, Artifacts.Native).InitializeAsync())
            await plugin.GetCredentialsAsync(Feeds.App);

        var parts = PartsOf((await sandbox.RunAsync(Artifacts.Native, sandbox.Folder("client"), "diagnose")).Succeeded().Output);

        Assert.Contains(Artifacts.Native, parts["Versions"], StringComparison.Ordinal);
        Assert.Matches(@"NuGet client: dotnet \d+\.\d+\.\d+", parts["Versions"]);
        Assert.Contains("AWS_PROFILE = default", parts["Variables"], StringComparison.Ordinal);
        Assert.Contains(Artifacts.Native, parts["Plugins that NuGet finds"], StringComparison.Ordinal);
        Assert.Contains($"contoso: {Feeds.App}", parts["Sources"], StringComparison.Ordinal);
        Assert.Contains("credential_process", parts["Identity"], StringComparison.Ordinal);
        Assert.Contains("fail  credentials", parts["Checks"], StringComparison.Ordinal);
        Assert.Contains("none", parts["Cached tokens"], StringComparison.Ordinal);
        Assert.Contains($"credentials for {Feeds.App}", parts["Log"], StringComparison.Ordinal);
        Assert.Contains("CACP1010", parts["Log"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Are_readable_only_by_their_owner()
    {
        await using var sandbox = await StartAsync();
        sandbox.WriteConfig("client", ("contoso", Feeds.App));
        var path = Path.Combine(sandbox.Folder("client"), "support.md");

        (await sandbox.RunAsync(Artifacts.Native, sandbox.Folder("client"), "diagnose", "--output", path)).Succeeded();

        Assert.Equal(SecretScan.OwnerOnly, File.GetUnixFileMode(path));
        Assert.Equal(Parts, PartsOf(await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken)).Keys);
    }

    /// <summary>A part that is not available does not stop the others.</summary>
    [Theory]
    [InlineData("client/nuget.config", "<configuration>")]
    [InlineData("home/.config/codeartifact.json", "{")]
    [InlineData("home/.aws/config", "[default\n")]
    public async Task Are_complete_on_a_machine_with_a_broken_file(string file, string content)
    {
        await using var sandbox = await StartAsync();
        sandbox.WriteConfig("client", ("contoso", Feeds.App));
        sandbox.Write(file, content);

        var parts = PartsOf((await sandbox.RunAsync(Artifacts.Native, sandbox.Folder("client"), "diagnose")).Succeeded().Output);

        Assert.Equal(Parts, parts.Keys);
        Assert.Contains("plugin", parts["Plugins that NuGet finds"], StringComparison.Ordinal);
    }

    /// <summary>NuGet replaces <c>%NAME%</c> in nuget.config, also in that of a cloned repository.</summary>
    [Fact]
    public async Task Have_no_secret_variable_that_nuget_config_names()
    {
        await using var sandbox = await StartAsync();
        sandbox.Variables["CI_SECRET"] = "S3cr3t/OfTheJob+99";
        sandbox.Variables["GITHUB_PAT"] = "GhpOfTheJob99";
        sandbox.WriteConfig("client", ("contoso", Feeds.App + "?x=%CI_SECRET%"), ("other", "https://nuget.example.test/%CI_SECRET%/index.json"), ("local", "./%CI_SECRET%/x"),
            ("host", "https://%GITHUB_PAT%.example.test/v3/index.json"));

        foreach (var command in new[] { "diagnose", "doctor" })
        {
            var output = (await sandbox.RunAsync(Artifacts.Native, sandbox.Folder("client"), command)).Output;
            Assert.Contains("***", output, StringComparison.Ordinal);
            Assert.DoesNotContain("OfTheJob", output, StringComparison.OrdinalIgnoreCase);
        }
    }

    /// <summary>A secret in each place that the program, the AWS tools or NuGet reads, and in places that only look like one.</summary>
    [Fact]
    public async Task Have_no_secret_of_the_machine()
    {
        await using var sandbox = await StartAsync();
        var secrets = new List<string>();
        string Secret(string form = "{0}")
        {
            var secret = $"s3cr3t{secrets.Count:00}Xq7Zt9Lm2Vw8";
            secrets.Add(secret);
            return string.Format(System.Globalization.CultureInfo.InvariantCulture, form, secret);
        }

        (await sandbox.RunAsync(Artifacts.Native, sandbox.Folder("client"), "warm", Feeds.App)).Succeeded();
        PlantInVariables(sandbox, Secret);
        PlantInFiles(sandbox, Secret);

        var outcome = (await sandbox.RunAsync(Artifacts.Native, sandbox.Folder("client"), "diagnose")).Succeeded();

        Assert.Equal(Parts, PartsOf(outcome.Output).Keys);
        Assert.InRange(secrets.Count, 25, int.MaxValue);
        Assert.All(secrets.Concat(SecretScan.SecretsOf(sandbox.Aws.World)), secret => Assert.DoesNotContain(secret, outcome.Output, StringComparison.Ordinal));
    }

    private static void PlantInVariables(Sandbox sandbox, Func<string, string> secret)
    {
        foreach (var name in new[]
        {
            "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN", "CODEARTIFACT_AUTH_TOKEN", "CODEARTIFACT_EXTERNAL_ID",
            "NUGET_API_KEY", "NUGET_CREDENTIALPROVIDER_TOKEN", "CODEARTIFACT_TOKEN", "AWS_PASSWORD", "DOTNET_SECRET", "GITHUB_TOKEN", "MY_PASSWORD",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "SYSTEM_ACCESSTOKEN",
        })
            sandbox.Variables[name] = secret("{0}");
        sandbox.Variables["AWS_ACCESS_KEY_ID"] = "AKIAIOSFODNN7EXAMPLE";
        sandbox.Variables["NuGetPackageSourceCredentials_contoso"] = secret("Username=aws;Password={0}");
        sandbox.Variables["VSS_NUGET_EXTERNAL_FEED_ENDPOINTS"] = secret("""{{"endpointCredentials":[{{"endpoint":"https://x/","username":"u","password":"{0}"}}]}}""");
        sandbox.Variables["ALL_PROXY"] = secret("socks5://user:{0}@proxy.example.test:1080");
        sandbox.Variables["HTTP_PROXY"] = secret("http://user:{0}@proxy.example.test:3128");
        sandbox.Variables["NO_PROXY"] = secret("http://user:{0}@internal.example.test");
        sandbox.Variables["AWS_ENDPOINT_URL_STS"] = secret("https://user:{0}@sts.example.test");
        sandbox.Variables["NUGET_PLUGIN_PATHS"] = secret("/opt/plugins?token={0}");
    }

    private static void PlantInFiles(Sandbox sandbox, Func<string, string> secret)
    {
        sandbox.Write("client/nuget.config", $"""
            <configuration>
              <config><add key="http_proxy" value="{secret("http://user:{0}@proxy.example.test")}" /><add key="http_proxy.password" value="{secret("{0}")}" /></config>
              <packageSources>
                <clear />
                <add key="contoso" value="{Feeds.App}" />
                <add key="userinfo" value="{secret("https://user:{0}@nuget.example.test/v3/index.json")}" />
                <add key="query" value="{secret("https://nuget.example.test/v3/index.json?sig={0}")}" />
                <add key="path" value="{secret("https://nuget.example.test/F/x/auth/{0}/api/v3/index.json")}" />
                <add key="azure" value="{secret("https://user:{0}@contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com/nuget/app/v3/index.json")}" />
              </packageSources>
              <apikeys><add key="https://nuget.example.test" value="{secret("{0}")}" /></apikeys>
              <packageSourceCredentials>
                <contoso><add key="Username" value="aws" /><add key="ClearTextPassword" value="{secret("{0}")}" /></contoso>
                <userinfo><add key="Username" value="aws" /><add key="Password" value="{secret("{0}")}" /></userinfo>
              </packageSourceCredentials>
            </configuration>
            """);
        sandbox.Write("home/.aws/credentials", $"[default]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = {secret("{0}")}\naws_session_token = {secret("{0}")}\n");
        sandbox.Write("home/.aws/config", $"[default]\ncredential_process = /bin/helper --password {secret("{0}")}\naws_secret_access_key = {secret("{0}")}\n[profile other]\nsso_start_url = {secret("https://user:{0}@x.awsapps.com/start")}\n");
        sandbox.Write("home/.aws/sso/cache/0.json", $$"""{"accessToken":"{{secret("{0}")}}","refreshToken":"{{secret("{0}")}}","clientSecret":"{{secret("{0}")}}"}""");
        // A log of another program, and lines that look like ours.
        sandbox.Variables["CODEARTIFACT_LOG_FILE"] = sandbox.Write("home/plugin.log", $"""
            {secret("{0}")}
            [2026-11-26] token {secret("{0}")}
              {secret("{0}")}
            2026-11-26T10:00:00.0000000Z 42 Debug: header Authorization: Basic {secret("{0}")}
            2026-11-26T10:00:00.0000000Z 42 Debug: https://user:{secret("{0}")}@feed.example.test/
            """);
    }

    private static async Task<Sandbox> StartAsync()
    {
        Artifacts.RequireNative();
        var sandbox = await Sandbox.StartAsync();
        sandbox.PutNativeOnPath();
        return sandbox;
    }

    private static Dictionary<string, string> PartsOf(string text) =>
        Part().Matches(text).ToDictionary(match => match.Groups[1].Value, match => match.Groups[2].Value);

    [GeneratedRegex(@"^## (.+)\n\n```text\n([\s\S]*?)^```$", RegexOptions.Multiline)]
    private static partial Regex Part();
}
