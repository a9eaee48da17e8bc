using System.CommandLine;
using CredentialProvider.Errors;

namespace CredentialProvider.Cli.Commands;

/// <summary><c>completion</c>: prints a script that makes a shell complete this program's command line. The script asks
/// the program what fits, with the parser's <c>[suggest:POSITION]</c> directive.</summary>
internal sealed class CompletionCommand : CliCommand
{
    private static readonly string[] Shells = ["bash", "zsh", "fish", "pwsh"];

    private readonly Argument<string> _shell =
        new("SHELL") { Description = $"One of {string.Join(", ", Shells)}", HelpName = "SHELL" };

    public CompletionCommand(CommandContext context)
        : base(context, "completion", "Print a shell completion script")
    {
        _shell.CompletionSources.Add(Shells);
        _shell.Validators.Add(result =>
        {
            if (result.Tokens is [var shell, ..] && Array.IndexOf(Shells, shell.Value) < 0)
                result.AddError($"unknown shell '{shell.Value}'; {Spelling.Suggest(shell.Value, Shells)}");
        });
        Add(_shell);
    }

    public override HelpEntry[] Examples { get; } =
    [
        new("eval \"$(nuget-plugin-codeartifact completion bash)\"", "Complete in bash (~/.bashrc)"),
        new("eval \"$(nuget-plugin-codeartifact completion zsh)\"", "Complete in zsh (~/.zshrc, after compinit)"),
        new("nuget-plugin-codeartifact completion fish > ~/.config/fish/completions/nuget-plugin-codeartifact.fish",
            "Complete in fish"),
        new("nuget-plugin-codeartifact completion pwsh | Out-String | Invoke-Expression", "Complete in PowerShell ($PROFILE)"),
    ];

    protected override void Run(ParseResult parsed) => Terminal.PrintVerbatim(Script(parsed.GetRequiredValue(_shell)));

    private static string Script(string shell) => shell switch
    {
        "bash" => """
            # ~/.bashrc: eval "$(nuget-plugin-codeartifact completion bash)"
            _nuget_plugin_codeartifact() {
              local IFS=$'\n'
              COMPREPLY=($(compgen -W "$("${COMP_WORDS[0]}" "[suggest:$COMP_POINT]" "$COMP_LINE" 2>/dev/null)" -- "${COMP_WORDS[COMP_CWORD]}"))
            }
            complete -o default -F _nuget_plugin_codeartifact nuget-plugin-codeartifact
            """,
        "zsh" => """
            # ~/.zshrc, after compinit: eval "$(nuget-plugin-codeartifact completion zsh)"
            _nuget_plugin_codeartifact() {
              local -a words_that_fit
              words_that_fit=("${(@f)$("${words[1]}" "[suggest:$CURSOR]" "$BUFFER" 2>/dev/null)}")
              compadd -a words_that_fit || _files
            }
            compdef _nuget_plugin_codeartifact nuget-plugin-codeartifact
            """,
        "fish" => """
            # ~/.config/fish/completions/nuget-plugin-codeartifact.fish
            complete -c nuget-plugin-codeartifact -a '(nuget-plugin-codeartifact "[suggest:"(commandline -C)"]" (commandline -p) 2>/dev/null)'
            """,
        _ => """
            # $PROFILE: nuget-plugin-codeartifact completion pwsh | Out-String | Invoke-Expression
            Register-ArgumentCompleter -Native -CommandName nuget-plugin-codeartifact -ScriptBlock {
              param($word, $command, $position)
              nuget-plugin-codeartifact "[suggest:$position]" "$command" 2>$null |
                ForEach-Object { [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_) }
            }
            """,
    };
}
