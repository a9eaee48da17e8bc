namespace CredentialProvider.Cli;

// The rules of what is printed, and the one file that prints.
//   stdout has the command's result and nothing else, so that it can be piped.
//   stderr has what is for eyes: `error: what: why; fix`, `hint:` for the next command, and progress.
//   Progress is one line that is written over, on a terminal only. Colours are for a terminal only, and not with NO_COLOR or TERM=dumb.

/// <summary>Standard output and error of a command.</summary>
internal sealed class Terminal(TextWriter output, TextWriter errors, bool hasColours, bool isWatched)
{
    private readonly object _writing = new();
    private int _progressLength;

    /// <summary>For the command line's parser, which prints its own help.</summary>
    public TextWriter Output => output;

    /// <summary>Somebody looks at stderr.</summary>
    public bool IsWatched => isWatched;

    /// <summary>The process's own.</summary>
    public static Terminal Open(Settings settings) => new(
        Console.Out, Console.Error, settings.WantsColours && !Console.IsOutputRedirected, !Console.IsErrorRedirected);

    /// <summary>A line of the result.</summary>
    public void Print(string line) => Write(output, line);

    /// <summary>A failure: one line.</summary>
    public void Error(string line) =>
        Write(errors, $"error: {line}".Replace('\r', ' ').Replace('\n', ' ').Replace("\t", ""));

    /// <summary>What to do next, or what a person should know.</summary>
    public void Hint(string line) => Write(errors, $"hint: {line}");

    /// <summary>What a person has to see at once, on whatever stderr is.</summary>
    public void Show(string line) => Write(errors, line);

    /// <summary>What is being waited for; the next line takes its place.</summary>
    public void Progress(string text)
    {
        if (!isWatched)
            return;
        lock (_writing)
        {
            Wipe();
            errors.Write(text);
            _progressLength = text.Length;
        }
    }

    public string Green(string text) => Colour(text, 32);

    public string Red(string text) => Colour(text, 31);

    public string Grey(string text) => Colour(text, 90);

    private string Colour(string text, int code) => hasColours ? $"\u001b[{code}m{text}\u001b[0m" : text;

    private void Write(TextWriter writer, string line)
    {
        lock (_writing)
        {
            Wipe();
            writer.WriteLine(line);
        }
    }

    private void Wipe()
    {
        if (_progressLength > 0)
            errors.Write($"\r{new string(' ', _progressLength)}\r");
        _progressLength = 0;
    }
}
