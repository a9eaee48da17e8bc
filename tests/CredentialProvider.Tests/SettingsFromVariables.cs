namespace CredentialProvider.Tests;

public sealed class SettingsFromVariables
{
    [Fact]
    public void Nothing_set_means_twelve_hours_and_the_instance_at_its_usual_address()
    {
        var settings = From();
        Assert.Null(settings.Problem);
        Assert.Equal(43200, settings.TokenDuration);
        Assert.Equal("http://169.254.169.254", settings.Metadata.Endpoint);
        Assert.Equal(TimeSpan.FromSeconds(1), settings.Metadata.Timeout);
    }

    [Theory]
    [InlineData("0", 0)]
    [InlineData("900", 900)]
    [InlineData("43200", 43200)]
    public void A_duration_in_range_is_taken(string value, int seconds) =>
        Assert.Equal(seconds, From(("CODEARTIFACT_TOKEN_DURATION", value)).TokenDuration);

    [Theory]
    [InlineData("899")]
    [InlineData("43201")]
    [InlineData("-1")]
    [InlineData("1h")]
    public void Another_duration_is_a_problem_that_names_the_variable(string value) => Assert.Equal(
        $"CODEARTIFACT_TOKEN_DURATION is '{value}'; it takes seconds: 0, or 900 to 43200", From(("CODEARTIFACT_TOKEN_DURATION", value)).Problem);

    [Fact]
    public void Roles_are_listed_in_order()
    {
        var settings = From(("CODEARTIFACT_ROLE_ARN", "arn:aws:iam::111122223333:role/A , arn:aws:iam::444455556666:role/team/B"));
        Assert.Equal(["arn:aws:iam::111122223333:role/A", "arn:aws:iam::444455556666:role/team/B"], settings.RoleArns);
    }

    [Fact]
    public void What_is_no_role_is_a_problem() =>
        Assert.Contains("CODEARTIFACT_ROLE_ARN has 'Reader'", From(("CODEARTIFACT_ROLE_ARN", "Reader")).Problem, StringComparison.Ordinal);

    [Fact]
    public void The_cache_is_where_it_is_put()
    {
        Assert.Equal("/x", From(("CODEARTIFACT_CACHE_DIR", "/x")).CacheFolder);
        Assert.Equal("/y/codeartifact-credentials", From(("XDG_CACHE_HOME", "/y")).CacheFolder);
        Assert.Null(From(("CODEARTIFACT_CACHE", "off"), ("CODEARTIFACT_CACHE_DIR", "/x")).CacheFolder);
    }

    [Fact]
    public void White_space_is_nothing() => Assert.Null(From(("CODEARTIFACT_AUTH_TOKEN", "  ")).AuthToken);

    [Fact]
    public void Metadata_has_the_SDKs_variables()
    {
        var metadata = From(("AWS_EC2_METADATA_DISABLED", "TRUE"), ("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv6"),
            ("AWS_METADATA_SERVICE_TIMEOUT", "3"), ("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "5")).Metadata;
        Assert.True(metadata.IsDisabled);
        Assert.Equal("http://[fd00:ec2::254]", metadata.Endpoint);
        Assert.Equal(TimeSpan.FromSeconds(3), metadata.Timeout);
        Assert.Equal(5, metadata.Attempts);
    }

    [Fact]
    public void A_secret_shows_nothing_of_itself()
    {
        var settings = From(("CODEARTIFACT_AUTH_TOKEN", "hunter2"));
        Assert.Equal("hunter2", settings.AuthToken!.Reveal());
        Assert.DoesNotContain("hunter2", settings.ToString(), StringComparison.Ordinal);
    }

    internal static Settings From(params (string Name, string Value)[] variables) =>
        Settings.From(name => variables.FirstOrDefault(variable => variable.Name == name).Value);
}
