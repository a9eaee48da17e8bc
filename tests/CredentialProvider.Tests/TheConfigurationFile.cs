using System.Text;
using CredentialProvider.Feeds;

namespace CredentialProvider.Tests;

/// <summary>codeartifact.json: what it can say, and how it is told what is wrong with it.</summary>
public sealed class TheConfigurationFile
{
    private const string Reader = "arn:aws:iam::111122223333:role/Reader";

    [Fact]
    public void May_have_comments_trailing_commas_and_a_byte_order_mark()
    {
        var configuration = ConfigurationFile.Parse("f", [0xEF, 0xBB, 0xBF, .. Encoding.UTF8.GetBytes("""
            // ours
            { "$schema": "codeartifact.schema.json", "defaults": { "profile": "build", /* seconds */ "duration": 900, }, }
            """)]);
        Assert.Null(configuration.Problem);
        Assert.Equal(new TokenOptions("build", null, 900, null), configuration.Defaults);
    }

    [Theory]
    [InlineData("1", "contoso", "111122223333", "us-east-1", "app")]
    [InlineData("2", "contoso", "111122223333", "us-east-1", "other")]
    [InlineData("3", "contoso", "444455556666", "us-east-1", "other")]
    [InlineData("4", "fabrikam", "444455556666", "us-east-1", "other")]
    [InlineData("5", "fabrikam", "777788889999", "eu-west-1", "other")]
    [InlineData("6", "fabrikam", "777788889999", "us-east-1", "other")]
    public void The_most_specific_rule_wins(string profile, string domain, string owner, string region, string repository)
    {
        var settings = Read("""
            {
              "defaults": { "profile": "6" },
              "rules": [
                { "region": "eu-west-1", "profile": "5" },
                { "owner": "444455556666", "profile": "4" },
                { "domain": "contoso", "profile": "3" },
                { "domain": "contoso", "owner": "111122223333", "profile": "2" },
                { "repository": "app", "profile": "1" },
              ]
            }
            """);
        Assert.Equal(profile, FeedSettings.For(new Feed(domain, owner, region, repository), settings).Profile);
    }

    [Fact]
    public void Each_setting_comes_from_the_most_specific_rule_that_has_it_and_of_equals_from_the_later()
    {
        var settings = For("""
            {
              "defaults": { "duration": 3600, "endpoint": "https://codeartifact.example" },
              "rules": [ { "domain": "contoso", "profile": "a", "duration": 900 }, { "repository": "app", "profile": "b" }, { "repository": "app", "profile": "c" } ]
            }
            """);
        Assert.Equal(("c", 900, "https://codeartifact.example"), (settings.Profile, settings.Duration, settings.Endpoint));
    }

    [Fact]
    public void Roles_are_a_chain_with_external_ids_and_session_names()
    {
        var roles = For($$"""
            { "defaults": { "sessionName": "ci", "externalId": "42",
              "roles": [ { "arn": "{{Reader}}1", "externalId": "7", "sessionName": "tools" }, "{{Reader}}2" ] } }
            """).Roles;
        Assert.Equal([new RoleRequest(Reader + "1", "tools", "7"), new RoleRequest(Reader + "2", "ci", "42")], roles);
    }

    [Fact]
    public void An_empty_list_of_roles_ends_the_chain_of_the_defaults() => Assert.Empty(
        For($$"""{ "defaults": { "roles": ["{{Reader}}"] }, "rules": [ { "domain": "contoso", "roles": [] } ] }""").Roles);

    [Fact]
    public void The_environment_beats_the_file()
    {
        var settings = For($$"""{ "rules": [ { "domain": "contoso", "profile": "file", "duration": 900, "roles": ["{{Reader}}"] } ] }""",
            ("CODEARTIFACT_PROFILE", "own"), ("CODEARTIFACT_TOKEN_DURATION", "1800"), ("CODEARTIFACT_EXTERNAL_ID", "42"));
        Assert.Equal(("own", 1800), (settings.Profile, settings.Duration));
        Assert.Equal([new RoleRequest(Reader, null, "42")], settings.Roles);
    }

    [Fact]
    public void The_list_of_domains_is_that_of_the_environment_if_there_is_one()
    {
        Assert.False(IsOurs("""{ "domains": ["fabrikam", "*/444455556666"] }"""));
        Assert.True(IsOurs("""{ "domains": ["contoso/111122223333"] }"""));
        Assert.True(IsOurs("""{ "domains": ["fabrikam"] }""", ("CODEARTIFACT_DOMAINS", "contoso")));
    }

    [Theory]
    [InlineData("https://nuget.corp.example/nuget/app/v3/index.json", "app")]
    [InlineData("https://NUGET.corp.example/nuget/app/v3/index.json", "app")]
    [InlineData("https://nuget.corp.example/v3/index.json", "shared")]
    [InlineData("https://nuget.corp.example/nuget/d/contoso-111122223333/app/v3/index.json", "app")]
    public void A_private_host_is_a_feed_of_its_domain(string url, string repository)
    {
        Assert.True(Feed.TryFind(url, Hosts(), out var feed));
        Assert.Equal(new Feed("contoso", "111122223333", "us-east-1", repository, "nuget.corp.example"), feed);
    }

    [Theory]
    [InlineData("https://vpc.corp.example:8443/nuget/d/fabrikam-444455556666/app/v3/index.json", true)]
    [InlineData("https://vpc.corp.example/nuget/d/fabrikam-444455556666/app/v3/index.json", false)]
    [InlineData("https://vpc.corp.example:8443/nuget/app/v3/index.json", false)]
    [InlineData("https://nuget.corp.example/nuget/d/fabrikam-444455556666/app/v3/index.json", false)]
    [InlineData("http://nuget.corp.example/nuget/app/v3/index.json", false)]
    [InlineData("https://user@nuget.corp.example/nuget/app/v3/index.json", false)]
    [InlineData("https://nuget.corp.example.evil.example/nuget/app/v3/index.json", false)]
    [InlineData("https://corp.example/nuget/app/v3/index.json", false)]
    public void Only_its_own_host_port_and_domain_count(string url, bool isOurs) => Assert.Equal(isOurs, Feed.TryFind(url, Hosts(), out _));

    [Theory]
    [InlineData("{ \"defalts\": {} }", "f, line 1, column 3: defalts is no key; 'defaults' is")]
    [InlineData("{\n  \"defaults\": {\n    \"profil\": \"x\" } }", "f, line 3, column 5: defaults.profil is no key; 'profile' is")]
    [InlineData("{ \"zzzzzz\": 1 }", "f, line 1, column 3: zzzzzz is no key; there are $schema, domains, defaults, rules, hosts")]
    [InlineData("{ \"defaults\": { \"profile\": \"a\", \"profile\": \"b\" } }", "f, line 1, column 33: defaults.profile stands here twice")]
    [InlineData("{ \"defaults\": { \"duration\": 899 } }", "f, line 1, column 29: defaults.duration is 899; it takes seconds: 0, or 900 to 43200")]
    [InlineData("{ \"defaults\": { \"profile\": 7 } }", "f, line 1, column 28: defaults.profile takes a text in quotes")]
    [InlineData("{ \"defaults\": { \"roles\": [\"Reader\"] } }", "f, line 1, column 27: defaults.roles[0] is 'Reader'; it takes a role ARN like arn:aws:iam::111122223333:role/Reader")]
    [InlineData("{ \"defaults\": { \"externalId\": \"x\" } }", "f, line 1, column 31: defaults.externalId belongs to roles, and there are none beside it")]
    [InlineData("{ \"defaults\": { \"endpoint\": \"http://x\" } }", "f, line 1, column 29: defaults.endpoint is 'http://x'; it takes a URL like https://codeartifact.us-east-1.amazonaws.com")]
    [InlineData("{ \"domains\": [\"Contoso\"] }", "f, line 1, column 15: domains[0] is 'Contoso'; it takes 'domain', 'domain/owner' and '*/owner'")]
    [InlineData("[]", "f, line 1, column 1: the file takes keys and values in { }")]
    [InlineData("{ \"defaults\": [] }", "f, line 1, column 15: defaults takes keys and values in { }")]
    [InlineData("/* é */ { \"rules\": 1 }", "f, line 1, column 20: rules takes a list in [ ]")]
    public void What_is_wrong_is_named_with_its_place(string json, string problem) => Assert.Equal(problem, Parse(json).Problem);

    [Theory]
    [InlineData("", "f, line 1, column 1: a value is missing here")]
    [InlineData("{\n  \"defaults\": { ", "f, line 2, column 17: a key in quotes is missing here")]
    [InlineData("{ } x", "f, line 1, column 5: nothing may follow")]
    [InlineData("{ \"defaults\" }", "f, line 1, column 14: ':' is missing here")]
    [InlineData("{ \"defaults\": {}\n \"rules\": [] }", "f, line 2, column 2: ',' or '}' is missing here")]
    [InlineData("{ \"domains\": [contoso] }", "f, line 1, column 15: this is no JSON value; a text has quotes")]
    [InlineData("{ \"domains\": [\"a\nb\"] }", "f, line 1, column 17: a text may have this character as \\u only")]
    [InlineData("{ \"é\": \"\\x\" }", "f, line 1, column 9: a backslash stands before this; JSON knows ")]
    [InlineData("{ \"domains\": [\"contoso", "f, line 1, column 23: a text has no end")]
    [InlineData("{ /* }", "f, line 1, column 3: a comment has no end")]
    public void What_is_no_JSON_is_named_with_its_place(string json, string start) =>
        Assert.StartsWith(start, Parse(json).Problem, StringComparison.Ordinal);

    [Fact]
    public void What_is_no_UTF_8_is_a_problem_and_no_crash() => Assert.Equal("f, line 1, column 29: a text is not UTF-8",
        ConfigurationFile.Parse("f", [.. "{ \"defaults\": { \"profile\": \""u8, 0xFF, .. "\" } }"u8]).Problem);

    [Theory]
    [InlineData("\"owner\": 42", "rules[0].owner takes a text in quotes")]
    [InlineData("\"profil\": \"x\"", "rules[0].profil is no key; 'profile' is")]
    [InlineData("\"duration\": 1", "rules[0].duration is 1;")]
    public void A_bad_rule_concerns_only_the_feeds_that_it_selects(string setting, string problem)
    {
        var settings = Read($$"""{ "rules": [ { "domain": "fabrikam", {{setting}} } ] }""");
        Assert.Null(FeedSettings.For(new Feed("contoso", "111122223333", "us-east-1", "app"), settings).Problem);
        Assert.Contains(problem, FeedSettings.For(new Feed("fabrikam", "111122223333", "us-east-1", "app"), settings).Problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{ }", "rules[0] selects nothing")]
    [InlineData("{ \"owner\": \"42\" }", "rules[0].owner is '42'; it takes an account's 12 digits")]
    public void A_rule_that_nobody_can_tell_whom_it_concerns_concerns_all(string rule, string problem) =>
        Assert.Contains(problem, For($$"""{ "rules": [ {{rule}} ] }""").Problem, StringComparison.Ordinal);

    [Theory]
    [InlineData("{ \"domain\": \"contoso\", \"owner\": \"111122223333\" }", "hosts.nuget.corp.example has no region")]
    [InlineData("{ \"domain\": \"contoso\", \"region\": \"us-east-1\" }", "hosts.nuget.corp.example needs domain and owner")]
    [InlineData("{ \"region\": \"mars-1\" }", "hosts.nuget.corp.example.region is 'mars-1'; it takes a region like us-east-1")]
    public void A_bad_host_concerns_only_its_own_feeds(string host, string problem)
    {
        var settings = Read($$"""{ "hosts": { "nuget.corp.example": {{host}} } }""");
        Assert.True(Feed.TryFind("https://nuget.corp.example/nuget/app/v3/index.json", settings, out var feed));
        Assert.Contains(problem, FeedSettings.For(feed, settings).Problem, StringComparison.Ordinal);
        Assert.Equal("host nuget.corp.example", feed.DomainName);
        Assert.Null(FeedSettings.For(new Feed("contoso", "111122223333", "us-east-1", "app"), settings).Problem);
    }

    [Theory]
    [InlineData("https://nuget.corp.example")]
    [InlineData("nuget.corp.example/path")]
    [InlineData("nuget corp")]
    public void A_host_is_a_name_and_no_URL(string host) => Assert.Contains("is no host name",
        Parse($$"""{ "hosts": { "{{host}}": { "domain": "contoso", "owner": "111122223333", "region": "us-east-1" } } }""").Hosts[0].Problem, StringComparison.Ordinal);

    [Fact]
    public void A_file_that_is_named_and_missing_is_a_problem_and_one_that_is_only_looked_for_is_none()
    {
        using var folder = new TemporaryFolder();
        var missing = Path.Combine(folder.Path, "none.json");
        var named = SettingsFromVariables.From(("CODEARTIFACT_CONFIG", missing));
        Assert.StartsWith($"{missing} cannot be read: ", named.Configuration.Problem, StringComparison.Ordinal);
        Assert.Null(SettingsFromVariables.From(("XDG_CONFIG_HOME", folder.Path)).Configuration.Problem);
    }

    [Fact]
    public void The_users_file_is_below_XDG_CONFIG_HOME()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(Path.Combine(folder.Path, "codeartifact.json"), """{ "defaults": { "profile": "x" } }""");
        Assert.Equal("x", SettingsFromVariables.From(("XDG_CONFIG_HOME", folder.Path)).Configuration.Defaults.Profile);
    }

    [Fact]
    public void A_huge_file_is_not_read()
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "c.json");
        File.WriteAllText(path, new string(' ', 1024 * 1024) + "{}");
        Assert.Equal($"{path} cannot be read: it is larger than 1 MB", ConfigurationFile.Read(path).Problem);
    }

    [Theory]
    [InlineData("profil", "profile")]
    [InlineData("Domain", "domain")]
    [InlineData("ragion", "region")]
    [InlineData("exteranlId", "externalId")]
    [InlineData("x", null)]
    public void A_mistyped_key_is_met_with_the_one_that_was_meant(string typed, string? meant) =>
        Assert.Equal(meant, Spelling.Nearest(typed, ConfigurationFile.RuleKeys));

    private static Settings Hosts() => Read("""
        { "hosts": {
            "nuget.corp.example": { "domain": "contoso", "owner": "111122223333", "region": "us-east-1", "repository": "shared" },
            "vpc.corp.example:8443": { "region": "us-east-1" } } }
        """);

    private static bool IsOurs(string json, params (string Name, string Value)[] variables) =>
        Feed.TryFind("https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com/nuget/app/v3/index.json", Read(json, variables), out _);

    private static FeedSettings For(string json, params (string Name, string Value)[] variables) =>
        FeedSettings.For(new Feed("contoso", "111122223333", "us-east-1", "app"), Read(json, variables));

    private static Configuration Parse(string json) => ConfigurationFile.Parse("f", Encoding.UTF8.GetBytes(json));

    private static Settings Read(string json, params (string Name, string Value)[] variables)
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "codeartifact.json");
        File.WriteAllText(path, json);
        var settings = SettingsFromVariables.From([.. variables, ("CODEARTIFACT_CONFIG", path)]);
        _ = settings.Configuration;
        return settings;
    }
}
