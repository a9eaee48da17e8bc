using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using LocalAws;

namespace CredentialProvider.EndToEndTests.Credentials;

/// <summary>The output of <c>policy</c>, attached to a role of LocalAws: sufficient, minimal, and without any other permission.</summary>
[Trait("Category", "Slow")]
public sealed partial class IamPolicies
{
    private const string Reader = "the role or user that restores", Domain = "domain contoso in account 111122223333",
        Repository = "repository contoso/app in account 111122223333";

    [Fact]
    public async Task The_policy_for_reading_is_sufficient_and_every_statement_is_needed()
    {
        await using var sandbox = await WithSourceAsync();
        var policy = await PrintAsync(sandbox, "policy", "contoso");

        var needed = await NeededAsync(sandbox, policy, ["doctor", "contoso", "--package", "Contoso.Core"]);

        Assert.Equal([("Token", "token"), ("Read", "read"), ("BearerToken", "token")], needed);
    }

    [Fact]
    public async Task The_policy_for_publishing_is_sufficient_and_every_statement_is_needed()
    {
        await using var sandbox = await WithSourceAsync();
        var policy = await PrintAsync(sandbox, "policy", "contoso", "--publish");

        var needed = await NeededAsync(sandbox, policy, ["doctor", "contoso", "--publish", "Contoso.App.Client"]);

        Assert.Equal([("Token", "token"), ("Read", "read"), ("Publish", "publish"), ("BearerToken", "token")], needed);
    }

    [Fact]
    public async Task The_policy_for_reading_a_repository_allows_nothing_else()
    {
        await using var sandbox = await WithSourceAsync();
        var other = sandbox.Aws.World.AddDomain("fabrikam");
        sandbox.Aws.World.Repositories.Add(new Repository(other, "app"));
        Attach(sandbox, await PrintAsync(sandbox, "policy", "contoso"));

        Assert.Equal("read", await FailingAsync(sandbox, "contoso/shared", "--owner", World.Account, "--region", "us-east-1"));
        Assert.Equal("token", await FailingAsync(sandbox, "fabrikam/app", "--owner", World.Account, "--region", "us-east-1"));
        Assert.Equal("publish", await FailingAsync(sandbox, "contoso", "--publish", "Contoso.App.Client"));
        // Neither tokens of other services nor other operations of CodeArtifact.
        Assert.Contains("GetRepositoryEndpoint", (await sandbox.RunAsync(Artifacts.Native, sandbox.Folder("client"),
            "configure", "add", "--domain", "contoso", "--repository", "app", "--region", "us-east-1")).Failed().Output, StringComparison.Ordinal);
        sandbox.Aws.World.InstanceRole!.Policy.ForEach(statement => Assert.DoesNotContain("*", statement.Action, StringComparison.Ordinal));
        Assert.Equal("codeartifact.amazonaws.com", sandbox.Aws.World.InstanceRole!.Policy.Single(statement => statement.Resource == "*").ServiceName);
    }

    [Fact]
    public async Task The_policy_for_several_sources_covers_each_of_them()
    {
        await using var sandbox = await WithSourceAsync();
        Attach(sandbox, await PrintAsync(sandbox, "policy", "contoso", "contoso/shared"));

        (await sandbox.RunAsync(Artifacts.Native, sandbox.Folder("client"), "doctor", "contoso", "contoso/shared")).Succeeded();
    }

    [Theory]
    [InlineData("444455556666")]
    [InlineData("arn:aws:iam::444455556666:role/Visitor")]
    public async Task The_policies_for_a_cross_account_reader_cover_both_accounts_and_each_is_needed(string principal)
    {
        await using var sandbox = await WithSourceAsync();
        var world = sandbox.Aws.World;
        world.InstanceRole = world.AddRole("Visitor", [], "444455556666");
        var policies = await PrintAsync(sandbox, "policy", "contoso", "--publish", "--principal", principal);
        Assert.Equal([Reader, Domain, Repository], policies.AsObject().Select(policy => policy.Key));
        world.InstanceRole.Policy.AddRange(PolicyLanguage.Identity(policies[Reader]!));
        var (domain, repository) = (world.Domains[0], world.Repositories[0]);
        var (domainGrants, repositoryGrants) = (PolicyLanguage.Resource(policies[Domain]!), PolicyLanguage.Resource(policies[Repository]!));

        (world.DomainPolicies[domain], world.RepositoryPolicies[repository]) = ([], []);
        Assert.Equal("token", await FailingAsync(sandbox, "contoso", "--publish", "Contoso.App.Client"));
        world.DomainPolicies[domain] = domainGrants;
        Assert.Equal("read", await FailingAsync(sandbox, "contoso", "--publish", "Contoso.App.Client"));
        world.RepositoryPolicies[repository] = [.. repositoryGrants.Where(grant => grant.Action == "codeartifact:ReadFromRepository")];
        Assert.Equal("publish", await FailingAsync(sandbox, "contoso", "--publish", "Contoso.App.Client"));
        world.RepositoryPolicies[repository] = repositoryGrants;
        (await sandbox.RunAsync(Artifacts.Native, sandbox.Folder("client"), "doctor", "--publish", "Contoso.App.Client")).Succeeded();

        // Other accounts stay locked out.
        world.InstanceRole = world.AddRole("Stranger", [.. world.InstanceRole.Policy], "777788889999");
        Assert.Equal("token", await FailingAsync(sandbox, "contoso"));
    }

    [Fact]
    public async Task Terraform_and_CloudFormation_contain_the_same_documents()
    {
        await using var sandbox = await WithSourceAsync();
        string[] command = ["policy", "contoso", "--publish", "--principal", "444455556666", "--format"];
        var policies = (await PrintAsync(sandbox, [.. command, "json"])).AsObject().Select(policy => policy.Value!.ToJsonString()).ToList();

        var template = await PrintAsync(sandbox, [.. command, "cloudformation"]);
        var terraform = (await sandbox.RunAsync(Artifacts.Native, sandbox.Folder("client"), [.. command, "terraform"])).Succeeded().Output;

        Assert.Equal(["AWS::IAM::ManagedPolicy", "AWS::CodeArtifact::Domain", "AWS::CodeArtifact::Repository"],
            template["Resources"]!.AsObject().Select(resource => (string?)resource.Value!["Type"]));
        Assert.Equal(policies, template["Resources"]!.AsObject().Select(resource =>
            (resource.Value!["Properties"]!["PolicyDocument"] ?? resource.Value["Properties"]!["PermissionsPolicyDocument"])!.ToJsonString()));
        Assert.Equal(policies, Encoded().Matches(terraform).Select(match => JsonNode.Parse(match.Groups[1].Value)!.ToJsonString()));
        Assert.Equal(["aws_iam_policy", "aws_codeartifact_domain_permissions_policy", "aws_codeartifact_repository_permissions_policy"],
            Resources().Matches(terraform).Select(match => match.Groups[1].Value));
    }

    [Theory]
    [InlineData("codeartifact:GetAuthorizationToken")]
    [InlineData("sts:GetServiceBearerToken")]
    public async Task A_build_denied_by_IAM_names_the_policy_command(string action)
    {
        await using var sandbox = await WithSourceAsync();
        sandbox.PutNativeOnPath();
        var role = sandbox.Aws.World.InstanceRole!;
        role.Policy.RemoveAll(statement => statement.Action == action);
        var warning = (await sandbox.RestoreAsync(sandbox.Folder("client"), "Contoso.App.Client/1.0.0")).Failed().Output;
        Assert.Contains($"not authorized to perform: {action}", warning, StringComparison.Ordinal);
        var command = Command().Match(warning).Groups[1].Value;

        Attach(sandbox, await PrintAsync(sandbox, command.Split(' ')));

        Assert.Empty((await sandbox.RestoreAsync(sandbox.Folder("client"), "Contoso.App.Client/1.0.0")).Succeeded().Output);
    }

    private static async Task<Sandbox> WithSourceAsync()
    {
        Artifacts.RequireNative();
        var sandbox = await Sandbox.StartAsync();
        sandbox.PutNativeOnPath();
        sandbox.WriteProject("client", "Contoso.App.Client/1.0.0");
        sandbox.WriteConfig("client", ("contoso", Feeds.App));
        return sandbox;
    }

    private static async Task<JsonNode> PrintAsync(Sandbox sandbox, params string[] command) =>
        JsonNode.Parse((await sandbox.RunAsync(Artifacts.Native, sandbox.Folder("client"), command)).Succeeded().Output)!;

    private static void Attach(Sandbox sandbox, JsonNode policy)
    {
        sandbox.Aws.World.InstanceRole!.Policy.Clear();
        sandbox.Aws.World.InstanceRole.Policy.AddRange(PolicyLanguage.Identity(policy));
    }

    /// <summary>Every statement with the doctor check that fails without it.</summary>
    private static async Task<List<(string Statement, string Check)>> NeededAsync(Sandbox sandbox, JsonNode policy, string[] doctor)
    {
        Attach(sandbox, policy);
        (await sandbox.RunAsync(Artifacts.Native, sandbox.Folder("client"), doctor)).Succeeded();
        var needed = new List<(string, string)>();
        for (var i = 0; i < policy["Statement"]!.AsArray().Count; i++)
        {
            var without = policy.DeepClone();
            without["Statement"]!.AsArray().RemoveAt(i);
            Attach(sandbox, without);
            needed.Add(((string)policy["Statement"]![i]!["Sid"]!, await FailingAsync(sandbox, doctor[1..])));
        }

        return needed;
    }

    private static async Task<string> FailingAsync(Sandbox sandbox, params string[] arguments)
    {
        var report = (await sandbox.RunAsync(Artifacts.Native, sandbox.Folder("client"), ["doctor", "--json", .. arguments])).Failed().Output;
        var findings = JsonNode.Parse(report[..(report.LastIndexOf(']') + 1)])!.AsArray();
        return (string)Assert.Single(findings, finding => (string?)finding!["outcome"] == "fail")!["check"]!;
    }

    [GeneratedRegex(@"jsonencode\((\{.*?\n  \})\)", RegexOptions.Singleline)]
    private static partial Regex Encoded();

    [GeneratedRegex("^resource \"([a-z_]+)\"", RegexOptions.Multiline)]
    private static partial Regex Resources();

    [GeneratedRegex(@"attach the policy printed by: nuget-plugin-codeartifact (policy [^\[\r\n]*?)\s*(?:\[|\r|\n)")]
    private static partial Regex Command();
}
