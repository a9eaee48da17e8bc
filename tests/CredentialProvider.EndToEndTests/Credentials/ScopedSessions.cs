using System.Text.Json.Nodes;
using LocalAws;

namespace CredentialProvider.EndToEndTests.Credentials;

/// <summary><c>"scope"</c> in a rule: the role may do more, the session is limited to the feed's repository.</summary>
public sealed class ScopedSessions
{
    private const string Role = "arn:aws:iam::111122223333:role/Teams";

    [Fact]
    public async Task Two_feeds_with_one_role_get_tokens_that_allow_their_own_repository_alone()
    {
        await using var sandbox = await StartAsync("true");
        sandbox.PutNativeOnPath();
        foreach (var feed in new[] { Feeds.App, Feeds.Shared })
            (await sandbox.RunAsync(Artifacts.Native, sandbox.Home, "token", feed)).Succeeded();

        var sessions = sandbox.Aws.Audit.Entries.Where(entry => entry.Operation == "GetAuthorizationToken").Select(entry => entry.Session!).ToList();

        Assert.Equal(2, sessions.Count);
        foreach (var (session, feed) in sessions.Zip([Feeds.App, Feeds.Shared]))
        {
            var printed = (await sandbox.RunAsync(Artifacts.Native, sandbox.Home, "policy", feed)).Succeeded().Output;
            Assert.True(JsonNode.DeepEquals(JsonNode.Parse(printed), JsonNode.Parse(session.Policy!)), session.Policy);
        }

        Assert.NotEqual(sessions[0].Policy, sessions[1].Policy);
        Assert.Empty((await sandbox.RestoreAsync(sandbox.WriteSimpleProject(), "Contoso.App.Client/1.0.0")).Succeeded().Output);
    }

    [Fact]
    public async Task A_token_of_one_repository_is_refused_by_another()
    {
        await using var sandbox = await StartAsync("true");
        var token = (await sandbox.RunAsync(Artifacts.Native, sandbox.Home, "token", Feeds.App)).Succeeded().Output.Trim();
        sandbox.Variables["CODEARTIFACT_AUTH_TOKEN"] = token;

        var report = await sandbox.RunAsync(Artifacts.Native, sandbox.Home, "doctor", Feeds.Shared);

        Assert.Contains("because no session policy allows the codeartifact:ReadFromRepository action", report.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("true", false)]
    [InlineData("\"publish\"", true)]
    [InlineData("false", true)]
    public async Task Publishing_needs_a_scope_that_allows_it(string scope, bool mayPublish)
    {
        await using var sandbox = await StartAsync(scope);
        sandbox.PutNativeOnPath();
        var project = sandbox.WriteSimpleProject();
        await File.WriteAllBytesAsync(Path.Combine(project, "new.nupkg"), Package.Create("Contoso.New", "0.1.0").Content, TestContext.Current.CancellationToken);

        var push = await sandbox.DotnetAsync(project, "nuget", "push", "new.nupkg", "--source", "app", "--api-key", "unused");

        Assert.Equal(mayPublish, push.ExitCode == 0);
        if (!mayPublish)
            Assert.Contains("403", push.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_role_the_scope_is_an_error_and_no_token_is_given()
    {
        await using var sandbox = await Sandbox.StartAsync();
        sandbox.Write("home/.config/codeartifact.json", """{ "defaults": { "scope": true } }""");
        await using var plugin = await PluginProcess.Start(sandbox, Artifacts.Native).InitializeAsync();

        Assert.Equal("Error", (string?)(await plugin.GetCredentialsAsync(Feeds.App))["ResponseCode"]);

        Assert.Contains("scope limits the session of a role, but no role is assumed: the credentials are those of instance role; add a role",
            Assert.Single(plugin.Warnings), StringComparison.Ordinal);
        Assert.Equal(0, sandbox.Aws.Audit.Count("codeartifact"));
    }

    [Fact]
    public async Task A_web_identity_is_limited_as_well()
    {
        await using var sandbox = await Sandbox.StartAsync();
        sandbox.PrintsTokens = true;
        sandbox.Aws.World.Roles[Role] = new Role(Role) { Policy = World.ReadPolicy(), WebIdentityToken = "jwt" };
        sandbox.Variables["AWS_WEB_IDENTITY_TOKEN_FILE"] = sandbox.Write("token", "jwt");
        sandbox.Variables["AWS_ROLE_ARN"] = Role;
        sandbox.Write("home/.config/codeartifact.json", """{ "defaults": { "scope": true } }""");

        (await sandbox.RunAsync(Artifacts.Native, sandbox.Home, "token", Feeds.App)).Succeeded();

        Assert.Contains("/contoso/app\"", sandbox.Aws.Audit.Entries.Last(entry => entry.Operation == "GetAuthorizationToken").Session!.Policy, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cache_list_and_the_log_say_what_a_token_is_for()
    {
        await using var sandbox = await StartAsync("true");
        (await sandbox.RunAsync(Artifacts.Native, sandbox.Home, "token", Feeds.App)).Succeeded();

        Assert.Contains($"{Role} (for reading from contoso/app)", (await sandbox.RunAsync(Artifacts.Native, sandbox.Home, "cache", "list")).Succeeded().Output, StringComparison.Ordinal);
    }

    private static async Task<Sandbox> StartAsync(string scope)
    {
        var sandbox = await Sandbox.StartAsync();
        sandbox.PrintsTokens = true;
        sandbox.Aws.World.InstanceRole!.Policy.Add(new Statement("sts:AssumeRole"));
        sandbox.Aws.World.AddRole("Teams", World.ReadPolicy(), World.Account, new Trust("arn:aws:iam::111122223333:role/BuildAgentRole"));
        sandbox.Write("home/.config/codeartifact.json", $$"""
            { "rules": [ { "domain": "contoso", "roles": ["{{Role}}"], "scope": {{scope}} } ] }
            """);
        return sandbox;
    }
}
