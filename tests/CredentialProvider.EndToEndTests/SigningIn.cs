using System.Diagnostics;
using System.Text.RegularExpressions;
using LocalAws;

namespace CredentialProvider.EndToEndTests;

/// <summary>Single sign-on by device code: a person is shown a URL and a code, and allows it in a browser.</summary>
public sealed partial class SigningIn
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    [Fact]
    public async Task Login_shows_the_code_and_fills_the_cache_of_all_AWS_tools()
    {
        await using var sandbox = await WithProfileAsync();
        using var login = sandbox.Launch(Artifacts.Native, sandbox.Home, "login");

        await AllowAsync(sandbox, login.StandardError);
        await login.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.Equal(0, login.ExitCode);
        Assert.Equal("signed in for AWS profile 'default'\n", await login.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken));
        Assert.Equal(OwnerOnly, File.GetUnixFileMode(Path.Combine(sandbox.Home, Sources.SsoCacheFile["home/".Length..])));
        await using var plugin = await PluginProcess.Start(sandbox, Artifacts.Native).HandshakeAsync();
        Assert.Equal("Success", (string?)(await plugin.CredentialsAsync(Feeds.App))["ResponseCode"]);
        Assert.Equal("AWS profile 'default' is signed in already\n", (await sandbox.RunAsync(Artifacts.Native, sandbox.Home, "login")).Succeeded().Output);
    }

    [Fact]
    public async Task Login_follows_a_role_to_the_profile_that_it_starts_at()
    {
        await using var sandbox = await WithProfileAsync("""

            [profile reader]
            role_arn = arn:aws:iam::111122223333:role/Reader
            source_profile = default
            """);
        sandbox.Aws.World.SsoPerson = sandbox.Aws.World.Roles.Values.Single(role => role.Name == "SsoReader");

        Assert.Contains("signed in", (await sandbox.RunAsync(Artifacts.Native, sandbox.Home, "login", "--profile", "reader")).Succeeded().Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Login_says_that_a_person_has_refused()
    {
        await using var sandbox = await WithProfileAsync();
        using var login = sandbox.Launch(Artifacts.Native, sandbox.Home, "login");

        var device = await ShownAsync(sandbox, login.StandardError);
        device.IsDenied = true;
        await login.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.Equal(1, login.ExitCode);
        Assert.Contains("error: CACP1005: nobody signed in for AWS profile 'default': ", await login.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Login_says_that_a_profile_has_no_single_sign_on()
    {
        await using var sandbox = await Sandbox.StartAsync();
        Artifacts.Require(Artifacts.Native, "the native program");
        sandbox.Write("home/.aws/config", "[profile keys]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = x\n");

        var outcome = (await sandbox.RunAsync(Artifacts.Native, sandbox.Home, "login", "--profile", "keys")).Failed();

        Assert.Equal("error: CACP1010: AWS profile 'keys' cannot be used: it has no single sign-on; give it sso_session, or name another with --profile: aws configure sso\n", outcome.Output);
    }

    [Fact]
    public async Task An_interactive_restore_asks_and_goes_on()
    {
        await using var sandbox = await WithProfileAsync();
        sandbox.PutNativeOnPath();
        using var restore = sandbox.Launch("dotnet", sandbox.WriteSimpleProject(), "restore", "--interactive", "-warnaserror");

        await AllowAsync(sandbox, restore.StandardOutput);
        var rest = await restore.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await restore.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.True(restore.ExitCode == 0, rest);
        Assert.True(sandbox.HasPackage("Example.Json"));
    }

    [Fact]
    public async Task A_restore_without_a_person_names_the_command()
    {
        await using var sandbox = await WithProfileAsync();
        sandbox.PutNativeOnPath();

        var outcome = (await sandbox.DotnetAsync(sandbox.WriteSimpleProject(), "restore", "--interactive", "false")).Failed();

        Assert.Contains("; sign in: nuget-plugin-codeartifact login --profile default", outcome.Output, StringComparison.Ordinal);
        Assert.Equal(0, sandbox.Aws.Audit.Count("sso-oidc"));
    }

    [Fact]
    public async Task A_sign_on_that_cannot_be_reached_is_told()
    {
        await using var sandbox = await WithProfileAsync();
        sandbox.Variables["SSL_CERT_FILE"] = "/etc/ssl/certs/ca-certificates.crt";
        await using var plugin = await PluginProcess.Start(sandbox, Artifacts.Native).HandshakeAsync();

        Assert.Equal("Error", (string?)(await plugin.CredentialsAsync(Feeds.App, isNonInteractive: false))["ResponseCode"]);

        Assert.Contains("CACP1008: no token for domain contoso (111122223333, us-east-1): the certificate of https://oidc.us-east-1.amazonaws.com is not trusted",
            Assert.Single(plugin.Warnings), StringComparison.Ordinal);
        Assert.Contains("error: CACP1008: the certificate of https://oidc.us-east-1.amazonaws.com is not trusted",
            (await sandbox.RunAsync(Artifacts.Native, sandbox.Home, "login")).Failed().Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_sign_on_service_that_fails_is_told()
    {
        await using var sandbox = await WithProfileAsync();
        sandbox.Aws.Faults.Add(new Fault("sso-oidc") { Status = 500, ErrorCode = "InternalServerException" });
        await using var plugin = await PluginProcess.Start(sandbox, Artifacts.Native).HandshakeAsync();

        Assert.Equal("Error", (string?)(await plugin.CredentialsAsync(Feeds.App, isNonInteractive: false))["ResponseCode"]);

        Assert.Contains("CACP1005: no token for domain contoso (111122223333, us-east-1): nobody signed in for AWS profile 'default'",
            Assert.Single(plugin.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public async Task NuGet_is_kept_patient_while_a_person_signs_in()
    {
        await using var sandbox = await WithProfileAsync();
        await using var plugin = await PluginProcess.Start(sandbox, Artifacts.Native).HandshakeAsync();

        var asking = plugin.CredentialsAsync(Feeds.App, isNonInteractive: false);
        var progress = () => plugin.Spoken.Count(message => (string?)message["Type"] == "Progress");
        while (sandbox.Aws.World.SsoDevices.IsEmpty || progress() < 2)
            await Task.Delay(20, TestContext.Current.CancellationToken);
        Allow(sandbox, sandbox.Aws.World.SsoDevices.Values.Single());

        Assert.Equal("Success", (string?)(await asking)["ResponseCode"]);
        Assert.Contains(sandbox.Aws.World.SsoDevices.Values.Single().UserCode, Assert.Single(plugin.Logged("Minimal")), StringComparison.Ordinal);
        Assert.Empty(plugin.Warnings);
    }

    private static async Task<Sandbox> WithProfileAsync(string more = "")
    {
        Artifacts.Require(Artifacts.Native, "the native program");
        var sandbox = await Sandbox.StartAsync();
        sandbox.Aws.World.AddRole("SsoReader", World.ReadPolicy());
        sandbox.Write("home/.aws/config", Sources.SsoProfile + "\n" + more);
        return sandbox;
    }

    private static async Task AllowAsync(Sandbox sandbox, StreamReader output) => Allow(sandbox, await ShownAsync(sandbox, output));

    private static void Allow(Sandbox sandbox, SsoDevice device) =>
        device.Role = sandbox.Aws.World.Roles.Values.Single(role => role.Name == "SsoReader");

    /// <summary>Reads until a person would know where to go with which code.</summary>
    private static async Task<SsoDevice> ShownAsync(Sandbox sandbox, StreamReader output)
    {
        var seen = "";
        while (await output.ReadLineAsync(TestContext.Current.CancellationToken) is { } line)
        {
            seen += line + "\n";
            if (Prompt().Match(line) is { Success: true } prompt)
                return sandbox.Aws.World.SsoDevices.Values.Single(device => device.UserCode == prompt.Groups[1].Value);
        }

        throw new UnreachableException($"nobody was asked:\n{seen}");
    }

    [GeneratedRegex(@"AWS profile 'default': sign in at https://corp\.awsapps\.com/start/#/device\?user_code=\S+ with the code (\S+)")]
    private static partial Regex Prompt();
}
