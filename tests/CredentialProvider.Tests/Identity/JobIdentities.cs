using CredentialProvider.Aws.Credentials;
using CredentialProvider.Configuration;
using CredentialProvider.Errors;
using CredentialProvider.Feeds;
using CredentialProvider.Tokens;

namespace CredentialProvider.Tests.Identity;

/// <summary>CODEARTIFACT_WEB_IDENTITY: whose OIDC token is exchanged for which role, and what stops that.</summary>
public sealed class JobIdentities
{
    private const string Role = "arn:aws:iam::111122223333:role/Ci", Roles = "CODEARTIFACT_ROLE_ARN=" + Role + " ",
        GitHub = "CODEARTIFACT_WEB_IDENTITY=github ACTIONS_ID_TOKEN_REQUEST_URL=https://ci.test/1?api-version=2.0 ACTIONS_ID_TOKEN_REQUEST_TOKEN=hunter2 ",
        Azure = "CODEARTIFACT_WEB_IDENTITY=azure-pipelines SYSTEM_OIDCREQUESTURI=https://dev.azure.test/oidctoken SYSTEM_ACCESSTOKEN=hunter2 ",
        Buildkite = "CODEARTIFACT_WEB_IDENTITY=buildkite BUILDKITE_JOB_ID=job1 ", Variable = "CODEARTIFACT_WEB_IDENTITY=env:ID_TOKEN ID_TOKEN=hunter2 ",
        File = "CODEARTIFACT_WEB_IDENTITY=file:/run/jwt ";

    [Theory]
    [InlineData(GitHub, "github")]
    [InlineData(Azure, "azure-pipelines")]
    [InlineData(Azure + "CODEARTIFACT_WEB_IDENTITY=azure-pipelines:6c1f-ab ", "azure-pipelines:6c1f-ab")]
    [InlineData(Buildkite, "buildkite")]
    [InlineData(Variable, "env:ID_TOKEN")]
    public void Are_the_first_role_of_the_chain(string variables, string named)
    {
        using var home = new AwsHome().With(Roles + variables);
        Assert.Equal($"web identity {Role} {named} None", home.Principal);
        Assert.Equal($"web identity ({named}) -> {Role}", home.Identity.Source!.Description);
        var considered = Assert.Single(home.Considered);
        Assert.Equal(("CODEARTIFACT_WEB_IDENTITY", true), (considered.Name, considered.IsTaken));

        home.Variables["CODEARTIFACT_ROLE_ARN"] += ",arn:aws:iam::444455556666:role/Reader";
        home.Variables["CODEARTIFACT_EXTERNAL_ID"] = "42";
        Assert.Equal($"role arn:aws:iam::444455556666:role/Reader 42 None <- web identity {Role} {named} None", home.Principal);
    }

    [Theory]
    [InlineData("AWS_ACCESS_KEY_ID=A AWS_SECRET_ACCESS_KEY=S", null)]
    [InlineData("AWS_PROFILE=dev", "[profile dev]\naws_access_key_id = A\naws_secret_access_key = S\n")]
    [InlineData("AWS_PROFILE=missing", null)]
    [InlineData("AWS_WEB_IDENTITY_TOKEN_FILE=/other AWS_ROLE_ARN=arn:aws:iam::111122223333:role/Other", null)]
    [InlineData("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/c", null)]
    public void Come_before_everything_of_AWS_own_order(string variables, string? config)
    {
        using var home = new AwsHome(config).With(Roles + GitHub + variables);
        Assert.Equal($"web identity {Role} github None", home.Principal);
    }

    [Fact]
    public void Use_the_role_of_a_rule()
    {
        using var home = new AwsHome().With(GitHub);
        home.Variables["CODEARTIFACT_CONFIG"] = Path.Combine(home.Folder, "codeartifact.json");
        System.IO.File.WriteAllText(home.Variables["CODEARTIFACT_CONFIG"], """
            { "rules": [ { "domain": "contoso", "roles": [ { "arn": "arn:aws:iam::111122223333:role/OfRule", "sessionName": "ci" } ] } ] }
            """);
        Assert.Equal("web identity arn:aws:iam::111122223333:role/OfRule github ci", home.Principal);
    }

    [Fact]
    public void Are_never_assumed_implicitly()
    {
        using var home = new AwsHome().With(Roles + GitHub + Azure + Buildkite + "ID_TOKEN=x CODEARTIFACT_WEB_IDENTITY_AUDIENCE=x");
        home.Variables.Remove("CODEARTIFACT_WEB_IDENTITY");
        Assert.Equal($"role {Role} None None <- instance role", home.Principal);
    }

    [Theory]
    [InlineData(GitHub, "CACP1012", "this feed has no role", "set CODEARTIFACT_ROLE_ARN")]
    [InlineData(Roles + GitHub + "CODEARTIFACT_PROFILE=build", "CACP1012", "but AWS profile 'build' (CODEARTIFACT_PROFILE) is set too", "unset one of them")]
    [InlineData(Roles + GitHub + "CODEARTIFACT_EXTERNAL_ID=42", "CACP1012", "has an external ID", "remove the external ID")]
    [InlineData(Roles + "CODEARTIFACT_WEB_IDENTITY=githup", "CACP1012", "CODEARTIFACT_WEB_IDENTITY is 'githup'", "did you mean 'github'?")]
    [InlineData(Roles + "CODEARTIFACT_WEB_IDENTITY=GitHub", "CACP1012", "is 'GitHub'", "did you mean 'github'?")]
    [InlineData(Roles + "CODEARTIFACT_WEB_IDENTITY=gitlab", "CACP1012", "is 'gitlab'", "use env:NAME")]
    [InlineData(Roles + "CODEARTIFACT_WEB_IDENTITY=evn:ID_TOKEN", "CACP1012", "is 'evn:ID_TOKEN'", "did you mean 'env'?")]
    [InlineData(Roles + "CODEARTIFACT_WEB_IDENTITY=jenkins-server", "CACP1012", "is 'jenkins-server'", "expected github, azure-pipelines")]
    [InlineData(Roles + "CODEARTIFACT_WEB_IDENTITY=github:contoso", "CACP1012", "is 'github:contoso'", "expected github")]
    [InlineData(Roles + "CODEARTIFACT_WEB_IDENTITY=env:", "CACP1012", "is 'env:'", "expected github")]
    [InlineData(Roles + "CODEARTIFACT_WEB_IDENTITY=env", "CACP1012", "is 'env'", "expected github")]
    [InlineData(Roles + "CODEARTIFACT_WEB_IDENTITY=file:jwt", "CACP1012", "is 'file:jwt'", "expected github")]
    [InlineData(Roles + "CODEARTIFACT_WEB_IDENTITY=azure-pipelines:a&b=c", "CACP1012", "is 'azure-pipelines:a&b=c'", "expected github")]
    [InlineData(Roles + "CODEARTIFACT_WEB_IDENTITY=env:eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJodW50ZXIyIn0.c2ln", "CACP1012", "is 'env:***'", "expected github")]
    [InlineData(Roles + Variable + "CODEARTIFACT_WEB_IDENTITY_AUDIENCE=x", "CACP1012", "the audience of a token from 'env:ID_TOKEN' cannot be chosen", "unset CODEARTIFACT_WEB_IDENTITY_AUDIENCE")]
    [InlineData(Roles + File + "CODEARTIFACT_WEB_IDENTITY_AUDIENCE=x", "CACP1012", "cannot be chosen", "unset CODEARTIFACT_WEB_IDENTITY_AUDIENCE")]
    [InlineData(Roles + Azure + "CODEARTIFACT_WEB_IDENTITY_AUDIENCE=x", "CACP1012", "cannot be chosen", "unset CODEARTIFACT_WEB_IDENTITY_AUDIENCE")]
    [InlineData(Roles + "CODEARTIFACT_WEB_IDENTITY=github", "CACP1004", "ACTIONS_ID_TOKEN_REQUEST_URL and ACTIONS_ID_TOKEN_REQUEST_TOKEN are not set", "give the job 'permissions: id-token: write'")]
    [InlineData(Roles + "CODEARTIFACT_WEB_IDENTITY=azure-pipelines", "CACP1004", "SYSTEM_OIDCREQUESTURI is not set", "pass SYSTEM_OIDCREQUESTURI and SYSTEM_ACCESSTOKEN on")]
    [InlineData(Roles + "CODEARTIFACT_WEB_IDENTITY=azure-pipelines SYSTEM_OIDCREQUESTURI=https://x", "CACP1004", "SYSTEM_ACCESSTOKEN is not set", "map SYSTEM_ACCESSTOKEN to $(System.AccessToken) in the env of the step")]
    [InlineData(Roles + "CODEARTIFACT_WEB_IDENTITY=buildkite", "CACP1004", "BUILDKITE_JOB_ID is not set", "pass the BUILDKITE variables on")]
    [InlineData(Roles + "CODEARTIFACT_WEB_IDENTITY=env:ID_TOKEN", "CACP1004", "ID_TOKEN is not set", "GitLab: declare ID_TOKEN under id_tokens of the job, with aud sts.amazonaws.com")]
    [InlineData(Roles + GitHub + "ACTIONS_ID_TOKEN_REQUEST_URL=http://ci.test/", "CACP1012", "ACTIONS_ID_TOKEN_REQUEST_URL is not an https URL", "leave ACTIONS_ID_TOKEN_REQUEST_URL as")]
    [InlineData(Roles + Azure + "SYSTEM_OIDCREQUESTURI=/oidctoken", "CACP1012", "SYSTEM_OIDCREQUESTURI is not an https URL", "leave SYSTEM_OIDCREQUESTURI as")]
    [InlineData("CODEARTIFACT_ROLE_ARN=arn:aws-cn:iam::111122223333:role/R " + GitHub, "CACP1009", "is in the AWS partition aws-cn", "use credentials from aws")]
    public void That_cannot_be_used_are_errors(string variables, string code, string why, string fix)
    {
        using var home = new AwsHome().With(variables);
        var failure = home.Request.Identity.Failure!;
        Assert.Equal(code, failure.Code);
        Assert.Contains(why, failure.Why, StringComparison.Ordinal);
        Assert.StartsWith(fix, failure.Fix, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(GitHub, "ACTIONS_ID_TOKEN_REQUEST_TOKEN")]
    [InlineData(Azure, "SYSTEM_ACCESSTOKEN")]
    public void Send_no_line_break_in_a_header(string variables, string secret)
    {
        using var home = new AwsHome().With(Roles + variables);
        home.Variables[secret] = "hunter2\r\nX-Evil: 1";
        Assert.Equal("CACP1012", home.Identity.Failure!.Code);
        Assert.Contains($"{secret} contains a line break", home.Identity.Failure.Why, StringComparison.Ordinal);
    }

    /// <summary>Jobs of a self-hosted runner can share a home directory.</summary>
    [Theory]
    [InlineData(GitHub, "ACTIONS_ID_TOKEN_REQUEST_TOKEN=of-another-job")]
    [InlineData(Azure, "SYSTEM_ACCESSTOKEN=of-another-job")]
    [InlineData(Azure, "CODEARTIFACT_WEB_IDENTITY=azure-pipelines:6c1f-ab")]
    [InlineData(Buildkite, "BUILDKITE_JOB_ID=job2")]
    [InlineData(Variable, "ID_TOKEN=of-another-job")]
    [InlineData(Variable, "CODEARTIFACT_WEB_IDENTITY=env:OTHER OTHER=hunter2")]
    [InlineData(File, "CODEARTIFACT_WEB_IDENTITY=file:/run/other")]
    [InlineData(File, "CODEARTIFACT_ROLE_ARN=arn:aws:iam::111122223333:role/Other")]
    [InlineData(GitHub, "CODEARTIFACT_ROLE_ARN=arn:aws:iam::111122223333:role/Other")]
    [InlineData(GitHub, "CODEARTIFACT_WEB_IDENTITY=env:ACTIONS_ID_TOKEN_REQUEST_TOKEN")]
    public void Of_different_jobs_share_no_token(string variables, string change)
    {
        using var home = new AwsHome().With(Roles + variables);
        var key = home.Key;
        Assert.Equal(key, home.Key);
        home.With(change);
        Assert.NotEqual(key.FileName, home.Key.FileName);
        Assert.DoesNotContain("hunter2", key + home.Identity.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void From_a_file_are_those_of_AWS_own_variables()
    {
        using var own = new AwsHome().With(Roles + File);
        using var aws = new AwsHome().With($"AWS_WEB_IDENTITY_TOKEN_FILE=/run/jwt AWS_ROLE_ARN={Role}");
        Assert.Equal(aws.Principal, own.Principal);
        Assert.Equal(aws.Key, own.Key);
    }

    [Theory]
    [InlineData(GitHub, "https://ci.test/1?api-version=2.0&audience=sts.amazonaws.com")]
    [InlineData(GitHub + "ACTIONS_ID_TOKEN_REQUEST_URL=https://ci.test/1 CODEARTIFACT_WEB_IDENTITY_AUDIENCE=a&b", "https://ci.test/1?audience=a%26b")]
    [InlineData(Azure, "https://dev.azure.test/oidctoken?api-version=7.1")]
    [InlineData(Azure + "CODEARTIFACT_WEB_IDENTITY=azure-pipelines:6c1f-ab", "https://dev.azure.test/oidctoken?api-version=7.1&serviceConnectionId=6c1f-ab")]
    [InlineData(Azure + "SYSTEM_OIDCREQUESTURI=https://", null)]
    public void Ask_at_this_URL(string variables, string? url)
    {
        using var home = new AwsHome().With(variables);
        if (url is null)
            Assert.Equal("CACP1012", Assert.Throws<NoTokenException>(() => JobTokenRequest.UrlFor(home.Settings.WebIdentity!)).Code);
        else
            Assert.Equal(url, JobTokenRequest.UrlFor(home.Settings.WebIdentity!).AbsoluteUri);
    }

    /// <summary>A feed of another partition is refused before a token is requested.</summary>
    [Fact]
    public void Are_for_feeds_of_the_role_s_partition()
    {
        using var home = new AwsHome().With(Roles + GitHub);
        var request = TokenRequest.For(new Feed("contoso", "111122223333", "cn-north-1", "app"), Settings.From(home.Variables.GetValueOrDefault));
        Assert.Equal("CACP1009", request.Identity.Failure!.Code);
    }
}
