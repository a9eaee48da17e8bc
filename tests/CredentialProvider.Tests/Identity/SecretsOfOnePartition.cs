using CredentialProvider.Configuration;
using CredentialProvider.Feeds;
using CredentialProvider.Tokens;

namespace CredentialProvider.Tests.Identity;

/// <summary>Sessions and web identity tokens, for feeds of another AWS partition; and values that would end a header.</summary>
public sealed class SecretsOfOnePartition
{
    private const string Sso = "[default]\nsso_start_url = https://corp\nsso_account_id = 111122223333\nsso_role_name = R\nsso_region = ";

    private const string Web = "AWS_WEB_IDENTITY_TOKEN_FILE=/token AWS_ROLE_ARN=";

    [Theory]
    [InlineData("", Web + "arn:aws-cn:iam::111122223333:role/R", "us-east-1", "aws-cn")]
    [InlineData("", Web + "arn:aws:iam::111122223333:role/R", "cn-north-1", "aws-cn")]
    [InlineData("", Web + "arn:aws-us-gov:iam::111122223333:role/R", "us-east-1", "aws-us-gov")]
    [InlineData("", Web + "role/R", "us-east-1", "not in any AWS partition")]
    [InlineData("[default]\nrole_arn = arn:aws-cn:iam::111122223333:role/R\ncredential_source = Environment\n", "CODEARTIFACT_PROFILE=default AWS_ACCESS_KEY_ID=A AWS_SECRET_ACCESS_KEY=S", "us-east-1", "aws-cn")]
    [InlineData(Sso + "us-east-1\n", "", "cn-north-1", "aws-cn")]
    [InlineData("[default]\nlogin_session = arn:aws-cn:iam::111122223333:user/u\n", "", "us-east-1", "aws-cn")]
    public void Are_refused_for_another(string config, string variables, string region, string named)
    {
        var failure = Assert.Throws<CredentialProvider.Errors.NoTokenException>(() => KeyIn(region, config, variables));
        Assert.Equal("CACP1009", failure.Code);
        Assert.Contains(named, failure.Why, StringComparison.Ordinal);
    }

    [Fact]
    public void Are_refused_for_an_SSO_region_that_would_be_another_host() => Assert.Contains(
        "sso_region is 'evil.example.test/#', which is not an AWS region",
        Assert.Throws<CredentialProvider.Errors.NoTokenException>(() => KeyIn("us-east-1", Sso + "evil.example.test/#\n", "")).Why, StringComparison.Ordinal);

    [Fact]
    public void Are_refused_with_a_fix_for_a_role_without_a_partition() => Assert.StartsWith("write the role's full ARN",
        Assert.Throws<CredentialProvider.Errors.NoTokenException>(() => KeyIn("us-east-1", "", Web + "role/R")).Fix, StringComparison.Ordinal);

    [Theory]
    [InlineData("", Web + "arn:aws:iam::111122223333:role/R", "us-east-1")]
    [InlineData("", Web + "arn:aws-cn:iam::111122223333:role/R", "cn-north-1")]
    [InlineData(Sso + "eu-west-1\n", "", "us-east-1")]
    [InlineData(Sso + "us-gov-west-1\n", "", "us-gov-east-1")]
    public void Are_used_within_their_own(string config, string variables, string region) => Assert.NotNull(KeyIn(region, config, variables));

    [Theory]
    [InlineData("AWS_SESSION_TOKEN", "T\r\nX-Evil: 1")]
    [InlineData("AWS_SESSION_TOKEN", "T\u0000")]
    [InlineData("AWS_ACCESS_KEY_ID", "A\nB")]
    [InlineData("AWS_SECRET_ACCESS_KEY", "S\u00e9")]
    public void Are_refused_with_characters_that_no_header_has(string variable, string value)
    {
        using var home = new AwsHome().With("AWS_ACCESS_KEY_ID=A AWS_SECRET_ACCESS_KEY=S AWS_SESSION_TOKEN=T");
        home.Variables[variable] = value;
        Assert.Equal($"{variable} contains a line break or another character that is not valid in credentials", home.Identity.Failure!.Why);
    }

    [Theory]
    [InlineData("aws_session_token")]
    [InlineData("aws_access_key_id")]
    public void Of_a_profile_are_refused_with_characters_that_no_header_has(string setting)
    {
        using var home = new AwsHome(credentials: $"[default]\naws_access_key_id = A\naws_secret_access_key = S\n{setting} = T\u0001\n");
        Assert.Contains($"{setting} contains a line break", home.Identity.Failure!.Why, StringComparison.Ordinal);
    }

    [Fact]
    public void From_outside_are_refused_with_characters_that_no_header_has() => Assert.Equal(
        "CODEARTIFACT_AUTH_TOKEN contains a line break or another character that is not valid in a token",
        Settings.From(name => name == "CODEARTIFACT_AUTH_TOKEN" ? "T\r\nX-Evil: 1" : null).Problem);

    /// <summary>User info and query of an endpoint are not part of what is on disk.</summary>
    [Fact]
    public void Are_not_in_the_key_of_a_token()
    {
        using var home = new AwsHome();
        home.Variables["AWS_ENDPOINT_URL_CODEARTIFACT"] = "https://bob:hunter2@codeartifact.example.test";
        home.Variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://bob:hunter2@127.0.0.1/?token=hunter2";
        Assert.Equal("https://***@codeartifact.example.test", home.Key.Endpoint);
        Assert.DoesNotContain("hunter2", home.Key.ToString(), StringComparison.Ordinal);
    }

    private static TokenKey KeyIn(string region, string config, string variables)
    {
        using var home = new AwsHome(config).With(variables);
        return TokenRequest.For(new Feed("contoso", "111122223333", region, "app"), Settings.From(home.Variables.GetValueOrDefault)).Key;
    }
}
