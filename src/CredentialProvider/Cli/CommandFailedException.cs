namespace CredentialProvider.Cli;

/// <summary>A command cannot do what it was asked: <c>what: why; fix</c> in one line.</summary>
internal sealed class CommandFailedException(string line) : Exception(line);
