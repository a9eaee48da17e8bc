using CredentialProvider.Feeds;
using CredentialProvider.Tokens;

namespace CredentialProvider.Tests.Identity;

/// <summary>A cached token of one principal is never given to another, and never fetched again for the same one.</summary>
public sealed class TokensOfDifferentPrincipals
{
    private const string R = "arn:aws:iam::111122223333:role/", Keys = "aws_access_key_id = AK1\naws_secret_access_key = SK\n";

    /// <summary>A configuration and an environment, before and after a change.</summary>
    public static TheoryData<string?, string, string?, string> Different => new()
    {
        { null, "AWS_ACCESS_KEY_ID=AK1 AWS_SECRET_ACCESS_KEY=S", null, "AWS_ACCESS_KEY_ID=AK2 AWS_SECRET_ACCESS_KEY=S" },
        { null, "AWS_ACCESS_KEY_ID=AK1 AWS_SECRET_ACCESS_KEY=S", null, "" },
        { $"[default]\n{Keys}", "", $"[default]\n{Keys.Replace("AK1", "AK2", StringComparison.Ordinal)}", "" },
        { $"[default]\n{Keys}", "", null, "" },
        { $"[profile a]\nrole_arn = {R}Admin\ncredential_source = Ec2InstanceMetadata\n", "AWS_PROFILE=a", $"[profile a]\nrole_arn = {R}ReadOnly\ncredential_source = Ec2InstanceMetadata\n", "AWS_PROFILE=a" },
        { $"[profile a]\nrole_arn = {R}A\nexternal_id = 1\ncredential_source = Ec2InstanceMetadata\n", "AWS_PROFILE=a", $"[profile a]\nrole_arn = {R}A\nexternal_id = 2\ncredential_source = Ec2InstanceMetadata\n", "AWS_PROFILE=a" },
        { $"[profile a]\nrole_arn = {R}A\nrole_session_name = x1\ncredential_source = Ec2InstanceMetadata\n", "AWS_PROFILE=a", $"[profile a]\nrole_arn = {R}A\nrole_session_name = x2\ncredential_source = Ec2InstanceMetadata\n", "AWS_PROFILE=a" },
        { $"[profile a]\nrole_arn = {R}A\nsource_profile = b\n[profile b]\n{Keys}", "AWS_PROFILE=a", $"[profile a]\nrole_arn = {R}A\nsource_profile = b\n[profile b]\n{Keys.Replace("AK1", "AK2", StringComparison.Ordinal)}", "AWS_PROFILE=a" },
        { $"[profile a]\nrole_arn = {R}A\ncredential_source = Ec2InstanceMetadata\n", "AWS_PROFILE=a", $"[profile a]\nrole_arn = {R}A\ncredential_source = EcsContainer\n", "AWS_PROFILE=a AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1/c" },
        { "[default]\nregion = x\n", "AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1/a", "[default]\nregion = x\n", "AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1/b" },
        { null, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/a", null, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/b" },
        { null, "AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1/a AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=/t1", null, "AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1/a AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=/t2" },
        { null, $"AWS_WEB_IDENTITY_TOKEN_FILE=/t AWS_ROLE_ARN={R}A", null, $"AWS_WEB_IDENTITY_TOKEN_FILE=/t AWS_ROLE_ARN={R}B" },
        { null, $"AWS_WEB_IDENTITY_TOKEN_FILE=/t1 AWS_ROLE_ARN={R}A", null, $"AWS_WEB_IDENTITY_TOKEN_FILE=/t2 AWS_ROLE_ARN={R}A" },
        { null, $"AWS_WEB_IDENTITY_TOKEN_FILE=/t AWS_ROLE_ARN={R}A AWS_ROLE_SESSION_NAME=one", null, $"AWS_WEB_IDENTITY_TOKEN_FILE=/t AWS_ROLE_ARN={R}A AWS_ROLE_SESSION_NAME=two" },
        { Sso("111122223333", "Admin"), "", Sso("111122223333", "ReadOnly"), "" },
        { Sso("111122223333", "Admin"), "", Sso("444455556666", "Admin"), "" },
        { Sso("111122223333", "Admin"), "", Sso("111122223333", "Admin").Replace("https://corp", "https://other", StringComparison.Ordinal), "" },
        { "[default]\ncredential_process = a\n", "", "[default]\ncredential_process = b\n", "" },
        { "[profile a]\ncredential_process = c\n[profile b]\ncredential_process = c\n", "AWS_PROFILE=a", "[profile a]\ncredential_process = c\n[profile b]\ncredential_process = c\n", "AWS_PROFILE=b" },
        { "[profile a]\ncredential_process = c\n", "CODEARTIFACT_PROFILE=a AWS_PROFILE=a", "[profile a]\ncredential_process = c\n", "CODEARTIFACT_PROFILE=a AWS_PROFILE=b" },
        { null, "", null, "AWS_EC2_METADATA_SERVICE_ENDPOINT=http://127.0.0.1:9911" },
        { null, "AWS_EC2_METADATA_SERVICE_ENDPOINT=http://127.0.0.1:9911", null, "AWS_EC2_METADATA_SERVICE_ENDPOINT=http://127.0.0.1:9912" },
        { null, "", null, "AWS_EC2_INSTANCE_PROFILE_NAME=Other" },
        { null, "", null, "AWS_EC2_METADATA_DISABLED=true" },
        { null, "AWS_VAULT=prod", null, "AWS_VAULT=staging" },
        { Process("aws configure export-credentials --profile base", "Admin"), "", Process("aws configure export-credentials --profile base", "ReadOnly"), "" },
        { Process("sh -c 'creds $CI_ROLE'", "A"), "CI_ROLE=A", Process("sh -c 'creds $CI_ROLE'", "A"), "CI_ROLE=B" },
        { Process("sh -c 'creds ${CI_ROLE}'", "A"), "CI_ROLE=A", Process("sh -c 'creds ${CI_ROLE}'", "A"), "" },
        { Process("sh -c 'creds ${CI_ROLE:-reader}'", "A"), "CI_ROLE=A", Process("sh -c 'creds ${CI_ROLE:-reader}'", "A"), "CI_ROLE=B" },
        { Process("pwsh -Command \"creds $env:CI_ROLE\"", "A"), "CI_ROLE=A", Process("pwsh -Command \"creds $env:CI_ROLE\"", "A"), "CI_ROLE=B" },
        { Process("cmd /c creds %CI_ROLE%", "A"), "CI_ROLE=A", Process("cmd /c creds %CI_ROLE%", "A"), "CI_ROLE=B" },
        { Process("sh -c 'printenv CI_ROLE'", "A"), "CI_ROLE=A", Process("sh -c 'printenv CI_ROLE'", "A"), "CI_ROLE=B" },
        { SsoSession("alice"), "", SsoSession("bob"), "" },
        { Metadata("1"), "AWS_PROFILE=a", Metadata("2"), "AWS_PROFILE=a" },
        { $"[profile a]\nrole_arn = {R}A\ncredential_source = Ec2InstanceMetadata\n", "AWS_PROFILE=a", $"{Metadata("1")}role_arn = {R}A\ncredential_source = Ec2InstanceMetadata\n", "AWS_PROFILE=a" },
        { null, "AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1/a AWS_CONTAINER_AUTHORIZATION_TOKEN=pod1", null, "AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1/a AWS_CONTAINER_AUTHORIZATION_TOKEN=pod2" },
        { "[default]\nlogin_session = arn:a\n", "", "[default]\nlogin_session = arn:b\n", "" },
        { null, $"CODEARTIFACT_ROLE_ARN={R}A", null, $"CODEARTIFACT_ROLE_ARN={R}B" },
        { null, $"CODEARTIFACT_ROLE_ARN={R}A,{R}B", null, $"CODEARTIFACT_ROLE_ARN={R}B,{R}A" },
        { null, $"CODEARTIFACT_ROLE_ARN={R}A", null, $"CODEARTIFACT_ROLE_ARN={R}A CODEARTIFACT_EXTERNAL_ID=x" },
        { null, $"CODEARTIFACT_ROLE_ARN={R}A", null, "" },
        { null, $"CODEARTIFACT_ROLE_ARN={R}A", null, $"CODEARTIFACT_ROLE_ARN={R}A CODEARTIFACT_SOURCE_IDENTITY=alice" },
        { null, $"CODEARTIFACT_ROLE_ARN={R}A CODEARTIFACT_SESSION_NAME=ci-1", null, $"CODEARTIFACT_ROLE_ARN={R}A CODEARTIFACT_SESSION_NAME=ci-2" },
        { null, $"CODEARTIFACT_ROLE_ARN={R}A CODEARTIFACT_SESSION_NAME=ci-${{CI_JOB_ID}} CI_JOB_ID=1", null, $"CODEARTIFACT_ROLE_ARN={R}A CODEARTIFACT_SESSION_NAME=ci-${{CI_JOB_ID}} CI_JOB_ID=2" },
        { null, $"CODEARTIFACT_ROLE_ARN={R}A AWS_ROLE_SESSION_NAME=one", null, $"CODEARTIFACT_ROLE_ARN={R}A AWS_ROLE_SESSION_NAME=two" },
        { null, $"CODEARTIFACT_ROLE_ARN={R}A", null, $"CODEARTIFACT_ROLE_ARN={R}A AWS_ACCESS_KEY_ID=AK1 AWS_SECRET_ACCESS_KEY=S" },
        { $"[profile a]\n{Keys}[profile b]\n{Keys.Replace("AK1", "AK2", StringComparison.Ordinal)}", "AWS_PROFILE=a", $"[profile a]\n{Keys}[profile b]\n{Keys.Replace("AK1", "AK2", StringComparison.Ordinal)}", "AWS_PROFILE=b" },
        { $"[profile a]\n{Keys}[profile b]\n{Keys.Replace("AK1", "AK2", StringComparison.Ordinal)}", "AWS_PROFILE=a", $"[profile a]\n{Keys}[profile b]\n{Keys.Replace("AK1", "AK2", StringComparison.Ordinal)}", "AWS_PROFILE=a CODEARTIFACT_PROFILE=b" },
        { $"[default]\n{Keys}", "", "[default]\nregion = x\n", "" },
        { $"[default]\n{Keys}", "", "[default]\ncredential_process = a\n", "" },
        { "[default]\nlogin_session = arn:a\n", "", Sso("111122223333", "Admin"), "" },
    };

    /// <summary>As with EKS Pod Identity and with CI jobs, where only the token says who asks.</summary>
    [Theory]
    [InlineData("AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1/a AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=")]
    [InlineData($"AWS_ROLE_ARN={R}A AWS_WEB_IDENTITY_TOKEN_FILE=")]
    [InlineData($"CODEARTIFACT_ROLE_ARN={R}A CODEARTIFACT_WEB_IDENTITY=file:")]
    [InlineData("AWS_PROFILE=web")]
    public void Never_share_a_cache_key_because_their_token_file_has_the_same_path(string variables)
    {
        using var home = new AwsHome();
        var file = Path.Combine(home.Folder, "token");
        File.WriteAllText(home.Variables["AWS_CONFIG_FILE"], $"[profile web]\nrole_arn = {R}A\nweb_identity_token_file = {file}\n");
        home.With(variables.EndsWith("web", StringComparison.Ordinal) ? variables : variables + file);
        var keys = new List<string>();
        foreach (var token in new[] { null, "pod1", "pod2" })
        {
            if (token is not null)
                File.WriteAllText(file, token);
            keys.Add(home.Key.Identity);
        }

        Assert.Equal(3, keys.Distinct().Count());
        Assert.DoesNotContain("pod", string.Concat(keys), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Different))]
    public void Never_share_a_cache_key(string? config, string variables, string? changedConfig, string changedVariables)
    {
        using var home = new AwsHome(config).With(variables);
        using var changed = new AwsHome(changedConfig).With(changedVariables);
        Assert.NotEqual(home.Key.Identity, changed.Key.Identity);
        Assert.NotEqual(home.Key.FileName, changed.Key.FileName);
    }

    [Theory]
    [MemberData(nameof(Different))]
    public void Keep_their_cache_key_while_nothing_changes(string? config, string variables, string? changedConfig, string changedVariables)
    {
        using var home = new AwsHome(config).With(variables);
        using var changed = new AwsHome(changedConfig).With(changedVariables);
        Assert.Equal(home.Key, home.Key);
        Assert.Equal(changed.Key, changed.Key);
        Assert.Equal(home.Key.FileName, home.Key.FileName);
    }

    [Theory]
    [InlineData("", "\"scope\": true")]
    [InlineData("\"scope\": true", "\"scope\": \"publish\"")]
    [InlineData("", "\"sourceIdentity\": \"alice\"")]
    [InlineData("", "\"tags\": { }")]
    [InlineData("\"tags\": { \"a\": \"1\" }", "\"tags\": { \"a\": \"2\" }")]
    [InlineData("\"tags\": { \"a\": \"1\" }", "\"tags\": { \"a\": { \"value\": \"1\", \"transitive\": true } }")]
    [InlineData("\"tags\": { \"a\": \"1 b 2\" }", "\"tags\": { \"a\": \"1\", \"b\": \"2\" }")]
    public void Never_share_a_cache_key_with_what_IAM_tells_apart(string defaults, string changed)
    {
        using var home = new AwsHome();
        string Key(string members)
        {
            home.Variables["CODEARTIFACT_CONFIG"] = Path.Combine(home.Folder, "codeartifact.json");
            File.WriteAllText(home.Variables["CODEARTIFACT_CONFIG"],
                $$"""{ "defaults": { "roles": ["{{R}}A"]{{(members.Length > 0 ? ", " : "")}}{{members}} } }""");
            return home.Key.Identity;
        }

        Assert.NotEqual(Key(defaults), Key(changed));
        Assert.Equal(Key(changed), Key(changed));
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void Share_a_token_of_one_domain_only_without_a_scope(bool scope, bool isShared)
    {
        using var home = new AwsHome();
        home.Variables["CODEARTIFACT_CONFIG"] = Path.Combine(home.Folder, "codeartifact.json");
        File.WriteAllText(home.Variables["CODEARTIFACT_CONFIG"],
            $$"""{ "defaults": { "roles": ["{{R}}A"], "scope": {{(scope ? "true" : "false")}} } }""");
        TokenKey Key(string repository) => TokenRequest.For(new Feed("contoso", "111122223333", "us-east-1", repository), home.Settings).Key;

        Assert.Equal(isShared, Key("app") == Key("shared"));
    }

    [Theory]
    [InlineData("[default]\nregion = x\nKEYS", "[default]\nregion = y\noutput = json\nKEYS")]
    [InlineData("[default]\nKEYS", "[profile other]\nregion = x\n\n# moved\n[default]\nKEYS")]
    public void Keep_their_cache_key_when_other_settings_change(string config, string changed)
    {
        using var before = new AwsHome(config.Replace("KEYS", Keys, StringComparison.Ordinal));
        using var after = new AwsHome(changed.Replace("KEYS", Keys, StringComparison.Ordinal));
        Assert.Equal(before.Key, after.Key);
    }

    [Fact]
    public void Have_no_secret_in_their_key()
    {
        using var home = new AwsHome("[default]\ncredential_process = vault --password hunter2\n");
        Assert.DoesNotContain("hunter2", home.Key.ToString(), StringComparison.Ordinal);
        home.With("AWS_ACCESS_KEY_ID=AKIAVISIBLE AWS_SECRET_ACCESS_KEY=verysecret AWS_SESSION_TOKEN=sessionsecret");
        Assert.DoesNotContain("secret", home.Key.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("AKIAVISIBLE", home.Key.ToString(), StringComparison.Ordinal);
    }

    private static string Metadata(string host) => $"[profile a]\nec2_metadata_service_endpoint = http://127.0.0.{host}\n";

    private static string Process(string command, string baseRole) =>
        $"[default]\ncredential_process = {command}\n[profile base]\nrole_arn = {R}{baseRole}\ncredential_source = Ec2InstanceMetadata\n";

    private static string SsoSession(string name) =>
        $"[default]\nsso_session = {name}\nsso_account_id = 111122223333\nsso_role_name = Reader\n[sso-session {name}]\nsso_start_url = https://corp.example/start\nsso_region = eu-west-1\n";

    private static string Sso(string account, string role) =>
        $"[default]\nsso_session = corp\nsso_account_id = {account}\nsso_role_name = {role}\n[sso-session corp]\nsso_start_url = https://corp\nsso_region = eu-west-1\n";
}
