using CredentialProvider.Aws.Credentials;
using CredentialProvider.Configuration;
using CredentialProvider.Errors;

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

        [profile mistyped]
        aws_access_key_id = AK
        aws_secret_access_key = SK
        services = locale

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
          endpoint_url: http://sso-oidc # as in the rest of the file
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
    [InlineData("AWS_PROFILE=ignoring AWS_ENDPOINT_URL=http://all AWS_ENDPOINT_URL_STS=http://variable", "sts", null)]
    [InlineData("AWS_PROFILE=mistyped AWS_ENDPOINT_URL=http://all", "sts", "http://all")]
    [InlineData("AWS_PROFILE=mistyped AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true", "sts", null)]
    [InlineData("AWS_PROFILE=plain AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=1", "sts", null)]
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

    /// <summary>A signature for another region than the endpoint's is refused.</summary>
    [Theory]
    [InlineData("", "us-east-1")]
    [InlineData("AWS_REGION=eu-west-1", "us-east-1")]
    [InlineData("AWS_ENDPOINT_URL_STS=https://sts.eu-west-3.amazonaws.com", "eu-west-3")]
    [InlineData("AWS_ENDPOINT_URL_STS=https://vpce-0abc-1def.sts.eu-west-3.vpce.amazonaws.com", "eu-west-3")]
    [InlineData("AWS_ENDPOINT_URL_STS=https://sts.eu-west-3.amazonaws.com AWS_REGION=eu-west-1", "eu-west-3")]
    [InlineData("AWS_ENDPOINT_URL_STS=https://sts.internal AWS_REGION=eu-west-1", "eu-west-1")]
    [InlineData("AWS_ENDPOINT_URL_STS=https://sts.internal AWS_PROFILE=regional", "ca-central-1")]
    [InlineData("AWS_ENDPOINT_URL_STS=https://sts.internal", "us-east-1")]
    public void Of_STS_decide_the_region_of_the_signature(string variables, string region)
    {
        using var home = new AwsHome("[profile regional]\nregion = ca-central-1\naws_access_key_id = AK\naws_secret_access_key = SK\n").With(variables);
        Assert.Equal(region, StsEndpoint.For(home.Request, home.Settings).Region);
    }

    [Fact]
    public void Are_not_those_of_AWS_if_the_services_section_is_missing()
    {
        using var home = new AwsHome(Config).With("AWS_PROFILE=mistyped");
        var failure = Assert.Throws<NoTokenException>(() => home.Identity.EndpointOf("sts", home.Settings));
        Assert.Equal(ErrorCode.Setting, failure.Code);
        Assert.Contains($"{home.Folder}/config, line 28, [profile mistyped]: services is 'locale', but {home.Folder}/config has no [services locale]",
            failure.Why.Replace('\\', '/'), StringComparison.Ordinal);
    }

    /// <summary>The variables reach CodeArtifact through the settings of the feed.</summary>
    [Theory]
    [InlineData("AWS_PROFILE=ignoring AWS_ENDPOINT_URL=http://all", null, "https://codeartifact.us-east-1.amazonaws.com")]
    [InlineData("AWS_PROFILE=ignoring AWS_ENDPOINT_URL_CODEARTIFACT=http://own", null, "https://codeartifact.us-east-1.amazonaws.com")]
    [InlineData("AWS_PROFILE=ignoring AWS_ENDPOINT_URL_CODEARTIFACT=http://own", "https://of-file", "https://of-file")]
    [InlineData("AWS_PROFILE=ignoring AWS_ENDPOINT_URL_CODEARTIFACT=http://own AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=false", "https://of-file", "http://own")]
    [InlineData("AWS_PROFILE=dev", "https://of-file", "https://of-file")]
    [InlineData("AWS_PROFILE=dev", null, "http://of-dev")]
    public void Of_CodeArtifact_can_also_come_from_the_configuration_file(string variables, string? ofFile, string url)
    {
        using var home = new AwsHome(Config).With(variables);
        home.Variables["CODEARTIFACT_CONFIG"] = Path.Combine(home.Folder, "codeartifact.json");
        File.WriteAllText(home.Variables["CODEARTIFACT_CONFIG"], ofFile is null ? "{}" : $$"""{"defaults": {"endpoint": "{{ofFile}}"} }""");
        var request = home.Request;
        Assert.Equal(url, ApiEndpoint.For(request.Feed, request.FeedSettings, home.Settings, request.Identity.EndpointOf("codeartifact", home.Settings)));
    }

    [Fact]
    public void Trust_the_certificates_of_the_profile_unless_a_variable_names_others()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "other systems have a trust store of their own");
        using var home = new AwsHome();
        var bundle = Path.Combine(home.Folder, "ca.pem");
        File.WriteAllText(bundle, "");
        File.WriteAllText(home.Variables["AWS_CONFIG_FILE"], $"[default]\nca_bundle = {bundle}\n");

        Assert.Equal(bundle, home.Identity.EndpointOf("sts", home.Settings).CaBundle);
        var other = Path.Combine(home.Folder, "other.pem");
        File.WriteAllText(other, "");
        home.With($"AWS_CA_BUNDLE={other}");
        Assert.Equal(other, home.Identity.EndpointOf("sts", home.Settings).CaBundle);
    }

    [Theory]
    [InlineData("ca.pem")]
    [InlineData("/none/ca.pem")]
    [InlineData("/dev/null")]
    public void Trust_no_file_that_is_missing_or_in_the_working_directory(string bundle)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "other systems have a trust store of their own");
        using var home = new AwsHome($"[default]\nca_bundle = {bundle}\n");
        var failure = Assert.Throws<NoTokenException>(() => home.Identity.EndpointOf("sts", home.Settings));
        Assert.Equal(ErrorCode.Setting, failure.Code);
        Assert.StartsWith($"{home.Folder}/config, line 2, [default]: ca_bundle is '{bundle}'", failure.Why, StringComparison.Ordinal);
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
