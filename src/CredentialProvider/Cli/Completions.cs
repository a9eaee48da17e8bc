namespace CredentialProvider.Cli;

/// <summary>Scripts that make a shell complete this program's command line. The program itself tells what fits, by the
/// parser's <c>[suggest:POSITION]</c> directive.</summary>
internal static class Completions
{
    public static string[] Shells { get; } = ["bash", "zsh", "fish", "pwsh"];

    public static string For(string shell) => shell switch
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
