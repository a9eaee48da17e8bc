using System.CommandLine;
using System.CommandLine.Parsing;
using System.ComponentModel;
using System.Diagnostics;
using CredentialProvider.Configuration;
using CredentialProvider.Platform;
using CredentialProvider.Tokens;

namespace CredentialProvider.Cli.Commands;

/// <summary><c>exec</c>: runs a command with a token in its environment. On Unix the command takes the place of this
/// process, so that signals, terminal and exit code are its own.</summary>
internal sealed class ExecCommand : CliCommand
{
    public const string Word = "exec";

    private const string Placeholder = "{token}";

    /// <summary>Exit codes of env(1).</summary>
    private const int NotExecutable = 126, NotFound = 127;

    private readonly SourceOptions _source;

    private readonly Argument<string[]> _command = new("COMMAND")
    {
        Description = "After --: the program and its arguments",
        HelpName = "COMMAND",
        Arity = ArgumentArity.OneOrMore,
    };

    private readonly Option<string[]> _variables = new("--variable")
    {
        Description = $"Set another variable, to the token or to a text with {Placeholder} in it; may be repeated",
        HelpName = "NAME[=TEXT]",
    };

    private readonly Option<string?> _profile = SharedOptions.Profile();

    public ExecCommand(CommandContext context)
        : base(context, Word, "Run a command with a token in its environment")
    {
        _source = SourceOptions.OneOfAnyFormat(context.Sources);
        _source.AddTo(this);
        Add(_command);
        Add(_variables);
        Add(_profile);
        _variables.Validators.Add(result =>
        {
            foreach (var token in result.Tokens)
            {
                if (token.Value.Length == 0 || token.Value[0] == '='
                    || (token.Value.Contains('=') && !token.Value.Contains(Placeholder)))
                {
                    result.AddError($"invalid variable '{token.Value}'; expected NAME, or NAME=TEXT with {Placeholder} in "
                        + "the text");
                }
            }
        });
    }

    public override HelpEntry[] Examples { get; } =
    [
        new("nuget-plugin-codeartifact exec contoso -- npm ci", "Run npm, whose .npmrc has ${CODEARTIFACT_AUTH_TOKEN}"),
        new("nuget-plugin-codeartifact exec contoso --variable TWINE_PASSWORD -- twine upload dist/*",
            "Set the variable that the tool reads"),
        new("nuget-plugin-codeartifact exec contoso --variable 'PIP_INDEX_URL=https://aws:{token}@"
            + "contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com/pypi/app/simple/' -- pip install example",
            "Set a variable to a text with the token in it"),
    ];

    public override HelpEntry[] Variables { get; } =
    [
        new("CODEARTIFACT_AUTH_TOKEN", "set for the command"),
        ProfileVariables, RegionVariables, CacheVariables, ProxyVariables,
    ];

    public override HelpEntry[] ExitCodes { get; } =
    [
        new($"{Failure}", "no token; stderr says why"),
        new($"{UsageError}", "invalid command line"),
        new($"{NotExecutable}", "the command cannot be executed"),
        new($"{NotFound}", "the command was not found"),
        new("others", "those of the command"),
    ];

    protected override async Task<int> RunForExitCodeAsync(ParseResult parsed, CancellationToken cancel)
    {
        var command = parsed.GetRequiredValue(_command);
        var afterDashes = parsed.Tokens.SkipWhile(token => token.Type != TokenType.DoubleDash).Skip(1).Count();
        if (afterDashes != command.Length)
            throw Failed($"the command has to follow --: {Word} SOURCE -- {string.Join(" ", command)}", UsageError);

        var program = Find(command[0]);
        var source = _source.Find(parsed)[0];
        var settings = Context.Settings.WithProfile(parsed.GetValue(_profile));
        // The command may run for hours, and cannot have another token.
        var token = await new CommandTokens(settings, Terminal, Context.Time)
            .RequireAsync(TokenRequest.For(source.Feed, settings), renewIfAging: true, cancel);
        var variables = (parsed.GetValue(_variables) ?? []).Prepend("CODEARTIFACT_AUTH_TOKEN")
            .Select(variable => Split(variable, token.Token.Reveal())).ToList();
        try
        {
            return CanBeReplaced ? throw new Win32Exception(Posix.Execute(program, command, variables))
                : RunChild(program, [.. command.Skip(1)], variables);
        }
        catch (Win32Exception e)
        {
            const int NoSuchFile = 2;
            throw Failed($"{command[0]} cannot be executed: {e.Message}",
                e.NativeErrorCode == NoSuchFile ? NotFound : NotExecutable);
        }
    }

    private static (string Name, string Value) Split(string variable, string token) =>
        variable.IndexOf('=') is >= 0 and var end
            ? (variable[..end], variable[(end + 1)..].Replace(Placeholder, token)) : (variable, token);

    private string Find(string program) => ProcessEnvironment.FindProgram(program)
        ?? throw (Context.Settings.SearchPath.Any(folder => File.Exists(Path.Combine(folder, program)))
            ? Failed($"{program} on PATH is not executable; chmod +x it, or write the full path of another", NotExecutable)
            : Failed($"{program} is not on PATH; write its full path, or add its folder to PATH", NotFound));

    private static CommandFailedException Failed(string line, int exitCode) => new(line) { ExitCode = exitCode };

    /// <summary>Not on Windows. Under mono, which runs the build for .NET Framework, the environment has what this program
    /// has changed.</summary>
    private static bool CanBeReplaced => !OperatingSystem.IsWindows() && Environment.Version.Major > 4;

    private static int RunChild(string program, string[] arguments, List<(string Name, string Value)> variables)
    {
        // cmd.exe runs it, and reads the arguments in its own way.
        if (Path.GetExtension(program).ToLowerInvariant() is ".cmd" or ".bat"
            && Array.Find(arguments, argument => argument.IndexOfAny([.. "\"%&|<>^\r\n"]) >= 0) is { } changed)
        {
            throw Failed($"cmd.exe, which runs {program}, would change the argument '{changed}'", NotExecutable);
        }

        var start = ProcessEnvironment.CreateStartInfo(program, ProcessArguments.Join(arguments));
        start.CreateNoWindow = false;
        foreach (var (name, value) in variables)
            start.Environment[name] = value;
        Terminal.IgnoreCtrlC();
        using var child = Process.Start(start)!;
        child.WaitForExit();
        return child.ExitCode;
    }
}
