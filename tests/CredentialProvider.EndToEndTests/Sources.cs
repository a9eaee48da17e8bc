using System.Text.Json.Nodes;
using LocalAws;

namespace CredentialProvider.EndToEndTests;

/// <summary>Each source of AWS credentials, through the plugin's own protocol, for every build.</summary>
public sealed class Sources
{
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
        sandbox.Write("home/.aws/config", """
            [default]
            sso_session = corp
            sso_account_id = 111122223333
            sso_role_name = SsoReader

            [sso-session corp]
            sso_start_url = https://corp.awsapps.com/start
            sso_region = us-east-1
            sso_registration_scopes = sso:account:access
            """);
        // SHA-1 of "corp", by sha1sum.
        sandbox.Write("home/.aws/sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json", $$"""
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

    private static async Task GivesTokenOf(string build, string role, Action<Sandbox> prepare)
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
        await plugin.CloseAsync();
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
