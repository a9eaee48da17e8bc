namespace CredentialProvider.Tokens;

/// <summary>The user who waits for a token.</summary>
/// <param name="Show">Shows a line of text.</param>
/// <param name="CanSignIn">False in a non-interactive build.</param>
/// <param name="Log">Writes a line for users who ask for details; null if there is no log.</param>
internal sealed record UserPrompt(Action<string> Show, bool CanSignIn, Action<string>? Log = null);
