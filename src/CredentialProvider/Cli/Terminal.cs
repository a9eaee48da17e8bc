using System.Text;
using CredentialProvider.Configuration;
using CredentialProvider.Errors;
using CredentialProvider.Platform;

namespace CredentialProvider.Cli;

// What is printed where; no other file of the command line prints. Every line passes PrintableText.
//   stdout has the command's result and nothing else, so that it can be piped.
//   stderr has messages for the user: `error: what: why; fix`, `warning:` for a risk, `hint:` for the next command, and
//   progress.
//   Progress is one line that is overwritten, on a terminal only. So are colors, and not with NO_COLOR or TERM=dumb.

/// <summary>The colors that carry a meaning, with the parameters of the SGR escape sequence.</summary>
internal enum TextColor
{
    Red = 31,
    Green = 32,
    Yellow = 33,
    Gray = 90,
}

/// <summary>Standard output and standard error of a command.</summary>
/// <param name="isInteractive">Standard error is a terminal, so a user can read it now.</param>
internal sealed class Terminal(TextWriter output, TextWriter errors, bool hasColors, bool isInteractive)
{
    /// <summary>In characters. Only a line that does not wrap can be erased.</summary>
    private const int MaxProgressLength = 79;

    private const int StandardOutput = 1, StandardError = 2;

    private readonly object _writing = new();
    private int _progressLength;

    /// <summary>For the parser, which prints the help and what completes a command line. Not filtered.</summary>
    public TextWriter Output => output;

    /// <summary>A user can read stderr now.</summary>
    public bool IsInteractive => isInteractive;

    /// <summary>The streams of this process.</summary>
    /// <param name="isForCommand">Another program will inherit them. On Unix .NET's console changes the terminal's
    /// modes, which that program would inherit too.</param>
    public static Terminal Open(Settings settings, bool isForCommand)
    {
        var isRaw = isForCommand && !OperatingSystem.IsWindows();
        return new Terminal(isRaw ? new DescriptorWriter(StandardOutput) : Console.Out,
            isRaw ? new DescriptorWriter(StandardError) : Console.Error,
            settings.WantsColors && !Console.IsOutputRedirected, !Console.IsErrorRedirected);
    }

    /// <summary>On Windows, Ctrl-C reaches every process of the console. <c>exec</c> ignores it, so that its command
    /// decides.</summary>
    public static void IgnoreCtrlC() => Console.CancelKeyPress += (_, pressed) => pressed.Cancel = true;

    /// <summary>For a failure that no command has reported. Standard error may be closed or full too.</summary>
    public static void Abort(Exception e)
    {
        var message = PrintableText.Of(e.Message.TrimEnd('.'));
        var line = e is IOException or UnauthorizedAccessException or OutOfMemoryException ? $"error: {message}"
            : $"error: unexpected {e.GetType().Name}: {message}; {NoTokenException.ReportBug}";
        try
        {
            // Console needs more descriptors, and there may be none left.
            if (!OperatingSystem.IsWindows())
                Posix.WriteTo(StandardError, line + "\n");
            else
                Console.Error.WriteLine(line);
        }
        catch (Exception again) when (IsUnwritable(again))
        {
            // The exit code is all that is left.
        }
    }

    /// <summary>A line of the result.</summary>
    /// <exception cref="IOException">Standard output cannot be written.</exception>
    /// <param name="maxLength">In characters; for a path, which must not be cut, the longest there is.</param>
    public void Print(string line, int maxLength = PrintableText.MaxLength) =>
        Write(output, PrintableText.Of(line, maxLength));

    /// <summary>A line of the result that begins with a colored word.</summary>
    public void Print(string word, TextColor color, string rest) => Write(output,
        $"  {(hasColors ? $"\u001b[{(int)color}m{word}\u001b[0m" : word)}  {PrintableText.Of(rest)}");

    /// <summary>A result for another program: a token, a policy, a script, or what <see cref="JsonText"/> has written.
    /// Not filtered; a test lists the callers.</summary>
    public void PrintVerbatim(string document) => Write(output, document);

    /// <summary>A failure, in one line.</summary>
    public void Error(string line) => Write(errors, $"error: {PrintableText.Of(line)}");

    /// <summary>A risk, in one line; the command succeeds.</summary>
    public void Warning(string line) => Write(errors, $"warning: {PrintableText.Of(line)}");

    /// <summary>The next command, or something worth knowing.</summary>
    public void Hint(string line) => Write(errors, $"hint: {PrintableText.Of(line)}");

    /// <summary>A line that the user has to act on now, such as where to sign in.</summary>
    public void Show(string line) => Write(errors, PrintableText.Of(line));

    /// <summary>As <see cref="Show"/>, for a line that says what the command now waits for.</summary>
    public void ShowAndWait(string line)
    {
        Show(line);
        Progress("waiting (Ctrl-C to cancel)");
    }

    /// <summary>What the command is doing; the next line replaces it.</summary>
    public void Progress(string text)
    {
        if (!isInteractive)
            return;
        text = PrintableText.Of(text, MaxProgressLength);
        lock (_writing)
        {
            EraseProgress();
            errors.Write(text);
            _progressLength = text.Length;
        }
    }

    private void Write(TextWriter writer, string line)
    {
        lock (_writing)
        {
            try
            {
                EraseProgress();
                writer.WriteLine(line);
            }
            catch (Exception e) when (IsUnwritable(e))
            {
                // Without the result the command has failed. Without a message it has not.
                if (writer == output)
                    throw new IOException($"standard output cannot be written: {e.Message.TrimEnd('.')}", e);
            }
        }
    }

    private static bool IsUnwritable(Exception e) =>
        e is IOException or UnauthorizedAccessException or ObjectDisposedException;

    private void EraseProgress()
    {
        if (_progressLength > 0)
            errors.Write($"\r{new string(' ', _progressLength)}\r");
        _progressLength = 0;
    }

    /// <summary>Writes at once, and where the command goes on: a FileStream keeps a position of its own.</summary>
    private sealed class DescriptorWriter(int descriptor) : TextWriter
    {
        public override Encoding Encoding => Encoding.UTF8;

        public override void Write(char value) => Write($"{value}");

        public override void Write(string? value) => Posix.WriteTo(descriptor, value ?? "");

        public override void WriteLine(string? value) => Write(value + "\n");
    }
}
