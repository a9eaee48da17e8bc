using System.Text.RegularExpressions;

namespace CredentialProvider.Tests;

/// <summary>The floors of DESIGN.md: each top-level namespace of the program uses only those below it.</summary>
public sealed partial class Architecture
{
    private const string Program = "Program", Sources = "src/CredentialProvider/", Project = "CredentialProvider";

    /// <summary>Lowest first. A namespace within one of these is on the same floor.</summary>
    private static readonly string[] Floors =
        ["Errors", "FastStart", "Platform", "Feeds", "Configuration", "Identity", "Tokens", "Aws", "Agent", "Plugin", "Cli", Program];

    [Fact]
    public void Only_Program_is_at_the_root() => Assert.Equal(
        [Sources + "Program.cs"], SourceFiles().Where(file => !file[Sources.Length..].Contains('/', StringComparison.Ordinal)));

    [Fact]
    public void Namespaces_match_folders() => Assert.All(SourceFiles(), file =>
    {
        var folder = Path.GetDirectoryName(file[Sources.Length..])!.Replace('\\', '.').Replace('/', '.');
        Assert.Equal((file, folder.Length == 0 ? Project : $"{Project}.{folder}"), (file, NamespaceOf(Repository.Read(file))));
        Assert.True(FloorOf(folder) >= 0, $"{file}: {folder} is not in the list of floors");
    });

    [Fact]
    public void No_floor_uses_a_higher_one()
    {
        var violations = SourceFiles().SelectMany(file => FindUpwardUses(file, Repository.Read(file))).ToList();
        Assert.True(violations.Count == 0, string.Join('\n', violations));
    }

    [Theory]
    [InlineData("using CredentialProvider.Plugin;", "CredentialProvider.Plugin")]
    [InlineData("global using CredentialProvider.Cli.NuGet;", "CredentialProvider.Cli")]
    [InlineData("using static CredentialProvider.Aws.AwsFailure;", "CredentialProvider.Aws")]
    [InlineData("using Host = CredentialProvider.Plugin.PluginHost;", "CredentialProvider.Plugin")]
    [InlineData("using CredentialProvider; // Program", null)]
    [InlineData("using CredentialProvider.Configuration;", null)]
    [InlineData("using CredentialProvider.Tokens;", null)]
    public void An_upward_using_is_found(string directive, string? used) => AssertFound(used, 3, $"""
        using System;

        {directive}
        namespace CredentialProvider.Tokens;
        """);

    [Theory]
    [InlineData("Aws.Retries.BuildTimeout", "CredentialProvider.Aws")]
    [InlineData("CredentialProvider.Cli.Terminal.Open()", "CredentialProvider.Cli")]
    [InlineData("global::CredentialProvider.Plugin.LegacyProtocol.IsRequested()", "CredentialProvider.Plugin")]
    [InlineData("Program.Main([])", "CredentialProvider.Program")]
    [InlineData("$\"{Plugin.ResponseCode.Error}\"", "CredentialProvider.Plugin")]
    [InlineData("Platform.Posix.Exists(x)", null)]
    [InlineData("settings.Cli.Plugin.Name", null)]
    [InlineData("\"see Cli.Terminal\"", null)]
    [InlineData("1 /* not Cli.Terminal */", null)]
    [InlineData("\"https://x\" + Aws.Retries.Name", "CredentialProvider.Aws")]
    public void An_upward_qualified_name_is_found(string expression, string? used) => AssertFound(used, 5, $$"""
        namespace CredentialProvider.Tokens;

        internal sealed class Example
        {
            private object _value = {{expression}};
        }
        """);

    [Fact]
    public void DESIGN_lists_the_floors()
    {
        var section = Repository.Read("DESIGN.md").Split("\n## ").SingleOrDefault(part => part.StartsWith("Floors\n", StringComparison.Ordinal));
        Assert.True(section is not null, "DESIGN.md has no section 'Floors'");
        var listed = TableRow().Matches(section).Select(match => match.Groups[1].Value.Replace(".cs", "", StringComparison.Ordinal)).Reverse();
        Assert.Equal(Floors.Where(floor => floor == Program || Directory.Exists(Path.Combine(Repository.Root, Sources, floor))), listed);
    }

    private static void AssertFound(string? used, int line, string source)
    {
        var found = FindUpwardUses("Example.cs", source).ToList();
        if (used is null)
            Assert.Empty(found);
        else
            Assert.Equal([$"Example.cs:{line}: CredentialProvider.Tokens uses {used}"], found);
    }

    /// <summary>Lines of the form <c>file:line: namespace uses namespace</c>.</summary>
    private static IEnumerable<string> FindUpwardUses(string file, string source)
    {
        var code = NotCode().Replace(source, match => match.Value is ['$', ..] ? match.Value : LineContent().Replace(match.Value, " "));
        var user = NamespaceOf(code);
        var floor = user == Project ? FloorOf(Program) : FloorOf(user[(Project.Length + 1)..]);
        foreach (Match match in Use().Matches(code))
        {
            var used = match.Groups[1].Value;
            if (FloorOf(used) > floor)
                yield return $"{file}:{code.AsSpan(0, match.Index).Count('\n') + 1}: {user} uses {Project}.{used}";
        }
    }

    private static IEnumerable<string> SourceFiles() => Repository.Files(Sources, "*.cs");

    private static string NamespaceOf(string source) => Namespace().Match(source).Groups[1].Value;

    /// <summary>The index in <see cref="Floors"/>; -1 for a namespace of others.</summary>
    private static int FloorOf(string name) => name.Length == 0 ? Floors.Length - 1 : Array.IndexOf(Floors, name.Split('.')[0]);

    [GeneratedRegex(@"^namespace ([\w.]+)", RegexOptions.Multiline)]
    private static partial Regex Namespace();

    /// <summary>A name after the project's namespace, or at the start of a qualified name.</summary>
    [GeneratedRegex(@"(?:(?<![\w.])CredentialProvider\.|(?<![\w.])(?=[A-Z]\w*\.[A-Z]))(\w+)")]
    private static partial Regex Use();

    /// <summary>Comments and string literals; interpolated strings start with <c>$</c> and contain code.</summary>
    [GeneratedRegex("""
        //[^\n]*|/\*[\s\S]*?\*/|\$*"{3,}[\s\S]*?"{3,}|\$?@\$?"(?:""|[^"])*"|\$?"(?:\\.|[^"\\\n])*"|'(?:\\.[^']*|[^'\\])'
        """)]
    private static partial Regex NotCode();

    [GeneratedRegex(@"[^\n]")]
    private static partial Regex LineContent();

    [GeneratedRegex(@"^\| `(\w+(?:\.cs)?)` \|", RegexOptions.Multiline)]
    private static partial Regex TableRow();
}
