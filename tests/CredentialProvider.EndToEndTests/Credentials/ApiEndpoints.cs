using LocalAws;

namespace CredentialProvider.EndToEndTests.Credentials;

/// <summary>Settings that choose the endpoint of CodeArtifact's API and the CAs that it is trusted by.</summary>
public sealed class ApiEndpoints
{
    [Theory]
    [InlineData("endpoint_url = https://vpce-0a1b-c2.api.codeartifact.us-east-1.vpce.amazonaws.com", "vpce-0a1b-c2.api.codeartifact.us-east-1.vpce.amazonaws.com")]
    [InlineData("services = private", "vpce-0a1b-ce.api.codeartifact.us-east-1.vpce.amazonaws.com")]
    [InlineData("use_fips_endpoint = true", "codeartifact-fips.us-east-1.amazonaws.com")]
    [InlineData("use_dualstack_endpoint = true", "codeartifact.us-east-1.api.aws")]
    [InlineData("services = private\nignore_configured_endpoint_urls = true", "codeartifact.us-east-1.amazonaws.com")]
    public Task A_profile_chooses_the_endpoint(string setting, string host) => AssertEndpoint(host, sandbox =>
    {
        // With access keys, because the profile's settings would apply to STS as well.
        var session = sandbox.Aws.World.OpenSession(sandbox.Aws.World.AddRole("Developer", World.ReadPolicy()), "test", DateTimeOffset.UtcNow);
        sandbox.Write("home/.aws/config", $"""
            [profile reader]
            aws_access_key_id = {session.AccessKeyId}
            aws_secret_access_key = {session.SecretAccessKey}
            aws_session_token = {session.Token}
            {setting}

            [services private]
            codeartifact =
              endpoint_url = https://vpce-0a1b-ce.api.codeartifact.us-east-1.vpce.amazonaws.com
            """);
        sandbox.Variables["AWS_PROFILE"] = "reader";
    });

    [Theory]
    [InlineData("AWS_ENDPOINT_URL_CODEARTIFACT", "https://vpce-0a1b-c2.api.codeartifact.us-east-1.vpce.amazonaws.com", "vpce-0a1b-c2.api.codeartifact.us-east-1.vpce.amazonaws.com")]
    [InlineData("AWS_USE_FIPS_ENDPOINT", "true", "codeartifact-fips.us-east-1.amazonaws.com")]
    [InlineData("AWS_USE_DUALSTACK_ENDPOINT", "true", "codeartifact.us-east-1.api.aws")]
    public Task An_environment_variable_chooses_the_endpoint(string variable, string value, string host) =>
        AssertEndpoint(host, sandbox => sandbox.Variables[variable] = value);

    [Fact]
    public Task A_rule_in_the_configuration_file_chooses_the_endpoint() => AssertEndpoint(
        "vpce-0a1b-c2.api.codeartifact.us-east-1.vpce.amazonaws.com",
        sandbox => sandbox.Write("home/.config/codeartifact.json", """
            { "rules": [ { "region": "us-east-1", "endpoint": "https://vpce-0a1b-c2.api.codeartifact.us-east-1.vpce.amazonaws.com" } ] }
            """));

    [Theory]
    [Trait("Category", "Slow")]
    [MemberData(nameof(CredentialSources.Builds), MemberType = typeof(CredentialSources))]
    public async Task A_CA_bundle_for_AWS_alone(string build)
    {
        Artifacts.Require(build, build);
        await using var sandbox = await Sandbox.StartAsync();
        sandbox.Variables["AWS_CA_BUNDLE"] = sandbox.Aws.CaFile;
        sandbox.Variables.Remove("SSL_CERT_FILE");
        sandbox.Variables.Remove("SSL_CERT_DIR");
        await using var plugin = await PluginProcess.Start(sandbox, build).InitializeAsync();

        Assert.Equal("Success", (string?)(await plugin.GetCredentialsAsync(Feeds.App))["ResponseCode"]);
    }

    private static async Task AssertEndpoint(string host, Action<Sandbox> prepare)
    {
        Artifacts.RequireNative();
        await using var sandbox = await Sandbox.StartAsync();
        prepare(sandbox);
        await using var plugin = await PluginProcess.Start(sandbox, Artifacts.Native).InitializeAsync();

        var answer = await plugin.GetCredentialsAsync(Feeds.App);

        Assert.Empty(plugin.Warnings);
        Assert.Equal("Success", (string?)answer["ResponseCode"]);
        Assert.Equal(host, Assert.Single(sandbox.Aws.Audit.Entries, entry => entry.Service == "codeartifact").Host);
        await plugin.CloseAsync();
    }
}
