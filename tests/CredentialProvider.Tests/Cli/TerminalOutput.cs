using CredentialProvider.Cli;

namespace CredentialProvider.Tests.Cli;

/// <summary>Which stream a command's output goes to.</summary>
public sealed class TerminalOutput : IDisposable
{
    private readonly StringWriter _output = new() { NewLine = "\n" };
    private readonly StringWriter _errors = new() { NewLine = "\n" };

    [Fact]
    public void Results_go_to_stdout_and_everything_else_to_stderr()
    {
        var terminal = Redirected();
        terminal.Print("result");
        terminal.Error("a\r\nb");
        terminal.Hint("next");
        terminal.Show("look");
        Assert.Equal("result\n", _output.ToString());
        Assert.Equal("error: a\\u000D\\u000Ab\nhint: next\nlook\n", _errors.ToString());
    }

    [Fact]
    public void Progress_appears_on_terminals_only_and_is_overwritten()
    {
        Redirected().Progress("1 of 2");
        Assert.Equal("", _errors.ToString());

        var terminal = new Terminal(_output, _errors, hasColors: false, isInteractive: true);
        terminal.Progress("1 of 2");
        terminal.Hint("done");
        Assert.Equal("1 of 2\r      \rhint: done\n", _errors.ToString());
    }

    [Fact]
    public void Colors_appear_only_where_they_are_wanted()
    {
        Redirected().Print("ok  ", TextColor.Green, "token");
        new Terminal(_output, _errors, hasColors: true, isInteractive: false).Print("fail", TextColor.Red, "token");
        Assert.Equal("  ok    token\n  \u001b[31mfail\u001b[0m  token\n", _output.ToString());
    }

    public void Dispose()
    {
        _output.Dispose();
        _errors.Dispose();
    }

    private Terminal Redirected() => new(_output, _errors, hasColors: false, isInteractive: false);
}
