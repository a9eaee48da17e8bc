using Amazon.Runtime;
using Amazon.Runtime.Endpoints;
using Amazon.SecurityToken;
using Amazon.SecurityToken.Model;
using Amazon.SSO;
using Amazon.SSO.Model;
using Amazon.SSOOIDC;
using Amazon.SSOOIDC.Model;
using CredentialProvider.Aws;
using CredentialProvider.Aws.Credentials;
using CredentialProvider.Configuration;
using CredentialProvider.Errors;
using CredentialProvider.Identity;
using CredentialProvider.Tests.Identity;

namespace CredentialProvider.Tests.Aws;

/// <summary>
/// Where containers, instances and AWS's services are asked for credentials, rule by rule, from container-endpoints.json,
/// container-authorization.json and metadata-endpoints.json.
/// https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
/// https://docs.aws.amazon.com/sdkref/latest/guide/feature-imds-credentials.html
/// </summary>
public sealed class CredentialEndpoints
{
    private static readonly Dictionary<string, Row> Containers = DataFile.Read<Row>("Aws/container-endpoints.json", row => row.Rule),
        Instances = DataFile.Read<Row>("Aws/metadata-endpoints.json", row => row.Rule);

    private static readonly Dictionary<string, AuthorizationRow> Authorizations = DataFile.Read<AuthorizationRow>("Aws/container-authorization.json", row => row.Rule);

    public static TheoryData<string> ContainerRules => [.. Containers.Keys];

    public static TheoryData<string> InstanceRules => [.. Instances.Keys];

    public static TheoryData<string> AuthorizationRules => [.. Authorizations.Keys];

    [Theory]
    [MemberData(nameof(ContainerRules))]
    public void Of_a_container(string rule) => Check(Containers[rule], home => ContainerCredentials.ParseEndpoint(home.Settings.AwsContainerUri).OriginalString);

    /// <summary>On ECS, the path is all that authorizes, and descriptions go to an agent's clients.</summary>
    [Theory]
    [InlineData("http://169.254.170.2/v2/credentials/id", " from http://169.254.170.2")]
    [InlineData("https://credentials.example:8443?id", " from https://credentials.example:8443")]
    [InlineData("http://[fd00:ec2::23]#id", " from http://[fd00:ec2::23]")]
    [InlineData("http://localhost", " from http://localhost")]
    [InlineData("http://id@localhost/", "")]
    [InlineData("http:///id", "")]
    [InlineData("/v2/credentials/id", "")]
    [InlineData("id", "")]
    public void Of_a_container_is_described_by_its_host(string uri, string description) =>
        Assert.Equal($"container credentials{description}", new ContainerSource(uri, null, null, "machine").Description);

    [Fact]
    public void Of_a_container_is_not_repeated_if_it_is_invalid() =>
        Assert.DoesNotContain("id-42", Assert.Throws<NoTokenException>(() => ContainerCredentials.ParseEndpoint("http:///id-42")).Message, StringComparison.Ordinal);

    [Theory]
    [MemberData(nameof(InstanceRules))]
    public void Of_an_instance(string rule) => Check(Instances[rule], home => home.Identity.Metadata(home.Settings).Endpoint);

    [Theory]
    [MemberData(nameof(AuthorizationRules))]
    public async Task Receive_this_authorization(string rule)
    {
        var row = Authorizations[rule];
        using var server = new LoopbackServer(200, """{"AccessKeyId":"A","SecretAccessKey":"S","Token":"T","Expiration":"2100-01-01T00:00:00Z"}""");
        using var home = new AwsHome();
        var file = Path.Combine(home.Folder, "token");
        if (row.File is not null)
            await File.WriteAllTextAsync(file, row.File, TestContext.Current.CancellationToken);
        home.Variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = server.Url;
        foreach (var (name, value) in row.Variables)
            home.Variables[name] = value == "FILE" ? file : value;
        var container = new ContainerCredentials(home.Settings, TimeProvider.System);

        if (row.Error is not null)
        {
            var failure = await Assert.ThrowsAsync<NoTokenException>(container.GetCredentialsAsync);
            Assert.Equal(row.Error.Contains("line break", StringComparison.Ordinal) ? ErrorCode.Setting : ErrorCode.NoCredentials, failure.Code);
            Assert.Contains(row.Error, failure.Why, StringComparison.Ordinal);
            Assert.Empty(server.Requests);
            return;
        }

        await container.GetCredentialsAsync();
        var header = Assert.Single(server.Requests).Split('\n').FirstOrDefault(line => line.StartsWith("Authorization:", StringComparison.OrdinalIgnoreCase));
        Assert.Equal(row.Authorization, header?["Authorization:".Length..].Trim());
    }

    public static MatrixTheoryData<string, bool, bool> Urls => new MatrixTheoryData<string, bool, bool>(["sts", "sso", "sso_oidc"], [true, false], [true, false]);

    /// <summary>The SDK alone rejects FIPS and dual stack together with a URL.</summary>
    [Theory]
    [MemberData(nameof(Urls))]
    public void Of_a_service_are_configured_URLs_also_with_FIPS_or_dual_stack(string service, bool isFips, bool isDualStack)
    {
        (ClientConfig config, AmazonWebServiceRequest request) = service switch
        {
            "sts" => (new AmazonSecurityTokenServiceConfig(), new AssumeRoleRequest()),
            "sso" => ((ClientConfig)new AmazonSSOConfig(), (AmazonWebServiceRequest)new GetRoleCredentialsRequest()),
            _ => (new AmazonSSOOIDCConfig(), new CreateTokenRequest()),
        };
        AwsClients.Configure(config, "us-east-1", new ServiceEndpoint("https://own.example", isFips, isDualStack), SettingsFromVariables.From());
        Assert.Equal("https://own.example", config.DetermineServiceOperationEndpoint(new ServiceOperationEndpointParameters(request)).URL.TrimEnd('/'));
    }

    /// <summary>From botocore.</summary>
    [Theory]
    [InlineData("us-east-1", false, false, "sts.us-east-1.amazonaws.com", "us-east-1.signin.aws.amazon.com")]
    [InlineData("us-east-1", true, false, "sts-fips.us-east-1.amazonaws.com", "signin-fips.us-east-1.amazonaws.com")]
    [InlineData("us-east-1", false, true, "sts.us-east-1.api.aws", "signin.us-east-1.api.aws")]
    [InlineData("us-east-1", true, true, "sts-fips.us-east-1.api.aws", "signin-fips.us-east-1.api.aws")]
    [InlineData("cn-north-1", false, false, "sts.cn-north-1.amazonaws.com.cn", "cn-north-1.signin.amazonaws.cn")]
    [InlineData("cn-north-1", false, true, "sts.cn-north-1.api.amazonwebservices.com.cn", "signin.cn-north-1.api.amazonwebservices.com.cn")]
    [InlineData("us-gov-west-1", false, false, "sts.us-gov-west-1.amazonaws.com", "us-gov-west-1.signin.amazonaws-us-gov.com")]
    [InlineData("us-gov-west-1", true, false, "sts.us-gov-west-1.amazonaws.com", "signin-fips.us-gov-west-1.amazonaws.com")]
    [InlineData("us-gov-west-1", true, true, "sts-fips.us-gov-west-1.api.aws", "signin-fips.us-gov-west-1.api.aws")]
    [InlineData("eusc-de-east-1", false, false, "sts.eusc-de-east-1.amazonaws.eu", "signin.eusc-de-east-1.amazonaws.eu")]
    [InlineData("us-iso-east-1", false, false, "sts.us-iso-east-1.c2s.ic.gov", "signin.us-iso-east-1.c2s.ic.gov")]
    public void Of_STS_and_sign_in_follow_AWS_endpoint_rules(string region, bool isFips, bool isDualStack, string sts, string signIn)
    {
        var (config, profile) = (new AmazonSecurityTokenServiceConfig(), new ServiceEndpoint(null, isFips, isDualStack));
        AwsClients.Configure(config, region, profile, SettingsFromVariables.From());
        Assert.Equal($"https://{sts}", config.DetermineServiceOperationEndpoint(new ServiceOperationEndpointParameters(new AssumeRoleRequest())).URL.TrimEnd('/'));
        Assert.Equal($"https://{signIn}", LoginCredentials.EndpointIn(region, profile));
    }

    private static void Check(Row row, Func<AwsHome, string> find)
    {
        using var home = new AwsHome(row.Config).With(row.Variables);
        if (row.Error is null)
        {
            Assert.Equal(row.Endpoint, find(home));
            return;
        }

        var failure = Assert.Throws<NoTokenException>(() => find(home));
        Assert.Equal(ErrorCode.Setting, failure.Code);
        Assert.Contains(row.Error, failure.Why, StringComparison.Ordinal);
    }

    /// <param name="Variables">For example <c>A=1 B=2</c>.</param>
    /// <param name="Error">Part of the message; null if the endpoint may be used.</param>
    private sealed record Row(string Rule, string? Config, string Variables, string? Endpoint, string? Error);

    /// <param name="File">Content of the file that FILE stands for.</param>
    /// <param name="Authorization">The header's value; null for no header.</param>
    private sealed record AuthorizationRow(string Rule, Dictionary<string, string> Variables, string? File, string? Authorization, string? Error);
}
