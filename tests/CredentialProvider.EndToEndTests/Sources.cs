using System.Text.Json.Nodes;
using LocalAws;

namespace CredentialProvider.EndToEndTests;

/// <summary>Each source of AWS credentials: through the plugin's own protocol for every build, and a restore with the native one.</summary>
public sealed class Sources
{
    /// <summary>SHA-1 of "corp", by sha1sum.</summary>
    internal const string SsoCacheFile = "home/.aws/sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json";

    internal const string SsoProfile = """
        [default]
        sso_session = corp
        sso_account_id = 111122223333
        sso_role_name = SsoReader

        [sso-session corp]
        sso_start_url = https://corp.awsapps.com/start
        sso_region = us-east-1
        sso_registration_scopes = sso:account:access
        """;

    public static TheoryData<string> Builds => [Artifacts.Native, Artifacts.NetCore];

    [Theory]
    [MemberData(nameof(Builds))]
    public Task The_instance_role(string build) => GivesTokenOf(build, "BuildAgentRole", _ => { });

    [Theory]
    [MemberData(nameof(Builds))]
    public Task Keys_in_the_environment(string build) => GivesTokenOf(build, "Deployer", sandbox =>
    {
        var session = Session(sandbox, "Deployer");
        sandbox.Variables["AWS_ACCESS_KEY_ID"] = session.AccessKeyId;
        sandbox.Variables["AWS_SECRET_ACCESS_KEY"] = session.SecretAccessKey;
        sandbox.Variables["AWS_SESSION_TOKEN"] = session.Token!;
    });

    [Theory]
    [MemberData(nameof(Builds))]
    public Task Web_identity(string build) => GivesTokenOf(build, "Workflow", sandbox =>
    {
        var role = new Role("arn:aws:iam::111122223333:role/Workflow") { Policy = World.ReadPolicy(), WebIdentityToken = "a.jwt.token" };
        sandbox.Aws.World.Roles[role.Arn] = role;
        sandbox.Variables["AWS_WEB_IDENTITY_TOKEN_FILE"] = sandbox.Write("token", "a.jwt.token\n");
        sandbox.Variables["AWS_ROLE_ARN"] = role.Arn;
    });

    [Theory]
    [MemberData(nameof(Builds))]
    public Task A_profile_with_keys(string build) => GivesTokenOf(build, "Developer", sandbox =>
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
    public Task A_profile_whose_role_starts_at_the_instance_role(string build) => GivesTokenOf(build, "Reader", sandbox =>
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
    public Task A_profile_whose_role_starts_at_another_profile(string build) => GivesTokenOf(build, "Reader", sandbox =>
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
    public Task A_chain_of_roles_from_the_instance_role_by_profiles(string build) => GivesTokenOf(build, "DomainReader", sandbox =>
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
    [MemberData(nameof(Builds))]
    public Task A_credential_process(string build) => GivesTokenOf(build, "Vault", sandbox =>
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
    public Task A_single_sign_on_session_from_its_cache(string build) => GivesTokenOf(build, "SsoReader", sandbox =>
    {
        var role = sandbox.Aws.World.AddRole("SsoReader", World.ReadPolicy());
        sandbox.Aws.World.SsoTokens["sso-access-token"] = role;
        sandbox.Write("home/.aws/config", SsoProfile);
        sandbox.Write(SsoCacheFile, $$"""
            {"startUrl":"https://corp.awsapps.com/start","region":"us-east-1","accessToken":"sso-access-token",
             "expiresAt":"{{DateTime.UtcNow.AddHours(8):s}}Z"}
            """);
    });

    [Theory]
    [MemberData(nameof(Builds))]
    public Task A_single_sign_on_session_that_has_to_be_renewed(string build) => GivesTokenOf(build, "SsoReader", sandbox =>
    {
        sandbox.Aws.World.SsoRefreshTokens["sso-refresh-token"] = sandbox.Aws.World.AddRole("SsoReader", World.ReadPolicy());
        sandbox.Write("home/.aws/config", SsoProfile);
        sandbox.Write(SsoCacheFile, $$"""
            {"startUrl":"https://corp.awsapps.com/start","region":"us-east-1","accessToken":"old","expiresAt":"{{DateTime.UtcNow.AddMinutes(-5):s}}Z",
             "clientId":"client","clientSecret":"secret","registrationExpiresAt":"{{DateTime.UtcNow.AddDays(30):s}}Z","refreshToken":"sso-refresh-token"}
            """);
        // As `aws sso login` leaves it.
        File.SetUnixFileMode(Path.Combine(sandbox.Home, SsoCacheFile["home/".Length..]), UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }, sandbox => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite,
        File.GetUnixFileMode(Path.Combine(sandbox.Home, SsoCacheFile["home/".Length..]))));

    [Theory]
    [MemberData(nameof(Builds))]
    public Task A_single_sign_on_profile_of_the_older_form(string build) => GivesTokenOf(build, "SsoReader", sandbox =>
    {
        sandbox.Aws.World.SsoTokens["sso-access-token"] = sandbox.Aws.World.AddRole("SsoReader", World.ReadPolicy());
        sandbox.Write("home/.aws/config", """
            [default]
            sso_start_url = https://corp.awsapps.com/start
            sso_region = us-east-1
            sso_account_id = 111122223333
            sso_role_name = SsoReader
            """);
        // SHA-1 of the start URL, by sha1sum.
        sandbox.Write("home/.aws/sso/cache/a51746d4aa793ae07b25e90c3a5db96fc7832bd7.json", $$"""
            {"startUrl":"https://corp.awsapps.com/start","region":"us-east-1","accessToken":"sso-access-token",
             "expiresAt":"{{DateTime.UtcNow.AddHours(8):s}}Z"}
            """);
    });

    [Theory]
    [MemberData(nameof(Builds))]
    public Task A_container_endpoint(string build) => GivesTokenOf(build, "BuildAgentRole", sandbox =>
    {
        sandbox.Variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = new Uri(sandbox.Aws.Metadata, "container-credentials").AbsoluteUri;
        sandbox.Variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = sandbox.Aws.World.ContainerAuthorization;
    });

    /// <summary>The address of ECS cannot be had without rights over the network, so the C library sends its connections to LocalAws.</summary>
    [Theory]
    [MemberData(nameof(Builds))]
    public async Task The_endpoint_of_an_ECS_task(string build)
    {
        await GivesTokenOf(build, "BuildAgentRole", sandbox =>
        {
            sandbox.Variables["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/container-credentials";
            sandbox.Variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = sandbox.Aws.World.ContainerAuthorization;
            sandbox.Variables["LD_PRELOAD"] = Redirection(sandbox, "169.254.170.2", sandbox.Aws.Metadata.Port);
        }, sandbox => Assert.Contains(sandbox.Aws.Audit.Entries, entry => entry.Path == "/container-credentials" && entry.Status == 200));
    }

    [Theory]
    [MemberData(nameof(Builds))]
    public async Task A_pod_identity_whose_token_file_is_renewed(string build)
    {
        Artifacts.Require(build, build);
        await using var sandbox = await Sandbox.StartAsync();
        sandbox.Variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = new Uri(sandbox.Aws.Metadata, "container-credentials").AbsoluteUri;
        sandbox.Variables["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = sandbox.Write("pod-token", "old");
        sandbox.Variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "the file comes first";
        await using var first = await PluginProcess.Start(sandbox, build).HandshakeAsync();
        await first.CredentialsAsync(Feeds.App);
        Assert.Contains("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", Assert.Single(first.Warnings), StringComparison.Ordinal);

        sandbox.Write("pod-token", sandbox.Aws.World.ContainerAuthorization + "\n");
        await using var second = await PluginProcess.Start(sandbox, build).HandshakeAsync();
        Assert.Equal("Success", (string?)(await second.CredentialsAsync(Feeds.App))["ResponseCode"]);
    }

    [Theory]
    [MemberData(nameof(Builds))]
    public async Task An_ECS_task_is_not_asked_for_by_way_of_the_proxy(string build)
    {
        Artifacts.Require(build, build);
        await using var sandbox = await Sandbox.StartAsync();
        sandbox.Variables["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/v2/credentials/1";
        // Whoever is asked first takes the connection and is heard of.
        using var proxy = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        proxy.Start();
        sandbox.Variables["HTTP_PROXY"] = sandbox.Variables["http_proxy"] = $"http://{proxy.LocalEndpoint}";
        await using var plugin = await PluginProcess.Start(sandbox, build).HandshakeAsync();

        Assert.Equal("Error", (string?)(await plugin.CredentialsAsync(Feeds.App))["ResponseCode"]);

        // Directly, where nobody answers or, on some machines, somebody refuses.
        Assert.Contains("the container's credential endpoint http://169.254.170.2 ", Assert.Single(plugin.Warnings), StringComparison.Ordinal);
        Assert.False(proxy.Pending());
    }

    [Theory]
    [InlineData("http://credentials.example.test/x", "is neither https nor an address of this machine")]
    [InlineData("no-url", "is no URL")]
    public async Task A_container_endpoint_that_is_elsewhere_is_not_asked(string uri, string why)
    {
        await using var sandbox = await Sandbox.StartAsync();
        sandbox.Variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = uri;
        await using var plugin = await PluginProcess.Start(sandbox, Artifacts.Native).HandshakeAsync();

        await plugin.CredentialsAsync(Feeds.App);

        Assert.Contains(why, Assert.Single(plugin.Warnings), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Builds))]
    public Task A_chain_of_roles_from_the_instance_role(string build) => GivesTokenOf(build, "DomainReader", sandbox =>
    {
        var tools = Assumable(sandbox, "Tools", "BuildAgentRole");
        tools.Policy.Add(new Statement("sts:AssumeRole"));
        var reader = sandbox.Aws.World.AddRole("DomainReader", World.ReadPolicy(), "444455556666", new Trust(tools.Arn, "42"));
        sandbox.Variables["CODEARTIFACT_ROLE_ARN"] = $"{tools.Arn}, {reader.Arn}";
        sandbox.Variables["CODEARTIFACT_EXTERNAL_ID"] = "42";
    });

    [Theory]
    [MemberData(nameof(Builds))]
    public Task A_chain_of_roles_from_the_configuration_file(string build) => GivesTokenOf(build, "DomainReader", sandbox =>
    {
        var tools = Assumable(sandbox, "Tools", "BuildAgentRole", externalId: "7");
        tools.Policy.Add(new Statement("sts:AssumeRole"));
        var reader = sandbox.Aws.World.AddRole("DomainReader", World.ReadPolicy(), "444455556666", new Trust(tools.Arn, "42"));
        sandbox.Write("home/.config/codeartifact.json", $$"""
            {
              "defaults": { "profile": "of-another-team" },
              "rules": [
                { "domain": "contoso", "roles": [{ "arn": "{{tools.Arn}}", "externalId": "7" }, { "arn": "{{reader.Arn}}", "externalId": "42", "sessionName": "ci" }] },
                { "repository": "app", "profile": "instance" }, // the chain stays that of the domain's rule
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
    [InlineData("endpoint_url = https://vpce-0a1b-c2.api.codeartifact.us-east-1.vpce.amazonaws.com", "vpce-0a1b-c2.api.codeartifact.us-east-1.vpce.amazonaws.com")]
    [InlineData("services = private", "vpce-0a1b-ce.api.codeartifact.us-east-1.vpce.amazonaws.com")]
    [InlineData("use_fips_endpoint = true", "codeartifact-fips.us-east-1.amazonaws.com")]
    [InlineData("use_dualstack_endpoint = true", "codeartifact.us-east-1.api.aws")]
    [InlineData("services = private\nignore_configured_endpoint_urls = true", "codeartifact.us-east-1.amazonaws.com")]
    public Task A_profile_says_where_CodeArtifact_is_called(string setting, string host) => CallsCodeArtifactAt(host, sandbox =>
    {
        // Keys, since such a profile's settings are for STS, too.
        var session = Session(sandbox, "Developer");
        sandbox.Write("home/.aws/config", $"""
            [profile reader]
            aws_access_key_id = {session.AccessKeyId}
            aws_secret_access_key = {session.SecretAccessKey}
            aws_session_token = {session.Token}
            {setting}

            [services private]
            codeartifact =
              endpoint_url = https://vpce-0a1b-ce.api.codeartifact.us-east-1.vpce.amazonaws.com
            """);
        sandbox.Variables["AWS_PROFILE"] = "reader";
    });

    [Theory]
    [InlineData("AWS_ENDPOINT_URL_CODEARTIFACT", "https://vpce-0a1b-c2.api.codeartifact.us-east-1.vpce.amazonaws.com", "vpce-0a1b-c2.api.codeartifact.us-east-1.vpce.amazonaws.com")]
    [InlineData("AWS_USE_FIPS_ENDPOINT", "true", "codeartifact-fips.us-east-1.amazonaws.com")]
    [InlineData("AWS_USE_DUALSTACK_ENDPOINT", "true", "codeartifact.us-east-1.api.aws")]
    public Task A_variable_says_where_CodeArtifact_is_called(string variable, string value, string host) =>
        CallsCodeArtifactAt(host, sandbox => sandbox.Variables[variable] = value);

    [Theory]
    [MemberData(nameof(Builds))]
    public async Task A_bundle_of_certificates_for_AWS_alone(string build)
    {
        Artifacts.Require(build, build);
        await using var sandbox = await Sandbox.StartAsync();
        sandbox.Variables["AWS_CA_BUNDLE"] = sandbox.Aws.CaFile;
        sandbox.Variables.Remove("SSL_CERT_FILE");
        await using var plugin = await PluginProcess.Start(sandbox, build).HandshakeAsync();

        Assert.Equal("Success", (string?)(await plugin.CredentialsAsync(Feeds.App))["ResponseCode"]);
    }

    [Fact]
    public Task A_rule_says_where_CodeArtifact_is_called() => CallsCodeArtifactAt(
        "vpce-0a1b-c2.api.codeartifact.us-east-1.vpce.amazonaws.com",
        sandbox => sandbox.Write("home/.config/codeartifact.json", """
            { "rules": [ { "region": "us-east-1", "endpoint": "https://vpce-0a1b-c2.api.codeartifact.us-east-1.vpce.amazonaws.com" } ] }
            """));

    [Theory]
    [MemberData(nameof(Builds))]
    public async Task A_web_identity_token_file_is_read_anew_for_each_token(string build)
    {
        Artifacts.Require(build, build);
        await using var sandbox = await Sandbox.StartAsync();
        var role = new Role("arn:aws:iam::111122223333:role/Workflow") { Policy = World.ReadPolicy(), WebIdentityToken = "first" };
        sandbox.Aws.World.Roles[role.Arn] = role;
        sandbox.Variables["AWS_WEB_IDENTITY_TOKEN_FILE"] = sandbox.Write("token", "first");
        sandbox.Variables["AWS_ROLE_ARN"] = role.Arn;
        await using var plugin = await PluginProcess.Start(sandbox, build).HandshakeAsync();
        Assert.Equal("Success", (string?)(await plugin.CredentialsAsync(Feeds.App))["ResponseCode"]);

        sandbox.Aws.World.Roles[role.Arn] = role with { WebIdentityToken = "second" };
        sandbox.Write("token", "second");
        sandbox.Aws.World.ExpireAllCredentials();
        sandbox.Aws.World.RevokeAllTokens();
        var again = await plugin.CredentialsAsync(Feeds.App, isRetry: true);

        Assert.Empty(plugin.Warnings);
        Assert.Equal("Success", (string?)again["ResponseCode"]);
        await plugin.CloseAsync();
    }

    private static async Task CallsCodeArtifactAt(string host, Action<Sandbox> prepare)
    {
        Artifacts.Require(Artifacts.Native, Artifacts.Native);
        await using var sandbox = await Sandbox.StartAsync();
        prepare(sandbox);
        await using var plugin = await PluginProcess.Start(sandbox, Artifacts.Native).HandshakeAsync();

        var answer = await plugin.CredentialsAsync(Feeds.App);

        Assert.Empty(plugin.Warnings);
        Assert.Equal("Success", (string?)answer["ResponseCode"]);
        Assert.Equal(host, Assert.Single(sandbox.Aws.Audit.Entries, entry => entry.Service == "codeartifact").Host);
        await plugin.CloseAsync();
    }

    private static async Task GivesTokenOf(string build, string role, Action<Sandbox> prepare, Action<Sandbox>? check = null)
    {
        Artifacts.Require(build, build);
        await using var sandbox = await Sandbox.StartAsync();
        prepare(sandbox);
        await using var plugin = await PluginProcess.Start(sandbox, build).HandshakeAsync();

        var answer = await plugin.CredentialsAsync(Feeds.App);

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
        (await sandbox.DotnetAsync(sandbox.WriteSimpleProject(), "restore", "-warnaserror")).Succeeded();
        Assert.All(sandbox.Aws.World.Tokens.Values, token => Assert.Equal(role, token.Caller.Role.Name));
    }

    /// <summary>A library that makes connections to port 80 of an address go to a port of the loopback.</summary>
    internal static string Redirection(Sandbox sandbox, string address, int port)
    {
        var source = sandbox.Write("redirect.c", $$"""
            #define _GNU_SOURCE
            #include <arpa/inet.h>
            #include <dlfcn.h>
            #include <netinet/in.h>
            #include <string.h>

            // .NET connects to IPv4 addresses by sockets of both versions, too: ::ffff:a.b.c.d.
            int connect(int fd, const struct sockaddr *to, socklen_t length) {
              struct sockaddr_in6 copy;
              memcpy(&copy, to, length < sizeof copy ? length : sizeof copy);
              struct sockaddr_in *v4 = (struct sockaddr_in *)&copy;
              in_addr_t from = inet_addr("{{address}}"), loopback = inet_addr("127.0.0.1");
              if (to->sa_family == AF_INET && v4->sin_port == htons(80) && memcmp(&v4->sin_addr, &from, 4) == 0) {
                v4->sin_port = htons({{port}});
                memcpy(&v4->sin_addr, &loopback, 4);
              }
              if (to->sa_family == AF_INET6 && copy.sin6_port == htons(80) && memcmp(copy.sin6_addr.s6_addr + 12, &from, 4) == 0) {
                copy.sin6_port = htons({{port}});
                memcpy(copy.sin6_addr.s6_addr + 12, &loopback, 4);
              }
              int (*next)(int, const struct sockaddr *, socklen_t) = dlsym(RTLD_NEXT, "connect");
              return next(fd, length <= sizeof copy ? (struct sockaddr *)&copy : to, length);
            }
            """);
        var library = Path.ChangeExtension(source, ".so");
        using var compiler = System.Diagnostics.Process.Start(File.Exists("/usr/bin/clang") ? "clang" : "gcc", ["-shared", "-fPIC", "-o", library, source, "-ldl"]);
        compiler.WaitForExit();
        Assert.Equal(0, compiler.ExitCode);
        return library;
    }

    private static Session Session(Sandbox sandbox, string role) =>
        sandbox.Aws.World.OpenSession(sandbox.Aws.World.AddRole(role, World.ReadPolicy()), "test", DateTimeOffset.UtcNow);

    /// <summary>A role with read rights that another role of the same account may assume.</summary>
    private static Role Assumable(Sandbox sandbox, string name, string by, string? externalId = null)
    {
        sandbox.Aws.World.InstanceRole!.Policy.Add(new Statement("sts:AssumeRole"));
        return sandbox.Aws.World.AddRole(name, World.ReadPolicy(), World.Account, new Trust($"arn:aws:iam::{World.Account}:role/{by}", externalId));
    }
}
