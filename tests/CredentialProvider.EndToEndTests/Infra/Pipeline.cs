using System.Text.RegularExpressions;
using YamlDotNet.RepresentationModel;

namespace CredentialProvider.EndToEndTests.Infra;

/// <summary>A workflow, action or pipeline definition of a CI system, and the shell scripts in it.</summary>
public sealed partial class Pipeline
{
    /// <summary>Paths of all of this repository's pipeline files, relative to its root.</summary>
    public static IEnumerable<string> All => new[] { ".github/workflows", "build/ci", "build/ci/github" }.Select(Artifacts.Source)
        .SelectMany(Directory.GetFiles).Select(file => Path.GetRelativePath(Artifacts.Source("."), file)).Order();

    private Pipeline(string file)
    {
        Text = File.ReadAllText(Artifacts.Source(file));
        if (!file.EndsWith(".yml", StringComparison.Ordinal))
        {
            Scripts = [.. Groovy().Matches(Text).Select(match => match.Groups[1].Value)];
            return;
        }

        var yaml = new YamlStream();
        yaml.Load(new StringReader(Text));
        Root = (YamlMappingNode)yaml.Documents[^1].RootNode;
        Scripts = [.. Root.AllNodes.OfType<YamlMappingNode>().SelectMany(node => node.Children).Where(IsScript).Select(entry => Lines(entry.Value))];
    }

    public string Text { get; }

    /// <summary>Null for a file that is not YAML.</summary>
    public YamlMappingNode? Root { get; }

    /// <summary>In the order they run.</summary>
    public IReadOnlyList<string> Scripts { get; }

    public static Pipeline Read(string file) => new(file);

    /// <summary>The variables that the file gives to a job or step, among them this one.</summary>
    public IEnumerable<(string Name, string Value)> VariablesOf(string name) => Root!.AllNodes.OfType<YamlMappingNode>()
        .Single(node => node.Children.ContainsKey(name)).Children.Select(variable => ((string)variable.Key!, (string)variable.Value!));

    private static bool IsScript(KeyValuePair<YamlNode, YamlNode> entry) =>
        entry.Value is not YamlMappingNode && entry.Key is YamlScalarNode { Value: "run" or "bash" or "inlineScript" or "commands" or "before_script" or "script" or "after_script" };

    private static string Lines(YamlNode node) =>
        node is YamlSequenceNode lines ? string.Join('\n', lines.Select(line => (string?)line)) : (string)node!;

    [GeneratedRegex(@"\bsh\s+'''\n([\s\S]*?)'''")]
    private static partial Regex Groovy();
}
