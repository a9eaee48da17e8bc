namespace CredentialProvider.Cli;

/// <summary>A command cannot do what it was asked to do.</summary>
/// <param name="line">One line: <c>what: why; fix</c>.</param>
/// <param name="hint">Another way to get there, printed below the error; null if there is none.</param>
internal sealed class CommandFailedException(string line, string? hint = null) : Exception(line)
{
    public string? Hint => hint;

    /// <summary>A command in the hint that can be pasted; null if there is none.</summary>
    public string? Command { get; init; }

    public int ExitCode { get; init; } = CliCommand.Failure;
}
