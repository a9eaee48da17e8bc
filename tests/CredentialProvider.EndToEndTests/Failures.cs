using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using LocalAws;

namespace CredentialProvider.EndToEndTests;

/// <summary>What a person is told where no token can be had: one warning with cause and fix, in bounded time.</summary>
public sealed class Failures
{
    [Fact]
    public Task An_instance_without_a_role() => Warns("CACP1004", ["the instance has no role", "associate-iam-instance-profile"],
        sandbox => sandbox.Aws.World.InstanceRole = null);

    [Fact]
    public Task Metadata_that_is_switched_off_on_the_instance() => Warns("CACP1004", ["instance metadata is disabled (403)", "--http-endpoint enabled"],
        sandbox => sandbox.Aws.Faults.Add(new Fault("metadata") { Status = 403 }));

    [Fact]
    public Task Metadata_that_is_switched_off_by_a_variable() => Warns("CACP1004", ["AWS_EC2_METADATA_DISABLED is true", "unset it"],
        sandbox => sandbox.Variables["AWS_EC2_METADATA_DISABLED"] = "true");

    [Fact]
    public Task A_hop_limit_of_one() => Warns("CACP1004", ["takes connections but does not answer", "--http-put-response-hop-limit 2"],
        sandbox => sandbox.Aws.Faults.Add(new Fault("metadata") { Drops = true }), within: TimeSpan.FromSeconds(5));

    [Fact]
    public Task A_machine_that_is_no_instance() => Warns("CACP1004", ["no metadata service at http://127.0.0.1:9", "AWS_PROFILE"],
        sandbox => sandbox.Variables["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = "http://127.0.0.1:9");

    [Fact]
    public async Task A_network_that_drops_packets()
    {
        // Connections that nobody accepts fill the queue, and the kernel drops what comes after them.
        using var full = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        full.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        full.Listen(0);
        var queue = Enumerable.Range(0, 4).Select(_ => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)).ToList();
        foreach (var socket in queue)
            _ = socket.ConnectAsync(full.LocalEndPoint!, TestContext.Current.CancellationToken).AsTask().ContinueWith(connect => connect.Exception, TaskScheduler.Default);
        await Warns("CACP1004", ["no metadata service at http://127.0.0.1:", "nothing answers"], within: TimeSpan.FromSeconds(5),
            prepare: sandbox => sandbox.Variables["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = $"http://{full.LocalEndPoint}");
        queue.ForEach(socket => socket.Dispose());
    }

    [Fact]
    public Task A_policy_without_the_token_call() => Warns("CACP1001",
        ["not authorized to perform: codeartifact:GetAuthorizationToken", "arn:aws:codeartifact:us-east-1:111122223333:domain/contoso"],
        sandbox => sandbox.Aws.World.InstanceRole!.Policy.RemoveAll(s => s.Action == "codeartifact:GetAuthorizationToken"));

    [Fact]
    public Task A_domain_that_does_not_exist() => Warns("CACP1002", ["it does not exist", "aws codeartifact list-domains --region us-east-1"],
        sandbox => sandbox.Aws.World.Domains.Clear());

    [Fact]
    public Task Throttling() => Warns("CACP1003", ["asks for fewer requests", "try again in 3600 s"], sandbox => sandbox.Aws.Faults.Add(
        new Fault("codeartifact") { Status = 429, ErrorCode = "ThrottlingException", Headers = new Dictionary<string, string> { ["Retry-After"] = "3600" } }));

    [Fact]
    public Task Expired_credentials() => Warns("CACP1005", ["are expired", "renew them"], sandbox => sandbox.Aws.Faults.Add(
        new Fault("codeartifact") { Status = 403, ErrorCode = "ExpiredTokenException" }));

    [Fact]
    public Task Keys_that_nobody_knows() => Warns("CACP1005", ["does not take the credentials", "aws sts get-caller-identity"], sandbox =>
    {
        sandbox.Variables["AWS_ACCESS_KEY_ID"] = "AKIAIOSFODNN7EXAMPLE";
        sandbox.Variables["AWS_SECRET_ACCESS_KEY"] = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
    });

    [Fact]
    public Task A_role_that_may_not_be_assumed() => Warns("CACP1009", ["role arn:aws:iam::111122223333:role/Reader may not be assumed", "sts:AssumeRole"],
        sandbox => sandbox.Variables["CODEARTIFACT_ROLE_ARN"] = "arn:aws:iam::111122223333:role/Reader");

    [Fact]
    public Task A_profile_that_does_not_exist() => Warns("CACP1010", ["AWS profile 'nobody' cannot be used", "aws configure list-profiles"],
        sandbox => sandbox.Variables["AWS_PROFILE"] = "nobody");

    [Theory]
    [InlineData("")]
    [InlineData("""{"startUrl":"https://corp.awsapps.com/start","region":"us-east-1","accessToken":"old","expiresAt":"2026-01-01T00:00:00Z"}""")]
    [InlineData("""
        {"startUrl":"https://corp.awsapps.com/start","region":"us-east-1","accessToken":"old","expiresAt":"2026-01-01T00:00:00Z","clientId":"client",
         "clientSecret":"secret","registrationExpiresAt":"2036-01-01T00:00:00Z","refreshToken":"used-up"}
        """)]
    public Task A_single_sign_on_that_is_over(string cached) => Warns("CACP1005", ["AWS profile 'default'", "aws sso login --profile default"], sandbox =>
    {
        sandbox.Write("home/.aws/config", Sources.SsoProfile);
        if (cached.Length > 0)
            sandbox.Write(Sources.SsoCacheFile, cached);
    });

    [Fact]
    public Task A_setting_that_cannot_be_used() => Warns("CACP1012", ["CODEARTIFACT_TOKEN_DURATION is '5m'", "0, or 900 to 43200"],
        sandbox => sandbox.Variables["CODEARTIFACT_TOKEN_DURATION"] = "5m");

    [Fact]
    public Task A_bundle_of_certificates_that_is_not_there() => Warns("CACP1012", ["AWS_CA_BUNDLE names /nowhere/ca.pem, which is not there"],
        sandbox => sandbox.Variables["AWS_CA_BUNDLE"] = "/nowhere/ca.pem");

    [Fact]
    public async Task A_bundle_that_is_not_there_does_not_matter_where_AWS_is_not_asked()
    {
        await using var sandbox = await Sandbox.StartAsync();
        sandbox.Variables["AWS_CA_BUNDLE"] = "/nowhere/ca.pem";
        sandbox.Variables["CODEARTIFACT_AUTH_TOKEN"] = "given";
        await using var plugin = await PluginProcess.Start(sandbox, Artifacts.Native).HandshakeAsync();

        Assert.Equal("given", (string?)(await plugin.CredentialsAsync(Feeds.App))["Password"]);
        Assert.Empty(plugin.Warnings);
    }

    [Fact]
    public Task A_certificate_authority_that_nobody_knows() => Warns("CACP1008", ["is not trusted", "SSL_CERT_FILE"],
        sandbox => sandbox.Variables["SSL_CERT_FILE"] = "/etc/ssl/certs/ca-certificates.crt");

    [Fact]
    public Task A_proxy_that_is_not_there() => Warns("CACP1007", ["cannot be reached", "HTTPS_PROXY"], sandbox =>
    {
        sandbox.Variables["HTTPS_PROXY"] = "http://127.0.0.1:9";
        sandbox.Variables.Remove("https_proxy");
    });

    [Fact]
    public Task A_proxy_that_refuses_the_endpoint_of_the_profile() => Warns("CACP1007",
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

    [Fact]
    public async Task An_old_token_that_is_still_good_is_given_while_AWS_is_down()
    {
        await using var sandbox = await Sandbox.StartAsync();
        await using var first = await PluginProcess.Start(sandbox, Artifacts.Native).HandshakeAsync();
        var token = (string)(await first.CredentialsAsync(Feeds.App))["Password"]!;
        await first.CloseAsync();
        MakeCacheOld(sandbox, obtained: TimeSpan.FromHours(-11.9), expires: TimeSpan.FromMinutes(5));
        sandbox.Aws.Faults.Add(new Fault("codeartifact") { Status = 503, ErrorCode = "ServiceUnavailable" });

        await using var second = await PluginProcess.Start(sandbox, Artifacts.Native).HandshakeAsync();
        var answer = await second.CredentialsAsync(Feeds.App);

        Assert.Equal(token, (string?)answer["Password"]);
        Assert.Empty(second.Warnings);
    }

    [Fact]
    public async Task A_token_in_the_second_half_of_its_life_is_renewed_after_the_answer()
    {
        await using var sandbox = await Sandbox.StartAsync();
        await using var first = await PluginProcess.Start(sandbox, Artifacts.Native).HandshakeAsync();
        var token = (string)(await first.CredentialsAsync(Feeds.App))["Password"]!;
        await first.CloseAsync();
        MakeCacheOld(sandbox, obtained: TimeSpan.FromHours(-7), expires: TimeSpan.FromHours(5));

        await using var second = await PluginProcess.Start(sandbox, Artifacts.Native).HandshakeAsync();
        var answer = await second.CredentialsAsync(Feeds.App);
        await EventuallyAsync(() => !File.ReadAllText(CacheFile(sandbox)).Contains(token, StringComparison.Ordinal));

        Assert.Equal(token, (string?)answer["Password"]);
        Assert.Equal(2, sandbox.Aws.Audit.Count("codeartifact"));
    }

    [Fact]
    public async Task Progress_keeps_NuGet_waiting_while_AWS_is_slow()
    {
        await using var sandbox = await Sandbox.StartAsync();
        sandbox.Aws.Faults.Add(new Fault("codeartifact") { Delay = TimeSpan.FromSeconds(2.5) });
        await using var plugin = await PluginProcess.Start(sandbox, Artifacts.Native).HandshakeAsync();

        var answer = await plugin.CredentialsAsync(Feeds.App);

        Assert.Equal("Success", (string?)answer["ResponseCode"]);
        Assert.InRange(plugin.Spoken.Count(message => (string?)message["Type"] == "Progress"), 2, 9);
    }

    private static async Task Warns(string code, string[] words, Action<Sandbox> prepare, TimeSpan? within = null)
    {
        Artifacts.Require(Artifacts.Native, "the native program");
        await using var sandbox = await Sandbox.StartAsync();
        prepare(sandbox);
        await using var plugin = await PluginProcess.Start(sandbox, Artifacts.Native).HandshakeAsync();

        var watch = Stopwatch.StartNew();
        var answer = await plugin.CredentialsAsync(Feeds.App);
        watch.Stop();
        var again = await plugin.CredentialsAsync(Feeds.App);

        Assert.Equal("Error", (string?)answer["ResponseCode"]);
        Assert.Equal("Error", (string?)again["ResponseCode"]);
        var warning = Assert.Single(plugin.Warnings);
        Assert.StartsWith($"{code}: no token for domain contoso (111122223333, us-east-1): ", warning, StringComparison.Ordinal);
        Assert.All(words, word => Assert.Contains(word, warning, StringComparison.Ordinal));
        Assert.True(watch.Elapsed < (within ?? TimeSpan.FromSeconds(20)), $"took {watch.Elapsed}");
        await plugin.CloseAsync();
    }

    private static string CacheFile(Sandbox sandbox) => Assert.Single(Directory.GetFiles(sandbox.Cache, "*.json"));

    private static void MakeCacheOld(Sandbox sandbox, TimeSpan obtained, TimeSpan expires)
    {
        var file = System.Text.Json.Nodes.JsonNode.Parse(File.ReadAllText(CacheFile(sandbox)))!;
        file["Obtained"] = (DateTimeOffset.UtcNow + obtained).ToUnixTimeMilliseconds();
        file["Expires"] = (DateTimeOffset.UtcNow + expires).ToUnixTimeMilliseconds();
        // Written in place: the file keeps its mode.
        File.WriteAllText(CacheFile(sandbox), file.ToJsonString());
    }

    private static async Task EventuallyAsync(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!condition())
            await Task.Delay(20, limit.Token);
    }
}
