namespace CredentialProvider.Errors;

/// <summary>
/// No token can be had for a CodeArtifact feed. Carries the parts of <c>CACP1001: what: why; fix</c>, each free of
/// secrets. The caller adds <em>what</em>: the feed's domain.
/// </summary>
/// <param name="why">Often in AWS's words; a full stop at the end is removed.</param>
internal class NoTokenException(string code, string why, string fix, Exception? cause = null)
    : Exception($"{why.TrimEnd('.')}; {fix}", cause)
{
    /// <summary>The cause.</summary>
    public string Why { get; } = why.TrimEnd('.');

    /// <summary>One command or one setting.</summary>
    public string Fix { get; } = fix;

    /// <summary>The command in <see cref="Fix"/>, alone and ready to paste; null if there is none.</summary>
    public string? Command { get; init; }

    /// <summary>One of <see cref="ErrorCode"/>.</summary>
    public string Code { get; } = code;

    /// <summary>The line that users read. Line breaks in AWS's words become spaces.</summary>
    /// <param name="domain">Domain, owner and region.</param>
    public string Describe(string domain) =>
        $"{Code}: no token for {domain}: {Message}".Replace('\r', ' ').Replace('\n', ' ');
}
