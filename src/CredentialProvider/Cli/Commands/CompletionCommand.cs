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

    /// <summary>Names of sources come from files that others wrote. A script neither evaluates a candidate nor the words
    /// on the command line, and inserts a candidate as one word. It starts the program on PATH, not the one that the
    /// command line names, which may belong to a repository that was cloned. The program is asked for an empty word, and
    /// the shell selects what fits the word so far, because only the shell knows its quotes.</summary>
    private static string Script(string shell) => shell switch
    {
        "bash" => """
            # ~/.bashrc: eval "$(nuget-plugin-codeartifact completion bash)"
            _nuget_plugin_codeartifact() {
              local word=${COMP_WORDS[COMP_CWORD]} line=${COMP_LINE:0:COMP_POINT} candidate quoted
              line=${line%"$word"}
              line=nuget-plugin-codeartifact${line:${#COMP_WORDS[0]}}
              COMPREPLY=()
              while IFS= read -r candidate; do
                if [[ $word == \'* ]]; then
                  quoted=${candidate//\'/\'\\\'\'}
                  [[ $quoted != "${word:1}"* ]] || COMPREPLY+=("$quoted")
                else
                  printf -v quoted %q "$candidate"
                  # Characters at which readline begins another word.
                  quoted=${quoted//:/\\:} quoted=${quoted//=/\\=} quoted=${quoted//@/\\@}
                  [[ $quoted != "$word"* ]] || COMPREPLY+=("$quoted")
                fi
              done < <(command nuget-plugin-codeartifact "[suggest:${#line}]" "$line" 2>/dev/null)
            }
            complete -o default -F _nuget_plugin_codeartifact nuget-plugin-codeartifact
            """,
        "zsh" => """
            # ~/.zshrc, after compinit: eval "$(nuget-plugin-codeartifact completion zsh)"
            _nuget_plugin_codeartifact() {
              local -a candidates
              local line="nuget-plugin-codeartifact ${(j: :)words[2,CURRENT-1]} "
              candidates=(${(f)"$(command nuget-plugin-codeartifact "[suggest:${#line}]" "$line" 2>/dev/null)"})
              compadd -a candidates || _files
            }
            compdef _nuget_plugin_codeartifact nuget-plugin-codeartifact
            """,
        "fish" => """
            # ~/.config/fish/completions/nuget-plugin-codeartifact.fish
            function __nuget_plugin_codeartifact
              set -l words (commandline -opc)
              set -e words[1]
              set -l line (string join ' ' -- nuget-plugin-codeartifact $words)' '
              command nuget-plugin-codeartifact "[suggest:"(string length -- $line)"]" $line 2>/dev/null
            end
            complete -c nuget-plugin-codeartifact -a '(__nuget_plugin_codeartifact)'
            """,
        _ => """
            # $PROFILE: nuget-plugin-codeartifact completion pwsh | Out-String | Invoke-Expression
            Register-ArgumentCompleter -Native -CommandName nuget-plugin-codeartifact -ScriptBlock {
              param($word, $command, $position)
              $words, $current = $command.CommandElements.Where({ $_.Extent.EndOffset -lt $position }, 'Split')
              $line = (@('nuget-plugin-codeartifact') + @($words | Select-Object -Skip 1).Extent.Text -join ' ') + ' '
              # Without quotes, where it is a string.
              if ($current -and $null -ne $current[0].Value) { $word = $current[0].Value }
              nuget-plugin-codeartifact "[suggest:$($line.Length)]" $line 2>$null | ForEach-Object {
                $quoted = "'" + [System.Management.Automation.Language.CodeGeneration]::EscapeSingleQuotedStringContent($_) + "'"
                if ($_ -match '^[\w./-]+$') { $quoted = $_ }
                if ($_.StartsWith($word, [StringComparison]::OrdinalIgnoreCase)) {
                  [System.Management.Automation.CompletionResult]::new($quoted, $_, 'ParameterValue', $_)
                }
              }
            }
            """,
    };
}
