using System.CommandLine;
using System.CommandLine.Parsing;
using CredentialProvider.Errors;

namespace CredentialProvider.Cli;

/// <summary>Explains an invalid command line. The parser takes a mistyped option for an argument, so options are
/// checked here.</summary>
internal static class UsageErrors
{
    /// <returns>One line per error; empty if the command line is valid.</returns>
    public static IReadOnlyList<string> Find(ParseResult parsed, string[] args)
    {
        // A shell asks for completions while the command line is incomplete.
        if (parsed.Tokens.Any(token => token.Type == TokenType.Directive))
            return [];
        var command = parsed.CommandResult.Command;
        if (FindUnknownOption(parsed, args) is { } option)
            return [$"unknown option '{option}'; {Spelling.Suggest(option, OptionsOf(parsed))}"];
        if (command.Subcommands.Count == 0)
        {
            return parsed.UnmatchedTokens.Count > 0
                ? [.. parsed.UnmatchedTokens.Select(word => $"unexpected argument '{word}'")]
                : [.. parsed.Errors.Select(error => error.Message.TrimEnd('.'))];
        }

        string[] commands = [.. command.Subcommands.Select(subcommand => subcommand.Name)];
        if (parsed.UnmatchedTokens is [var unknown, ..])
            return [$"unknown command '{unknown}'; {Spelling.Suggest(unknown, commands)}"];
        return parsed.Errors.Count == 0 ? []
            : [$"'{command.Name}' needs a command; expected {string.Join(", ", commands)}"];
    }

    /// <summary>The first word that looks like an option but is none. Words after <c>--</c>, and values as in
    /// <c>--option=-value</c>, may look like one.</summary>
    private static string? FindUnknownOption(ParseResult parsed, string[] args) => parsed.Tokens
        .TakeWhile(token => token.Type != TokenType.DoubleDash)
        .FirstOrDefault(token => token.Type == TokenType.Argument && token.Value is ['-', _, ..]
            && Array.IndexOf(args, token.Value) >= 0)?.Value;

    private static List<string> OptionsOf(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        var inherited = parsed.RootCommandResult.Command.Options.Where(option => option.Recursive);
        return [.. command.Options.Concat(inherited).Select(option => option.Name).Distinct()];
    }
}
