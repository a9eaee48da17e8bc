using LocalAws;

namespace CredentialProvider.EndToEndTests.Credentials;

/// <summary>Which session, source identity, tags and program CloudTrail shows, as the audit log of the simulated AWS does.</summary>
public sealed class Attribution
{
    private const string Builder = "arn:aws:iam::111122223333:role/BuildAgentRole";

    private static readonly string[] MayAttribute = ["sts:SetSourceIdentity", "sts:TagSession"];

    [Fact]
    public async Task A_session_is_named_after_host_and_job()
    {
        await using var sandbox = await StartAsync();
        sandbox.Variables["GITHUB_RUN_ID"] = "7654321";

        Assert.StartsWith("nuget-github-7654321@", (await GetTokenAsync(sandbox)).Name, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_job_is_in_session_name_source_identity_and_tags()
    {
        await using var sandbox = await StartAsync();
        sandbox.Variables["GITHUB_RUN_ID"] = "7654321";
        sandbox.Variables["GITHUB_ACTOR"] = "alice";
        sandbox.Variables["GITHUB_REPOSITORY"] = "contoso/app";
        sandbox.Write("home/.config/codeartifact.json", """
            { "defaults": { "sessionName": "ci-${GITHUB_RUN_ID}", "sourceIdentity": "${GITHUB_ACTOR}",
              "tags": { "repository": "${GITHUB_REPOSITORY}", "team": { "value": "payments", "transitive": true } } } }
            """);

        var session = await GetTokenAsync(sandbox);

        Assert.Equal(("ci-7654321", "alice"), (session.Name, session.SourceIdentity));
        Assert.Equal(new Dictionary<string, string> { ["repository"] = "contoso/app", ["team"] = "payments" }, session.Tags);
    }

    [Fact]
    public async Task A_source_identity_and_transitive_tags_stay_for_the_whole_chain()
    {
        await using var sandbox = await StartAsync();
        var tools = Add(sandbox, "Tools", Builder);
        var last = Add(sandbox, "Last", tools.Arn);
        sandbox.Variables["CODEARTIFACT_SOURCE_IDENTITY"] = "alice";
        sandbox.Variables.Remove("CODEARTIFACT_ROLE_ARN");
        sandbox.Write("home/.config/codeartifact.json", $$"""
            { "defaults": { "roles": [
                { "arn": "{{tools.Arn}}", "tags": { "job": { "value": "42", "transitive": true }, "hop": "1" } }, "{{last.Arn}}" ] } }
            """);

        var session = await GetTokenAsync(sandbox);

        Assert.Equal("alice", session.SourceIdentity);
        Assert.Equal(new Dictionary<string, string> { ["job"] = "42" }, session.Tags);
    }

    [Fact]
    public async Task A_role_of_an_AWS_profile_has_them_too()
    {
        await using var sandbox = await StartAsync();
        sandbox.Variables["CODEARTIFACT_SESSION_NAME"] = "ci/${GITHUB_RUN_ID}";
        sandbox.Variables["GITHUB_RUN_ID"] = "42";
        sandbox.Variables["CODEARTIFACT_SOURCE_IDENTITY"] = "alice";
        var role = sandbox.Variables["CODEARTIFACT_ROLE_ARN"];
        sandbox.Variables.Remove("CODEARTIFACT_ROLE_ARN");
        sandbox.Write("home/.aws/config", $"[default]\nrole_arn = {role}\nrole_session_name = of-the-profile\ncredential_source = Ec2InstanceMetadata\n");

        var session = await GetTokenAsync(sandbox);

        Assert.Equal(("ci_42", "alice"), (session.Name, session.SourceIdentity));
    }

    [Theory]
    [InlineData("sts:SetSourceIdentity", "--source-identity")]
    [InlineData("sts:TagSession", "--tags team")]
    public async Task What_the_trust_policy_lacks_is_named(string action, string option)
    {
        await using var sandbox = await StartAsync([.. MayAttribute.Where(other => other != action)]);
        sandbox.Write("home/.config/codeartifact.json", """{ "defaults": { "sourceIdentity": "alice", "tags": { "team": "payments" } } }""");
        await using var plugin = await PluginProcess.Start(sandbox, Artifacts.Native).InitializeAsync();

        await plugin.GetCredentialsAsync(Feeds.App);

        var warning = Assert.Single(plugin.Warnings);
        Assert.Contains($"allow {action} ", warning, StringComparison.Ordinal);
        var command = $"policy contoso/app --owner 111122223333 --region us-east-1 {option}";
        Assert.Contains(command, warning, StringComparison.Ordinal);
        Assert.Contains(action, (await sandbox.RunAsync(Artifacts.Native, sandbox.Home, command.Split(' '))).Succeeded().Output, StringComparison.Ordinal);
        Assert.Contains($"fix: allow {action} ", (await sandbox.RunAsync(Artifacts.Native, sandbox.Home, "doctor", Feeds.App)).Failed().Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_jobs_with_names_of_their_own_never_share_a_token()
    {
        await using var sandbox = await StartAsync();
        sandbox.Variables["CODEARTIFACT_SESSION_NAME"] = "ci-${CI_JOB_ID}";
        foreach (var job in new[] { "1", "2", "1" })
        {
            sandbox.Variables["CI_JOB_ID"] = job;
            await GetTokenAsync(sandbox);
        }

        Assert.Equal(["ci-1", "ci-2"], sandbox.Aws.Audit.Entries.Where(entry => entry.Operation == "GetAuthorizationToken").Select(entry => entry.Session!.Name));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("team-payments")]
    public async Task Every_call_names_the_program_its_version_and_the_users_application(string? application)
    {
        await using var sandbox = await StartAsync();
        if (application is not null)
            sandbox.Variables["AWS_SDK_UA_APP_ID"] = application;

        await GetTokenAsync(sandbox);

        var calls = sandbox.Aws.Audit.Entries.Where(entry => entry.Service is "sts" or "codeartifact").ToList();
        Assert.Equal(["AssumeRole", "GetAuthorizationToken"], calls.Select(call => call.Operation));
        Assert.All(calls, call => Assert.Matches(@"^nuget-plugin-codeartifact/\d+\.\d+\.\d+ ", call.UserAgent));
        Assert.All(calls, call => Assert.Equal(application is not null, call.UserAgent.Contains($" app/{application}", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task An_application_in_the_profile_is_named()
    {
        await using var sandbox = await StartAsync();
        sandbox.Write("home/.aws/config", "[default]\nsdk_ua_app_id = from-the-profile\n");

        await GetTokenAsync(sandbox);

        Assert.All(sandbox.Aws.Audit.Entries.Where(entry => entry.Service is "sts" or "codeartifact"),
            call => Assert.Contains(" app/from-the-profile", call.UserAgent, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Doctor_shows_what_is_sent()
    {
        await using var sandbox = await StartAsync();
        sandbox.Variables["CODEARTIFACT_SESSION_NAME"] = "feature/a";

        var report = (await sandbox.RunAsync(Artifacts.Native, sandbox.Home, "doctor", Feeds.App)).Succeeded().Output;

        Assert.Contains("sessionName feature_a from CODEARTIFACT_SESSION_NAME", report, StringComparison.Ordinal);
        Assert.Contains("sessionName 'feature/a' is sent as 'feature_a'", report, StringComparison.Ordinal);
        Assert.Contains("assumed-role/Reader/feature_a", report, StringComparison.Ordinal);
        Assert.All(sandbox.Aws.Audit.Entries.Where(entry => entry.Service != "metadata"),
            call => Assert.StartsWith("nuget-plugin-codeartifact/", call.UserAgent, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Doctor_assumes_a_chain_as_a_restore_does_and_says_if_there_is_no_role_to_tag()
    {
        await using var sandbox = await StartAsync();
        sandbox.Variables["CODEARTIFACT_SOURCE_IDENTITY"] = "alice";

        var report = (await sandbox.RunAsync(Artifacts.Native, sandbox.Home, "doctor", Feeds.App)).Succeeded().Output;

        Assert.DoesNotContain("have no effect", report, StringComparison.Ordinal);
        Assert.All(sandbox.Aws.Audit.Entries.Where(entry => entry.Operation == "AssumeRole"), entry => Assert.Equal("alice", entry.Session!.SourceIdentity));
        sandbox.Variables.Remove("CODEARTIFACT_ROLE_ARN");
        Assert.Contains("sourceIdentity and tags have no effect", (await sandbox.RunAsync(Artifacts.Native, sandbox.Home, "doctor", Feeds.App)).Succeeded().Output, StringComparison.Ordinal);
    }

    /// <summary>A build agent that assumes the role Reader.</summary>
    /// <param name="allowed">What Reader's trust policy allows besides sts:AssumeRole.</param>
    private static async Task<Sandbox> StartAsync(string[]? allowed = null)
    {
        var sandbox = await Sandbox.StartAsync();
        sandbox.PutNativeOnPath();
        foreach (var action in MayAttribute.Append("sts:AssumeRole"))
            sandbox.Aws.World.InstanceRole!.Policy.Add(new Statement(action));
        sandbox.Variables["CODEARTIFACT_ROLE_ARN"] = Add(sandbox, "Reader", Builder, allowed).Arn;
        return sandbox;
    }

    private static Role Add(Sandbox sandbox, string name, string by, string[]? allowed = null) => sandbox.Aws.World.AddRole(name,
        [.. World.ReadPolicy(), .. MayAttribute.Append("sts:AssumeRole").Select(action => new Statement(action))], World.Account,
        new Trust(by, null, allowed ?? MayAttribute));

    /// <returns>The session that asked for the token.</returns>
    private static async Task<RoleSession> GetTokenAsync(Sandbox sandbox)
    {
        await using var plugin = await PluginProcess.Start(sandbox, Artifacts.Native).InitializeAsync();
        var answer = await plugin.GetCredentialsAsync(Feeds.App);
        Assert.Empty(plugin.Warnings);
        Assert.Equal("Success", (string?)answer["ResponseCode"]);
        await plugin.CloseAsync();
        return sandbox.Aws.Audit.Entries.Last(entry => entry.Operation == "GetAuthorizationToken").Session!;
    }
}
