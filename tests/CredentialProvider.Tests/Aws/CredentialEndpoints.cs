using CredentialProvider.Aws.Credentials;
using CredentialProvider.Errors;
using CredentialProvider.Tests.Identity;

namespace CredentialProvider.Tests.Aws;

/// <summary>
/// Where containers and instances are asked for credentials, rule by rule, from container-endpoints.json,
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
