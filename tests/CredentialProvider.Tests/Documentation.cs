using System.Reflection;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace CredentialProvider.Tests;

/// <summary>What people read says what the program does.</summary>
public sealed partial class Documentation
{
    private static readonly string Root = typeof(Documentation).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(attribute => attribute.Key == "RepositoryRoot").Value!;

    private static readonly string Readme = File.ReadAllText(Path.Combine(Root, "README.md"));

    [Fact]
    public void The_README_has_every_variable_that_is_read_and_no_other()
    {
        var read = Variable().Matches(File.ReadAllText(Path.Combine(Root, "src/CredentialProvider/Settings.cs")))
            .Select(match => match.Groups[1].Value).Distinct().Order();
        var told = Told().Matches(Readme).Select(match => match.Groups[1].Value).Where(name => name.Contains('_', StringComparison.Ordinal)).Distinct().Order();
        Assert.Equal(read, told);
    }

    [Fact]
    public void The_README_has_every_error_code()
    {
        var codes = typeof(ErrorCode).GetFields(BindingFlags.Public | BindingFlags.Static).Select(field => (string)field.GetRawConstantValue()!).ToList();
        Assert.Equal(codes.Count, codes.Distinct().Count());
        Assert.Equal(codes.Order(), Code().Matches(Readme).Select(match => match.Groups[1].Value).Distinct().Order());
    }

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

    private static IEnumerable<string> Keys(JsonNode schema) => schema["properties"]!.AsObject().Select(property => property.Key);

    [GeneratedRegex("\"((?:CODEARTIFACT|AWS)_[A-Z0-9_]+)\"")]
    private static partial Regex Variable();

    [GeneratedRegex("`((?:CODEARTIFACT|AWS)_[A-Z0-9_]+)`")]
    private static partial Regex Told();

    [GeneratedRegex("^\\| `(CACP[0-9]{4})`", RegexOptions.Multiline)]
    private static partial Regex Code();
}
