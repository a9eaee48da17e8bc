using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text.RegularExpressions;
using CredentialProvider.Cli;
using CredentialProvider.Cli.NuGet;
using CredentialProvider.Configuration;

namespace CredentialProvider.Tests.Cli;

/// <summary>Help, and command lines that are invalid. What commands do is in the end-to-end tests.</summary>
public sealed partial class CommandLineUsage : IDisposable
{
    private readonly StringWriter _output = new() { NewLine = "\n" };
    private readonly StringWriter _errors = new() { NewLine = "\n" };

    public static TheoryData<string> Commands => [.. Leaves().Select(PathOf)];

    [Theory]
    [InlineData("doctr", "unknown command 'doctr'; did you mean 'doctor'?")]
    [InlineData("configure ad", "unknown command 'ad'; did you mean 'add'?")]
    [InlineData("help doctr", "unknown command 'doctr'; did you mean 'doctor'?")]
    [InlineData("doctr --help", "unknown command 'doctr'; did you mean 'doctor'?")]
    [InlineData("zzz", "unknown command 'zzz'; expected install, uninstall, ")]
    [InlineData("configure", "'configure' needs a command; expected add, ")]
    [InlineData("doctor --jsn", "unknown option '--jsn'; did you mean '--json'?")]
    [InlineData("doctor contoso -json", "unknown option '-json'; did you mean '--json'?")]
    [InlineData("doctor --package --publsh", "unknown option '--publsh'; did you mean '--publish'?")]
    [InlineData("token --formt json contoso", "unknown option '--formt'; did you mean '--format'?")]
    [InlineData("warm contoso --json", "unknown option '--json'; expected --owner, ")]
    [InlineData("cache path --jsn", "unknown option '--jsn'; expected --help")]
    [InlineData("--vresion", "unknown option '--vresion'; did you mean '--version'?")]
    [InlineData("cache list contoso", "unexpected argument 'contoso'")]
    [InlineData("policy", "Required argument 'SOURCE' missing for command: 'policy'")]
    [InlineData("completion pws", "unknown shell 'pws'; did you mean 'pwsh'?")]
    [InlineData("policy contoso --format terrafrm", "unknown format 'terrafrm'; did you mean 'terraform'?")]
    public void An_invalid_command_line_is_explained(string line, string error)
    {
        Assert.Equal(2, Run(line.Split(' ')));
        Assert.StartsWith($"error: {error}", _errors.ToString(), StringComparison.Ordinal);
        Assert.EndsWith("\nhint: see nuget-plugin-codeartifact --help\n", _errors.ToString(), StringComparison.Ordinal);
        Assert.Equal("", _output.ToString());
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public void Help_has_examples_and_exit_codes(string command)
    {
        Assert.Equal(0, Run([.. command.Split(' '), "--help"]));
        var help = _output.ToString();
        Assert.Matches("\nUsage:[\\s\\S]*\nExamples:\n[\\s\\S]*\nExit codes:\n", help);
        _output.GetStringBuilder().Clear();
        Assert.Equal(0, Run(["help", .. command.Split(' ')]));
        Assert.Equal(help, _output.ToString());
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public void Examples_are_valid(string command)
    {
        var examples = ((CliCommand)Leaves().Single(leaf => PathOf(leaf) == command)).Examples;
        Assert.NotEmpty(examples);
        Assert.All(examples, example =>
        {
            var line = InExample().Match(example.Name).Groups[1].Value;
            string[] args = [.. CommandLineParser.SplitCommandLine(line.Replace('\'', '"'))];
            var parsed = NewCommandLine().Root().Parse(args);
            Assert.Empty(UsageErrors.Find(parsed, args));
            Assert.Equal(command, PathOf(parsed.CommandResult.Command));
        });
    }

    [Fact]
    public void A_value_may_look_like_an_option_after_an_equals_sign_or_two_dashes()
    {
        foreach (var args in new[] { new[] { "doctor", "--package=-x" }, ["configure", "set", "externalId", "--", "-x"] })
            Assert.Empty(UsageErrors.Find(NewCommandLine().Root().Parse(args), args));
    }

    [Fact]
    public void Nothing_is_read_before_a_source_is_needed()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.Below("nuget.config"), "<configuration>");
        var sources = new NuGetSources(Settings.From(_ => null), folder.Path);
        Assert.Contains(", line 1, column ", Assert.Throws<CommandFailedException>(() => sources.All).Message, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _output.Dispose();
        _errors.Dispose();
    }

    private static IEnumerable<Command> Leaves() => new CommandLineUsage().NewCommandLine().Root().Subcommands
        .SelectMany(command => command.Subcommands.Prepend(command)).Where(command => command.Subcommands.Count == 0);

    private static string PathOf(Symbol command) =>
        command.Parents.Single() is RootCommand ? command.Name : $"{PathOf(command.Parents.Single())} {command.Name}";

    private int Run(string[] args) => NewCommandLine().Run(args);

    private CommandLine NewCommandLine() => new(Settings.From(_ => null),
        new Terminal(_output, _errors, hasColors: false, isInteractive: false), TimeProvider.System);

    /// <summary>Without what belongs to the shell.</summary>
    [GeneratedRegex("nuget-plugin-codeartifact ([^|>)]+)")]
    private static partial Regex InExample();
}
