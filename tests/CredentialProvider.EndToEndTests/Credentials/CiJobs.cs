using System.Text.Json.Nodes;
using LocalAws;

namespace CredentialProvider.EndToEndTests.Credentials;

/// <summary>Jobs of CI systems without AWS credentials: CODEARTIFACT_WEB_IDENTITY turns their OIDC token into a role.</summary>
[Trait("Category", "Slow")]
public sealed class CiJobs
{
    private const string Connection = "6c1f4c52-0000-4000-8000-000000000000";

    public static TheoryData<string, string> Systems
    {
        get
        {
            var rows = new TheoryData<string, string>();
            foreach (var build in new[] { Artifacts.Native, Artifacts.NetCore })
            {
                foreach (var system in new[] { "github", "azure-pipelines", $"azure-pipelines:{Connection}", "buildkite", "env:ID_TOKEN", "file:" })
                    rows.Add(build, system);
            }

            return rows;
        }
    }

    [Theory]
    [MemberData(nameof(Systems))]
    public async Task Restore_with_their_own_identity(string build, string system)
    {
        Artifacts.Require(build, build);
        await using var sandbox = await Sandbox.StartAsync();
        var job = StartJob(sandbox, system);
        await using var plugin = await PluginProcess.Start(sandbox, build).InitializeAsync();

        var answer = await plugin.GetCredentialsAsync(Feeds.App);

        Assert.Empty(plugin.Warnings);
        Assert.Equal("Pipeline", sandbox.Aws.World.Tokens[(string)answer["Password"]!].Caller.Role.Name);
        Assert.Equal($"arn:aws:iam::111122223333:role/Pipeline for {job.Subject} of {job.Issuer}, audience {(job.Issuer == CiJob.Azure ? CiJob.AzureAudience : "sts.amazonaws.com")}",
            Assert.Single(sandbox.Aws.Audit.Entries, entry => entry.Service == "sts").Detail);
        Assert.Equal(0, sandbox.Aws.Audit.Count("metadata"));
        await plugin.CloseAsync();
        if (build != Artifacts.Native)
            return;
        sandbox.PutNativeOnPath();
        Assert.Empty((await sandbox.RestoreAsync(sandbox.WriteSimpleProject(), "Contoso.App.Client/1.0.0")).Succeeded().Output);
        // The restore used the token that the first process of the job cached.
        Assert.Equal(1, sandbox.Aws.Audit.Count("codeartifact", "GetAuthorizationToken"));
    }

    [Fact]
    public async Task On_GitHub_restore_with_its_two_variables_and_a_role_alone()
    {
        Artifacts.RequireNative();
        await using var sandbox = await Sandbox.StartAsync();
        StartJob(sandbox, "github");
        sandbox.PutNativeOnPath();

        (await sandbox.DotnetAsync(sandbox.WriteSimpleProject(), "restore", "-warnaserror")).Succeeded();

        Assert.True(sandbox.HasPackage("Contoso.App.Client"));
        Assert.Equal((1, 1, 1), (sandbox.Aws.Audit.Count("ci"), sandbox.Aws.Audit.Count("sts"), sandbox.Aws.Audit.Count("codeartifact")));
    }

    [Theory]
    [InlineData("github")]
    [InlineData("azure-pipelines")]
    public async Task Have_their_identity_with_the_NET_Framework_build(string system)
    {
        Artifacts.Require("/usr/bin/mono", "mono");
        await using var sandbox = await Sandbox.StartAsync();
        StartJob(sandbox, system);
        (await sandbox.RunAsync("/usr/bin/cert-sync", sandbox.Home, "--user", sandbox.Aws.CaFile)).Succeeded();

        (await sandbox.RunAsync("/usr/bin/mono", sandbox.Home, Artifacts.NetFx, "warm", Feeds.App)).Succeeded();

        Assert.Equal("Pipeline", Assert.Single(sandbox.Aws.World.Tokens.Values).Caller.Role.Name);
    }

    [Fact]
    public async Task Assume_further_roles_from_the_first()
    {
        Artifacts.RequireNative();
        await using var sandbox = await Sandbox.StartAsync();
        StartJob(sandbox, "github");
        var pipeline = sandbox.Aws.World.Roles["arn:aws:iam::111122223333:role/Pipeline"];
        pipeline.Policy.Add(new Statement("sts:AssumeRole"));
        var reader = sandbox.Aws.World.AddRole("DomainReader", World.ReadPolicy(), "444455556666", new Trust(pipeline.Arn, "42"));
        sandbox.Variables["CODEARTIFACT_ROLE_ARN"] = $"{pipeline.Arn}, {reader.Arn}";
        sandbox.Variables["CODEARTIFACT_EXTERNAL_ID"] = "42";
        sandbox.WriteConfig("client", ("contoso", Feeds.App));

        var doctor = await sandbox.RunAsync(Artifacts.Native, sandbox.Folder("client"), "doctor");

        Assert.Matches(@"ok    credentials         web identity \(github\) -> arn:aws:iam::111122223333:role/Pipeline", doctor.Output);
        Assert.Matches("ok    role                assumed arn:aws:iam::444455556666:role/DomainReader", doctor.Output);
        Assert.All(sandbox.Aws.World.Tokens.Values, token => Assert.Equal("DomainReader", token.Caller.Role.Name));
    }

    [Fact]
    public async Task Are_shown_by_CloudTrail_with_session_name_source_identity_and_tags()
    {
        await using var sandbox = await Sandbox.StartAsync();
        StartJob(sandbox, "github");
        sandbox.PutNativeOnPath();
        var pipeline = sandbox.Aws.World.Roles["arn:aws:iam::111122223333:role/Pipeline"];
        foreach (var action in new[] { "sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession" })
            pipeline.Policy.Add(new Statement(action));
        var reader = sandbox.Aws.World.AddRole("DomainReader", World.ReadPolicy(), "444455556666", new Trust(pipeline.Arn, null, "sts:SetSourceIdentity", "sts:TagSession"));
        sandbox.Variables.Remove("CODEARTIFACT_ROLE_ARN");
        (sandbox.Variables["GITHUB_RUN_ID"], sandbox.Variables["GITHUB_ACTOR"], sandbox.Variables["GITHUB_REPOSITORY"]) = ("7654321", "alice", "contoso/app");
        sandbox.Write("home/.config/codeartifact.json", $$"""
            { "rules": [ { "domain": "contoso", "roles": ["{{pipeline.Arn}}", "{{reader.Arn}}"], "scope": true, "sessionName": "run-${GITHUB_RUN_ID}",
              "sourceIdentity": "${GITHUB_ACTOR}", "tags": { "repository": "${GITHUB_REPOSITORY}" } } ] }
            """);

        Assert.Empty((await sandbox.RestoreAsync(sandbox.WriteSimpleProject(), "Contoso.App.Client/1.0.0")).Succeeded().Output);

        var call = Assert.Single(sandbox.Aws.Audit.Entries, entry => entry.Operation == "GetAuthorizationToken");
        Assert.EndsWith(" as arn:aws:sts::444455556666:assumed-role/DomainReader/run-7654321", call.Detail, StringComparison.Ordinal);
        Assert.Equal(("run-7654321", "alice"), (call.Session!.Name, call.Session.SourceIdentity));
        Assert.Equal(new Dictionary<string, string> { ["repository"] = "contoso/app" }, call.Session.Tags);
        Assert.Contains("repository/contoso/app\"", call.Session.Policy, StringComparison.Ordinal);
        Assert.Equal("run-7654321", Assert.Single(sandbox.Aws.Audit.Entries, entry => entry.Operation == "AssumeRoleWithWebIdentity").Session!.Name);
    }

    /// <summary>A misconfiguration, its error code, and parts of the message that <c>doctor</c> and the plugin both have.</summary>
    private static readonly Dictionary<string, (string System, Action<Sandbox> Plant, string Code, string[] Texts)> Failures = new()
    {
        ["the job lacks id-token: write"] = ("github", s => s.Variables.Remove("ACTIONS_ID_TOKEN_REQUEST_TOKEN"), "CACP1004", ["'permissions: id-token: write'"]),
        ["the request token is not GitHub's"] = ("github", s => s.Variables["ACTIONS_ID_TOKEN_REQUEST_TOKEN"] = "of-a-job-that-has-ended", "CACP1004",
            ["issued no ID token: HTTP 401: TF400813: not authorized (Bearer ***)"]),
        ["the issuer is not reachable"] = ("github", s => s.Variables["ACTIONS_ID_TOKEN_REQUEST_URL"] = "https://ci.example/", "CACP1007", ["https://ci.example cannot be reached"]),
        ["the step does not map the access token"] = ("azure-pipelines", s => s.Variables.Remove("SYSTEM_ACCESSTOKEN"), "CACP1004", ["map SYSTEM_ACCESSTOKEN to $(System.AccessToken)"]),
        ["the service connection is another"] = ("azure-pipelines", s => s.Variables["CODEARTIFACT_WEB_IDENTITY"] = "azure-pipelines:other", "CACP1009",
            ["subject 'sc://contoso/app/other'"]),
        ["buildkite-agent is not on PATH"] = ("buildkite", s => s.Variables["PATH"] = "bin:/usr/bin:/bin", "CACP1004", ["buildkite-agent is not on PATH"]),
        ["buildkite-agent fails"] = ("buildkite", s => s.Variables["BUILDKITE_AGENT_ACCESS_TOKEN"] = "of-another-agent", "CACP1004",
            ["buildkite-agent returned no OIDC token: it exited with code 1: curl: (22)"]),
        ["the variable is not set"] = ("env:ID_TOKEN", s => s.Variables.Remove("ID_TOKEN"), "CACP1004", ["ID_TOKEN is not set", "GitLab: declare ID_TOKEN under id_tokens"]),
        ["the file is a FIFO"] = ("file:", s => s.Variables["CODEARTIFACT_WEB_IDENTITY"] = $"file:{MakeFifo(s)}", "CACP1004", ["is not a regular file"]),
        ["AWS's file is a FIFO"] = ("env:ID_TOKEN", s =>
        {
            s.Variables.Remove("CODEARTIFACT_WEB_IDENTITY");
            (s.Variables["AWS_WEB_IDENTITY_TOKEN_FILE"], s.Variables["AWS_ROLE_ARN"]) = (MakeFifo(s), s.Variables["CODEARTIFACT_ROLE_ARN"]);
            s.Variables.Remove("CODEARTIFACT_ROLE_ARN");
        }, "CACP1004", ["(AWS_WEB_IDENTITY_TOKEN_FILE) is not a regular file"]),
        ["IAM does not list the audience"] = ("github", s => s.Aws.World.IdentityProviders[CiJob.GitHub] = ["api://other"], "CACP1009",
            ["Incorrect token audience", "add the audience 'sts.amazonaws.com' to the IAM identity provider for https://token.actions.githubusercontent.com in account 111122223333"]),
        ["the audience is another"] = ("buildkite", s => s.Variables["CODEARTIFACT_WEB_IDENTITY_AUDIENCE"] = "sts.amazon.com", "CACP1009",
            ["Incorrect token audience", "'sts.amazon.com'", "CODEARTIFACT_WEB_IDENTITY_AUDIENCE"]),
        ["IAM does not know the issuer"] = ("github", s => s.Aws.World.IdentityProviders.Clear(), "CACP1009",
            ["No OpenIDConnect provider found", "create an IAM identity provider for https://token.actions.githubusercontent.com with the audience 'sts.amazonaws.com'"]),
        ["the role does not trust the subject"] = ("github", s => s.Aws.World.Roles["arn:aws:iam::111122223333:role/Pipeline"].WebIdentityTrusts[0] =
            new WebIdentityTrust(CiJob.GitHub, "repo:contoso/app:ref:refs/heads/release"), "CACP1009",
            ["subject 'repo:contoso/app:ref:refs/heads/main'", "allow sts:AssumeRoleWithWebIdentity for this subject", "policy contoso/app --owner 111122223333 --region us-east-1 --oidc "]),
        ["the job's token has expired"] = ("env:ID_TOKEN", s => s.Aws.Faults.ClockSkew = TimeSpan.FromMinutes(4), "CACP1009",
            ["Token expired", "the token in ID_TOKEN is valid for 3 minutes"]),
        ["no role is set"] = ("github", s => s.Variables.Remove("CODEARTIFACT_ROLE_ARN"), "CACP1012", ["this feed has no role", "set CODEARTIFACT_ROLE_ARN"]),
        ["a profile is set too"] = ("github", s => s.Variables["CODEARTIFACT_PROFILE"] = "build", "CACP1012", ["AWS profile 'build'", "unset one of them"]),
    };

    public static TheoryData<string> Names => [.. Failures.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task That_cannot_use_their_identity_learn_why(string name)
    {
        Artifacts.RequireNative();
        var (system, plant, code, texts) = Failures[name];
        await using var sandbox = await Sandbox.StartAsync();
        StartJob(sandbox, system);
        plant(sandbox);
        await using var plugin = await PluginProcess.Start(sandbox, Artifacts.Native).InitializeAsync();

        await plugin.GetCredentialsAsync(Feeds.App);

        var warning = Assert.Single(plugin.Warnings);
        Assert.StartsWith($"{code}: no token for domain contoso", warning, StringComparison.Ordinal);
        Assert.All(texts, text => Assert.Contains(text, warning, StringComparison.Ordinal));
        Assert.Equal(0, sandbox.Aws.Audit.Count("codeartifact"));
        Assert.Equal(0, sandbox.Aws.Audit.Count("metadata"));
        await plugin.CloseAsync();
        sandbox.WriteConfig("client", ("contoso", Feeds.App));
        var report = (await sandbox.RunAsync(Artifacts.Native, sandbox.Folder("client"), "doctor", "--json")).Failed().Output;
        var failure = Assert.Single(JsonNode.Parse(report[..(report.LastIndexOf(']') + 1)])!.AsArray(),
            finding => ((string?)finding!["check"], (string?)finding["outcome"]) == ("credentials", "fail"))!;
        Assert.Equal(code, (string?)failure["code"]);
        Assert.All(texts, text => Assert.Contains(text, $"{failure["text"]} {failure["fix"]}", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Request_a_new_OIDC_token_for_each_session()
    {
        Artifacts.RequireNative();
        await using var sandbox = await Sandbox.StartAsync();
        StartJob(sandbox, "github");
        await using var plugin = await PluginProcess.Start(sandbox, Artifacts.Native).InitializeAsync();
        Assert.Equal("Success", (string?)(await plugin.GetCredentialsAsync(Feeds.App))["ResponseCode"]);

        // Longer than an OIDC token, a role session or a CodeArtifact token lives.
        sandbox.Aws.World.ExpireAllCredentials();
        sandbox.Aws.World.RevokeAllTokens();
        var again = await plugin.GetCredentialsAsync(Feeds.App, isRetry: true);

        Assert.Empty(plugin.Warnings);
        Assert.Equal("Success", (string?)again["ResponseCode"]);
        Assert.Equal((2, 2), (sandbox.Aws.Audit.Count("ci"), sandbox.Aws.Audit.Count("sts")));
        await plugin.CloseAsync();
    }

    [Fact]
    public async Task Ask_again_after_a_failure_of_the_issuer_that_passes()
    {
        Artifacts.RequireNative();
        await using var sandbox = await Sandbox.StartAsync();
        StartJob(sandbox, "github");
        sandbox.Aws.Faults.Add(new Fault("ci", Times: 1) { Status = 503 });
        await using var plugin = await PluginProcess.Start(sandbox, Artifacts.Native).InitializeAsync();

        Assert.Equal("Success", (string?)(await plugin.GetCredentialsAsync(Feeds.App))["ResponseCode"]);

        Assert.Equal(2, sandbox.Aws.Audit.Count("ci"));
        await plugin.CloseAsync();
    }

    /// <summary>A self-hosted runner runs all jobs as one user, with one cache folder.</summary>
    [Theory]
    [InlineData("github")]
    [InlineData("azure-pipelines")]
    [InlineData("buildkite")]
    [InlineData("env:ID_TOKEN")]
    public async Task Never_share_a_token_with_another_job(string system)
    {
        Artifacts.RequireNative();
        await using var sandbox = await Sandbox.StartAsync();
        for (var i = 1; i <= 2; i++)
        {
            StartJob(sandbox, system);
            (await sandbox.RunAsync(Artifacts.Native, sandbox.Home, "warm", Feeds.App)).Succeeded();
            (await sandbox.RunAsync(Artifacts.Native, sandbox.Home, "warm", Feeds.App)).Succeeded();
            Assert.Equal(i, sandbox.Aws.Audit.Count("codeartifact", "GetAuthorizationToken"));
        }
    }

    /// <summary>The sandbox searches all output and files for the secrets of the job.</summary>
    [Theory]
    [InlineData("github")]
    [InlineData("azure-pipelines")]
    [InlineData("buildkite")]
    [InlineData("env:ID_TOKEN")]
    public async Task Leave_their_secrets_nowhere(string system)
    {
        Artifacts.RequireNative();
        await using var sandbox = await Sandbox.StartAsync();
        StartJob(sandbox, system);
        sandbox.PutNativeOnPath();
        sandbox.Variables["CODEARTIFACT_LOG_FILE"] = Path.Combine(sandbox.Home, "plugin.log");
        var client = sandbox.WriteSimpleProject();
        Assert.Empty((await sandbox.RestoreAsync(client, "Contoso.App.Client/1.0.0")).Succeeded().Output);
        foreach (var command in new[] { "doctor", "doctor --json", "cache list --json", "diagnose" })
            (await sandbox.RunAsync(Artifacts.Native, client, command.Split(' '))).Succeeded();

        sandbox.Aws.World.IdentityProviders.Clear();
        sandbox.Variables["CODEARTIFACT_CACHE"] = "off";
        (await sandbox.RunAsync(Artifacts.Native, client, "doctor")).Failed();

        var support = (await sandbox.RunAsync(Artifacts.Native, client, "diagnose")).Succeeded().Output;
        Assert.Contains($"CODEARTIFACT_WEB_IDENTITY = {system}", support, StringComparison.Ordinal);
        Assert.Contains("No OpenIDConnect provider found", support, StringComparison.Ordinal);
        if (system == "github")
            Assert.Contains("ACTIONS_ID_TOKEN_REQUEST_TOKEN = (set, not shown)", support, StringComparison.Ordinal);
        Assert.True(sandbox.Aws.World.CiSecrets.Count() > 1, "no token was issued");
    }

    /// <summary>Starts a job that may assume the role Pipeline, on a machine without a role, and gives it what the CI system does.</summary>
    private static CiJob StartJob(Sandbox sandbox, string system)
    {
        var world = sandbox.Aws.World;
        world.InstanceRole = null;
        var role = world.Roles.GetValueOrDefault("arn:aws:iam::111122223333:role/Pipeline") ?? world.AddRole("Pipeline", World.ReadPolicy());
        var job = system.Split(':')[0] switch
        {
            "azure-pipelines" => world.StartJob(CiJob.Azure, system.Contains(':', StringComparison.Ordinal) ? $"sc://contoso/app/{Connection}" : "p://contoso/app/build", role),
            "buildkite" => world.StartJob(CiJob.Buildkite, "organization:contoso:pipeline:app:ref:refs/heads/main:commit:*:step:*", role),
            _ => world.StartJob(CiJob.GitHub, "repo:contoso/app:ref:refs/heads/main", role, TimeSpan.FromMinutes(3)),
        };
        (sandbox.Variables["CODEARTIFACT_WEB_IDENTITY"], sandbox.Variables["CODEARTIFACT_ROLE_ARN"]) = (system, role.Arn);
        switch (system.Split(':')[0])
        {
            case "github":
                (sandbox.Variables["ACTIONS_ID_TOKEN_REQUEST_URL"], sandbox.Variables["ACTIONS_ID_TOKEN_REQUEST_TOKEN"]) = (job.RequestUrl, job.RequestToken);
                break;
            case "azure-pipelines":
                (sandbox.Variables["SYSTEM_OIDCREQUESTURI"], sandbox.Variables["SYSTEM_ACCESSTOKEN"]) = (job.RequestUrl, job.RequestToken);
                break;
            case "buildkite":
                (sandbox.Variables["BUILDKITE_JOB_ID"], sandbox.Variables["BUILDKITE_AGENT_ACCESS_TOKEN"]) = (job.Id, job.RequestToken);
                PutBuildkiteAgentOnPath(sandbox);
                break;
            case "env":
                sandbox.Variables["ID_TOKEN"] = world.IssueIdToken(job);
                break;
            default:
                sandbox.Variables["CODEARTIFACT_WEB_IDENTITY"] = $"file:{sandbox.Write("id-token", world.IssueIdToken(job) + "\n")}";
                break;
        }

        return job;
    }

    /// <summary>Posts to the agent API as Buildkite's program does, and accepts only the command that its documentation shows.</summary>
    private static void PutBuildkiteAgentOnPath(Sandbox sandbox)
    {
        var agent = sandbox.Write("bin/buildkite-agent", """
            #!/bin/sh
            [ "$1 $2 $3 $#" = "oidc request-token --audience 4" ] || exit 64
            answer=$(curl -fsS -H "Authorization: Token $BUILDKITE_AGENT_ACCESS_TOKEN" --data "{\"audience\":\"$4\"}" \
              "https://agent.buildkite.com/v3/jobs/$BUILDKITE_JOB_ID/oidc/tokens") || exit 1
            printf '%s\n' "$answer" | sed 's/.*"token":"\([^"]*\)".*/\1/'

            """);
        File.SetUnixFileMode(agent, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        sandbox.Variables["PATH"] = $"{Path.GetDirectoryName(agent)}:{sandbox.Variables["PATH"]}";
    }

    private static string MakeFifo(Sandbox sandbox)
    {
        var path = Path.Combine(sandbox.Home, "id-token");
        using var make = System.Diagnostics.Process.Start("mkfifo", path);
        make.WaitForExit();
        return path;
    }
}
