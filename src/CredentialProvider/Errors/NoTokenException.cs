namespace CredentialProvider.Errors;

/// <summary>
/// There is no token for a CodeArtifact feed. Carries the parts of <c>CACP1001: what: why; fix</c>, which are filtered
/// here because the token cache also leaves them for other processes. The caller adds <em>what</em>: the feed's domain.
/// </summary>
/// <param name="why">Often in AWS's words; a full stop at the end is removed.</param>
internal class NoTokenException(string code, string why, string fix, Exception? cause = null)
    : Exception($"{PrintableWhy(why)}; {PrintableFix(fix)}", cause)
{
    /// <summary>The fix of an unexpected error.</summary>
    public const string ReportBug = "this is a bug: open an issue with this line and the output of 'nuget-plugin-codeartifact diagnose'";

    /// <summary>The cause.</summary>
    public string Why { get; } = PrintableWhy(why);

    /// <summary>One command or one setting.</summary>
    public string Fix { get; } = PrintableFix(fix);

    /// <summary>The command in <see cref="Fix"/>, alone and ready to paste; null if there is none.</summary>
    public string? Command { get; init; }

    /// <summary>One of <see cref="ErrorCode"/>.</summary>
    public string Code { get; } = code;

    /// <summary>The line that users read.</summary>
    /// <param name="domain">Domain, owner and region.</param>
    public string Describe(string domain) => PrintableText.Of($"{Code}: no token for {domain}: {Message}");

    private static string PrintableWhy(string why) => PrintableText.Of(why.TrimEnd('.'), PrintableText.MaxCauseLength);

    private static string PrintableFix(string fix) => PrintableText.Of(fix, PrintableText.MaxFixLength);
}
