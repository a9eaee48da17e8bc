using System.Text;
using CredentialProvider.Configuration;

namespace CredentialProvider.Tests.Identity;

/// <summary>Who signs, for configurations that users have. Expected values are what
/// <c>aws sts get-caller-identity</c> uses in the same shell.</summary>
public sealed class TheSigningPrincipal
{
    private const string Keys = "aws_access_key_id = AK\naws_secret_access_key = SK\n", TheKeys = "key AK SK None", Role = "arn:aws:iam::111122223333:role/R",
        TheInstanceRole = "instance role";

    [Fact]
    public void Is_the_instance_role_on_a_machine_without_configuration() => Check(null, null, "", TheInstanceRole);

    [Fact]
    public void Is_the_instance_role_for_a_named_profile_with_only_a_region() =>
        Check("[profile ci]\nregion = eu-west-1\n", null, "AWS_PROFILE=ci", TheInstanceRole);

    [Theory]
    [InlineData("mfa_serial = arn:aws:iam::111122223333:mfa/x")]
    [InlineData("role_session_name = x")]
    [InlineData("external_id = x")]
    [InlineData("source_profile = x")]
    [InlineData("credential_source = Environment")]
    [InlineData("sso_session = x")]
    [InlineData("sso_region = x")]
    [InlineData("sso_start_url = x")]
    [InlineData("sso_registration_scopes = x")]
    [InlineData("use_fips_endpoint = yes")]
    [InlineData("use_dualstack_endpoint=on")]
    [InlineData("retry_mode = legacy")]
    [InlineData("max_attempts = x")]
    [InlineData("s3_use_arn_region=yes")]
    [InlineData("endpoint_discovery_enabled=auto")]
    [InlineData("toolkit_artifact_guid=x")]
    [InlineData("ignore_configured_endpoint_urls=1")]
    [InlineData("defaults_mode = nonsense")]
    [InlineData("sts_regional_endpoints = sometimes")]
    [InlineData("account_id_endpoint_mode = x")]
    [InlineData("cli_pager =")]
    [InlineData("s3 =\n  addressing_style = path")]
    public void Has_the_keys_of_a_profile_whatever_other_settings_it_has(string setting)
    {
        Check($"[default]\n{Keys}{setting}\n", null, "", TheKeys);
        Check($"[profile ci]\n{setting}\n{Keys}", null, "AWS_PROFILE=ci", TheKeys);
        Check($"[profile ci]\nrole_arn = {Role}\nsource_profile = base\n[profile base]\n{Keys}{setting}\n", null, "AWS_PROFILE=ci", $"role {Role} None None <- {TheKeys}");
        Check($"[default]\n{setting}\n", $"[default]\n{Keys}", "", TheKeys);
    }

    [Theory]
    [InlineData("[default]\ncredential_process = run\n", "[default]\naws_access_key_id = AK\naws_secret_access_key = SK\n", TheKeys)]
    [InlineData("[default]\ncredential_process = run 'a b'\naws_access_key_id = AK\naws_secret_access_key = SK\n", null, "process run 'a b'")]
    [InlineData("[default]\nlogin_session = arn:x\ncredential_process = run\n", null, "login arn:x")]
    [InlineData("[default]\nlogin_session = arn:x\n", "[default]\naws_access_key_id = AK\naws_secret_access_key = SK\n", TheKeys)]
    [InlineData("[default]\naws_access_key_id = OLD\naws_access_key_id = AK\naws_secret_access_key = SK\n", null, TheKeys)]
    [InlineData("region = x\n[default]\naws_access_key_id = AK\naws_secret_access_key = SK\n", null, TheKeys)]
    [InlineData("[default]\nregion = x\n[profile default]\naws_access_key_id = AK\naws_secret_access_key = SK\n", null, TheKeys)]
    [InlineData("[default]\naws_access_key_id = AK\naws_secret_access_key = SK\n[profile default]\nregion = x\n", null, TheKeys)]
    [InlineData("[default]\naws_access_key_id: AK\naws_secret_access_key : SK\n", null, TheKeys)]
    [InlineData("[default]\n\n  aws_access_key_id = AK\n  aws_secret_access_key = SK\n", null, TheKeys)]
    [InlineData("[default] # mine\naws_access_key_id = AK # mine\naws_secret_access_key = SK ; mine\n", null, TheKeys)]
    [InlineData("[default]\naws_access_key_id = AK\nthis is no setting\naws_secret_access_key = SK\n[broken\nx = y\n", null, TheKeys)]
    [InlineData("\uFEFF[default]\r\naws_access_key_id = AK\r\naws_secret_access_key = SK\r\n", null, TheKeys)]
    [InlineData("[default]\naws_access_key_id = AK\n[default]\naws_secret_access_key = SK\n", null, TheKeys)]
    public void Is_found_in_the_order_and_by_the_rules_of_the_AWS_CLI(string config, string? credentials, string expected) => Check(config, credentials, "", expected);

    [Theory]
    [InlineData("[profile x] # mine", "x")]
    [InlineData("[profile x] ; mine", "x")]
    [InlineData("[profile 'x']", "x")]
    [InlineData("[profile \"x\"]", "x")]
    [InlineData("[profile\tx]", "x")]
    [InlineData("[ profile x ]", "x")]
    [InlineData("[profile \\x]", "x")]
    [InlineData("[profiles x]", "x")]
    [InlineData("[profile-x x]", "x")]
    public void Is_found_under_every_spelling_of_a_header(string header, string profile) =>
        Check($"{header}\n{Keys}", null, $"AWS_PROFILE={profile}", TheKeys);

    [Fact]
    public void Is_found_for_names_with_spaces()
    {
        using var home = new AwsHome($"[profile 'my dev']\nsso_session = Acme Dev\nsso_account_id = 111122223333\nsso_role_name = Reader\n[sso-session 'Acme Dev']\nsso_start_url = https://acme\nsso_region = eu-west-1\n");
        home.Variables["AWS_PROFILE"] = "my dev";
        Assert.Equal("sso https://acme eu-west-1 111122223333/Reader", home.Principal);
    }

    [Fact]
    public void Reads_Latin_1()
    {
        using var home = new AwsHome();
        File.WriteAllBytes(home.Variables["AWS_CONFIG_FILE"], [.. "[default]\n# Schl"u8, 0xFC, .. "ssel\naws_access_key_id = AK\naws_secret_access_key = SK\n"u8]);
        Assert.Equal(TheKeys, home.Principal);
    }

    /// <summary>Windows PowerShell's <c>&gt;</c> writes UTF-16. The AWS CLI cannot read it either.</summary>
    [Theory]
    [InlineData("utf-16", true)]
    [InlineData("utf-16", false)]
    [InlineData("utf-16BE", true)]
    [InlineData("utf-16BE", false)]
    [InlineData("utf-32", true)]
    public void Is_an_error_for_a_file_in_UTF_16(string encoding, bool hasMark)
    {
        using var home = new AwsHome("[default]\nregion = x\n");
        var file = home.Variables["AWS_SHARED_CREDENTIALS_FILE"];
        var utf16 = Encoding.GetEncoding(encoding);
        File.WriteAllBytes(file, [.. hasMark ? utf16.GetPreamble() : [], .. utf16.GetBytes($"[default]\n{Keys}")]);
        Assert.Equal($"error CACP1010 {file} is not UTF-8 text; save it as UTF-8", home.Principal);
        File.WriteAllText(file, $"[default]\n{Keys}");
        Assert.Equal(TheKeys, home.Principal);
    }

    /// <summary>The machine's role signs where a file has nothing for the profile that looks like credentials.</summary>
    [Theory]
    [InlineData("[Default]\naws_access_key_id = AK\naws_secret_access_key = SK\n", "")]
    [InlineData("[profile default]\nregion = x\n", "")]
    [InlineData("[profile ci]\nregion = x\n[ci]\noutput = text\n", "AWS_PROFILE=ci")]
    [InlineData("[profile ci]\naws_access_key_id = AK\naws_secret_access_key = SK\n", "")]
    public void Is_the_instance_role_beside_sections_for_something_else(string config, string variables) =>
        Check(config, null, variables, TheInstanceRole);

    [Fact]
    public void Expands_a_tilde_and_variables_in_the_paths_of_the_files()
    {
        using var home = new AwsHome($"[default]\nregion = x\n", $"[default]\n{Keys}");
        home.With("AWS_CONFIG_FILE=~/config AWS_SHARED_CREDENTIALS_FILE=$HOME/credentials");
        Assert.Equal(TheKeys, home.Principal);
        home.With("AWS_SHARED_CREDENTIALS_FILE=${HOME}/credentials");
        Assert.Equal(TheKeys, home.Principal);
    }

    [Theory]
    [InlineData("[profile dev]\nrole_arn = ROLE\nsource_profile = b\n[profile b]\nrole_arn = other\nKEYS", "role ROLE None None <- key AK SK None")]
    [InlineData("[profile dev]\nrole_arn = ROLE\nsource_profile = b\n[profile b]\nrole_arn = other\nsource_profile = dev\nKEYS", "role ROLE None None <- key AK SK None")]
    [InlineData("[profile dev]\nrole_arn = ROLE\nsource_profile = dev\nKEYS", "role ROLE None None <- key AK SK None")]
    [InlineData("[profile dev]\nrole_arn = ROLE\nexternal_id = 42\nrole_session_name = ci\ncredential_source = Ec2InstanceMetadata\n", "role ROLE 42 ci <- instance role")]
    [InlineData("[profile dev]\nrole_arn = ROLE\nsource_profile = b\n[profile b]\nrole_arn = second\nsource_profile = c\n[profile c]\nKEYS", "role ROLE None None <- role second None None <- key AK SK None")]
    [InlineData("[profile dev]\nrole_arn = ROLE\nsource_profile = b\n[profile b]\nrole_arn = second\nweb_identity_token_file = /t\n", "role ROLE None None <- web identity second /t None")]
    public void Follows_source_profiles_until_static_keys(string config, string expected) =>
        Check(config.Replace("ROLE", Role, StringComparison.Ordinal).Replace("KEYS", Keys, StringComparison.Ordinal), null, "AWS_PROFILE=dev", expected.Replace("ROLE", Role, StringComparison.Ordinal));

    [Theory]
    [InlineData("AWS_PROFILE=dev", "role ROLE None None <- key AK SK None")]
    [InlineData("AWS_PROFILE=keys", "web identity arn:env /env-token None")]
    [InlineData("AWS_PROFILE=web", "web identity arn:env /env-token None")]
    [InlineData("", "web identity arn:env /env-token None")]
    public void Takes_a_role_of_the_profile_before_web_identity_from_the_environment(string variables, string expected) => Check(
        $"[profile dev]\nrole_arn = {Role}\nsource_profile = keys\n[profile keys]\n{Keys}[profile web]\nrole_arn = {Role}\nweb_identity_token_file = /profile-token\n", null,
        $"{variables} AWS_WEB_IDENTITY_TOKEN_FILE=/env-token AWS_ROLE_ARN=arn:env", expected.Replace("ROLE", Role, StringComparison.Ordinal));

    [Theory]
    [InlineData("AWS_ACCESS_KEY_ID=AK AWS_SECRET_ACCESS_KEY=SK", TheKeys)]
    [InlineData("AWS_ACCESS_KEY_ID=AK AWS_SECRET_ACCESS_KEY=SK AWS_SECURITY_TOKEN=ST", "key AK SK ST")]
    [InlineData("AWS_ACCESS_KEY_ID=AK AWS_SECRET_ACCESS_KEY=SK AWS_PROFILE=missing", TheKeys)]
    [InlineData("AWS_DEFAULT_PROFILE=other", "key OTHER SK None")]
    [InlineData("AWS_PROFILE=default AWS_DEFAULT_PROFILE=other", "key FILE SK None")]
    [InlineData("CODEARTIFACT_PROFILE=other AWS_ACCESS_KEY_ID=AK AWS_SECRET_ACCESS_KEY=SK", "key OTHER SK None")]
    public void Reads_the_environment_as_the_AWS_CLI_does(string variables, string expected) =>
        Check(null, "[default]\naws_access_key_id = FILE\naws_secret_access_key = SK\n[other]\naws_access_key_id = OTHER\naws_secret_access_key = SK\n", variables, expected);

    [Fact]
    public void Ignores_white_space_around_variables()
    {
        using var home = new AwsHome();
        (home.Variables["AWS_ACCESS_KEY_ID"], home.Variables["AWS_SECRET_ACCESS_KEY"], home.Variables["AWS_SESSION_TOKEN"]) = (" AK\n", "SK\r\n", "\tST ");
        Assert.Equal("key AK SK ST", home.Principal);
    }

    [Theory]
    [InlineData(null, "aws configure --profile 'My Team; x'")]
    [InlineData("[profile \"My Team; x\"]\nsso_session = s\n", "aws configure sso --profile 'My Team; x'")]
    [InlineData("[profile \"My Team; x\"]\nsso_session = s\nsso_account_id = 1\nsso_role_name = r\n", "aws configure sso --profile 'My Team; x'")]
    public void Is_an_error_whose_command_quotes_the_profile(string? config, string command)
    {
        using var home = new AwsHome(config);
        home.Variables["AWS_PROFILE"] = "My Team; x";
        Assert.EndsWith(command, home.Identity.Failure?.Fix, StringComparison.Ordinal);
    }

    [Fact]
    public void Is_an_error_for_a_file_that_exists_and_cannot_be_read()
    {
        using var home = new AwsHome();
        using (var file = File.Create(home.Variables["AWS_CONFIG_FILE"]))
            file.SetLength(64L * 1024 * 1024);
        Assert.StartsWith($"error CACP1010 {home.Variables["AWS_CONFIG_FILE"]} cannot be read: it has more than 4194304 bytes; ", home.Principal, StringComparison.Ordinal);
        home.With("AWS_ACCESS_KEY_ID=AK AWS_SECRET_ACCESS_KEY=SK");
        Assert.Equal(TheKeys, home.Principal);
    }

    /// <summary>A blank variable hides the user's file, as from the AWS CLI.</summary>
    [Theory]
    [InlineData("AWS_CONFIG_FILE")]
    [InlineData("AWS_SHARED_CREDENTIALS_FILE")]
    public void Is_not_in_a_file_whose_variable_is_blank(string variable)
    {
        var settings = Settings.From(name => name == variable ? "" : name == "HOME" ? "/home/build" : null);
        Assert.Equal("/dev/null", variable == "AWS_CONFIG_FILE" ? settings.AwsConfigFile : settings.AwsCredentialsFile);
        using var home = new AwsHome().With($"{variable}=");
        Assert.Equal("instance role", home.Principal);
    }

    [Fact]
    public void Has_an_empty_session_token_without_one() =>
        Check("[default]\naws_access_key_id = AK\naws_secret_access_key = SK\naws_session_token =\naws_security_token =\n", null, "", TheKeys);

    [Fact]
    public void Has_the_session_token_of_the_old_name_first()
    {
        Check(null, null, "AWS_ACCESS_KEY_ID=AK AWS_SECRET_ACCESS_KEY=SK AWS_SESSION_TOKEN=new AWS_SECURITY_TOKEN=old", "key AK SK old");
        Check("[default]\naws_access_key_id = AK\naws_secret_access_key = SK\naws_session_token = new\naws_security_token = old\n", null, "", "key AK SK old");
    }

    /// <summary>Root may read every file except one like this, whose first bytes are not mapped.</summary>
    [Theory]
    [InlineData("AWS_CONFIG_FILE")]
    [InlineData("AWS_SHARED_CREDENTIALS_FILE")]
    public void Is_an_error_for_a_file_whose_content_the_system_refuses(string variable)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs /proc");
        using var home = new AwsHome().With($"{variable}=/proc/self/mem");
        Assert.StartsWith("error CACP1010 /proc/self/mem cannot be read: this user may not read it; ", home.Principal, StringComparison.Ordinal);
    }

    [Fact]
    public void Ignores_a_folder_in_place_of_a_file()
    {
        using var home = new AwsHome();
        Directory.CreateDirectory(home.Variables["AWS_CONFIG_FILE"]);
        Assert.Equal(TheInstanceRole, home.Principal);
    }

    [Fact]
    public void Is_explained_source_by_source()
    {
        using var home = new AwsHome($"[profile ci]\ncredential_process = run\n").With("AWS_PROFILE=ci");
        Assert.Equal(
            [("AWS_ACCESS_KEY_ID", false), ("profile ci: role_arn", false), ("web identity", false), ("profile ci: SSO", false),
                ("profile ci: access key in the credentials file", false), ("profile ci: login_session", false), ("profile ci: credential_process", true)],
            home.Considered.Select(source => (source.Name, source.IsTaken)));
    }

    private static void Check(string? config, string? credentials, string variables, string expected)
    {
        using var home = new AwsHome(config, credentials).With(variables);
        Assert.Equal(expected, home.Principal);
    }
}
