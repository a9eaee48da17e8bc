using System.Text;
using CredentialProvider.Configuration;
using CredentialProvider.Feeds;
using CsCheck;

namespace CredentialProvider.Tests.Configuration;

/// <summary>Session names, source identities and tags: their variables, what AWS accepts, and whose text wins.</summary>
public sealed class SessionTexts
{
    private const string Reader = "arn:aws:iam::111122223333:role/Reader", Tools = "arn:aws:iam::111122223333:role/Tools";

    private static readonly string Host = Environment.MachineName;

    [Theory]
    [InlineData("ci-${GITHUB_RUN_ID}", "ci-42")]
    [InlineData("${GITHUB_RUN_ID}.${GITHUB_RUN_ID}", "42.42")]
    [InlineData("${CI_JOB_ID}-x", "-x")]
    [InlineData("${GITHUB_REF_NAME}", "feature/a")]
    [InlineData("$GITHUB_RUN_ID {GITHUB_RUN_ID} ${", "$GITHUB_RUN_ID {GITHUB_RUN_ID} ${")]
    [InlineData("", "")]
    public void Contain_the_values_of_variables(string text, string expanded) => Assert.Equal(expanded,
        SessionText.Expand(text, SettingsFromVariables.From(("GITHUB_RUN_ID", "42"), ("GITHUB_REF_NAME", "feature/a"))));

    [Fact]
    public void Contain_user_and_host() => Assert.Equal($"{Environment.UserName}@{Host}", SessionText.Expand("${user}@${host}", SettingsFromVariables.From()));

    [Fact]
    public void Never_contain_a_variable_that_is_not_in_the_list()
    {
        var settings = SettingsFromVariables.From([.. Secrets.Select(name => (name, "s3cret"))]);
        Assert.All(Secrets, name => Assert.DoesNotContain("s3cret", SessionText.Expand($"${{{name}}}", settings), StringComparison.Ordinal));
        Assert.All(Secrets, name => Assert.Equal(name, SessionText.FindUnknownVariable($"x${{host}}${{{name}}}")));
    }

    private static string[] Secrets { get; } =
        ["AWS_SECRET_ACCESS_KEY", "CODEARTIFACT_AUTH_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "SYSTEM_ACCESSTOKEN", "CI_JOB_TOKEN", "GITHUB_TOKEN"];

    [Theory]
    [InlineData("feature/a b", "feature_a_b")]
    [InlineData("Übung", "_bung")]
    [InlineData("a\n\u001B[31m", "a_u000A_u001B_31m")]
    [InlineData("https://bob:hunter2@proxy.example", "https______@proxy.example")]
    [InlineData("x", null)]
    [InlineData("", null)]
    public void Are_made_acceptable_as_names(string text, string? name) => Assert.Equal(name, SessionText.ToName(text));

    [Fact]
    public void Are_always_acceptable() => Gen.String[0, 300].Sample(text =>
    {
        Assert.True(SessionText.ToName(text) is null or { Length: >= 2 and <= 64 });
        Assert.DoesNotMatch(@"[^A-Za-z0-9_+=,.@-]", SessionText.ToName(text) ?? "");
        Assert.InRange(SessionText.ToTagValue(text).Length, 0, 256);
        Assert.DoesNotMatch(@"[^\p{L}\p{Nd} _.:/=+\-@]", SessionText.ToTagValue(text));
    });

    [Theory]
    [InlineData("", "nuget@")]
    [InlineData("GITHUB_RUN_ID=7", "nuget-github-7@")]
    [InlineData("CI_JOB_ID=7", "nuget-gitlab-7@")]
    [InlineData("BUILD_BUILDID=7", "nuget-azure-7@")]
    [InlineData("CODEBUILD_BUILD_ID=app:7", "nuget-codebuild-app_7@")]
    [InlineData("BUILD_TAG=jenkins-app-7", "nuget-jenkins-app-7@")]
    public void Name_the_host_and_the_job_by_default(string variable, string start) => Assert.Equal(
        (start + SessionText.ToName(Host + "__")![..Host.Length])[..Math.Min(64, start.Length + Host.Length)],
        SessionText.DefaultName(SettingsFromVariables.From(variable.Split('=') is [var name, var value] ? [(name, value)] : [])));

    [Theory]
    // Environment over file, a role's own name over the file's name for all, AWS's variable last.
    [InlineData("", "", "", "", null)]
    [InlineData("", "", "", "aws", "aws")]
    [InlineData("", "all", "", "aws", "all")]
    [InlineData("", "all", "own", "aws", "own")]
    [InlineData("env", "all", "own", "aws", "env")]
    [InlineData("env-${GITHUB_RUN_ID}", "all", "own", "aws", "env-42")]
    [InlineData("${CI_JOB_ID}", "", "own", "", "own")]
    [InlineData("", "", "", "aws-${GITHUB_RUN_ID}", "aws-__GITHUB_RUN_ID_")]
    public void Come_from_the_first_place_that_has_one(string environment, string all, string own, string aws, string? name)
    {
        var role = own.Length == 0 ? $"\"{Reader}\"" : $$"""{ "arn": "{{Reader}}", "sessionName": "{{own}}" }""";
        var settings = WithFile($$"""{ "rules": [ { "domain": "contoso", "roles": [ {{role}} ]{{(all.Length == 0 ? "" : $", \"sessionName\": \"{all}\"")}} } ] }""",
            ("CODEARTIFACT_SESSION_NAME", environment), ("AWS_ROLE_SESSION_NAME", aws), ("GITHUB_RUN_ID", "42"));
        Assert.Equal(name, Assert.Single(settings.Roles).SessionName);
    }

    [Fact]
    public void Say_that_an_external_ID_without_a_role_has_no_effect()
    {
        var settings = SettingsFromVariables.From(("CODEARTIFACT_EXTERNAL_ID", "42"));
        Assert.StartsWith("CODEARTIFACT_EXTERNAL_ID has no effect", Assert.Single(SettingOrigin.Of(null, settings).SelectMany(setting => setting.Notes)), StringComparison.Ordinal);
        settings = SettingsFromVariables.From(("CODEARTIFACT_EXTERNAL_ID", "42"), ("CODEARTIFACT_ROLE_ARN", Reader));
        Assert.Empty(SettingOrigin.Of(null, settings).SelectMany(setting => setting.Notes));
    }

    [Fact]
    public void Say_what_is_sent_instead_of_what_AWS_refuses()
    {
        var settings = SettingsFromVariables.From(("CODEARTIFACT_ROLE_ARN", Reader), ("CODEARTIFACT_SESSION_NAME", "feature/a"), ("CODEARTIFACT_SOURCE_IDENTITY", "alice"));
        Assert.Equal(["sessionName 'feature/a' is sent as 'feature_a': AWS accepts 2 to 64 letters, digits and _+=,.@-"],
            SettingOrigin.Of(null, settings).SelectMany(setting => setting.Notes));
        Assert.Contains(SettingOrigin.Of(null, settings), setting => (setting.Key, setting.Value, setting.Origin) == ("sourceIdentity", "alice", "CODEARTIFACT_SOURCE_IDENTITY"));
    }

    [Fact]
    public void Tag_the_role_that_has_them_or_the_last()
    {
        var settings = WithFile($$"""
            { "defaults": { "tags": { "team": "payments", "job": { "value": "run ${GITHUB_RUN_ID}", "transitive": true } },
              "roles": [ { "arn": "{{Tools}}", "tags": { "hop": "1" } }, "{{Reader}}" ] } }
            """, ("GITHUB_RUN_ID", "42"));
        Assert.Equal([new SessionTag("hop", "1")], settings.Roles[0].Tags!);
        Assert.Equal([new SessionTag("team", "payments"), new SessionTag("job", "run 42", IsTransitive: true)], settings.Tags!);
    }

    [Theory]
    [InlineData("\"sessionName\": \"a b\"", "defaults.sessionName is 'a b'; expected 2 to 64 letters, digits and _+=,.@-, or variables such as ${host}")]
    [InlineData("\"sourceIdentity\": \"x\"", "defaults.sourceIdentity is 'x'; expected 2 to 64 ")]
    [InlineData("\"sessionName\": \"${GITHUB_RUNID}\"", "defaults.sessionName contains ${GITHUB_RUNID}, which is not a supported variable (did you mean 'GITHUB_RUN_ID'?)")]
    [InlineData("\"tags\": { \"aws:x\": \"1\" }", "defaults.tags.aws:x is not a valid AWS tag key;")]
    [InlineData("\"tags\": { \"a\": \"x;y\" }", "defaults.tags.a is 'x;y'; expected letters, digits, spaces and _.:/=+-@")]
    [InlineData("\"tags\": { \"a\": \"${AWS_SESSION_TOKEN}\" }", "defaults.tags.a contains ${AWS_SESSION_TOKEN}, which is not a supported variable")]
    [InlineData("\"tags\": { \"a\": { \"valu\": \"x\" } }", "defaults.tags.a.valu is not a known key (did you mean 'value'?)")]
    [InlineData("\"tags\": { \"a\": 1 }", "defaults.tags.a must be a string")]
    [InlineData("\"tags\": { \"a\": \"1\", \"A\": \"2\" }", "defaults.tags has two keys that differ only in case")]
    [InlineData("\"scope\": \"all\"", "defaults.scope is 'all'; expected true, false or \"publish\"")]
    [InlineData("\"scope\": 1", "defaults.scope must be true or false")]
    public void Have_errors_with_their_place(string member, string problem)
    {
        var file = ConfigurationFileReader.Parse("f", Encoding.UTF8.GetBytes($"{{ \"defaults\": {{ {member} }} }}"));
        Assert.StartsWith("f, line 1, column ", file.Problem, StringComparison.Ordinal);
        Assert.Contains(problem, file.Problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("CODEARTIFACT_SESSION_NAME")]
    [InlineData("CODEARTIFACT_SOURCE_IDENTITY")]
    public void Have_an_error_for_an_unknown_variable_in_the_environment(string name) => Assert.StartsWith(
        $"{name} contains ${{CI_JOBID}}, which is not a supported variable (did you mean 'CI_JOB_ID'?)",
        SettingsFromVariables.From((name, "${CI_JOBID}")).Problem, StringComparison.Ordinal);

    private static FeedSettings WithFile(string json, params (string, string)[] variables)
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "codeartifact.json");
        File.WriteAllText(path, json);
        var settings = FeedSettings.For(new Feed("contoso", "111122223333", "us-east-1", "app"),
            SettingsFromVariables.From([.. variables, ("CODEARTIFACT_CONFIG", path)]));
        Assert.Null(settings.Problem);
        return settings;
    }
}
