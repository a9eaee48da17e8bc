using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using LocalAws;

namespace CredentialProvider.EndToEndTests.Credentials;

/// <summary>
/// <c>login</c> with the authorization code flow. The browser is a script with the name that desktops give to the program that opens URLs; the user
/// approves at once.
/// </summary>
[Trait("Category", "Slow")]
public sealed partial class SigningInWithABrowser
{
    private const string Follow = "curl --silent --location \"$1\"";

    private const string Registration = "home/.aws/sso/cache/0dbee05f0229616e8f2427e85f5e810875ed57ff.json";

    public static TheoryData<string> Builds => [Artifacts.Native, Artifacts.NetCore];

    [Theory]
    [MemberData(nameof(Builds))]
    public async Task The_session_is_written_where_all_AWS_tools_find_it(string build)
    {
        await using var sandbox = await StartAsync(Follow + " > page.html", build);

        var outcome = (await LoginAsync(sandbox, build)).Succeeded();

        Assert.Matches(Transcript(), outcome.Output);
        Assert.Contains("Close this page and return to the terminal", ReadText(sandbox, "page.html"), StringComparison.Ordinal);
        var session = Read(sandbox, SsoFiles.Cache);
        Assert.Equal(["accessToken", "clientId", "clientSecret", "expiresAt", "refreshToken", "region", "registrationExpiresAt", "startUrl"],
            session.Select(field => field.Key).Order());
        Assert.True(sandbox.Aws.World.SsoTokens.ContainsKey((string)session["accessToken"]!));
        Assert.Equal((string?)session["clientSecret"], (string?)Read(sandbox, Registration)["clientSecret"]);
        Assert.Equal(["authorization_code", "refresh_token"], Read(sandbox, Registration)["grantTypes"]!.AsArray().Select(grant => (string?)grant));
        foreach (var file in new[] { SsoFiles.Cache, Registration })
            Assert.Equal(SecretScan.OwnerOnly, File.GetUnixFileMode(Path.Combine(sandbox.Root, file)));
        Assert.Empty(sandbox.Aws.World.SsoCodes);
        await using var plugin = await PluginProcess.Start(sandbox, build).InitializeAsync();
        Assert.Equal("Success", (string?)(await plugin.GetCredentialsAsync(Feeds.App))["ResponseCode"]);
    }

    [Fact]
    public async Task A_registration_is_reused_for_its_own_flow_only()
    {
        await using var sandbox = await StartAsync(Follow, Artifacts.Native);

        foreach (var (option, registrations) in new[] { ("--browser", 1), ("--browser", 1), ("--device-code", 2), ("--device-code", 2), ("--browser", 3) })
        {
            // The session was ended elsewhere; by its date it is still valid.
            sandbox.Aws.World.SsoTokens.Clear();
            (await sandbox.RunAsync(Artifacts.Native, sandbox.Home, "login", option)).Succeeded();
            Assert.Equal(registrations, sandbox.Aws.Audit.Count("sso-oidc", "RegisterClient"));
        }

        Assert.Equal(3, sandbox.Aws.Audit.Count("sso-oidc", "Authorize"));
        Assert.Equal(2, sandbox.Aws.Audit.Count("sso-oidc", "StartDeviceAuthorization"));
    }

    [Fact]
    public async Task A_registration_that_AWS_does_not_know_any_more_is_replaced_in_the_next_attempt()
    {
        await using var sandbox = await StartAsync(Follow, Artifacts.Native);
        (await sandbox.RunAsync(Artifacts.Native, sandbox.Home, "login", "--device-code")).Succeeded();
        sandbox.Aws.World.SsoTokens.Clear();
        sandbox.Aws.World.SsoClients.Clear();

        Assert.Contains("was not completed: Invalid client provided; try again", (await sandbox.RunAsync(Artifacts.Native, sandbox.Home, "login", "--device-code")).Failed().Output, StringComparison.Ordinal);
        (await sandbox.RunAsync(Artifacts.Native, sandbox.Home, "login", "--device-code")).Succeeded();
    }

    [Fact]
    public async Task Requests_with_another_state_or_path_or_no_code_are_ignored()
    {
        await using var sandbox = await StartAsync("""
            callback=$(curl --silent --output /dev/null --write-out '%{redirect_url}' "$1")
            address=${callback%%\?*} state=${callback##*state=}
            for query in "code=evil&state=guessed" "code=evil" "error=access_denied&state=guessed" "state=$state"; do
              curl --silent --output /dev/null --write-out '%{http_code} ' "$address?$query"
            done > statuses
            curl --silent --output /dev/null --write-out '%{http_code} ' "${address%/oauth/callback}/favicon.ico" >> statuses
            curl --silent --output /dev/null --write-out '%{http_code} ' --data x "$callback" >> statuses
            curl --silent --output /dev/null --write-out '%{http_code}' "$callback" >> statuses
            """, Artifacts.Native);

        (await LoginAsync(sandbox, Artifacts.Native)).Succeeded();

        Assert.Equal("400 400 400 400 400 400 200", ReadText(sandbox, "statuses"));
    }

    [Fact]
    public async Task A_code_cannot_be_used_again()
    {
        await using var sandbox = await StartAsync("""
            callback=$(curl --silent --output /dev/null --write-out '%{redirect_url}' "$1")
            curl --silent --output /dev/null "$callback"
            curl --silent --output /dev/null --write-out '%{http_code}' "$callback" > second || true
            """, Artifacts.Native);

        (await LoginAsync(sandbox, Artifacts.Native)).Succeeded();

        Assert.Equal(1, sandbox.Aws.Audit.Count("sso-oidc", "CreateToken"));
    }

    [Fact]
    public async Task A_user_who_denies_access_is_reported()
    {
        await using var sandbox = await StartAsync(Follow, Artifacts.Native);
        sandbox.Aws.World.SsoUser = null;

        Assert.Contains("error: CACP1005: sign-in for AWS profile 'default' was not completed: access_denied (The user denied the request); try again: nuget-plugin-codeartifact login --profile default\n",
            (await LoginAsync(sandbox, Artifacts.Native)).Failed().Output, StringComparison.Ordinal);
        Assert.Equal(0, sandbox.Aws.Audit.Count("sso-oidc", "CreateToken"));
        Assert.False(File.Exists(Path.Combine(sandbox.Root, SsoFiles.Cache)));
    }

    [Fact]
    public async Task A_code_of_another_sign_in_is_refused_by_its_verifier()
    {
        await using var sandbox = await StartAsync("""
            callback=$(curl --silent --output /dev/null --write-out '%{redirect_url}' "$1")
            other=$(curl --silent --output /dev/null --write-out '%{redirect_url}' "$(printf %s "$1" | sed 's/code_challenge=.*/code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM/')")
            code=${other#*code=}
            curl --silent --output /dev/null "${callback%%\?*}?code=${code%%&*}&state=${callback##*state=}"
            """, Artifacts.Native);

        Assert.Contains("The code verifier does not match the code challenge", (await LoginAsync(sandbox, Artifacts.Native)).Failed().Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_role_without_access_is_reported_after_the_sign_in()
    {
        await using var sandbox = await StartAsync(Follow, Artifacts.Native);
        sandbox.Write("home/.aws/config", SsoFiles.Profile.Replace("sso_role_name = SsoReader", "sso_role_name = Admin", StringComparison.Ordinal));

        Assert.Contains("error: CACP1010: AWS profile 'default' cannot be used: IAM Identity Center grants no access to role Admin in account 111122223333",
            (await LoginAsync(sandbox, Artifacts.Native)).Failed().Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_profile_of_the_old_format_uses_a_device_code()
    {
        await using var sandbox = await StartAsync(Follow, Artifacts.Native);
        sandbox.Write("home/.aws/config", "[default]\nsso_start_url = https://corp.awsapps.com/start\nsso_region = us-east-1\nsso_account_id = 111122223333\nsso_role_name = SsoReader\n");

        Assert.Contains(" with the code ", (await LoginAsync(sandbox, Artifacts.Native)).Succeeded().Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("SSH_CONNECTION=198.51.100.7 50022 203.0.113.1 22")]
    [InlineData("container=podman")]
    [InlineData("DISPLAY=")]
    public async Task Where_no_browser_can_be_opened_a_code_is_shown(string variable)
    {
        await using var sandbox = await StartAsync(Follow, Artifacts.Native);
        sandbox.Variables["DISPLAY"] = ":0";
        sandbox.Variables[variable.Split('=')[0]] = variable.Split('=')[1];

        Assert.Contains(" with the code ", (await sandbox.RunAsync(Artifacts.Native, sandbox.Home, "login")).Succeeded().Output, StringComparison.Ordinal);
        Assert.Equal(0, sandbox.Aws.Audit.Count("sso-oidc", "Authorize"));
    }

    [Fact]
    public async Task Both_options_at_once_are_a_usage_error()
    {
        await using var sandbox = await StartAsync(Follow, Artifacts.Native);
        var outcome = await sandbox.RunAsync(Artifacts.Native, sandbox.Home, "login", "--browser", "--device-code");
        Assert.Equal(2, outcome.ExitCode);
    }

    /// <summary>.NET looks for programs in the working directory before PATH.</summary>
    [Fact]
    public async Task A_program_in_the_working_directory_is_not_taken_for_the_browser()
    {
        await using var sandbox = await StartAsync("touch desktop-browser", Artifacts.Native);
        var folder = sandbox.Folder("cloned");
        MakeExecutable(sandbox.Write("cloned/xdg-open", "#!/bin/sh\ntouch evil\n"));
        using var login = sandbox.Launch(Artifacts.Native, folder, "login", "--browser");

        await TimeLimit.UntilAsync(() => File.Exists(Path.Combine(folder, "desktop-browser")));
        login.Kill();
        await TimeLimit.ExitAsync(login);

        Assert.False(File.Exists(Path.Combine(folder, "evil")));
    }

    private static Task<Outcome> LoginAsync(Sandbox sandbox, string build) => build.EndsWith(".dll", StringComparison.Ordinal)
        ? sandbox.DotnetAsync(sandbox.Home, build, "login", "--browser") : sandbox.RunAsync(build, sandbox.Home, "login", "--browser");

    /// <summary>A user with an SSO profile, whose browser runs this script with a URL as its only argument.</summary>
    private static async Task<Sandbox> StartAsync(string browser, string build)
    {
        Artifacts.Require(build, build);
        var sandbox = await Sandbox.StartAsync();
        sandbox.Aws.World.SsoUser = sandbox.Aws.World.AddRole("SsoReader", World.ReadPolicy());
        sandbox.Write("home/.aws/config", SsoFiles.Profile);
        var program = sandbox.Write("desktop/xdg-open", $"#!/bin/sh\n{browser}\n");
        MakeExecutable(program);
        sandbox.Variables["PATH"] = $"{Path.GetDirectoryName(program)}:{sandbox.Variables["PATH"]}";
        return sandbox;
    }

    private static void MakeExecutable(string file) =>
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);

    /// <summary>The result is on stdout, the URL on stderr.</summary>
    [GeneratedRegex("""
        ^signed in for AWS profile 'default'
        AWS profile 'default': sign in using the browser on this machine; if it does not open, go to https://oidc\.us-east-1\.amazonaws\.com/authorize\?response_type=code&client_id=\w+&redirect_uri=http%3A%2F%2F127\.0\.0\.1%3A\d+%2Foauth%2Fcallback&state=[\w-]{43}&code_challenge_method=S256&scopes=sso%3Aaccount%3Aaccess&code_challenge=[\w-]{43}
        $
        """)]
    private static partial Regex Transcript();

    /// <summary>What the browser has written.</summary>
    private static string ReadText(Sandbox sandbox, string file) => File.ReadAllText(Path.Combine(sandbox.Home, file));

    private static JsonObject Read(Sandbox sandbox, string file) => JsonNode.Parse(File.ReadAllText(Path.Combine(sandbox.Root, file)))!.AsObject();
}
