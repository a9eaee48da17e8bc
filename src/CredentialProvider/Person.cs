namespace CredentialProvider;

/// <summary>Who reads along while a token is fetched.</summary>
/// <param name="Tell">Shows a line.</param>
/// <param name="CanSignIn">False in a build that nobody watches.</param>
internal sealed record Person(Action<string> Tell, bool CanSignIn);
