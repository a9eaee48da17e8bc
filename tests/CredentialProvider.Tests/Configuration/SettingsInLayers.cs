using System.Text.Json;
using CredentialProvider.Configuration;
using CredentialProvider.Errors;
using CredentialProvider.Feeds;
using CsCheck;

namespace CredentialProvider.Tests.Configuration;

/// <summary>Environment over user's file over machine's file, setting by setting.</summary>
public sealed class SettingsInLayers : IDisposable
{
    private const string Owner = "111122223333", OtherOwner = "444455556666";

    private static readonly Feed App = new("contoso", Owner, "us-east-1", "app");

    /// <summary>Every domain of the generated layers.</summary>
    private static readonly (string Domain, string Owner)[] Universe =
        [.. from domain in new[] { "contoso", "contoso-2", "fabrikam" } from owner in new[] { Owner, OtherOwner } select (domain, owner)];

    /// <summary>A list of allowed domains as it is written, and what it allows; an absent or empty list allows all.</summary>
    private static readonly Gen<(string[] Entries, HashSet<(string, string)> Allowed)> DomainLists =
        Generators.OneOf<(string Text, Func<(string Domain, string Owner), bool> Allows)>(
            ("contoso", pair => pair.Domain == "contoso"),
            ("contoso-2", pair => pair.Domain == "contoso-2"),
            ("fabrikam", pair => pair.Domain == "fabrikam"),
            ($"contoso/{Owner}", pair => pair == ("contoso", Owner)),
            ($"fabrikam/{OtherOwner}", pair => pair == ("fabrikam", OtherOwner)),
            ($"contoso/999999999999", _ => false),
            ($"*/{Owner}", pair => pair.Owner == Owner),
            ($"*/{OtherOwner}", pair => pair.Owner == OtherOwner),
            ("*", _ => true)).Array[0, 3].Select(entries => (entries.Select(entry => entry.Text).ToArray(),
                Universe.Where(pair => entries.Length == 0 || entries.Any(entry => entry.Allows(pair))).ToHashSet()));

    /// <summary>A rule, or the defaults if it has no selectors; every value tells where it comes from.</summary>
    private static readonly Gen<(string? Repository, string? Domain, string? Region, bool HasProfile, bool HasDuration)> Options =
        Gen.Select(Gen.Bool, Gen.Bool, Generators.OneOf(null, "us-east-1", "eu-west-1"), Gen.Bool, Gen.Bool).Select((hasRepository, hasDomain, region, profile, duration) =>
            (hasRepository ? "app" : null, hasDomain ? "contoso" : null, region, profile, duration));

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void The_lists_of_domains_intersect() => Gen.Select(DomainLists, DomainLists, DomainLists, Gen.Bool).Sample((environment, user, machine, isEnforced) =>
    {
        var settings = Layered(
            new { domains = user.Entries }, new { domains = machine.Entries, enforced = isEnforced }, ("CODEARTIFACT_DOMAINS", string.Join(',', environment.Entries)));

        var allowed = Universe.Where(pair => FeedRecognition.TryFind(new Feed(pair.Domain, pair.Owner, "us-east-1", "app").ToUrl(), settings, out _));

        Assert.Equal(Universe.Where(pair => environment.Allowed.Contains(pair) && user.Allowed.Contains(pair) && machine.Allowed.Contains(pair)), allowed);
        Assert.All(Universe, pair => Assert.NotEqual(
            settings.AllowedDomains.Allow(App with { Domain = pair.Domain, Owner = pair.Owner }),
            settings.AllowedDomains.FindRefusal(App with { Domain = pair.Domain, Owner = pair.Owner }) is not null));
    }, iter: 2000, threads: 1);

    [Fact]
    public void Each_setting_comes_from_the_first_layer_and_the_most_specific_rule_that_has_it() =>
        Gen.Select(Options.Array[0, 4], Options.Array[0, 4], Gen.Bool, Gen.Bool).Sample((user, machine, isEnforced, hasVariable) =>
    {
        var settings = Layered(ToFile("user", user, isEnforced: false), ToFile("machine", machine, isEnforced),
            hasVariable ? [("CODEARTIFACT_PROFILE", "environment")] : []);

        // The layer of an enforced file is the first; else only its place among equally specific rules is the last.
        var all = machine.Select((options, i) => (Name: $"machine-{i}", options, Layer: isEnforced ? 0 : 2, Rank: 2, Index: i))
            .Concat(user.Select((options, i) => (Name: $"user-{i}", options, Layer: 2, Rank: 1, Index: i)))
            .Where(place => place.options is { Region: null or "us-east-1" }
                && (HasSelector(place.options) || DefaultsOf(place.Rank == 1 ? user : machine) == place.Index));
        var ordered = all.OrderBy(place => place.Layer).ThenByDescending(place => WeightOf(place.options))
            .ThenBy(place => place.Rank).ThenByDescending(place => place.Index).ToList();
        var profile = ordered.Where(place => place.Layer == 0 && place.options.HasProfile).Select(place => place.Name)
            .Concat(hasVariable ? ["environment"] : [])
            .Concat(ordered.Where(place => place.Layer > 0 && place.options.HasProfile).Select(place => place.Name)).FirstOrDefault();
        var duration = ordered.Where(place => place.options.HasDuration).Select(place => DurationOf(place.Name)).FirstOrDefault(43200);

        var feed = FeedSettings.For(App, settings);
        Assert.Null(feed.Problem);
        Assert.Equal((profile, duration), (feed.Profile, feed.Duration));
    }, iter: 2000, threads: 1);

    [Fact]
    public void The_users_rule_is_over_an_equally_specific_rule_of_the_machine_and_below_a_more_specific_one()
    {
        var settings = Layered(
            new { rules = new[] { new { domain = "contoso", profile = "user" } } },
            new { rules = new object[] { new { domain = "contoso", profile = "machine" }, new { repository = "app", profile = "app" } }, defaults = new { duration = 900 } });
        Assert.Equal("app", FeedSettings.For(App, settings).Profile);
        Assert.Equal(("user", 900), FeedSettings.For(App with { Repository = "other" }, settings) is var other ? (other.Profile, other.Duration) : default);
    }

    [Fact]
    public void What_an_enforced_file_sets_is_final_and_what_it_leaves_open_is_not()
    {
        const string Role = "arn:aws:iam::111122223333:role/Reader";
        var settings = Layered(
            new { defaults = new { profile = "user", duration = 900 }, rules = new[] { new { repository = "app", endpoint = "https://user.example" } } },
            new { enforced = true, defaults = new { roles = new[] { Role }, endpoint = "https://machine.example" } },
            ("CODEARTIFACT_ROLE_ARN", Role + "2"), ("CODEARTIFACT_EXTERNAL_ID", "42"), ("AWS_ENDPOINT_URL", "https://environment.example"));
        var feed = FeedSettings.For(App, settings);
        Assert.Equal(("user", 900, "https://machine.example"), (feed.Profile, feed.Duration, feed.Endpoint));
        Assert.Equal([new RoleRequest(Role)], feed.Roles);
        string[] ignored = ["CODEARTIFACT_ROLE_ARN", "CODEARTIFACT_EXTERNAL_ID", "AWS_ENDPOINT_URL", UserFile];
        Assert.Equal(ignored, SettingOrigin.Of(App, settings).SelectMany(setting => setting.Ignored));
        Assert.Equal([UserFile, MachineFile, UserFile, MachineFile], SettingOrigin.Of(App, settings).Select(setting => setting.Origin));
    }

    [Fact]
    public void A_profile_of_the_command_line_does_not_replace_an_enforced_one()
    {
        var settings = Layered(new { }, new { enforced = true, defaults = new { profile = "machine" } }).WithProfile("mine");
        Assert.Equal("machine", FeedSettings.For(App, settings).Profile);
        Assert.Equal(["--profile"], Assert.Single(SettingOrigin.Of(App, settings)).Ignored);
    }

    /// <summary>As in a shell inside of exec, or on a machine with an agent.</summary>
    [Fact]
    public void A_profile_of_the_command_line_comes_before_an_agent_and_a_token_from_outside()
    {
        var settings = SettingsFromVariables.From(("CODEARTIFACT_AGENT", "/run/agent.sock"), ("CODEARTIFACT_AUTH_TOKEN", "t"), ("CODEARTIFACT_AUTH_TOKEN_FILE", "/t"));
        Assert.NotNull(settings.ExternalToken);
        Assert.Null(settings.WithProfile("mine").ExternalToken);
        Assert.Null(settings.WithProfile("mine").Agent);
    }

    [Theory]
    [InlineData(false, "user", true)]
    [InlineData(true, "machine", false)]
    public void Hosts_of_both_files_are_ours_unless_those_of_the_machine_are_enforced(bool isEnforced, string repository, bool isUsersOwnHostOurs)
    {
        static object Host(string repository) => new { domain = "contoso", owner = Owner, region = "us-east-1", repository };
        var settings = Layered(
            new { hosts = new Dictionary<string, object> { ["nuget.corp.example"] = Host("user"), ["own.corp.example"] = Host("user") } },
            new { enforced = isEnforced, hosts = new Dictionary<string, object> { ["NUGET.corp.example"] = Host("machine"), ["other.corp.example"] = Host("machine") } });
        Assert.True(FeedRecognition.TryFind("https://nuget.corp.example/v3/index.json", settings, out var feed));
        Assert.Equal(repository, feed.Repository);
        Assert.True(FeedRecognition.TryFind("https://other.corp.example/v3/index.json", settings, out _));
        Assert.Equal(isUsersOwnHostOurs, FeedRecognition.TryFind("https://own.corp.example/v3/index.json", settings, out _));
    }

    [Theory]
    [InlineData("{ \"domains\": [\"contoso\"")]
    [InlineData("{ \"domains\": [\"contoso\"], \"enforcd\": true }")]
    [InlineData("{ \"domains\": \"contoso\" }")]
    [InlineData("{ \"enforced\": \"yes\" }")]
    [InlineData("")]
    public void A_machines_file_that_cannot_be_used_stops_every_feed_and_leaves_foreign_feeds_alone(string machine)
    {
        var settings = Layered("{}", machine, ("CODEARTIFACT_AUTH_TOKEN", "token"));
        Assert.StartsWith($"{MachineFile}, line 1, column ", FeedSettings.For(App, settings).Problem, StringComparison.Ordinal);
        Assert.StartsWith($"{MachineFile}, line 1, column ", FeedSettings.For(App with { Domain = "fabrikam" }, settings).Problem, StringComparison.Ordinal);
        Assert.False(FeedRecognition.TryFind("https://nuget.example/v3/index.json", settings, out _));
    }

    [Fact]
    public void A_users_file_that_cannot_be_used_stops_every_feed_and_the_machines_list_still_applies()
    {
        var settings = Layered("{ \"rules\": 7 }", """{ "domains": ["contoso"] }""");
        Assert.StartsWith($"{UserFile}, line 1, column 12: rules must be an array", FeedSettings.For(App, settings).Problem, StringComparison.Ordinal);
        Assert.False(FeedRecognition.TryFind((App with { Domain = "fabrikam" }).ToUrl(), settings, out _));
    }

    [Fact]
    public void A_machines_file_that_is_a_folder_or_a_link_without_target_is_there_but_cannot_be_read()
    {
        TemporaryFolder.RequireUnix();
        Directory.CreateDirectory(MachineFile);
        Assert.StartsWith($"{MachineFile} cannot be read: ", FeedSettings.For(App, Layered("{}", null)).Problem, StringComparison.Ordinal);
        Directory.Delete(MachineFile);
        File.CreateSymbolicLink(MachineFile, _folder.Below("missing"));
        Assert.StartsWith($"{MachineFile} cannot be read: ", FeedSettings.For(App, Layered("{}", null)).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void A_machines_file_that_others_can_change_has_one_fix()
    {
        TemporaryFolder.RequireUnix();
        File.WriteAllText(MachineFile, "{}");
        File.SetUnixFileMode(MachineFile, (UnixFileMode)0b110_110_110);
        var failure = Assert.Throws<NoTokenException>(FeedSettings.For(App, Layered("{}", null)).ThrowIfProblem);
        Assert.Equal($"{MachineFile} is not used: other users can change {MachineFile}; chmod go-w {MachineFile}", failure.Message);
    }

    [Theory]
    [InlineData("enforced")]
    [InlineData("requirePackageSourceMapping")]
    public void The_users_file_cannot_have_the_keys_of_the_machines(string key) => Assert.StartsWith(
        $"{UserFile}, line 1, column 2: {key} is allowed only in the machine's file, ", FeedSettings.For(App, Layered($$"""{"{{key}}": false}""", "{}")).Problem, StringComparison.Ordinal);

    [Fact]
    public void CODEARTIFACT_CONFIG_may_name_the_machines_file()
    {
        File.WriteAllText(MachineFile, """{ "enforced": true, "defaults": { "duration": 900 } }""");
        var settings = SettingsFromVariables.From(MachineFile, ("CODEARTIFACT_CONFIG", MachineFile), ("CODEARTIFACT_TOKEN_DURATION", "3600"));
        Assert.Equal((null, 900), FeedSettings.For(App, settings) is var feed ? (feed.Problem, feed.Duration) : default);
    }

    public void Dispose() => _folder.Dispose();

    private string UserFile => _folder.Below("user.json");

    private string MachineFile => _folder.Below("machine.json");

    private Settings Layered(object user, object machine, params (string Name, string Value)[] variables) =>
        Layered(JsonSerializer.Serialize(user), JsonSerializer.Serialize(machine), variables);

    /// <param name="machine">Null leaves the path as it is.</param>
    private Settings Layered(string user, string? machine, params (string Name, string Value)[] variables)
    {
        File.WriteAllText(UserFile, user);
        if (machine is not null)
            File.WriteAllText(MachineFile, machine);
        var settings = SettingsFromVariables.From(MachineFile, [.. variables, ("CODEARTIFACT_CONFIG", UserFile)]);
        _ = settings.Layers;
        return settings;
    }

    private static Dictionary<string, object> ToFile(
        string layer, (string? Repository, string? Domain, string? Region, bool HasProfile, bool HasDuration)[] all, bool isEnforced)
    {
        var (rules, defaults) = (new List<object>(), new Dictionary<string, object>());
        foreach (var (options, i) in all.Select((options, i) => (options, i)))
        {
            var written = new Dictionary<string, object>();
            if (options.HasProfile)
                written["profile"] = $"{layer}-{i}";
            if (options.HasDuration)
                written["duration"] = DurationOf($"{layer}-{i}");
            if (!HasSelector(options))
            {
                defaults = written;
                continue;
            }

            foreach (var (key, value) in new[] { ("repository", options.Repository), ("domain", options.Domain), ("region", options.Region) })
            {
                if (value is not null)
                    written[key] = value;
            }

            rules.Add(written);
        }

        var file = new Dictionary<string, object> { ["rules"] = rules, ["defaults"] = defaults };
        if (isEnforced)
            file["enforced"] = true;
        return file;
    }

    private static bool HasSelector((string? Repository, string? Domain, string? Region, bool, bool) options) =>
        (options.Repository ?? options.Domain ?? options.Region) is not null;

    /// <summary>Of several without selectors, the last is written.</summary>
    private static int DefaultsOf((string? Repository, string? Domain, string? Region, bool, bool)[] all) => Array.FindLastIndex(all, options => !HasSelector(options));

    /// <summary>Repository before domain before region.</summary>
    private static string WeightOf((string? Repository, string? Domain, string? Region, bool, bool) options) =>
        string.Concat(new[] { options.Repository, options.Domain, options.Region }.Select(selector => selector is null ? '0' : '1'));

    private static int DurationOf(string name) => 1000 + name[^1] + (name[0] == 'u' ? 500 : 0);
}
