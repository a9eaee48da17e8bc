using System.CommandLine;
using System.Reflection;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using CredentialProvider.Cli;
using CredentialProvider.Cli.Doctor;
using CredentialProvider.Cli.Policy;
using CredentialProvider.Configuration;
using CredentialProvider.Errors;
using CredentialProvider.Feeds;

namespace CredentialProvider.Tests;

/// <summary>The documentation matches the program: every variable, key, code, property, command and link.</summary>
public sealed partial class Documentation
{
    private static readonly string Readme = Repository.Read("README.md");

    [Fact]
    public void The_settings_reference_lists_exactly_the_variables_that_are_read()
    {
        var documented = DocumentedVariable().Matches(Repository.Read("docs/reference/settings.md")).Select(match => match.Groups[1].Value).ToHashSet();
        Assert.Empty(VariablesThatAreRead().Except(documented));
        // The page also names variables of other programs; those of this project must exist.
        Assert.Empty(documented.Where(IsOwnVariable).Except(VariablesThatAreRead()));
    }

    [Fact]
    public void The_README_lists_every_variable_of_this_project() => Assert.Equal(
        VariablesThatAreRead().Where(IsOwnVariable),
        DocumentedVariable().Matches(Readme).Select(match => match.Groups[1].Value).Where(IsOwnVariable).Distinct().Order());

    [Fact]
    public void The_settings_reference_lists_every_key_of_the_configuration_file() => Assert.All(
        ConfigurationFileReader.FileKeys.Concat(ConfigurationFileReader.RuleKeys).Concat(ConfigurationFileReader.HostKeys).Concat(ConfigurationFileReader.RoleKeys),
        key => Assert.Contains($"`{key}`", Repository.Read("docs/reference/settings.md"), StringComparison.Ordinal));

    [Fact]
    public void The_README_and_the_error_reference_list_every_code()
    {
        var codes = typeof(ErrorCode).GetFields(BindingFlags.Public | BindingFlags.Static).Select(field => (string)field.GetRawConstantValue()!).ToList();
        Assert.Equal(codes.Count, codes.Distinct().Count());
        Assert.Equal(codes.Order(), Code().Matches(Readme).Select(match => match.Groups[1].Value).Distinct().Order());
        var sections = Repository.Read("docs/reference/errors.md").Split("\n## ")[1..].Where(section => !section.StartsWith("Without a code", StringComparison.Ordinal)).ToList();
        Assert.Equal(codes.Order(), sections.Select(section => section.Split('\n')[0]));
        Assert.All(sections, section => Assert.Matches(@"^CACP\d{4}\n\n\*\*Meaning:\*\* [\s\S]+ \*\*Cause:\*\* [\s\S]+\s\*\*Fix:\*\* ", section));
    }

    [Fact]
    public void The_MSBuild_package_never_turns_a_code_into_an_error() => Assert.Equal(
        string.Join(';', typeof(ErrorCode).GetFields(BindingFlags.Public | BindingFlags.Static).Select(field => (string)field.GetRawConstantValue()!).Order()
            .Prepend("$(MSBuildWarningsNotAsErrors)")),
        XDocument.Load(Path.Combine(Repository.Root, "src/CredentialProvider.MSBuild/Sdk/Sdk.targets")).Descendants("MSBuildWarningsNotAsErrors").Single().Value);

    [Fact]
    public void The_MSBuild_guide_lists_every_property()
    {
        var properties = Directory.GetFiles(Path.Combine(Repository.Root, "src/CredentialProvider.MSBuild/Sdk"))
            .SelectMany(file => Property().Matches(File.ReadAllText(file)).Select(match => match.Groups[1].Value)).Distinct().Except(["CodeArtifactSources", "CodeArtifactWaits"]);
        Assert.All(properties, property => Assert.Contains($"`{property}`", Repository.Read("docs/guides/msbuild.md"), StringComparison.Ordinal));
    }

    [Fact]
    public void The_command_reference_lists_every_command_and_option()
    {
        var page = Repository.Read("docs/reference/commands.md");
        var settings = Settings.From(_ => null);
        var root = new CommandLine(settings, new Terminal(TextWriter.Null, TextWriter.Null, hasColors: false, isInteractive: false), TimeProvider.System).Root();
        foreach (var command in root.Subcommands.SelectMany(command => command.Subcommands.Prepend(command)).Where(command => command.Subcommands.Count == 0))
        {
            var name = command.Parents.OfType<RootCommand>().Any() ? command.Name : $"{command.Parents.Single().Name} {command.Name}";
            Assert.Contains($"`{name}`", page, StringComparison.Ordinal);
            var sections = page.Split("\n## ").Where(section =>
                section.Split('\n')[0].Split(' ').Contains(name.Split(' ')[0]) || section.StartsWith("What all commands", StringComparison.Ordinal)).ToList();
            Assert.All(command.Options, option => Assert.Contains(sections, section => section.Contains(option.Name, StringComparison.Ordinal)));
        }
    }

    [Fact]
    public void Relative_links_have_a_target()
    {
        var pages = Directory.GetFiles(Repository.Root, "*.md").Select(file => Path.GetFileName(file)).Concat(Repository.Files("docs", "*.md"))
            .Concat(Repository.Files("src", "*.md"));
        Assert.All(pages, page => Assert.All(Link().Matches(Repository.Read(page)).Select(match => match.Groups[1].Value),
            link => Assert.True(Path.Exists(Path.Combine(Repository.Root, Path.GetDirectoryName(page)!, link)), $"{page}: {link}")));
    }

    [Fact]
    public void The_README_shows_the_policy_that_the_command_prints() => Assert.Contains(
        PolicyFormats.Json(PolicyDocuments.For([new Feed("contoso", "111122223333", "us-east-1", "app")], isPublishing: false, principal: null)).ReplaceLineEndings("\n"), Readme, StringComparison.Ordinal);

    [Fact]
    public void The_schema_has_exactly_the_keys_that_are_read()
    {
        var schema = JsonNode.Parse(Repository.Read("src/CredentialProvider/Configuration/codeartifact.schema.json"))!;
        var properties = schema["properties"]!;
        Assert.Equal(ConfigurationFileReader.FileKeys, Keys(schema));
        Assert.Equal(ConfigurationFileReader.OptionKeys, Keys(properties["defaults"]!));
        Assert.Equal(ConfigurationFileReader.RuleKeys, Keys(properties["rules"]!["items"]!));
        Assert.Equal(ConfigurationFileReader.HostKeys, Keys(properties["hosts"]!["additionalProperties"]!));
        Assert.Equal(ConfigurationFileReader.RoleKeys, Keys(schema["$defs"]!["roles"]!["items"]!["oneOf"]![1]!));
    }

    [Fact]
    public void The_README_shows_a_valid_configuration_file()
    {
        var json = Readme.Split("```json\n").Select(block => block.Split("```")[0]).Single(block => block.Contains("$schema", StringComparison.Ordinal));
        var configuration = ConfigurationFileReader.Parse("README", Encoding.UTF8.GetBytes(json));
        Assert.All([configuration.Problem, .. configuration.Rules.Select(rule => rule.Problem), .. configuration.Hosts!.Select(host => host.Problem)], Assert.Null);
        Assert.Equal((2, 1), (configuration.Rules.Length, configuration.Hosts!.Length));
    }

    [Fact]
    public void The_README_has_a_first_screen_of_at_most_forty_lines() =>
        Assert.InRange(Readme.Split('\n').Index().First(line => line.Item.StartsWith("## ", StringComparison.Ordinal)).Index, 20, 40);

    [Fact]
    public void The_doctor_reference_lists_every_check_in_order()
    {
        var checks = typeof(Checks).GetFields(BindingFlags.Public | BindingFlags.Static).Select(field => (string)field.GetRawConstantValue()!);
        var table = Repository.Read("docs/reference/doctor.md").Split("\n## ").Single(section => section.StartsWith("Checks\n", StringComparison.Ordinal));
        var names = table.Split('\n').Where(line => line.StartsWith("| `", StringComparison.Ordinal)).Select(line => line.Split('|')[1]);
        Assert.Equal(checks, names.SelectMany(cell => cell.Split(',')).Select(name => name.Trim(' ', '`')));
    }

    [Fact]
    public void Each_promise_about_security_names_tests_that_exist()
    {
        var classes = Repository.Files("tests", "*.cs").SelectMany(file => TestClass().Matches(Repository.Read(file))).Select(match => match.Groups[1].Value).ToHashSet();
        var promises = Repository.Read("SECURITY.md").Split('\n').Where(line => line.StartsWith("| ", StringComparison.Ordinal)).Skip(2)
            .Select(line => QuotedName().Matches(line.Split('|')[^2]).Select(match => match.Groups[1].Value).ToList()).ToList();
        Assert.NotEmpty(promises);
        Assert.All(promises, names => Assert.NotEmpty(names));
        Assert.Empty(promises.SelectMany(names => names).Except(classes));
    }

    [Fact]
    public void The_README_shows_a_doctor_session_that_a_test_runs()
    {
        var start = Readme.IndexOf("$ AWS_PROFILE=nobody", StringComparison.Ordinal);
        Assert.Contains(Readme[start..Readme.IndexOf("```", start, StringComparison.Ordinal)],
            Repository.Read("tests/CredentialProvider.EndToEndTests/Commands/doctor.txt"), StringComparison.Ordinal);
    }

    private static IEnumerable<string> VariablesThatAreRead() => Repository.Files("src/CredentialProvider/Configuration", "*.cs")
        .SelectMany(file => Variable().Matches(Repository.Read(file)).Select(match => match.Groups[1].Value)).Distinct().Order();

    private static bool IsOwnVariable(string name) => name.StartsWith("CODEARTIFACT_", StringComparison.Ordinal);

    private static IEnumerable<string> Keys(JsonNode schema) => schema["properties"]!.AsObject().Select(property => property.Key);

    [GeneratedRegex(@"^public (?:sealed |static |partial )*class (\w+)", RegexOptions.Multiline)]
    private static partial Regex TestClass();

    [GeneratedRegex("`([A-Z][A-Za-z]+)`")]
    private static partial Regex QuotedName();

    [GeneratedRegex("\"((?:CODEARTIFACT|AWS|NUGET|XDG|HTTPS?|NO|SSL)_[A-Z0-9_]+|TERM)\"")]
    private static partial Regex Variable();

    [GeneratedRegex(@"\$\((CodeArtifact\w+)\)")]
    private static partial Regex Property();

    [GeneratedRegex("`((?:[A-Z0-9]+_[A-Z0-9_]+|TERM))`")]
    private static partial Regex DocumentedVariable();

    [GeneratedRegex(@"\]\((?!https?:)([^)#]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex("^\\| `(CACP[0-9]{4})`", RegexOptions.Multiline)]
    private static partial Regex Code();
}
