using System.Diagnostics;
using System.Text.RegularExpressions;
using LocalAws;

namespace CredentialProvider.EndToEndTests.Credentials;

/// <summary>Signing in to IAM Identity Center with a device code: the plugin shows a URL and a code, and the user approves in a browser.</summary>
[Trait("Category", "Slow")]
public sealed partial class SigningIn
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    [Fact]
    public async Task Login_shows_the_code_and_writes_the_SSO_cache_that_all_AWS_tools_share()
    {
        await using var sandbox = await WithProfileAsync();
        using var login = sandbox.Launch(Artifacts.Native, sandbox.Home, "login");

        await ApproveAsync(sandbox, login.StandardError);
        await login.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.Equal(0, login.ExitCode);
        Assert.Equal("signed in for AWS profile 'default'\n", await login.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken));
        Assert.Equal(OwnerOnly, File.GetUnixFileMode(Path.Combine(sandbox.Home, SsoFiles.Cache["home/".Length..])));
        await using var plugin = await PluginProcess.Start(sandbox, Artifacts.Native).InitializeAsync();
        Assert.Equal("Success", (string?)(await plugin.GetCredentialsAsync(Feeds.App))["ResponseCode"]);
        Assert.Equal("AWS profile 'default' is signed in already\n", (await sandbox.RunAsync(Artifacts.Native, sandbox.Home, "login")).Succeeded().Output);
    }

    [Fact]
    public async Task Login_follows_source_profile_to_the_SSO_profile()
    {
        await using var sandbox = await WithProfileAsync("""

            [profile reader]
            role_arn = arn:aws:iam::111122223333:role/Reader
            source_profile = default
            """);
        sandbox.Aws.World.SsoUser = sandbox.Aws.World.Roles.Values.Single(role => role.Name == "SsoReader");

        Assert.Contains("signed in", (await sandbox.RunAsync(Artifacts.Native, sandbox.Home, "login", "--profile", "reader")).Succeeded().Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Login_reports_that_the_user_denied_access()
    {
        await using var sandbox = await WithProfileAsync();
        using var login = sandbox.Launch(Artifacts.Native, sandbox.Home, "login");

        var device = await PromptedDeviceAsync(sandbox, login.StandardError);
        device.IsDenied = true;
        await login.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.Equal(1, login.ExitCode);
        Assert.Contains("error: CACP1005: sign-in for AWS profile 'default' was not completed: ", await login.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Login_reports_a_profile_without_SSO()
    {
        await using var sandbox = await Sandbox.StartAsync();
        Artifacts.RequireNative();
        sandbox.Write("home/.aws/config", "[profile keys]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = x\n");

        var outcome = (await sandbox.RunAsync(Artifacts.Native, sandbox.Home, "login", "--profile", "keys")).Failed();

        Assert.Equal("error: CACP1010: AWS profile 'keys' does not use IAM Identity Center; configure it with 'aws configure sso', or choose another profile with --profile\n", outcome.Output);
    }

    [Theory]
    [InlineData("sso_role_name = SsoReader", "sso_role_name = Admin", "grants no access to role Admin in account 111122223333 (No access)")]
    [InlineData("sso_account_id = 111122223333", "sso_account_id = 444455556666", "grants no access to role SsoReader in account 444455556666 (No access)")]
    [InlineData("", "", "grants no access to role SsoReader in account 111122223333 (Account not found)")]
    public async Task A_role_without_access_is_reported_as_such_and_not_as_an_ended_session(string setting, string changed, string why)
    {
        await using var sandbox = await WithProfileAsync();
        sandbox.Aws.World.SsoUser = sandbox.Aws.World.Roles.Values.Single(role => role.Name == "SsoReader");
        (await sandbox.RunAsync(Artifacts.Native, sandbox.Home, "login")).Succeeded();
        if (setting.Length > 0)
            sandbox.Write("home/.aws/config", SsoFiles.Profile.Replace(setting, changed, StringComparison.Ordinal));
        else
            sandbox.Aws.Faults.Add(new Fault("sso") { Status = 404, ErrorCode = "ResourceNotFoundException", Message = "Account not found" });

        await AssertBothFailAsync(sandbox, "CACP1010", why);
    }

    [Fact]
    public async Task A_session_that_the_portal_refuses_is_dropped_and_started_again()
    {
        await using var sandbox = await WithProfileAsync();
        sandbox.Aws.World.SsoUser = sandbox.Aws.World.Roles.Values.Single(role => role.Name == "SsoReader");
        (await sandbox.RunAsync(Artifacts.Native, sandbox.Home, "login")).Succeeded();
        // The session was ended elsewhere; by its date it is still valid.
        sandbox.Aws.World.SsoTokens.Clear();

        await AssertBothFailAsync(sandbox, "CACP1005", "sign in: nuget-plugin-codeartifact login --profile default");
        Assert.Contains("signed in for AWS profile 'default'\n", (await sandbox.RunAsync(Artifacts.Native, sandbox.Home, "login")).Succeeded().Output, StringComparison.Ordinal);
        (await RestoreAsync(sandbox)).Succeeded();
        (await sandbox.RunAsync(Artifacts.Native, sandbox.Folder("client"), "doctor")).Succeeded();
    }

    [Fact]
    public async Task An_interactive_restore_prompts_and_continues()
    {
        await using var sandbox = await WithProfileAsync();
        sandbox.PutNativeOnPath();
        using var restore = sandbox.Launch("dotnet", sandbox.WriteSimpleProject(), "restore", "--interactive", "-warnaserror");

        await ApproveAsync(sandbox, restore.StandardOutput);
        var rest = await restore.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await restore.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.True(restore.ExitCode == 0, rest);
        Assert.True(sandbox.HasPackage("Example.Json"));
    }

    [Fact]
    public async Task A_noninteractive_restore_names_the_login_command()
    {
        await using var sandbox = await WithProfileAsync();
        sandbox.PutNativeOnPath();

        var outcome = (await sandbox.DotnetAsync(sandbox.WriteSimpleProject(), "restore", "--interactive", "false")).Failed();

        Assert.Contains("; sign in: nuget-plugin-codeartifact login --profile default", outcome.Output, StringComparison.Ordinal);
        Assert.Equal(0, sandbox.Aws.Audit.Count("sso-oidc"));
    }

    [Fact]
    public async Task An_unreachable_SSO_endpoint_is_reported()
    {
        await using var sandbox = await WithProfileAsync();
        sandbox.Variables["SSL_CERT_FILE"] = "/etc/ssl/certs/ca-certificates.crt";
        await using var plugin = await PluginProcess.Start(sandbox, Artifacts.Native).InitializeAsync();

        Assert.Equal("Error", (string?)(await plugin.GetCredentialsAsync(Feeds.App, isNonInteractive: false))["ResponseCode"]);

        Assert.Contains("CACP1008: no token for domain contoso (111122223333, us-east-1): the certificate of https://oidc.us-east-1.amazonaws.com is not trusted",
            Assert.Single(plugin.Warnings), StringComparison.Ordinal);
        Assert.Contains("error: CACP1008: the certificate of https://oidc.us-east-1.amazonaws.com is not trusted",
            (await sandbox.RunAsync(Artifacts.Native, sandbox.Home, "login")).Failed().Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_failing_SSO_endpoint_is_reported()
    {
        await using var sandbox = await WithProfileAsync();
        sandbox.Aws.Faults.Add(new Fault("sso-oidc") { Status = 500, ErrorCode = "InternalServerException" });
        await using var plugin = await PluginProcess.Start(sandbox, Artifacts.Native).InitializeAsync();

        Assert.Equal("Error", (string?)(await plugin.GetCredentialsAsync(Feeds.App, isNonInteractive: false))["ResponseCode"]);

        Assert.Contains("CACP1013: no token for domain contoso (111122223333, us-east-1): AWS returned InternalServerException (500)",
            Assert.Single(plugin.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Progress_keeps_NuGet_waiting_while_the_user_signs_in()
    {
        await using var sandbox = await WithProfileAsync();
        await using var plugin = await PluginProcess.Start(sandbox, Artifacts.Native).InitializeAsync();

        var pending = plugin.GetCredentialsAsync(Feeds.App, isNonInteractive: false);
        await TimeLimit.UntilAsync(() => !sandbox.Aws.World.SsoDevices.IsEmpty && plugin.CountOf("Progress") >= 2);
        Approve(sandbox, sandbox.Aws.World.SsoDevices.Values.Single());

        Assert.Equal("Success", (string?)(await pending)["ResponseCode"]);
        var shown = Assert.Single(plugin.LogMessages("Minimal"));
        Assert.StartsWith("[CredentialProvider] ", shown, StringComparison.Ordinal);
        Assert.Contains(sandbox.Aws.World.SsoDevices.Values.Single().UserCode, shown, StringComparison.Ordinal);
        Assert.Empty(plugin.Warnings);
    }

    [Fact]
    public async Task The_domains_of_a_build_ask_the_user_once()
    {
        await using var sandbox = await WithProfileAsync();
        await using var plugin = await PluginProcess.Start(sandbox, Artifacts.Native).InitializeAsync();

        var pending = new[] { Feeds.App, Feeds.App.Replace("contoso", "fabrikam", StringComparison.Ordinal) }
            .Select(feed => plugin.GetCredentialsAsync(feed, isNonInteractive: false)).ToArray();
        await TimeLimit.UntilAsync(() => !sandbox.Aws.World.SsoDevices.IsEmpty && plugin.CountOf("Progress") >= 4);
        Approve(sandbox, sandbox.Aws.World.SsoDevices.Values.Single());
        await Task.WhenAll(pending);

        Assert.Equal(1, sandbox.Aws.Audit.Count("sso-oidc", "StartDeviceAuthorization"));
        Assert.Single(plugin.LogMessages("Minimal"));
    }

    private static async Task<Sandbox> WithProfileAsync(string more = "")
    {
        Artifacts.RequireNative();
        var sandbox = await Sandbox.StartAsync();
        sandbox.Aws.World.AddRole("SsoReader", World.ReadPolicy());
        sandbox.Write("home/.aws/config", SsoFiles.Profile + "\n" + more);
        return sandbox;
    }

    /// <summary>A restore, and <c>doctor</c> beside it, with the same code and reason.</summary>
    private static async Task AssertBothFailAsync(Sandbox sandbox, string code, string why)
    {
        sandbox.PutNativeOnPath();
        sandbox.WriteSimpleProject();
        var warning = Assert.Single((await RestoreAsync(sandbox)).Failed().Output.Split('\n'), line => line.Contains("CACP", StringComparison.Ordinal));
        var report = (await sandbox.RunAsync(Artifacts.Native, sandbox.Folder("client"), "doctor")).Failed().Output;
        var failure = report[report.IndexOf("  fail  ", StringComparison.Ordinal)..];

        Assert.StartsWith("  fail  credentials ", failure, StringComparison.Ordinal);
        Assert.All([warning, failure], text => Assert.Contains($"{code}: ", text, StringComparison.Ordinal));
        Assert.All([warning, failure], text => Assert.Contains(why, text, StringComparison.Ordinal));
    }

    private static Task<Outcome> RestoreAsync(Sandbox sandbox) => sandbox.RestoreAsync(sandbox.Folder("client"), "Contoso.App.Client/1.0.0");

    private static async Task ApproveAsync(Sandbox sandbox, StreamReader output) => Approve(sandbox, await PromptedDeviceAsync(sandbox, output));

    private static void Approve(Sandbox sandbox, SsoDevice device) =>
        device.Role = sandbox.Aws.World.Roles.Values.Single(role => role.Name == "SsoReader");

    /// <summary>Reads output until it shows the URL and the code.</summary>
    private static async Task<SsoDevice> PromptedDeviceAsync(Sandbox sandbox, StreamReader output)
    {
        var text = "";
        while (await output.ReadLineAsync(TestContext.Current.CancellationToken) is { } line)
        {
            text += line + "\n";
            if (Prompt().Match(line) is { Success: true } prompt)
                return sandbox.Aws.World.SsoDevices.Values.Single(device => device.UserCode == prompt.Groups[1].Value);
        }

        throw new UnreachableException($"no prompt:\n{text}");
    }

    [GeneratedRegex(@"AWS profile 'default': sign in at https://corp\.awsapps\.com/start/#/device\?user_code=\S+ with the code (\S+)")]
    private static partial Regex Prompt();
}
