using System.Diagnostics;

namespace CredentialProvider.EndToEndTests.CommandLine;

/// <summary>Source names from a nuget.config that others wrote, completed by a real shell: it runs nothing, and what it inserts is one word.</summary>
[Trait("Category", "Slow")]
public sealed class Completions
{
    /// <summary>A name, and the beginning of it that a user types before TAB.</summary>
    private static readonly (string Name, string Typed)[] Names =
    [
        ("$(touch canary)", @"\$"),
        ("`touch canary`", @"\`"),
        ("x; touch canary #", "x"),
        ("x & touch canary", "x"),
        ("<(touch canary)", @"\<"),
        ("my feed", "m"),
        ("my feed", "'m"),
        ("my feed", @"my\ f"),
        ("it's", "i"),
        ("it's", "'i"),
        ("\"quoted\"", "\\\""),
        ("*", @"\*"),
        ("[a-z]?", @"\["),
        ("{a,b}", @"\{"),
        ("~root", @"\~"),
        ("$HOME", @"\$"),
        (@"a\b", "a"),
        ("a:b=c@d", "a"),
        ("!!", @"\!"),
        ("%s", "%"),
        ("-x", "-x"),
        ("büro", "b"),
        ("contoso/app", "contoso/"),
    ];

    public static TheoryData<string, string, string> Presses =>
        [.. from shell in (string[])["bash", "zsh", "fish"] from name in Names select (shell, name.Name, name.Typed)];

    [Theory]
    [MemberData(nameof(Presses))]
    public async Task TAB_inserts_the_name_as_one_word(string shell, string name, string typed)
    {
        await using var sandbox = await StartAsync(name);
        Artifacts.Require($"/usr/bin/{shell}", shell);

        await TypeAsync(sandbox, shell, $"nuget-plugin-codeartifact doctor {typed}\t");

        Assert.Equal($"<doctor><{name}>", await File.ReadAllTextAsync(Path.Combine(sandbox.Root, "client", "words"), TestContext.Current.CancellationToken));
        Assert.Equal(["nuget.config", "words"], FilesIn(sandbox));
    }

    [Theory]
    [InlineData("bash")]
    [InlineData("zsh")]
    [InlineData("fish")]
    public async Task A_name_with_a_line_end_is_not_offered(string shell)
    {
        await using var sandbox = await StartAsync("abc\ndef");
        Artifacts.Require($"/usr/bin/{shell}", shell);

        await TypeAsync(sandbox, shell, "nuget-plugin-codeartifact doctor ab\t");

        Assert.Equal("<doctor><ab>", await File.ReadAllTextAsync(Path.Combine(sandbox.Root, "client", "words"), TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("bash")]
    [InlineData("zsh")]
    [InlineData("fish")]
    public async Task TAB_after_a_path_starts_the_program_on_PATH_only(string shell)
    {
        await using var sandbox = await StartAsync("my feed");
        Artifacts.Require($"/usr/bin/{shell}", shell);
        // As in a cloned repository.
        File.SetUnixFileMode(sandbox.Write("client/nuget-plugin-codeartifact", "#!/bin/sh\n[ \"$1\" = doctor ] || touch canary\n"), UnixFileMode.UserRead | UnixFileMode.UserExecute);

        await TypeAsync(sandbox, shell, "./nuget-plugin-codeartifact doctor m\t");

        Assert.Equal(["nuget-plugin-codeartifact", "nuget.config"], FilesIn(sandbox));
    }

    public static TheoryData<string, string> PowerShellNames => new()
    {
        { "$(New-Item canary)", "'$" },
        { "x; New-Item canary", "x" },
        { "\u2018; New-Item canary #", "'\u2018\u2018" },
        { "my feed", "m" },
        { "my feed", "'my f" },
        { "my feed", "\"my f" },
        { "it's", "i" },
        { "@(New-Item canary)", "'@" },
        { "{New-Item canary}", "'{" },
        { "*", "*" },
        { "`n", "'`" },
        { "contoso/app", "contoso/" },
    };

    [Theory]
    [MemberData(nameof(PowerShellNames))]
    public async Task In_PowerShell_TAB_inserts_the_name_as_one_string(string name, string typed)
    {
        await using var sandbox = await StartAsync(name);
        var script = sandbox.Write("complete.ps1", """
            $line = "nuget-plugin-codeartifact doctor $($env:TYPED)"
            nuget-plugin-codeartifact completion pwsh | Out-String | Invoke-Expression
            $found = [System.Management.Automation.CommandCompletion]::CompleteInput($line, $line.Length, $null)
            $text = $line.Remove($found.ReplacementIndex, $found.ReplacementLength).Insert($found.ReplacementIndex, $found.CompletionMatches[0].CompletionText)
            $errors = $null
            $program = [System.Management.Automation.Language.Parser]::ParseInput($text, [ref]$null, [ref]$errors)
            $commands = $program.FindAll({ $args[0] -is [System.Management.Automation.Language.CommandBaseAst] }, $true)
            "$($errors.Count) errors, $($commands.Count) command"
            $commands[0].CommandElements | ForEach-Object { "$($_.GetType().Name) $($_.Value)" }
            """);
        sandbox.Variables["TYPED"] = typed;

        var outcome = (await sandbox.DotnetAsync(sandbox.Folder("client"), Artifacts.PowerShell, "-NoProfile", "-File", script)).Succeeded();

        Assert.Equal(
            $"0 errors, 1 command\nStringConstantExpressionAst nuget-plugin-codeartifact\nStringConstantExpressionAst doctor\nStringConstantExpressionAst {name}\n", outcome.Output);
        Assert.Equal(["nuget.config"], FilesIn(sandbox));
    }

    private static async Task<Sandbox> StartAsync(string name)
    {
        var sandbox = await Sandbox.StartAsync();
        sandbox.PutNativeOnPath();
        sandbox.WriteSource("client", name, Feeds.App);
        return sandbox;
    }

    /// <summary>Types a line into an interactive shell in a terminal. The shell's function of the program's name writes its words to a file.</summary>
    private static async Task TypeAsync(Sandbox sandbox, string shell, string line)
    {
        const string Prompt = "ready> ";
        sandbox.Variables["TERM"] = "xterm";
        const string Completion = "command nuget-plugin-codeartifact completion", Recorder = "printf '<%s>'";
        var start = shell switch
        {
            "bash" => $"bash --noprofile --rcfile {sandbox.Write("bashrc", $$"""
                eval "$({{Completion}} bash)"
                nuget-plugin-codeartifact() { {{Recorder}} "$@" > words; }
                HISTFILE= PS1='{{Prompt}}'
                """)} -i",
            "zsh" => $"ZDOTDIR={Path.GetDirectoryName(sandbox.Write("zsh/.zshrc", $$"""
                autoload -U compinit
                compinit -D -u
                eval "$({{Completion}} zsh)"
                nuget-plugin-codeartifact() { {{Recorder}} "$@" > words; }
                PS1='{{Prompt}}'
                """))} zsh -d -i",
            _ => $"fish --no-config -i -C 'source {sandbox.Write("config.fish", $"""
                {Completion} fish | source
                function nuget-plugin-codeartifact; {Recorder} $argv > words; end
                function fish_prompt; echo -n '{Prompt}'; end
                """)}'",
        };
        using var terminal = sandbox.Launch("script", sandbox.Folder("client"), "-qec", start, "/dev/null");
        using var limit = TimeLimit.HangLimit();
        limit.Token.Register(() => terminal.Kill(entireProcessTree: true));
        await ReadUntilAsync(terminal, Prompt);
        await terminal.StandardInput.WriteAsync($"{line}\nexit\n");
        await terminal.StandardInput.FlushAsync(limit.Token);
        await terminal.StandardOutput.ReadToEndAsync(limit.Token);
        await terminal.WaitForExitAsync(limit.Token);
    }

    private static async Task ReadUntilAsync(Process terminal, string text)
    {
        var (buffer, seen) = (new char[1], "");
        while (!seen.EndsWith(text, StringComparison.Ordinal) && await terminal.StandardOutput.ReadAsync(buffer) == 1)
            seen += buffer[0];
        Assert.EndsWith(text, seen, StringComparison.Ordinal);
    }

    private static string?[] FilesIn(Sandbox sandbox) =>
        [.. Directory.GetFileSystemEntries(sandbox.Folder("client")).Select(Path.GetFileName).Order(StringComparer.Ordinal)];
}
