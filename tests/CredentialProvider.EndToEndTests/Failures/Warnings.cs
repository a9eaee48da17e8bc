using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using LocalAws;

namespace CredentialProvider.EndToEndTests.Failures;

/// <summary>The warning for each cause of a missing token: one per domain, with cause and fix, in bounded time.</summary>
public sealed class Warnings
{
    [Fact]
    public Task An_instance_without_a_role() => Warns("CACP1004", ["the instance has no role", "associate-iam-instance-profile"],
        sandbox => sandbox.Aws.World.InstanceRole = null);

    [Fact]
    public Task Instance_metadata_disabled_on_the_instance() => Warns("CACP1004", ["instance metadata is disabled (403)", "--http-endpoint enabled"],
        sandbox => sandbox.Aws.Faults.Add(new Fault("metadata") { Status = 403 }));

    [Fact]
    public Task Instance_metadata_disabled_by_a_variable() => Warns("CACP1004", ["AWS_EC2_METADATA_DISABLED is true", "unset it"],
        sandbox => sandbox.Variables["AWS_EC2_METADATA_DISABLED"] = "true");

    [Fact]
    [Trait("Category", "Slow")]
    public Task A_metadata_hop_limit_of_one() => Warns("CACP1004", ["accepts connections but does not respond", "--http-put-response-hop-limit 2"],
        sandbox => sandbox.Aws.Faults.Add(new Fault("metadata") { Drops = true }), seconds: 5);

    [Fact]
    public Task A_machine_outside_of_EC2() => Warns("CACP1004", ["no instance metadata service at http://127.0.0.1:9", "AWS_PROFILE"],
        sandbox => sandbox.Variables["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = "http://127.0.0.1:9");

    [Fact]
    [Trait("Category", "Slow")]
    public async Task A_network_that_drops_packets()
    {
        // Connections that are never accepted fill the backlog, and the kernel drops the packets of later ones.
        using var full = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        full.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        full.Listen(0);
        var backlog = Enumerable.Range(0, 4).Select(_ => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)).ToList();
        foreach (var socket in backlog)
            _ = socket.ConnectAsync(full.LocalEndPoint!, TestContext.Current.CancellationToken).AsTask().ContinueWith(connect => connect.Exception, TaskScheduler.Default);
        await Warns("CACP1004", ["no instance metadata service at http://127.0.0.1:", "no response"], seconds: 5,
            prepare: sandbox => sandbox.Variables["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = $"http://{full.LocalEndPoint}");
        backlog.ForEach(socket => socket.Dispose());
    }

    [Fact]
    public Task A_policy_without_GetAuthorizationToken() => Warns("CACP1001",
        ["not authorized to perform: codeartifact:GetAuthorizationToken", "arn:aws:codeartifact:us-east-1:111122223333:domain/contoso"],
        sandbox => sandbox.Aws.World.InstanceRole!.Policy.RemoveAll(s => s.Action == "codeartifact:GetAuthorizationToken"));

    [Fact]
    public Task A_domain_that_does_not_exist() => Warns("CACP1002", ["no such domain or repository", "aws codeartifact list-domains --region us-east-1"],
        sandbox => sandbox.Aws.World.Domains.Clear());

    [Fact]
    public Task Throttling() => Warns("CACP1003", ["AWS is throttling requests", "retry in 3600 s"], sandbox => sandbox.Aws.Faults.Add(
        new Fault("codeartifact") { Status = 429, ErrorCode = "ThrottlingException", Headers = new Dictionary<string, string> { ["Retry-After"] = "3600" } }));

    [Fact]
    public Task Expired_credentials() => Warns("CACP1005", ["have expired", "renew them"], sandbox => sandbox.Aws.Faults.Add(
        new Fault("codeartifact") { Status = 403, ErrorCode = "ExpiredTokenException" }));

    [Fact]
    public Task Unknown_access_keys() => Warns("CACP1005", ["AWS rejected the credentials", "aws sts get-caller-identity"], sandbox =>
    {
        sandbox.Variables["AWS_ACCESS_KEY_ID"] = "AKIAIOSFODNN7EXAMPLE";
        sandbox.Variables["AWS_SECRET_ACCESS_KEY"] = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
    });

    [Fact]
    public Task A_role_that_may_not_be_assumed() => Warns("CACP1009", ["role arn:aws:iam::111122223333:role/Reader cannot be assumed", "sts:AssumeRole"],
        sandbox => sandbox.Variables["CODEARTIFACT_ROLE_ARN"] = "arn:aws:iam::111122223333:role/Reader");

    [Fact]
    public Task A_profile_that_does_not_exist() => Warns("CACP1010", ["AWS profile 'nobody' (AWS_PROFILE) does not exist", "aws configure --profile nobody"],
        sandbox => sandbox.Variables["AWS_PROFILE"] = "nobody");

    [Theory]
    [InlineData("")]
    [InlineData("""{"startUrl":"https://corp.awsapps.com/start","region":"us-east-1","accessToken":"old","expiresAt":"2026-01-01T00:00:00Z"}""")]
    [InlineData("""
        {"startUrl":"https://corp.awsapps.com/start","region":"us-east-1","accessToken":"old","expiresAt":"2026-01-01T00:00:00Z","clientId":"client",
         "clientSecret":"secret","registrationExpiresAt":"2036-01-01T00:00:00Z","refreshToken":"used-up"}
        """)]
    public Task An_expired_SSO_session(string cached) => Warns("CACP1005", ["AWS profile 'default'", "aws sso login --profile default"], sandbox =>
    {
        sandbox.Write("home/.aws/config", SsoFiles.Profile);
        if (cached.Length > 0)
            sandbox.Write(SsoFiles.Cache, cached);
    });

    [Fact]
    public Task An_invalid_setting() => Warns("CACP1012", ["CODEARTIFACT_TOKEN_DURATION is '5m'", "0, or 900 to 43200"],
        sandbox => sandbox.Variables["CODEARTIFACT_TOKEN_DURATION"] = "5m");

    [Fact]
    public Task A_missing_CA_bundle() => Warns("CACP1012", ["AWS_CA_BUNDLE is '/nowhere/ca.pem', which does not exist"],
        sandbox => sandbox.Variables["AWS_CA_BUNDLE"] = "/nowhere/ca.pem");

    [Fact]
    public async Task A_missing_CA_bundle_does_not_matter_if_no_request_goes_to_AWS()
    {
        await using var sandbox = await Sandbox.StartAsync();
        sandbox.Variables["AWS_CA_BUNDLE"] = "/nowhere/ca.pem";
        sandbox.Variables["CODEARTIFACT_AUTH_TOKEN"] = "given";
        await using var plugin = await PluginProcess.Start(sandbox, Artifacts.Native).InitializeAsync();

        Assert.Equal("given", (string?)(await plugin.GetCredentialsAsync(Feeds.App))["Password"]);
        Assert.Empty(plugin.Warnings);
    }

    [Fact]
    public Task An_untrusted_certificate_authority() => Warns("CACP1008", ["is not trusted", "SSL_CERT_FILE"],
        sandbox => sandbox.Variables["SSL_CERT_FILE"] = "/etc/ssl/certs/ca-certificates.crt");

    [Fact]
    public Task An_unreachable_proxy() => Warns("CACP1007", ["cannot be reached", "HTTPS_PROXY"], sandbox =>
    {
        sandbox.Variables["HTTPS_PROXY"] = "http://127.0.0.1:9";
        sandbox.Variables.Remove("https_proxy");
    });

    [Fact]
    public Task A_proxy_that_rejects_the_profiles_endpoint() => Warns("CACP1007",
        ["https://vpce-0a1b-c2.api.codeartifact.us-east-1.vpce.amazonaws.com cannot be reached"], sandbox =>
    {
        sandbox.Aws.Faults.Add(new Fault("proxy", "Connect") { Url = "vpce-0a1b-c2", Status = 502 });
        sandbox.Write("home/.aws/config", """
            [default]
            services = private

            [services private]
            codeartifact =
              endpoint_url = https://vpce-0a1b-c2.api.codeartifact.us-east-1.vpce.amazonaws.com
            """);
    });

    private static async Task Warns(string code, string[] words, Action<Sandbox> prepare, double seconds = 20)
    {
        Artifacts.RequireNative();
        await using var sandbox = await Sandbox.StartAsync();
        prepare(sandbox);
        await using var plugin = await PluginProcess.Start(sandbox, Artifacts.Native).InitializeAsync();

        var watch = Stopwatch.StartNew();
        var answer = await plugin.GetCredentialsAsync(Feeds.App);
        var elapsed = watch.Elapsed;
        var again = await plugin.GetCredentialsAsync(Feeds.App);

        Assert.Equal("Error", (string?)answer["ResponseCode"]);
        Assert.Equal("Error", (string?)again["ResponseCode"]);
        var warning = Assert.Single(plugin.Warnings);
        Assert.StartsWith($"{code}: no token for domain contoso (111122223333, us-east-1): ", warning, StringComparison.Ordinal);
        Assert.All(words, word => Assert.Contains(word, warning, StringComparison.Ordinal));
        await plugin.CloseAsync();
        await TimeLimit.AssertAsync(elapsed, seconds, Artifacts.Native);
    }
}
