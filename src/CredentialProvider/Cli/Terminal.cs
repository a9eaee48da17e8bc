using CredentialProvider.Configuration;

namespace CredentialProvider.Cli;

// What is printed where; no other file of the command line prints.
//   stdout has the command's result and nothing else, so that it can be piped.
//   stderr has messages for the user: `error: what: why; fix`, `hint:` for the next command, and progress.
//   Progress is one line that is overwritten, on a terminal only. So are colors, and not with NO_COLOR or TERM=dumb.

/// <summary>Standard output and standard error of a command.</summary>
/// <param name="isInteractive">Standard error is a terminal, so a user can read it now.</param>
internal sealed class Terminal(TextWriter output, TextWriter errors, bool hasColors, bool isInteractive)
{
    private readonly object _writing = new();
    private int _progressLength;

    /// <summary>For the parser, which prints the help.</summary>
    public TextWriter Output => output;

    /// <summary>A user can read stderr now.</summary>
    public bool IsInteractive => isInteractive;

    /// <summary>The streams of this process.</summary>
    public static Terminal Open(Settings settings) => new(
        Console.Out, Console.Error, settings.WantsColours && !Console.IsOutputRedirected, !Console.IsErrorRedirected);

    /// <summary>A line of the result.</summary>
    public void Print(string line) => Write(output, line);

    /// <summary>A failure, in one line.</summary>
    public void Error(string line) =>
        Write(errors, $"error: {line}".Replace('\r', ' ').Replace('\n', ' ').Replace("\t", ""));

    /// <summary>The next command, or something worth knowing.</summary>
    public void Hint(string line) => Write(errors, $"hint: {line}");

    /// <summary>A line that the user has to act on now, such as where to sign in.</summary>
    public void Show(string line) => Write(errors, line);

    /// <summary>As <see cref="Show"/>, for a line that says what the command now waits for.</summary>
    public void ShowAndWait(string line)
    {
        Show(line);
        Progress("waiting (Ctrl-C to give up)");
    }

    /// <summary>What the command is doing; the next line replaces it.</summary>
    public void Progress(string text)
    {
        if (!isInteractive)
            return;
        lock (_writing)
        {
            EraseProgress();
            errors.Write(text);
            _progressLength = text.Length;
        }
    }

    public string Green(string text) => Color(text, 32);

    public string Red(string text) => Color(text, 31);

    public string Gray(string text) => Color(text, 90);

    private string Color(string text, int code) => hasColors ? $"\u001b[{code}m{text}\u001b[0m" : text;

    private void Write(TextWriter writer, string line)
    {
        lock (_writing)
        {
            EraseProgress();
            writer.WriteLine(line);
        }
    }

    private void EraseProgress()
    {
        if (_progressLength > 0)
            errors.Write($"\r{new string(' ', _progressLength)}\r");
        _progressLength = 0;
    }
}
