using System.Text.Json.Nodes;
using LocalAws;

namespace CredentialProvider.EndToEndTests.Credentials;

/// <summary>Profiles with a session of <c>aws login</c>, which the AWS CLI and the plugin renew in turn.</summary>
[Trait("Category", "Slow")]
public sealed class LoginSessions
{
    private static readonly TimeSpan Fresh = TimeSpan.FromMinutes(12), Aging = TimeSpan.FromMinutes(4), Expired = TimeSpan.FromMinutes(-30);

    public static TheoryData<string> Builds => [Artifacts.Native, Artifacts.NetCore];

    [Theory]
    [MemberData(nameof(Builds))]
    public async Task A_fresh_session_signs_without_a_call_to_AWS_Sign_In(string build)
    {
        await using var sandbox = await StartAsync(build);
        sandbox.StartLoginSession(Fresh);

        await AssertTokenAsync(sandbox, build);

        Assert.Equal(0, sandbox.Aws.Audit.Count("signin"));
    }

    [Theory]
    [MemberData(nameof(Builds))]
    public async Task A_session_with_four_minutes_left_is_renewed_once_and_written_back(string build)
    {
        await using var sandbox = await StartAsync(build);
        sandbox.StartLoginSession(Aging);
        var file = Path.Combine(sandbox.Root, LoginFiles.Cache);
        var before = Read(file);

        await AssertTokenAsync(sandbox, build);
        await AssertTokenAsync(sandbox, build);

        Assert.Equal(1, sandbox.Aws.Audit.Count("signin", "CreateOAuth2Token"));
        Assert.Equal(SecretScan.OwnerOnly, File.GetUnixFileMode(file));
        var after = Read(file);
        Assert.True((DateTimeOffset)after["accessToken"]!["expiresAt"]! > DateTimeOffset.UtcNow + Aging);
        Assert.True(sandbox.Aws.World.LoginSessions.ContainsKey((string)after["refreshToken"]!));
        Assert.Equal((string?)before["accessToken"]!["accountId"], (string?)after["accessToken"]!["accountId"]);
        Assert.Equal(before.Select(field => field.Key), after.Select(field => field.Key));
        foreach (var field in new[] { "tokenType", "idToken", "clientId", "dpopKey", "fieldOfALaterVersion" })
            Assert.Equal(before[field]!.ToJsonString(), after[field]!.ToJsonString());
    }

    [Fact]
    public async Task An_expired_session_is_renewed_in_the_profile_s_region_from_another_cache_folder()
    {
        await using var sandbox = await StartAsync(Artifacts.Native);
        sandbox.StartLoginSession(Expired, "home/sessions/" + LoginFiles.Name);
        sandbox.Variables["AWS_LOGIN_CACHE_DIRECTORY"] = "~/sessions";
        sandbox.Write("home/.aws/config", LoginFiles.Profile.Replace("us-east-1", "eu-west-1", StringComparison.Ordinal));

        await AssertTokenAsync(sandbox, Artifacts.Native);

        Assert.Equal("eu-west-1.signin.aws.amazon.com", sandbox.Aws.Audit.Entries.Single(entry => entry.Service == "signin").Host);
    }

    [Theory]
    [MemberData(nameof(Builds))]
    public async Task Eight_processes_at_once_renew_a_session_once(string build)
    {
        await using var sandbox = await StartAsync(build);
        sandbox.StartLoginSession(Aging);
        sandbox.Aws.Faults.Add(new Fault("signin") { Delay = TimeSpan.FromMilliseconds(500) });
        var plugins = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => PluginProcess.Start(sandbox, build).InitializeAsync())));

        var answers = await Task.WhenAll(plugins.Select(plugin => plugin.GetCredentialsAsync(Feeds.App)));

        Assert.All(answers, answer => Assert.Equal("Success", (string?)answer["ResponseCode"]));
        Assert.Equal(8, sandbox.Aws.Audit.Count("codeartifact"));
        Assert.Equal(1, sandbox.Aws.Audit.Count("signin"));
        foreach (var plugin in plugins)
            await plugin.DisposeAsync();
    }

    [Fact]
    public async Task A_named_profile_uses_its_session()
    {
        await using var sandbox = await StartAsync(Artifacts.Native);
        sandbox.StartLoginSession(Aging);
        sandbox.Write("home/.aws/config", $"[profile dev]\nlogin_session = {LoginFiles.Session}\n");
        sandbox.Variables["AWS_PROFILE"] = "dev";

        await AssertTokenAsync(sandbox, Artifacts.Native);
    }

    [Fact]
    public async Task A_role_is_assumed_with_the_session_of_its_source_profile()
    {
        await using var sandbox = await StartAsync(Artifacts.Native);
        sandbox.StartLoginSession(Aging).Role.Policy.Add(new Statement("sts:AssumeRole"));
        var reader = sandbox.Aws.World.AddRole("Reader", World.ReadPolicy(), World.Account, new Trust($"arn:aws:iam::{World.Account}:role/DevUser"));
        sandbox.Write("home/.aws/config", $"{LoginFiles.Profile}[profile reader]\nrole_arn = {reader.Arn}\nsource_profile = default\n");
        sandbox.Variables["AWS_PROFILE"] = "reader";

        await AssertTokenAsync(sandbox, Artifacts.Native, "Reader");
    }

    [Theory]
    [InlineData("TOKEN_EXPIRED")]
    [InlineData("USER_CREDENTIALS_CHANGED")]
    public async Task A_session_that_AWS_has_ended_names_the_command_that_starts_another(string error)
    {
        foreach (var build in Builds)
        {
            await using var sandbox = await StartAsync(build);
            sandbox.StartLoginSession(Expired).Error = error;

            Assert.Contains(error, await SignInWarningAsync(sandbox, build), StringComparison.Ordinal);
            Assert.Equal(1, sandbox.Aws.Audit.Count("signin"));
        }
    }

    [Theory]
    [InlineData("missing")]
    [InlineData("half-written")]
    [InlineData("without a refresh token")]
    [InlineData("with another key")]
    public async Task A_file_that_cannot_be_used_names_the_command_that_writes_another(string damage)
    {
        foreach (var build in Builds)
        {
            await using var sandbox = await StartAsync(build);
            sandbox.StartLoginSession(Aging);
            var file = Path.Combine(sandbox.Root, LoginFiles.Cache);
            var content = Read(file);
            if (damage == "missing")
                File.Delete(file);
            else if (damage == "half-written")
                sandbox.Write(LoginFiles.Cache, content.ToJsonString()[..400]);
            else if (damage == "without a refresh token" && content.Remove("refreshToken"))
                sandbox.Write(LoginFiles.Cache, content.ToJsonString());
            else
                sandbox.Write(LoginFiles.Cache, content.ToJsonString().Replace("EC PRIVATE KEY", "EC PUBLIC KEY", StringComparison.Ordinal));

            Assert.Contains(file, await SignInWarningAsync(sandbox, build), StringComparison.Ordinal);
            Assert.Equal(0, sandbox.Aws.Audit.Count("signin"));
        }
    }

    [Fact]
    public async Task A_missing_permission_names_the_managed_policy()
    {
        await using var sandbox = await StartAsync(Artifacts.Native);
        sandbox.StartLoginSession(Aging).Error = "INSUFFICIENT_PERMISSIONS";

        var warning = await WarningAsync(sandbox, Artifacts.Native);

        Assert.StartsWith("CACP1001: ", warning, StringComparison.Ordinal);
        Assert.Contains("SignInLocalDevelopmentAccess", warning, StringComparison.Ordinal);
    }

    /// <summary>AWS takes a refresh token once, so a renewal that cannot be stored would sign the user out everywhere.</summary>
    [Fact]
    public async Task A_session_that_cannot_be_written_back_is_not_renewed()
    {
        await using var sandbox = await StartAsync(Artifacts.Native);
        sandbox.StartLoginSession(Expired);
        sandbox.MakeCacheReadOnly();

        var warning = await WarningAsync(sandbox, Artifacts.Native);

        Assert.StartsWith("CACP1005: ", warning, StringComparison.Ordinal);
        Assert.Contains($"{LoginFiles.Name} cannot be written", warning, StringComparison.Ordinal);
        Assert.Equal(0, sandbox.Aws.Audit.Count("signin"));
    }

    [Fact]
    public async Task A_session_that_cannot_be_written_back_is_used_to_its_end()
    {
        await using var sandbox = await StartAsync(Artifacts.Native);
        sandbox.StartLoginSession(Aging);
        sandbox.MakeCacheReadOnly();

        await AssertTokenAsync(sandbox, Artifacts.Native);

        Assert.Equal(0, sandbox.Aws.Audit.Count("signin"));
    }

    [Fact]
    public async Task A_redirect_is_not_followed()
    {
        await using var sandbox = await StartAsync(Artifacts.Native);
        sandbox.StartLoginSession(Aging);
        sandbox.Aws.Faults.Add(new Fault("signin")
        {
            Status = 307,
            Body = "",
            Headers = new Dictionary<string, string> { ["Location"] = "https://sts.us-east-1.amazonaws.com/v1/token" },
        });

        Assert.StartsWith("CACP1013: ", await WarningAsync(sandbox, Artifacts.Native), StringComparison.Ordinal);
        Assert.Equal(0, sandbox.Aws.Audit.Count("sts"));
    }

    [Fact]
    public async Task A_failing_AWS_Sign_In_is_asked_again()
    {
        await using var sandbox = await StartAsync(Artifacts.Native);
        sandbox.StartLoginSession(Aging);
        sandbox.Aws.Faults.Add(new Fault("signin", Times: 1) { Status = 500, Body = """{"error":"server_error","message":"try again"}""" });

        await AssertTokenAsync(sandbox, Artifacts.Native);

        Assert.Equal(2, sandbox.Aws.Audit.Count("signin"));
    }

    [Fact]
    public async Task The_login_command_names_the_AWS_CLI_s_command()
    {
        await using var sandbox = await StartAsync(Artifacts.Native);

        var outcome = (await sandbox.RunAsync(Artifacts.Native, sandbox.Home, "login")).Failed();

        Assert.Contains("sign in: aws login --profile default", outcome.Output, StringComparison.Ordinal);
    }

    /// <summary>Without the token cache, so that each process signs.</summary>
    private static async Task<Sandbox> StartAsync(string build)
    {
        Artifacts.Require(build, build);
        var sandbox = await Sandbox.StartAsync();
        sandbox.Variables["CODEARTIFACT_CACHE"] = "off";
        sandbox.Write("home/.aws/config", LoginFiles.Profile);
        return sandbox;
    }

    private static async Task AssertTokenAsync(Sandbox sandbox, string build, string role = "DevUser")
    {
        await using var plugin = await PluginProcess.Start(sandbox, build).InitializeAsync();
        var answer = await plugin.GetCredentialsAsync(Feeds.App);
        Assert.Empty(plugin.Warnings);
        Assert.Equal(role, sandbox.Aws.World.Tokens[(string)answer["Password"]!].Caller.Role.Name);
        await plugin.CloseAsync();
    }

    private static async Task<string> WarningAsync(Sandbox sandbox, string build)
    {
        await using var plugin = await PluginProcess.Start(sandbox, build).InitializeAsync();
        Assert.Equal("Error", (string?)(await plugin.GetCredentialsAsync(Feeds.App))["ResponseCode"]);
        return Assert.Single(plugin.Warnings);
    }

    private static async Task<string> SignInWarningAsync(Sandbox sandbox, string build)
    {
        var warning = await WarningAsync(sandbox, build);
        Assert.StartsWith("CACP1005: ", warning, StringComparison.Ordinal);
        Assert.EndsWith("; sign in: aws login --profile default", warning, StringComparison.Ordinal);
        return warning;
    }

    private static JsonObject Read(string file) => JsonNode.Parse(File.ReadAllText(file))!.AsObject();
}
