using System.Text.Json.Nodes;
using LocalAws;

namespace CredentialProvider.EndToEndTests.Credentials;

/// <summary>Every source of AWS credentials: over the plugin protocol with both builds, and in a restore with the native executable.</summary>
[Trait("Category", "Slow")]
public sealed class CredentialSources
{
    public static TheoryData<string> Builds => [Artifacts.Native, Artifacts.NetCore];

    [Theory]
    [MemberData(nameof(Builds))]
    public Task The_instance_role(string build) => AssertTokenOfRole(build, "BuildAgentRole", _ => { });

    [Theory]
    [MemberData(nameof(Builds))]
    public Task Access_keys_in_the_environment(string build) => AssertTokenOfRole(build, "Deployer", sandbox =>
    {
        var session = Session(sandbox, "Deployer");
        sandbox.Variables["AWS_ACCESS_KEY_ID"] = session.AccessKeyId;
        sandbox.Variables["AWS_SECRET_ACCESS_KEY"] = session.SecretAccessKey;
        sandbox.Variables["AWS_SESSION_TOKEN"] = session.Token!;
    });

    [Theory]
    [MemberData(nameof(Builds))]
    public Task Web_identity(string build) => AssertTokenOfRole(build, "Workflow", sandbox =>
    {
        var role = new Role("arn:aws:iam::111122223333:role/Workflow") { Policy = World.ReadPolicy(), WebIdentityToken = "a.jwt.token" };
        sandbox.Aws.World.Roles[role.Arn] = role;
        sandbox.Variables["AWS_WEB_IDENTITY_TOKEN_FILE"] = sandbox.Write("token", "a.jwt.token\n");
        sandbox.Variables["AWS_ROLE_ARN"] = role.Arn;
    });

    [Theory]
    [MemberData(nameof(Builds))]
    public Task A_profile_with_a_web_identity(string build) => AssertTokenOfRole(build, "Workflow", sandbox =>
    {
        var role = new Role("arn:aws:iam::111122223333:role/Workflow") { Policy = World.ReadPolicy(), WebIdentityToken = "a.jwt.token" };
        sandbox.Aws.World.Roles[role.Arn] = role;
        sandbox.Write("home/.aws/config", $"""
            [profile ci]
            role_arn = {role.Arn}
            web_identity_token_file = {sandbox.Write("token", "a.jwt.token")}
            """);
        sandbox.Variables["AWS_PROFILE"] = "ci";
    });

    [Theory]
    [MemberData(nameof(Builds))]
    public Task Access_keys_beside_values_that_the_SDK_rejects(string build) => AssertTokenOfRole(build, "Deployer", sandbox =>
    {
        var session = Session(sandbox, "Deployer");
        sandbox.Variables["AWS_ACCESS_KEY_ID"] = session.AccessKeyId;
        sandbox.Variables["AWS_SECRET_ACCESS_KEY"] = session.SecretAccessKey;
        sandbox.Variables["AWS_SESSION_TOKEN"] = session.Token!;
        sandbox.Variables["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] = "1";
        sandbox.Variables["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = "no URL";
        sandbox.Variables["AWS_MAX_ATTEMPTS"] = sandbox.Variables["AWS_RETRY_MODE"] = "x";
    });

    [Theory]
    [MemberData(nameof(Builds))]
    public Task A_profile_with_access_keys(string build) => AssertTokenOfRole(build, "Developer", sandbox =>
    {
        var session = Session(sandbox, "Developer");
        sandbox.Write("home/.aws/credentials", $"""
            [dev]
            aws_access_key_id = {session.AccessKeyId}
            aws_secret_access_key = {session.SecretAccessKey}
            aws_session_token = {session.Token}
            """);
        sandbox.Variables["AWS_PROFILE"] = "dev";
    });

    [Theory]
    [MemberData(nameof(Builds))]
    public Task A_profile_that_assumes_a_role_with_the_instance_role(string build) => AssertTokenOfRole(build, "Reader", sandbox =>
    {
        var reader = Assumable(sandbox, "Reader", "BuildAgentRole");
        sandbox.Write("home/.aws/config", $"""
            [profile packages]
            role_arn = {reader.Arn}
            credential_source = Ec2InstanceMetadata
            """);
        sandbox.Variables["CODEARTIFACT_PROFILE"] = "packages";
    });

    [Theory]
    [MemberData(nameof(Builds))]
    public Task A_profile_that_assumes_a_role_with_another_profile(string build) => AssertTokenOfRole(build, "Reader", sandbox =>
    {
        var session = Session(sandbox, "Developer");
        session.Role.Policy.Add(new Statement("sts:AssumeRole"));
        var reader = Assumable(sandbox, "Reader", "Developer", externalId: "42");
        sandbox.Write("home/.aws/config", $"""
            [default]
            role_arn = {reader.Arn}
            source_profile = keys
            external_id = 42

            [profile keys]
            aws_access_key_id = {session.AccessKeyId}
            aws_secret_access_key = {session.SecretAccessKey}
            aws_session_token = {session.Token}
            """);
    });

    [Theory]
    [MemberData(nameof(Builds))]
    public Task A_role_chain_of_profiles_that_starts_with_the_instance_role(string build) => AssertTokenOfRole(build, "DomainReader", sandbox =>
    {
        var tools = Assumable(sandbox, "Tools", "BuildAgentRole", externalId: "7");
        tools.Policy.Add(new Statement("sts:AssumeRole"));
        var reader = sandbox.Aws.World.AddRole("DomainReader", World.ReadPolicy(), "444455556666", new Trust(tools.Arn, "42"));
        sandbox.Write("home/.aws/config", $"""
            [profile tools]
            role_arn = {tools.Arn}
            credential_source = Ec2InstanceMetadata
            external_id = 7

            [profile reader]
            role_arn = {reader.Arn}
            source_profile = tools
            external_id = 42
            duration_seconds = 43200
            """);
        sandbox.Variables["AWS_PROFILE"] = "reader";
    });

    [Theory]
    [InlineData("credential_source = Environment")]
    [InlineData("credential_source = EcsContainer")]
    [InlineData("source_profile = vault")]
    [InlineData("source_profile = sso")]
    public Task A_profile_that_assumes_a_role_with_another_source(string source) => AssertTokenOfRole(Artifacts.Native, "Reader", sandbox =>
    {
        var session = Session(sandbox, "Developer");
        session.Role.Policy.Add(new Statement("sts:AssumeRole"));
        var sso = sandbox.Aws.World.AddRole("SsoReader", [new Statement("sts:AssumeRole")]);
        var reader = Assumable(sandbox, "Reader", source.Contains("Ecs", StringComparison.Ordinal) ? "BuildAgentRole"
            : source.Contains("sso", StringComparison.Ordinal) ? sso.Name : session.Role.Name);
        sandbox.Variables["CODEARTIFACT_PROFILE"] = "packages";
        sandbox.Variables["AWS_ACCESS_KEY_ID"] = session.AccessKeyId;
        sandbox.Variables["AWS_SECRET_ACCESS_KEY"] = session.SecretAccessKey;
        sandbox.Variables["AWS_SESSION_TOKEN"] = session.Token!;
        sandbox.Variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = new Uri(sandbox.Aws.Metadata, "container-credentials").AbsoluteUri;
        sandbox.Variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = sandbox.Aws.World.ContainerAuthorization;
        var json = sandbox.Write("vault.json", $$"""
            {"Version":1,"AccessKeyId":"{{session.AccessKeyId}}","SecretAccessKey":"{{session.SecretAccessKey}}","SessionToken":"{{session.Token}}"}
            """);
        sandbox.Aws.World.SsoTokens["sso-access-token"] = sso;
        sandbox.Write(SsoFiles.Cache, $$"""
            {"startUrl":"https://corp.awsapps.com/start","region":"us-east-1","accessToken":"sso-access-token",
             "expiresAt":"{{DateTime.UtcNow.AddHours(8):s}}Z"}
            """);
        sandbox.Write("home/.aws/config", $"""
            {SsoFiles.Profile.Replace("[default]", "[profile sso]", StringComparison.Ordinal)}
            [profile packages]
            role_arn = {reader.Arn}
            {source}
            [profile vault]
            credential_process = cat {json}
            """);
    });

    [Theory]
    [MemberData(nameof(Builds))]
    public Task A_credential_process(string build) => AssertTokenOfRole(build, "Vault", sandbox =>
    {
        var session = Session(sandbox, "Vault");
        var json = sandbox.Write("vault.json", $$"""
            {"Version":1,"AccessKeyId":"{{session.AccessKeyId}}","SecretAccessKey":"{{session.SecretAccessKey}}",
             "SessionToken":"{{session.Token}}","Expiration":"{{session.Expires.UtcDateTime:s}}Z"}
            """);
        sandbox.Write("home/.aws/config", $"""
            [default]
            credential_process = cat {json}
            """);
    });

    [Theory]
    [MemberData(nameof(Builds))]
    public Task An_SSO_session_from_its_cache(string build) => AssertTokenOfRole(build, "SsoReader", sandbox =>
    {
        var role = sandbox.Aws.World.AddRole("SsoReader", World.ReadPolicy());
        sandbox.Aws.World.SsoTokens["sso-access-token"] = role;
        sandbox.Write("home/.aws/config", SsoFiles.Profile);
        sandbox.Write(SsoFiles.Cache, $$"""
            {"startUrl":"https://corp.awsapps.com/start","region":"us-east-1","accessToken":"sso-access-token",
             "expiresAt":"{{DateTime.UtcNow.AddHours(8):s}}Z"}
            """);
    });

    [Theory]
    [MemberData(nameof(Builds))]
    public Task An_expired_SSO_session_with_a_refresh_token(string build) => AssertTokenOfRole(build, "SsoReader", sandbox =>
    {
        sandbox.Aws.World.SsoRefreshTokens["sso-refresh-token"] = sandbox.Aws.World.AddRole("SsoReader", World.ReadPolicy());
        sandbox.Aws.World.SsoClients["client"] = new SsoClient("secret", [], [], null);
        sandbox.Write("home/.aws/config", SsoFiles.Profile);
        sandbox.Write(SsoFiles.Cache, $$"""
            {"startUrl":"https://corp.awsapps.com/start","region":"us-east-1","accessToken":"old","expiresAt":"{{DateTime.UtcNow.AddMinutes(-5):s}}Z",
             "clientId":"client","clientSecret":"secret","registrationExpiresAt":"{{DateTime.UtcNow.AddDays(30):s}}Z","refreshToken":"sso-refresh-token"}
            """);
        // As `aws sso login` leaves it.
        File.SetUnixFileMode(Path.Combine(sandbox.Home, SsoFiles.Cache["home/".Length..]), UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }, sandbox => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite,
        File.GetUnixFileMode(Path.Combine(sandbox.Home, SsoFiles.Cache["home/".Length..]))));

    [Theory]
    [MemberData(nameof(Builds))]
    public Task A_legacy_SSO_profile_without_sso_session(string build) => AssertTokenOfRole(build, "SsoReader", sandbox =>
    {
        sandbox.Aws.World.SsoTokens["sso-access-token"] = sandbox.Aws.World.AddRole("SsoReader", World.ReadPolicy());
        sandbox.Write("home/.aws/config", """
            [default]
            sso_start_url = https://corp.awsapps.com/start
            sso_region = us-east-1
            sso_account_id = 111122223333
            sso_role_name = SsoReader
            """);
        // The SHA-1 of the start URL, computed with sha1sum.
        sandbox.Write("home/.aws/sso/cache/a51746d4aa793ae07b25e90c3a5db96fc7832bd7.json", $$"""
            {"startUrl":"https://corp.awsapps.com/start","region":"us-east-1","accessToken":"sso-access-token",
             "expiresAt":"{{DateTime.UtcNow.AddHours(8):s}}UTC"}
            """);
    });

    [Theory]
    [MemberData(nameof(Builds))]
    public Task A_container_endpoint(string build) => AssertTokenOfRole(build, "BuildAgentRole", sandbox =>
    {
        sandbox.Variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = new Uri(sandbox.Aws.Metadata, "container-credentials").AbsoluteUri;
        sandbox.Variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = sandbox.Aws.World.ContainerAuthorization;
    });

    /// <summary>Binding the link-local address of ECS needs network privileges, so its connections are redirected to LocalAws.</summary>
    [Theory]
    [MemberData(nameof(Builds))]
    public async Task The_endpoint_of_an_ECS_task(string build)
    {
        await AssertTokenOfRole(build, "BuildAgentRole", sandbox =>
        {
            sandbox.Variables["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/container-credentials";
            sandbox.Variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = sandbox.Aws.World.ContainerAuthorization;
            sandbox.Variables["LD_PRELOAD"] = RedirectedAddress.Compile(sandbox, "169.254.170.2", sandbox.Aws.Metadata.Port);
        }, sandbox => Assert.Contains(sandbox.Aws.Audit.Entries, entry => entry.Path == "/container-credentials" && entry.Status == 200));
    }

    [Theory]
    [MemberData(nameof(Builds))]
    public async Task A_pod_identity_token_file_that_is_rotated(string build)
    {
        Artifacts.Require(build, build);
        await using var sandbox = await Sandbox.StartAsync();
        sandbox.Variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = new Uri(sandbox.Aws.Metadata, "container-credentials").AbsoluteUri;
        sandbox.Variables["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = sandbox.Write("pod-token", "old");
        sandbox.Variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "the file takes precedence";
        await using var first = await PluginProcess.Start(sandbox, build).InitializeAsync();
        await first.GetCredentialsAsync(Feeds.App);
        Assert.Contains("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", Assert.Single(first.Warnings), StringComparison.Ordinal);

        sandbox.Write("pod-token", sandbox.Aws.World.ContainerAuthorization + "\n");
        await using var second = await PluginProcess.Start(sandbox, build).InitializeAsync();
        Assert.Equal("Success", (string?)(await second.GetCredentialsAsync(Feeds.App))["ResponseCode"]);
    }

    [Theory]
    [MemberData(nameof(Builds))]
    public async Task The_endpoint_of_an_ECS_task_is_not_reached_through_the_proxy(string build)
    {
        Artifacts.Require(build, build);
        await using var sandbox = await Sandbox.StartAsync();
        sandbox.Variables["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/v2/credentials/1";
        // A connection to the proxy would stay pending, because nothing accepts it.
        using var proxy = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        proxy.Start();
        sandbox.Variables["HTTP_PROXY"] = sandbox.Variables["http_proxy"] = $"http://{proxy.LocalEndpoint}";
        await using var plugin = await PluginProcess.Start(sandbox, build).InitializeAsync();

        Assert.Equal("Error", (string?)(await plugin.GetCredentialsAsync(Feeds.App))["ResponseCode"]);

        // A direct connection, which times out or is refused, depending on the machine.
        Assert.Contains("the container credentials endpoint http://169.254.170.2 ", Assert.Single(plugin.Warnings), StringComparison.Ordinal);
        Assert.False(proxy.Pending());
    }

    [Theory]
    [InlineData("http://credentials.example.test/x", "is neither https nor a ")]
    [InlineData("no-url", "is not a valid URL")]
    public async Task A_container_endpoint_on_another_host_is_rejected(string uri, string why)
    {
        await using var sandbox = await Sandbox.StartAsync();
        sandbox.Variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = uri;
        await using var plugin = await PluginProcess.Start(sandbox, Artifacts.Native).InitializeAsync();

        await plugin.GetCredentialsAsync(Feeds.App);

        Assert.Contains(why, Assert.Single(plugin.Warnings), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Builds))]
    public Task A_role_chain_from_the_environment(string build) => AssertTokenOfRole(build, "DomainReader", sandbox =>
    {
        var tools = Assumable(sandbox, "Tools", "BuildAgentRole");
        tools.Policy.Add(new Statement("sts:AssumeRole"));
        var reader = sandbox.Aws.World.AddRole("DomainReader", World.ReadPolicy(), "444455556666", new Trust(tools.Arn, "42"));
        sandbox.Variables["CODEARTIFACT_ROLE_ARN"] = $"{tools.Arn}, {reader.Arn}";
        sandbox.Variables["CODEARTIFACT_EXTERNAL_ID"] = "42";
    });

    [Theory]
    [MemberData(nameof(Builds))]
    public Task A_role_chain_from_the_configuration_file(string build) => AssertTokenOfRole(build, "DomainReader", sandbox =>
    {
        var tools = Assumable(sandbox, "Tools", "BuildAgentRole", externalId: "7");
        tools.Policy.Add(new Statement("sts:AssumeRole"));
        var reader = sandbox.Aws.World.AddRole("DomainReader", World.ReadPolicy(), "444455556666", new Trust(tools.Arn, "42"));
        sandbox.Write("home/.config/codeartifact.json", $$"""
            {
              "defaults": { "profile": "of-another-team" },
              "rules": [
                { "domain": "contoso", "roles": [{ "arn": "{{tools.Arn}}", "externalId": "7" }, { "arn": "{{reader.Arn}}", "externalId": "42", "sessionName": "ci" }] },
                { "repository": "app", "profile": "instance" }, // keeps the role chain of the domain's rule
              ]
            }
            """);
        sandbox.Write("home/.aws/config", $"""
            [profile instance]
            role_arn = {Assumable(sandbox, "Instance", "BuildAgentRole").Arn}
            credential_source = Ec2InstanceMetadata
            """);
        tools.Trusts.Add(new Trust("arn:aws:iam::111122223333:role/Instance", "7"));
        sandbox.Aws.World.Roles["arn:aws:iam::111122223333:role/Instance"].Policy.Add(new Statement("sts:AssumeRole"));
    });

    [Theory]
    [MemberData(nameof(Builds))]
    public async Task A_web_identity_token_file_is_read_again_for_each_token(string build)
    {
        Artifacts.Require(build, build);
        await using var sandbox = await Sandbox.StartAsync();
        var role = new Role("arn:aws:iam::111122223333:role/Workflow") { Policy = World.ReadPolicy(), WebIdentityToken = "first" };
        sandbox.Aws.World.Roles[role.Arn] = role;
        sandbox.Variables["AWS_WEB_IDENTITY_TOKEN_FILE"] = sandbox.Write("token", "first");
        sandbox.Variables["AWS_ROLE_ARN"] = role.Arn;
        await using var plugin = await PluginProcess.Start(sandbox, build).InitializeAsync();
        Assert.Equal("Success", (string?)(await plugin.GetCredentialsAsync(Feeds.App))["ResponseCode"]);

        sandbox.Aws.World.Roles[role.Arn] = role with { WebIdentityToken = "second" };
        sandbox.Write("token", "second");
        sandbox.Aws.World.ExpireAllCredentials();
        sandbox.Aws.World.RevokeAllTokens();
        var again = await plugin.GetCredentialsAsync(Feeds.App, isRetry: true);

        Assert.Empty(plugin.Warnings);
        Assert.Equal("Success", (string?)again["ResponseCode"]);
        await plugin.CloseAsync();
    }

    private static async Task AssertTokenOfRole(string build, string role, Action<Sandbox> prepare, Action<Sandbox>? check = null)
    {
        Artifacts.Require(build, build);
        await using var sandbox = await Sandbox.StartAsync();
        prepare(sandbox);
        await using var plugin = await PluginProcess.Start(sandbox, build).InitializeAsync();

        var answer = await plugin.GetCredentialsAsync(Feeds.App);

        Assert.Empty(plugin.Warnings);
        Assert.Equal("Success", (string?)answer["ResponseCode"]);
        Assert.Equal("aws", (string?)answer["Username"]);
        Assert.Equal("Basic", (string?)Assert.Single((JsonArray)answer["AuthenticationTypes"]!));
        Assert.Equal(role, sandbox.Aws.World.Tokens[(string)answer["Password"]!].Caller.Role.Name);
        check?.Invoke(sandbox);
        await plugin.CloseAsync();
        if (build != Artifacts.Native)
            return;
        sandbox.PutNativeOnPath();
        sandbox.Variables["CODEARTIFACT_CACHE"] = "off";
        Assert.Empty((await sandbox.RestoreAsync(sandbox.WriteSimpleProject(), "Contoso.App.Client/1.0.0")).Succeeded().Output);
        Assert.All(sandbox.Aws.World.Tokens.Values, token => Assert.Equal(role, token.Caller.Role.Name));
    }

    private static Session Session(Sandbox sandbox, string role) =>
        sandbox.Aws.World.OpenSession(sandbox.Aws.World.AddRole(role, World.ReadPolicy()), "test", DateTimeOffset.UtcNow);

    /// <summary>Adds a role with read access that another role of the same account may assume.</summary>
    private static Role Assumable(Sandbox sandbox, string name, string by, string? externalId = null)
    {
        sandbox.Aws.World.InstanceRole!.Policy.Add(new Statement("sts:AssumeRole"));
        return sandbox.Aws.World.AddRole(name, World.ReadPolicy(), World.Account, new Trust($"arn:aws:iam::{World.Account}:role/{by}", externalId));
    }
}
