using System.CommandLine;
using System.Reflection;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using CredentialProvider.Cli;
using CredentialProvider.Feeds;

namespace CredentialProvider.Tests;

/// <summary>What people read says what the program does.</summary>
public sealed partial class Documentation
{
    private static readonly string Root = typeof(Documentation).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(attribute => attribute.Key == "RepositoryRoot").Value!;

    private static readonly string Readme = File.ReadAllText(Path.Combine(Root, "README.md"));

    [Fact]
    public void The_reference_has_every_variable_that_is_read()
    {
        var told = Told().Matches(Read("docs/settings.md")).Select(match => match.Groups[1].Value).ToHashSet();
        Assert.Empty(VariablesThatAreRead().Except(told));
        // Of this project's own there is none that is not read.
        Assert.Empty(told.Where(name => name.StartsWith("CODEARTIFACT_", StringComparison.Ordinal)).Except(VariablesThatAreRead()));
    }

    [Fact]
    public void The_README_has_every_variable_of_this_project() => Assert.Equal(
        VariablesThatAreRead().Where(name => name.StartsWith("CODEARTIFACT_", StringComparison.Ordinal)),
        Told().Matches(Readme).Select(match => match.Groups[1].Value).Where(name => name.StartsWith("CODEARTIFACT_", StringComparison.Ordinal)).Distinct().Order());

    [Fact]
    public void The_reference_has_every_key_of_the_configuration_file() => Assert.All(
        ConfigurationFile.FileKeys.Concat(ConfigurationFile.RuleKeys).Concat(ConfigurationFile.HostKeys).Concat(ConfigurationFile.RoleKeys),
        key => Assert.Contains($"`{key}`", Read("docs/settings.md"), StringComparison.Ordinal));

    [Fact]
    public void The_README_and_the_catalogue_have_every_error_code()
    {
        var codes = typeof(ErrorCode).GetFields(BindingFlags.Public | BindingFlags.Static).Select(field => (string)field.GetRawConstantValue()!).ToList();
        Assert.Equal(codes.Count, codes.Distinct().Count());
        Assert.Equal(codes.Order(), Code().Matches(Readme).Select(match => match.Groups[1].Value).Distinct().Order());
        var sections = Read("docs/errors.md").Split("\n## ")[1..];
        Assert.Equal(codes.Order(), sections.Select(section => section.Split('\n')[0]));
        Assert.All(sections, section => Assert.Matches(@"^CACP\d{4}\n\n\*\*Meaning:\*\* [\s\S]+ \*\*Cause:\*\* [\s\S]+\s\*\*Fix:\*\* ", section));
    }

    [Fact]
    public void The_MSBuild_package_makes_no_error_of_any_code() => Assert.Equal(
        string.Join(';', typeof(ErrorCode).GetFields(BindingFlags.Public | BindingFlags.Static).Select(field => (string)field.GetRawConstantValue()!).Order()),
        XDocument.Load(Path.Combine(Root, "src/CredentialProvider.MSBuild/Sdk/dirs.proj")).Descendants("MSBuildWarningsNotAsErrors").Single().Value);

    [Fact]
    public void The_MSBuild_page_has_every_property()
    {
        var properties = Directory.GetFiles(Path.Combine(Root, "src/CredentialProvider.MSBuild/Sdk"))
            .SelectMany(file => Property().Matches(File.ReadAllText(file)).Select(match => match.Groups[1].Value)).Distinct().Except(["CodeArtifactSources", "CodeArtifactWaits"]);
        Assert.All(properties, property => Assert.Contains($"`{property}`", Read("docs/msbuild.md"), StringComparison.Ordinal));
    }

    [Fact]
    public void The_commands_page_has_every_command_and_option()
    {
        var page = Read("docs/commands.md");
        var settings = Settings.From(_ => null);
        var root = new CommandLine(settings, new Terminal(TextWriter.Null, TextWriter.Null, hasColours: false, isWatched: false), TimeProvider.System).Root();
        foreach (var command in root.Subcommands.SelectMany(command => command.Subcommands.Prepend(command)).Where(command => command.Subcommands.Count == 0))
        {
            var name = command.Parents.OfType<RootCommand>().Any() ? command.Name : $"{command.Parents.Single().Name} {command.Name}";
            Assert.Contains($"`{name}`", page, StringComparison.Ordinal);
            Assert.All(command.Options, option => Assert.Contains(option.Name, page, StringComparison.Ordinal));
        }
    }

    [Fact]
    public void Links_lead_somewhere() => Assert.All(
        Directory.GetFiles(Root, "*.md").Concat(Directory.GetFiles(Path.Combine(Root, "docs"), "*.md")),
        page => Assert.All(Link().Matches(File.ReadAllText(page)).Select(match => match.Groups[1].Value),
            link => Assert.True(Path.Exists(Path.Combine(Path.GetDirectoryName(page)!, link)), $"{page}: {link}")));

    [Fact]
    public void The_READMEs_policy_is_what_the_command_prints() => Assert.Contains(
        PolicyFormats.Json(PolicyDocuments.For([new Feed("contoso", "111122223333", "us-east-1", "app")], isPublishing: false, principal: null)).ReplaceLineEndings("\n"), Readme, StringComparison.Ordinal);

    [Fact]
    public void The_schema_has_the_keys_that_are_read()
    {
        var schema = JsonNode.Parse(File.ReadAllText(Path.Combine(Root, "src/CredentialProvider/codeartifact.schema.json")))!;
        var properties = schema["properties"]!;
        Assert.Equal(ConfigurationFile.FileKeys, Keys(schema));
        Assert.Equal(ConfigurationFile.OptionKeys, Keys(properties["defaults"]!));
        Assert.Equal(ConfigurationFile.RuleKeys, Keys(properties["rules"]!["items"]!));
        Assert.Equal(ConfigurationFile.HostKeys, Keys(properties["hosts"]!["additionalProperties"]!));
        Assert.Equal(ConfigurationFile.RoleKeys, Keys(schema["$defs"]!["roles"]!["items"]!["oneOf"]![1]!));
    }

    [Fact]
    public void The_READMEs_configuration_file_has_nothing_wrong()
    {
        var json = Readme.Split("```json\n").Select(block => block.Split("```")[0]).Single(block => block.Contains("$schema", StringComparison.Ordinal));
        var configuration = ConfigurationFile.Parse("README", Encoding.UTF8.GetBytes(json));
        Assert.All([configuration.Problem, .. configuration.Rules.Select(rule => rule.Problem), .. configuration.Hosts.Select(host => host.Problem)], Assert.Null);
        Assert.Equal((2, 1), (configuration.Rules.Length, configuration.Hosts.Length));
    }

    [Fact]
    public void The_first_screen_is_forty_lines() =>
        Assert.InRange(Readme.Split('\n').Index().First(line => line.Item.StartsWith("## ", StringComparison.Ordinal)).Index, 20, 40);

    [Fact]
    public void The_READMEs_doctor_is_a_session_that_was_seen()
    {
        var start = Readme.IndexOf("$ AWS_PROFILE=nobody", StringComparison.Ordinal);
        Assert.Contains(Readme[start..Readme.IndexOf("```", start, StringComparison.Ordinal)],
            Read("tests/CredentialProvider.EndToEndTests/Commands/doctor.txt"), StringComparison.Ordinal);
    }

    private static string Read(string path) => File.ReadAllText(Path.Combine(Root, path));

    private static IEnumerable<string> VariablesThatAreRead() => Variable().Matches(Read("src/CredentialProvider/Settings.cs"))
        .Select(match => match.Groups[1].Value).Distinct().Order();

    private static IEnumerable<string> Keys(JsonNode schema) => schema["properties"]!.AsObject().Select(property => property.Key);

    [GeneratedRegex("\"((?:CODEARTIFACT|AWS|NUGET|XDG|HTTPS?|NO|SSL)_[A-Z0-9_]+|TERM)\"")]
    private static partial Regex Variable();

    [GeneratedRegex(@"\$\((CodeArtifact\w+)\)")]
    private static partial Regex Property();

    [GeneratedRegex("`((?:[A-Z0-9]+_[A-Z0-9_]+|TERM))`")]
    private static partial Regex Told();

    [GeneratedRegex(@"\]\((?!https?:)([^)#]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex("^\\| `(CACP[0-9]{4})`", RegexOptions.Multiline)]
    private static partial Regex Code();
}
