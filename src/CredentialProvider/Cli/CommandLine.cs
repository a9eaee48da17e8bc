using System.CommandLine;
using System.CommandLine.Help;
using CredentialProvider.Cli.Commands;
using CredentialProvider.Cli.NuGet;
using CredentialProvider.Configuration;

namespace CredentialProvider.Cli;

/// <summary>The program's command line. Each command is a class in Commands/.</summary>
internal sealed class CommandLine(Settings settings, Terminal terminal, TimeProvider time)
{
    /// <summary>Response files are off, because a source may be named @something.</summary>
    private static readonly ParserConfiguration Parser = new() { ResponseFileTokenReplacer = null };

    /// <summary>For a command to end after Ctrl-C or SIGTERM; the parser's own default.</summary>
    private static readonly TimeSpan TerminationTimeout = TimeSpan.FromSeconds(2);

    /// <returns>The exit code: 0 success, 1 failure, 2 invalid command line.</returns>
    public int Run(string[] args)
    {
        // The MSBuild package passes its words in a file: there may be more sources than a command line takes.
        if (args is [['@', .. var file]] && File.Exists(file))
            args = File.ReadAllText(file).Split([' ', '\r', '\n'], StringSplitOptions.RemoveEmptyEntries);
        if (args.Length == 0)
            args = ["--help"];
        else if (args[0] == HelpCommand.Word && !args.Contains("--help"))
            args = [.. args.Skip(1), "--help"];
        var parsed = Root().Parse(args, Parser);
        var errors = UsageErrors.Find(parsed, args);
        if (errors.Count == 0)
        {
            // The parser's own handler would print exceptions past the terminal's filter; Program reports them.
            return parsed.Invoke(new InvocationConfiguration
            {
                Output = terminal.Output,
                EnableDefaultExceptionHandler = false,
                // exec has no signal handler: signals are for its command.
                ProcessTerminationTimeout = parsed.CommandResult.Command is ExecCommand ? null : TerminationTimeout,
            });
        }

        foreach (var error in errors)
            terminal.Error(error);
        terminal.Hint("see nuget-plugin-codeartifact --help");
        return CliCommand.UsageError;
    }

    /// <summary>All commands; a test compares docs/reference/commands.md with them.</summary>
    public RootCommand Root()
    {
        var context = new CommandContext(settings, terminal, time, new NuGetSources(settings));
        var root = new RootCommand(
            "A NuGet credential provider for AWS CodeArtifact. NuGet runs it with -Plugin; you run the commands below.")
        {
            new InstallCommand(context),
            new UninstallCommand(context),
            new Command("configure", "Manage sources in nuget.config and defaults in codeartifact.json")
            {
                new ConfigureAddCommand(context),
                new ConfigureRemoveCommand(context),
                new ConfigureForgetCommand(context),
                new ConfigureSetCommand(context),
                new ConfigureUnsetCommand(context),
            },
            new DoctorCommand(context),
            new DiagnoseCommand(context),
            new PolicyCommand(context),
            new TokenCommand(context),
            new ExecCommand(context),
            new WarmCommand(context),
            new AgentCommand(context),
            new Command("cache", "Show or clear the token cache")
            {
                new CacheListCommand(context),
                new CacheClearCommand(context),
                new CachePathCommand(context),
            },
            new LoginCommand(context),
            new CompletionCommand(context),
            new HelpCommand(context),
        };
        var help = root.Options.OfType<HelpOption>().Single();
        help.Action = new HelpSections((HelpAction)help.Action!);
        // Windows spellings, which completion would offer on every platform.
        foreach (var alias in new[] { "/h", "/?", "-?" })
            help.Aliases.Remove(alias);
        return root;
    }
}
