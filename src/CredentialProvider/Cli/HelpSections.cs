using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace CredentialProvider.Cli;

/// <summary><c>--help</c>: the parser's own help, then examples, environment variables and exit codes.</summary>
internal sealed class HelpSections(HelpAction parserHelp) : SynchronousCommandLineAction
{
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        var exitCode = parserHelp.Invoke(parseResult);
        var command = parseResult.CommandResult.Command;
        var output = parseResult.InvocationConfiguration.Output;
        output.WriteLine("Examples:");
        foreach (var example in ExamplesOf(command))
        {
            output.WriteLine($"  # {example.Meaning}");
            output.WriteLine($"  {example.Name}");
        }

        if (command is CliCommand { Variables: { Length: > 0 } variables })
            WriteTable(output, "Environment variables:", variables);
        WriteTable(output, "Exit codes:",
            command is CliCommand { ExitCodes: var codes } ? codes : CliCommand.UsualExitCodes);
        if (command.Subcommands.Count > 0)
        {
            output.WriteLine();
            output.WriteLine("Use 'nuget-plugin-codeartifact help COMMAND' for more about a command.");
        }

        return exitCode;
    }

    /// <summary>A command's own examples; of a group, the first example of each command in it.</summary>
    private static IEnumerable<HelpEntry> ExamplesOf(Command command) => command is CliCommand { Examples: var own }
        ? own : command.Subcommands.SelectMany(subcommand => ExamplesOf(subcommand).Take(1));

    private static void WriteTable(TextWriter output, string title, HelpEntry[] entries)
    {
        output.WriteLine();
        output.WriteLine(title);
        var width = entries.Max(entry => entry.Name.Length);
        foreach (var entry in entries)
            output.WriteLine($"  {entry.Name.PadRight(width)}  {entry.Meaning}");
    }
}
