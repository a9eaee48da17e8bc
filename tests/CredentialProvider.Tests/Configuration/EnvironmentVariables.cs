using CredentialProvider.Configuration;
using CredentialProvider.Errors;
using CredentialProvider.Tests.Tokens;
using static CredentialProvider.Tests.Infra.SettingsFromVariables;

namespace CredentialProvider.Tests.Configuration;

/// <summary>What each environment variable sets, and the values that are rejected or ignored.</summary>
public sealed class EnvironmentVariables
{
    [Fact]
    public void That_are_unset_leave_the_defaults()
    {
        var settings = From();
        Assert.Null(settings.Problem);
        Assert.Equal(TokenOptions.None, settings.TokenOptions);
        Assert.Equal(43200, FeedSettings.For(Examples.App, settings).Duration);
        Assert.Equal("http://169.254.169.254", settings.Metadata().Endpoint);
        Assert.Equal(TimeSpan.FromSeconds(1), settings.Metadata().Timeout);
    }

    [Theory]
    [InlineData("0", 0)]
    [InlineData("900", 900)]
    [InlineData("43200", 43200)]
    public void Accept_a_duration_in_range(string value, int seconds) =>
        Assert.Equal(seconds, From(("CODEARTIFACT_TOKEN_DURATION", value)).TokenOptions.Duration);

    [Theory]
    [InlineData("899")]
    [InlineData("43201")]
    [InlineData("-1")]
    [InlineData("1h")]
    public void Reject_a_duration_out_of_range(string value) => Assert.Equal(
        $"CODEARTIFACT_TOKEN_DURATION is '{value}'; expected seconds: 0, or 900 to 43200", From(("CODEARTIFACT_TOKEN_DURATION", value)).Problem);

    [Fact]
    public void List_roles_in_order()
    {
        var settings = From(("CODEARTIFACT_ROLE_ARN", "arn:aws:iam::111122223333:role/A , arn:aws:iam::444455556666:role/team/B"));
        Assert.Equal(["arn:aws:iam::111122223333:role/A", "arn:aws:iam::444455556666:role/team/B"], settings.TokenOptions.Roles!.Select(role => role.Arn));
    }

    [Fact]
    public void Reject_a_role_name_without_an_ARN() =>
        Assert.Contains("CODEARTIFACT_ROLE_ARN contains 'Reader'", From(("CODEARTIFACT_ROLE_ARN", "Reader")).Problem, StringComparison.Ordinal);

    [Fact]
    public void Set_the_cache_folder()
    {
        Assert.Equal(Path.Combine("/x", "codeartifact-credentials"), From(("CODEARTIFACT_CACHE_DIR", "/x")).CacheFolder);
        Assert.Equal(Path.Combine("/y", "codeartifact-credentials"), From(("XDG_CACHE_HOME", "/y")).CacheFolder);
        Assert.Null(From(("CODEARTIFACT_CACHE", "off"), ("CODEARTIFACT_CACHE_DIR", "/x")).CacheFolder);
    }

    [Fact]
    public void Leave_the_cache_below_the_home_directory_by_default()
    {
        var home = Path.Combine(
            OperatingSystem.IsWindows() ? Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData)
                : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), OperatingSystem.IsMacOS() ? "Library/Caches" : ".cache"),
            "codeartifact-credentials");
        Assert.Equal(home, From().CacheFolder);
        Assert.Equal(home, From(("XDG_CACHE_HOME", "relative")).CacheFolder); // the XDG specification says to ignore relative paths
        Assert.Equal(Path.Combine("/x", "codeartifact-credentials"), From(("CODEARTIFACT_CACHE", "on"), ("CODEARTIFACT_CACHE_DIR", " /x ")).CacheFolder);
    }

    [Theory]
    [InlineData("OFF")]
    [InlineData("Off")]
    public void Disable_the_cache_in_any_letter_case(string off) => Assert.Null(From(("CODEARTIFACT_CACHE", off)).CacheFolder);

    [Theory]
    [InlineData("")]
    [InlineData("12,5")]
    [InlineData("900.0")]
    [InlineData("4294967296")]
    [InlineData("９００")]
    public void Accept_only_ASCII_digits_as_a_duration(string value) => Assert.Equal(value.Length == 0, From(("CODEARTIFACT_TOKEN_DURATION", value)).Problem is null);

    [Theory]
    [InlineData("arn:aws:iam::111122223333:user/joe")]
    [InlineData("arn:aws:iam::111122223333:role/A,Reader")]
    [InlineData("111122223333:role/A")]
    public void Reject_ARNs_that_are_not_roles(string value) =>
        Assert.StartsWith("CODEARTIFACT_ROLE_ARN contains '", From(("CODEARTIFACT_ROLE_ARN", value)).Problem, StringComparison.Ordinal);

    [Fact]
    public void Ignore_empty_list_items()
    {
        Assert.Equal(["contoso", "*/111122223333"], From(("CODEARTIFACT_DOMAINS", " contoso ,, */111122223333,")).AllowedDomains.Lists().Single().Domains);
        // Of variables that are unset, as in "$A,$B". An empty list would allow all domains.
        Assert.Equal([","], From(("CODEARTIFACT_DOMAINS", " , ")).AllowedDomains.Lists().Single().Domains);
        Assert.Null(From(("CODEARTIFACT_ROLE_ARN", "")).TokenOptions.Roles);
    }

    [Fact]
    public void Fall_back_to_the_log_file_of_AWS_own_provider()
    {
        Assert.Equal("/aws", From(("AWS_CODEARTIFACT_NUGET_LOGFILE", "/aws")).LogFile);
        Assert.Equal("/ours", From(("AWS_CODEARTIFACT_NUGET_LOGFILE", "/aws"), ("CODEARTIFACT_LOG_FILE", "/ours")).LogFile);
        Assert.Equal("Debug", From(("CODEARTIFACT_LOG_LEVEL", "Debug")).LogLevel);
    }

    [Fact]
    public void Are_otherwise_passed_through_unchanged()
    {
        var settings = Settings.From(name => name is "AWS_CONFIG_FILE" or "AWS_SHARED_CREDENTIALS_FILE" or "AWS_WEB_IDENTITY_TOKEN_FILE"
            or "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE" ? $"/{name}" : name);
        Assert.Equal("CODEARTIFACT_PROFILE", settings.TokenOptions.Profile);
        Assert.Equal("CODEARTIFACT_EXTERNAL_ID", settings.ExternalId);
        Assert.Equal("AWS_PROFILE", settings.AwsProfile);
        Assert.Equal("AWS_ROLE_ARN", settings.AwsRoleArn);
        Assert.Equal("AWS_ROLE_SESSION_NAME", settings.AwsRoleSessionName);
        Assert.Equal("/AWS_WEB_IDENTITY_TOKEN_FILE", settings.AwsWebIdentityTokenFile);
        Assert.Equal("http://169.254.170.2AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", settings.AwsContainerUri);
        Assert.Equal("/AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", settings.AwsContainerTokenFile);
        Assert.Equal("AWS_CONTAINER_AUTHORIZATION_TOKEN", settings.AwsContainerToken?.Reveal());
        Assert.Equal("/AWS_CONFIG_FILE", settings.AwsConfigFile);
        Assert.Equal("/AWS_SHARED_CREDENTIALS_FILE", settings.AwsCredentialsFile);
        Assert.Equal("HTTPS_PROXY", settings.HttpsProxy);
    }

    [Fact]
    public void Name_the_instance_role() => Assert.Equal("R", From(("AWS_EC2_INSTANCE_PROFILE_NAME", "R")).Metadata().RoleName);

    [Theory]
    [InlineData("0")]
    [InlineData("-1")]
    [InlineData("soon")]
    [InlineData("99999999999")]
    public void Refuse_invalid_metadata_limits(string value)
    {
        foreach (var name in new[] { "AWS_METADATA_SERVICE_TIMEOUT", "AWS_METADATA_SERVICE_NUM_ATTEMPTS" })
        {
            var failure = Assert.Throws<NoTokenException>(() => From((name, value)).Metadata());
            Assert.Equal("CACP1012", failure.Code);
            Assert.StartsWith($"{name} is '{value}'", failure.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Are_unset_if_blank() => Assert.Null(From(("CODEARTIFACT_AUTH_TOKEN", "  "), ("CODEARTIFACT_AUTH_TOKEN_FILE", "")).ExternalToken);

    [Fact]
    public void Configure_instance_metadata_like_the_SDKs()
    {
        var metadata = From(("AWS_EC2_METADATA_DISABLED", "TRUE"), ("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv6"),
            ("AWS_METADATA_SERVICE_TIMEOUT", "3"), ("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "5")).Metadata();
        Assert.True(metadata.IsDisabled);
        Assert.Equal("http://[fd00:ec2::254]", metadata.Endpoint);
        Assert.Null(metadata.OtherEndpoint);
        Assert.Equal(TimeSpan.FromSeconds(3), metadata.Timeout);
        Assert.Equal(5, metadata.Attempts);
    }

    [Fact]
    public void Leave_both_addresses_of_instance_metadata_open()
    {
        var metadata = From().Metadata();
        Assert.Equal(("http://169.254.169.254", "http://[fd00:ec2::254]"), (metadata.Endpoint, metadata.OtherEndpoint));
    }

    [Fact]
    public void Never_print_a_secret()
    {
        var settings = From(("CODEARTIFACT_AUTH_TOKEN", "hunter2"));
        Assert.Equal("hunter2", settings.ExternalToken!.Read().Reveal());
        Assert.DoesNotContain("hunter2", settings.ToString(), StringComparison.Ordinal);
    }
}
