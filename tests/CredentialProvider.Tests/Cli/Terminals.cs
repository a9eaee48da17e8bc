using CredentialProvider.Cli;

namespace CredentialProvider.Tests.Cli;

/// <summary>What goes to which stream.</summary>
public sealed class Terminals : IDisposable
{
    private readonly StringWriter _output = new() { NewLine = "\n" };
    private readonly StringWriter _errors = new() { NewLine = "\n" };

    [Fact]
    public void A_result_goes_to_stdout_and_all_else_to_stderr()
    {
        var terminal = Plain();
        terminal.Print("result");
        terminal.Error("a\r\nb");
        terminal.Hint("next");
        terminal.Show("look");
        Assert.Equal("result\n", _output.ToString());
        Assert.Equal("error: a  b\nhint: next\nlook\n", _errors.ToString());
    }

    [Fact]
    public void Progress_is_for_a_terminal_and_is_written_over()
    {
        Plain().Progress("1 of 2");
        Assert.Equal("", _errors.ToString());

        var terminal = new Terminal(_output, _errors, hasColours: false, isWatched: true);
        terminal.Progress("1 of 2");
        terminal.Hint("done");
        Assert.Equal("1 of 2\r      \rhint: done\n", _errors.ToString());
    }

    [Fact]
    public void Colours_are_for_those_who_want_them()
    {
        Assert.Equal("ok", Plain().Green("ok"));
        Assert.Equal("\u001b[31mfail\u001b[0m", new Terminal(_output, _errors, hasColours: true, isWatched: false).Red("fail"));
    }

    public void Dispose()
    {
        _output.Dispose();
        _errors.Dispose();
    }

    private Terminal Plain() => new(_output, _errors, hasColours: false, isWatched: false);
}
