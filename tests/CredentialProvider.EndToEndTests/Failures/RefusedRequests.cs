using LocalAws;

namespace CredentialProvider.EndToEndTests.Failures;

/// <summary>
/// The token is good, but a policy or a host on the way refuses packages. The restore's warning and <c>doctor --package</c> name who refuses and what to
/// change, and the token stays.
/// </summary>
[Trait("Category", "Slow")]
public sealed class RefusedRequests
{
    private const string Bucket = "https://assets-193858265520-us-east-1.s3.us-east-1.amazonaws.com";

    [Fact]
    public Task ReadFromRepository_is_missing() => AreExplained("read",
        "is not authorized to perform: codeartifact:ReadFromRepository on resource: arn:aws:codeartifact:us-east-1:111122223333:repository/contoso/app because no identity-based policy allows",
        "attach the policy printed by: nuget-plugin-codeartifact policy contoso/app",
        aws => aws.World.InstanceRole!.Policy.RemoveAll(statement => statement.Action == "codeartifact:ReadFromRepository"));

    [Theory]
    [InlineData("VPC endpoint policy", false, "allow codeartifact:ReadFromRepository in the policy of the VPC endpoint for codeartifact.repositories")]
    [InlineData("service control policy", true, "remove the deny of codeartifact:ReadFromRepository from its service control policy")]
    [InlineData("resource control policy", true, "remove the deny of codeartifact:ReadFromRepository from its resource control policy")]
    [InlineData("permissions boundary", false, "allow codeartifact:ReadFromRepository in the permissions boundary of the role")]
    [InlineData("session policy", false, "allow codeartifact:ReadFromRepository in the session policy")]
    [InlineData("resource-based policy", true, "aws codeartifact get-repository-permissions-policy --domain contoso --domain-owner 111122223333 --region us-east-1 --repository app")]
    public Task A_policy_around_the_role_refuses_to_read(string policy, bool isExplicit, string fix) => AreExplained("read",
        isExplicit ? $"with an explicit deny in a {policy}" : $"because no {policy} allows the codeartifact:ReadFromRepository action", fix,
        aws => aws.World.InstanceRole!.Guardrails.Add(new Guardrail(policy, "codeartifact:ReadFromRepository", isExplicit)));

    [Theory]
    [InlineData("VPC endpoint policy", false, "allow codeartifact:GetAuthorizationToken in the policy of the VPC endpoint for codeartifact.api")]
    [InlineData("service control policy", true, "remove the deny of codeartifact:GetAuthorizationToken from its service control policy")]
    [InlineData("permissions boundary", true, "remove the deny of codeartifact:GetAuthorizationToken from the permissions boundary of the role")]
    [InlineData("identity-based policy", true, "remove the deny of codeartifact:GetAuthorizationToken from the policies of the caller")]
    public Task A_policy_refuses_the_token(string policy, bool isExplicit, string fix) => AreExplained("token",
        isExplicit ? $"with an explicit deny in a {policy}" : $"because no {policy} allows the codeartifact:GetAuthorizationToken action", fix,
        aws => aws.World.InstanceRole!.Guardrails.Add(new Guardrail(policy, "codeartifact:GetAuthorizationToken", isExplicit)));

    /// <summary>LocalAws has no keys.</summary>
    [Fact]
    public Task The_key_of_the_domain_refuses_the_token() => AreExplained("token",
        "is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:us-east-1:111122223333:key/1234", "allow kms:Decrypt in the policy of the KMS key that encrypts the domain",
        aws => aws.Faults.Add(new Fault("codeartifact", "GetAuthorizationToken")
        {
            Status = 403, ErrorCode = "AccessDeniedException",
            Message = "User: arn:aws:sts::111122223333:assumed-role/BuildAgentRole/i-0123456789abcdef0 is not authorized to perform: kms:Decrypt "
                + "on resource: arn:aws:kms:us-east-1:111122223333:key/1234 because no resource-based policy allows the kms:Decrypt action",
        }));

    [Theory]
    [InlineData("Access Denied", "in a VPC, allow s3:GetObject on arn:aws:s3:::assets-193858265520-us-east-1/* in the policy of the endpoint for s3")]
    [InlineData("User: arn:aws:sts::193858265520:assumed-role/assets/x is not authorized to perform: s3:GetObject on resource: \"arn:aws:s3:::assets\" "
        + "because no VPC endpoint policy allows the s3:GetObject action", "allow s3:GetObject in the policy of the VPC endpoint for s3")]
    public Task S3_refuses_the_download(string message, string fix) =>
        AreExplained("package", $"{Bucket} refuses the package's download: {message}", fix, aws => aws.World.S3Denial = message);

    [Fact]
    public Task A_proxy_refuses_the_download() => AreExplained("package", $"{Bucket} refuses the package's download: <h1>Blocked</h1>",
        "a proxy may have answered: allow assets-193858265520-us-east-1.s3.us-east-1.amazonaws.com in it",
        aws => aws.Faults.Add(new Fault("s3") { Status = 403, Body = "<h1>Blocked</h1>", ContentType = "text/html" }));

    /// <summary>The plugin cannot know which package NuGet was refused.</summary>
    [Fact]
    public async Task One_package_is_refused()
    {
        await using var sandbox = await StartAsync(aws => aws.Faults.Add(new Fault("nuget", "Download")
        {
            Url = "contoso.core", Status = 403, ErrorCode = "AccessDeniedException",
            Message = "User: arn:aws:sts::111122223333:assumed-role/BuildAgentRole/i-0123456789abcdef0 is not authorized to perform: "
                + "codeartifact:ReadFromRepository on resource: package/contoso/app/nuget//contoso.core with an explicit deny in a resource-based policy",
        }));

        var restore = (await RestoreAsync(sandbox)).Failed();
        Assert.Contains("CACP1001: no token for domain contoso (111122223333, us-east-1): the repository accepts the token, but refuses another request, such as the download of one package; "
            + $"look at the package that NuGet names: nuget-plugin-codeartifact doctor {Feeds.App} --package ID", restore.Output, StringComparison.Ordinal);
        await AssertDoctorNamesAsync(sandbox, "package", "with an explicit deny in a resource-based policy", "aws codeartifact get-repository-permissions-policy");
    }

    /// <summary>NuGet asks no plugin then.</summary>
    [Theory]
    [InlineData(".s3.", "package", Bucket)]
    [InlineData(".d.codeartifact.", "read", "https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com")]
    public async Task A_proxy_blocks_a_host(string part, string check, string host)
    {
        await using var sandbox = await StartAsync(aws => aws.Faults.Add(new Fault("proxy", "Connect") { Url = part, Status = 502 }));

        (await RestoreAsync(sandbox)).Failed();
        await AssertDoctorNamesAsync(sandbox, check, $"{host} cannot be reached", "check HTTPS_PROXY and NO_PROXY");
    }

    [Fact]
    public async Task STS_is_blocked_which_no_restore_needs()
    {
        await using var sandbox = await StartAsync(aws => aws.Faults.Add(new Fault("proxy", "Connect") { Url = "sts.", Status = 502 }));

        (await RestoreAsync(sandbox)).Succeeded();
        Assert.Contains("  skip  identity", (await DoctorAsync(sandbox)).Succeeded().Output, StringComparison.Ordinal);
    }

    private static async Task AreExplained(string check, string why, string fix, Action<LocalAwsServer> refuse)
    {
        await using var sandbox = await StartAsync(refuse);

        var restore = (await RestoreAsync(sandbox)).Failed();
        Assert.Contains("CACP1001: no token for domain contoso (111122223333, us-east-1): ", restore.Output, StringComparison.Ordinal);
        Assert.Contains(why, restore.Output, StringComparison.Ordinal);
        Assert.Contains(fix, restore.Output, StringComparison.Ordinal);
        Assert.Equal(1, sandbox.Aws.Audit.Count("codeartifact", "GetAuthorizationToken"));
        await AssertDoctorNamesAsync(sandbox, check, why, fix);
    }

    private static async Task AssertDoctorNamesAsync(Sandbox sandbox, string check, string why, string fix)
    {
        var failure = (await DoctorAsync(sandbox)).Failed().Output;
        var lines = failure.Split('\n');
        var at = Array.FindIndex(lines, line => line.StartsWith("  fail  ", StringComparison.Ordinal));
        Assert.StartsWith($"  fail  {check} ", lines[at], StringComparison.Ordinal);
        Assert.Contains(why, lines[at], StringComparison.Ordinal);
        Assert.Contains(fix, lines[at + 1], StringComparison.Ordinal);
        Assert.Single(lines, line => line.StartsWith("  fail  ", StringComparison.Ordinal));
    }

    private static Task<Outcome> DoctorAsync(Sandbox sandbox) =>
        sandbox.RunAsync(Artifacts.Native, sandbox.Folder("client"), "doctor", "contoso", "--package", "Contoso.Core");

    /// <summary>Each package has to be downloaded.</summary>
    private static Task<Outcome> RestoreAsync(Sandbox sandbox) => sandbox.RestoreAsync(sandbox.Folder("client"), "Contoso.App.Client/1.0.0");

    private static async Task<Sandbox> StartAsync(Action<LocalAwsServer> refuse)
    {
        var sandbox = await Sandbox.StartAsync();
        sandbox.PutNativeOnPath();
        sandbox.WriteConfig("client", ("contoso", Feeds.App));
        refuse(sandbox.Aws);
        return sandbox;
    }
}
