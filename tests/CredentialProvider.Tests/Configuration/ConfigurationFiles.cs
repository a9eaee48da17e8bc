using System.Text;
using CredentialProvider.Configuration;
using CredentialProvider.Errors;
using CredentialProvider.Feeds;
using CsCheck;

namespace CredentialProvider.Tests.Configuration;

/// <summary>codeartifact.json: its settings, and the errors it can have.</summary>
public sealed class ConfigurationFiles
{
    private const string Reader = "arn:aws:iam::111122223333:role/Reader";

    [Fact]
    public void Allow_comments_trailing_commas_and_a_byte_order_mark()
    {
        var configuration = ConfigurationFileReader.Parse("f", [0xEF, 0xBB, 0xBF, .. Encoding.UTF8.GetBytes("""
            // build settings
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
    public void Apply_the_most_specific_rule(string profile, string domain, string owner, string region, string repository)
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
    public void Take_each_setting_from_the_most_specific_rule_that_has_it_and_of_equal_rules_from_the_last()
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
    public void Chain_roles_with_external_ids_and_session_names()
    {
        var roles = For($$"""
            { "defaults": { "sessionName": "ci", "externalId": "42",
              "roles": [ { "arn": "{{Reader}}1", "externalId": "7", "sessionName": "tools" }, "{{Reader}}2" ] } }
            """).Roles;
        Assert.Equal([new RoleRequest(Reader + "1", "tools", "7"), new RoleRequest(Reader + "2", "ci", "42")], roles);
    }

    [Fact]
    public void Cancel_the_default_roles_with_an_empty_list() => Assert.Empty(
        For($$"""{ "defaults": { "roles": ["{{Reader}}"] }, "rules": [ { "domain": "contoso", "roles": [] } ] }""").Roles);

    [Fact]
    public void Are_overridden_by_the_environment()
    {
        var settings = For($$"""{ "rules": [ { "domain": "contoso", "profile": "file", "duration": 900, "roles": ["{{Reader}}"] } ] }""",
            ("CODEARTIFACT_PROFILE", "own"), ("CODEARTIFACT_TOKEN_DURATION", "1800"), ("CODEARTIFACT_EXTERNAL_ID", "42"));
        Assert.Equal(("own", 1800), (settings.Profile, settings.Duration));
        Assert.Equal([new RoleRequest(Reader, null, "42")], settings.Roles);
    }

    [Fact]
    public void Restrict_domains_together_with_the_environment()
    {
        Assert.False(IsOurs("""{ "domains": ["fabrikam", "*/444455556666"] }"""));
        Assert.True(IsOurs("""{ "domains": ["contoso/111122223333"] }"""));
        Assert.False(IsOurs("""{ "domains": ["fabrikam"] }""", ("CODEARTIFACT_DOMAINS", "contoso")));
    }

    [Theory]
    [InlineData("https://nuget.corp.example/nuget/app/v3/index.json", "app")]
    [InlineData("https://NUGET.corp.example/nuget/app/v3/index.json", "app")]
    [InlineData("https://nuget.corp.example/v3/index.json", "shared")]
    [InlineData("https://nuget.corp.example/nuget/d/contoso-111122223333/app/v3/index.json", "app")]
    public void Map_a_private_host_to_its_domain(string url, string repository)
    {
        Assert.True(FeedRecognition.TryFind(url, Hosts(), out var feed));
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
    public void Match_private_hosts_by_host_port_and_domain(string url, bool isOurs) => Assert.Equal(isOurs, FeedRecognition.TryFind(url, Hosts(), out _));

    [Theory]
    [InlineData("{ \"defalts\": {} }", "f, line 1, column 3: defalts is not a known key (did you mean 'defaults'?)")]
    [InlineData("{\n  \"defaults\": {\n    \"profil\": \"x\" } }", "f, line 3, column 5: defaults.profil is not a known key (did you mean 'profile'?)")]
    [InlineData("{ \"zzzzzz\": 1 }", "f, line 1, column 3: zzzzzz is not a known key (expected $schema, domains, defaults, rules, hosts, enforced, requirePackageSourceMapping)")]
    [InlineData("{ \"defaults\": { \"profile\": \"a\", \"profile\": \"b\" } }", "f, line 1, column 33: defaults.profile is a duplicate key")]
    [InlineData("{ \"defaults\": { \"duration\": 899 } }", "f, line 1, column 29: defaults.duration is 899; expected seconds: 0, or 900 to 43200")]
    [InlineData("{ \"defaults\": { \"profile\": 7 } }", "f, line 1, column 28: defaults.profile must be a string")]
    [InlineData("{ \"defaults\": { \"roles\": [\"Reader\"] } }", "f, line 1, column 27: defaults.roles[0] is 'Reader'; expected a role ARN such as arn:aws:iam::111122223333:role/Reader")]
    [InlineData("{ \"defaults\": { \"externalId\": \"x\" } }", "f, line 1, column 31: defaults.externalId needs \"roles\" in the same object")]
    [InlineData("{ \"defaults\": { \"endpoint\": \"http://x\" } }", "f, line 1, column 29: defaults.endpoint is 'http://x'; expected a URL such as https://codeartifact.us-east-1.amazonaws.com")]
    [InlineData("{ \"domains\": [\"Contoso\"] }", "f, line 1, column 15: domains[0] is 'Contoso'; expected domain, domain/owner or */owner")]
    [InlineData("{ \"domains\": [\"*\"] }", "f, line 1, column 15: domains[0] is '*'; expected domain, domain/owner or */owner")]
    [InlineData("[]", "f, line 1, column 1: the file must be an object { }")]
    [InlineData("{ \"defaults\": [] }", "f, line 1, column 15: defaults must be an object { }")]
    [InlineData("/* é */ { \"rules\": 1 }", "f, line 1, column 20: rules must be an array [ ]")]
    public void Report_an_invalid_key_or_value_with_its_position(string json, string problem) => Assert.Equal(problem, Parse(json).Problem);

    [Theory]
    [InlineData("", "f, line 1, column 1: expected a value")]
    [InlineData("{\n  \"defaults\": { ", "f, line 2, column 17: expected a key in quotes")]
    [InlineData("{ } x", "f, line 1, column 5: unexpected text after the end of the JSON value")]
    [InlineData("{ \"defaults\" }", "f, line 1, column 14: expected ':'")]
    [InlineData("{ \"defaults\": {}\n \"rules\": [] }", "f, line 2, column 2: expected ',' or '}'")]
    [InlineData("{ \"domains\": [contoso] }", "f, line 1, column 15: not a JSON value; strings need quotes")]
    [InlineData("{ \"domains\": [\"a\nb\"] }", "f, line 1, column 17: this control character must be escaped, for example as \\u000A")]
    [InlineData("{ \"é\": \"\\x\" }", "f, line 1, column 9: unknown escape; JSON allows ")]
    [InlineData("{ \"domains\": [\"contoso", "f, line 1, column 23: this string is never closed")]
    [InlineData("{ /* }", "f, line 1, column 3: this comment is never closed")]
    public void Report_a_syntax_error_with_its_position(string json, string start) =>
        Assert.StartsWith(start, Parse(json).Problem, StringComparison.Ordinal);

    [Fact]
    public void Report_invalid_UTF_8() => Assert.Equal("f, line 1, column 29: this string is not valid UTF-8",
        ConfigurationFileReader.Parse("f", [.. "{ \"defaults\": { \"profile\": \""u8, 0xFF, .. "\" } }"u8]).Problem);

    [Theory]
    [InlineData("\"owner\": 42", "rules[0].owner must be a string")]
    [InlineData("\"profil\": \"x\"", "rules[0].profil is not a known key (did you mean 'profile'?)")]
    [InlineData("\"duration\": 1", "rules[0].duration is 1;")]
    public void Apply_an_invalid_rule_only_to_the_feeds_that_it_selects(string setting, string problem)
    {
        var settings = Read($$"""{ "rules": [ { "domain": "fabrikam", {{setting}} } ] }""");
        Assert.Null(FeedSettings.For(new Feed("contoso", "111122223333", "us-east-1", "app"), settings).Problem);
        Assert.Contains(problem, FeedSettings.For(new Feed("fabrikam", "111122223333", "us-east-1", "app"), settings).Problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{ }", "rules[0] has no selector (domain, owner, region or repository); settings for every feed belong in \"defaults\"")]
    [InlineData("{ \"owner\": \"42\" }", "rules[0].owner is '42'; expected an AWS account id of 12 digits")]
    public void Apply_a_rule_with_unreadable_selectors_to_every_feed(string rule, string problem) =>
        Assert.Contains(problem, For($$"""{ "rules": [ {{rule}} ] }""").Problem, StringComparison.Ordinal);

    [Theory]
    [InlineData("{ \"domain\": \"contoso\", \"owner\": \"111122223333\" }", "hosts.nuget.corp.example is missing 'region'")]
    [InlineData("{ \"domain\": \"contoso\", \"region\": \"us-east-1\" }", "hosts.nuget.corp.example must have both domain and owner, or neither if ")]
    [InlineData("{ \"region\": \"mars-1\" }", "hosts.nuget.corp.example.region is 'mars-1'; expected a region such as us-east-1")]
    public void Apply_an_invalid_host_only_to_its_own_feeds(string host, string problem)
    {
        var settings = Read($$"""{ "hosts": { "nuget.corp.example": {{host}} } }""");
        Assert.True(FeedRecognition.TryFind("https://nuget.corp.example/nuget/app/v3/index.json", settings, out var feed));
        Assert.Contains(problem, FeedSettings.For(feed, settings).Problem, StringComparison.Ordinal);
        Assert.Equal("host nuget.corp.example", feed.DomainName);
        Assert.Null(FeedSettings.For(new Feed("contoso", "111122223333", "us-east-1", "app"), settings).Problem);
    }

    [Theory]
    [InlineData("https://nuget.corp.example")]
    [InlineData("nuget.corp.example/path")]
    [InlineData("nuget corp")]
    public void Reject_a_URL_as_a_host(string host) => Assert.Contains("is not a host name",
        Parse($$"""{ "hosts": { "{{host}}": { "domain": "contoso", "owner": "111122223333", "region": "us-east-1" } } }""").Hosts![0].Problem, StringComparison.Ordinal);

    [Fact]
    public void Are_an_error_if_missing_only_when_named_by_CODEARTIFACT_CONFIG()
    {
        using var folder = new TemporaryFolder();
        var missing = Path.Combine(folder.Path, "none.json");
        var named = SettingsFromVariables.From(("CODEARTIFACT_CONFIG", missing));
        Assert.StartsWith($"{missing} cannot be read: ", named.Layers.User.Problem, StringComparison.Ordinal);
        Assert.Null(SettingsFromVariables.From(("XDG_CONFIG_HOME", folder.Path)).Layers.User.Problem);
    }

    [Fact]
    public void Are_found_below_XDG_CONFIG_HOME()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(Path.Combine(folder.Path, "codeartifact.json"), """{ "defaults": { "profile": "x" } }""");
        Assert.Equal("x", SettingsFromVariables.From(("XDG_CONFIG_HOME", folder.Path)).Layers.User.Defaults.Profile);
    }

    [Fact]
    public void Are_not_read_if_larger_than_a_megabyte()
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "c.json");
        File.WriteAllText(path, new string(' ', 1024 * 1024) + "{}");
        Assert.Equal($"{path} cannot be read: it is larger than 1 MB", ConfigurationFileReader.Read(path, home: null, isNamed: true).Problem);
    }

    [Theory]
    [InlineData("profil", "profile")]
    [InlineData("Domain", "domain")]
    [InlineData("ragion", "region")]
    [InlineData("exteranlId", "externalId")]
    [InlineData("x", null)]
    public void Suggest_the_key_that_was_probably_meant(string typed, string? meant) =>
        Assert.Equal(meant, Spelling.FindNearest(typed, ConfigurationFileReader.RuleKeys));

    [Fact]
    public void Are_parsed_without_an_exception_whatever_they_contain() => Gen.Byte.Array[0, 400].Sample(bytes =>
        Assert.NotNull(ConfigurationFileReader.Parse("file", bytes)));

    private static Settings Hosts() => Read("""
        { "hosts": {
            "nuget.corp.example": { "domain": "contoso", "owner": "111122223333", "region": "us-east-1", "repository": "shared" },
            "vpc.corp.example:8443": { "region": "us-east-1" } } }
        """);

    private static bool IsOurs(string json, params (string Name, string Value)[] variables) =>
        FeedRecognition.TryFind("https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com/nuget/app/v3/index.json", Read(json, variables), out _);

    private static FeedSettings For(string json, params (string Name, string Value)[] variables) =>
        FeedSettings.For(new Feed("contoso", "111122223333", "us-east-1", "app"), Read(json, variables));

    private static ConfigurationFile Parse(string json) => ConfigurationFileReader.Parse("f", Encoding.UTF8.GetBytes(json));

    private static Settings Read(string json, params (string Name, string Value)[] variables)
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "codeartifact.json");
        File.WriteAllText(path, json);
        var settings = SettingsFromVariables.From([.. variables, ("CODEARTIFACT_CONFIG", path)]);
        _ = settings.Layers;
        return settings;
    }
}
