using LocalAws;

namespace CredentialProvider.EndToEndTests.Secrecy;

/// <summary>Redirects of requests that contain a secret: no request reaches the other host, and the failure is reported.</summary>
[Trait("Category", "Slow")]
public sealed class Redirects
{
    private const string Elsewhere = "elsewhere.amazonaws.com", Path = "/elsewhere";

    /// <summary>Service and operation.</summary>
    public static TheoryData<string, string, int> Requests
    {
        get
        {
            var rows = new TheoryData<string, string, int>();
            foreach (var status in new[] { 302, 307, 308 })
            {
                rows.Add("sso", "GetRoleCredentials", status);
                rows.Add("sso-oidc", "CreateToken", status);
                rows.Add("signin", "CreateOAuth2Token", status);
                rows.Add("sts", "AssumeRole", status);
                rows.Add("sts", "AssumeRoleWithWebIdentity", status);
                rows.Add("ci", "RequestIdToken", status);
                rows.Add("codeartifact", "GetAuthorizationToken", status);
                rows.Add("metadata", "PutToken", status);
                rows.Add("metadata", "GetRole", status);
                rows.Add("metadata", "GetCredentials", status);
                rows.Add("metadata", "ContainerCredentials", status);
            }

            return rows;
        }
    }

    [Theory]
    [MemberData(nameof(Requests))]
    public async Task The_plugin_follows_none(string service, string operation, int status)
    {
        await using var sandbox = await StartAsync(service, operation, status);
        Prepare(sandbox, operation);
        await using var plugin = await PluginProcess.Start(sandbox, Artifacts.Native).InitializeAsync();

        Assert.Equal("Error", (string?)(await plugin.GetCredentialsAsync(Feeds.App))["ResponseCode"]);

        Assert.Single(plugin.Warnings);
        AssertNotFollowed(sandbox);
    }

    [Theory]
    [InlineData("RegisterClient", 302)]
    [InlineData("RegisterClient", 307)]
    [InlineData("StartDeviceAuthorization", 302)]
    [InlineData("StartDeviceAuthorization", 307)]
    [InlineData("CreateToken", 302)]
    [InlineData("CreateToken", 307)]
    public async Task Login_follows_none(string operation, int status)
    {
        await using var sandbox = await StartAsync("sso-oidc", operation, status);
        sandbox.Write("home/.aws/config", SsoFiles.Profile);

        (await sandbox.RunAsync(Artifacts.Native, sandbox.Home, "login", "--device-code")).Failed();

        AssertNotFollowed(sandbox);
    }

    private static async Task<Sandbox> StartAsync(string service, string operation, int status)
    {
        Artifacts.RequireNative();
        var sandbox = await Sandbox.StartAsync();
        sandbox.Aws.World.SsoUser = sandbox.Aws.World.AddRole("SsoReader", World.ReadPolicy());
        sandbox.Aws.Faults.Add(new Fault(service, operation)
        {
            Status = status,
            Body = "",
            Headers = new Dictionary<string, string>
            {
                ["Location"] = service == "metadata" ? new Uri(sandbox.Aws.Metadata, Path).AbsoluteUri : $"https://{Elsewhere}{Path}",
            },
        });
        return sandbox;
    }

    /// <summary>Configures the source of credentials that calls the operation.</summary>
    private static void Prepare(Sandbox sandbox, string operation)
    {
        switch (operation)
        {
            case "GetRoleCredentials":
                WriteSession(sandbox, DateTime.UtcNow.AddHours(8));
                break;
            case "CreateToken":
                WriteSession(sandbox, DateTime.UtcNow.AddHours(-8));
                break;
            case "CreateOAuth2Token":
                sandbox.StartLoginSession(TimeSpan.FromMinutes(-30));
                sandbox.Write("home/.aws/config", LoginFiles.Profile);
                break;
            case "AssumeRole":
                sandbox.Variables["CODEARTIFACT_ROLE_ARN"] = "arn:aws:iam::111122223333:role/Reader";
                break;
            case "AssumeRoleWithWebIdentity":
                sandbox.Variables["AWS_ROLE_ARN"] = "arn:aws:iam::111122223333:role/Reader";
                sandbox.Variables["AWS_WEB_IDENTITY_TOKEN_FILE"] = sandbox.Write("token", "eyJ");
                break;
            case "RequestIdToken":
                var job = sandbox.Aws.World.StartJob(CiJob.GitHub, "repo:contoso/app:ref:refs/heads/main");
                (sandbox.Variables["CODEARTIFACT_WEB_IDENTITY"], sandbox.Variables["CODEARTIFACT_ROLE_ARN"]) = ("github", "arn:aws:iam::111122223333:role/Reader");
                (sandbox.Variables["ACTIONS_ID_TOKEN_REQUEST_URL"], sandbox.Variables["ACTIONS_ID_TOKEN_REQUEST_TOKEN"]) = (job.RequestUrl, job.RequestToken);
                break;
            case "ContainerCredentials":
                sandbox.Variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = new Uri(sandbox.Aws.Metadata, "container-credentials").AbsoluteUri;
                sandbox.Variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = sandbox.Aws.World.ContainerAuthorization;
                break;
        }
    }

    private static void WriteSession(Sandbox sandbox, DateTime expires)
    {
        sandbox.Write("home/.aws/config", SsoFiles.Profile);
        sandbox.Write(SsoFiles.Cache, $$"""
            {"startUrl":"https://corp.awsapps.com/start","region":"us-east-1","accessToken":"sso-access-token","expiresAt":"{{expires:s}}Z",
             "clientId":"client","clientSecret":"secret","registrationExpiresAt":"2036-01-01T00:00:00Z","refreshToken":"sso-refresh-token"}
            """);
    }

    private static void AssertNotFollowed(Sandbox sandbox)
    {
        Assert.True(sandbox.Aws.Faults.Taken > 0, "nothing was redirected");
        Assert.DoesNotContain(sandbox.Aws.Audit.Entries, entry => entry.Host == Elsewhere || entry.Path.StartsWith(Path, StringComparison.Ordinal));
    }
}
