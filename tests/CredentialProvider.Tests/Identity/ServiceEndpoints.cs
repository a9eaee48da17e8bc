namespace CredentialProvider.Tests.Identity;

/// <summary>
/// Which endpoint a service has: the environment's, then that of the profile that signs.
/// https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
/// </summary>
public sealed class ServiceEndpoints
{
    private const string Config = """
        [default]
        aws_access_key_id = AK
        aws_secret_access_key = SK
        endpoint_url = http://of-default
        use_fips_endpoint = true

        [profile dev]
        aws_access_key_id = AK
        aws_secret_access_key = SK
        services = local
        endpoint_url = http://of-dev
        use_dualstack_endpoint = True

        [profile ignoring]
        aws_access_key_id = AK
        aws_secret_access_key = SK
        services = local
        endpoint_url = http://of-ignoring
        ignore_configured_endpoint_urls = true

        [profile plain]
        aws_access_key_id = AK
        aws_secret_access_key = SK
        services = missing

        [services local]
        sts =
          endpoint_url = http://first
          endpoint_url = http://sts
        signin =
          # comments are skipped
          endpoint_url = http://signin # mine

        [services local]
        sso =
          endpoint_url = http://sso
        sso_oidc =
          region = x
          endpoint_url = http://sso-oidc
        """;

    [Theory]
    [InlineData("AWS_PROFILE=dev", "sts", "http://sts")]
    [InlineData("AWS_PROFILE=dev", "signin", "http://signin")]
    [InlineData("AWS_PROFILE=dev", "sso", "http://sso")]
    [InlineData("AWS_PROFILE=dev", "sso_oidc", "http://sso-oidc")]
    [InlineData("AWS_PROFILE=dev", "codeartifact", "http://of-dev")]
    [InlineData("CODEARTIFACT_PROFILE=dev AWS_PROFILE=default", "sts", "http://sts")]
    [InlineData("", "sts", "http://of-default")]
    [InlineData("AWS_PROFILE=plain", "sts", null)]
    [InlineData("AWS_PROFILE=ignoring", "sts", null)]
    [InlineData("AWS_PROFILE=ignoring", "signin", null)]
    [InlineData("AWS_PROFILE=ignoring AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=false", "sso", "http://sso")]
    [InlineData("AWS_PROFILE=dev AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=TRUE", "sts", null)]
    [InlineData("AWS_PROFILE=dev AWS_ENDPOINT_URL_STS=http://variable", "sts", "http://variable")]
    [InlineData("AWS_PROFILE=dev AWS_ENDPOINT_URL_STS=http://variable", "signin", "http://signin")]
    [InlineData("AWS_PROFILE=dev AWS_ENDPOINT_URL_SIGNIN=http://variable", "signin", "http://variable")]
    [InlineData("AWS_PROFILE=dev AWS_ENDPOINT_URL_SSO=http://variable", "sso", "http://variable")]
    [InlineData("AWS_PROFILE=dev AWS_ENDPOINT_URL_SSO_OIDC=http://variable", "sso_oidc", "http://variable")]
    [InlineData("AWS_PROFILE=dev AWS_ENDPOINT_URL=http://all", "sts", "http://all")]
    [InlineData("AWS_PROFILE=dev AWS_ENDPOINT_URL=http://all AWS_ENDPOINT_URL_STS=http://variable", "sts", "http://variable")]
    public void Come_from_the_environment_then_from_the_profile(string variables, string service, string? url)
    {
        using var home = new AwsHome(Config).With(variables);
        Assert.Equal(url, home.Identity.EndpointOf(service, home.Settings).Url);
    }

    [Theory]
    [InlineData("", true, null)]
    [InlineData("AWS_PROFILE=dev", null, true)]
    [InlineData("AWS_PROFILE=plain", null, null)]
    [InlineData("AWS_USE_FIPS_ENDPOINT=false", false, null)]
    [InlineData("AWS_PROFILE=dev AWS_USE_DUALSTACK_ENDPOINT=false AWS_USE_FIPS_ENDPOINT=true", true, false)]
    public void Are_FIPS_or_dual_stack_endpoints_by_the_same_rule(string variables, bool? fips, bool? dualStack)
    {
        using var home = new AwsHome(Config).With(variables);
        var endpoint = home.Identity.EndpointOf("sts", home.Settings);
        Assert.Equal((fips, dualStack), (endpoint.UseFips, endpoint.UseDualStack));
    }
}
