using System.CommandLine;
using System.CommandLine.Completions;

namespace CredentialProvider.Cli.Commands;

/// <summary><c>help COMMAND</c>, which <see cref="CommandLine"/> rewrites to <c>COMMAND --help</c>.</summary>
internal sealed class HelpCommand : CliCommand
{
    public const string Word = "help";

    public HelpCommand(CommandContext context)
        : base(context, Word, "Show the help of a command")
    {
        var command = new Argument<string[]>("COMMAND")
        {
            Description = "The command, such as doctor or configure add",
            HelpName = "COMMAND",
            Arity = ArgumentArity.ZeroOrMore,
        };
        command.CompletionSources.Add(_ => Parents.OfType<RootCommand>().Single().Subcommands
            .Where(other => other != this).Select(other => new CompletionItem(other.Name)));
        Add(command);
    }

    public override HelpEntry[] Examples { get; } =
    [
        new("nuget-plugin-codeartifact help doctor", "Show how to use doctor"),
        new("nuget-plugin-codeartifact help configure add", "Show how to use configure add"),
    ];
}
