namespace CredentialProvider;

/// <summary>
/// There is no token for a feed of ours. Carries the parts of <c>CACP1001: what: why; fix</c>, each one line and free
/// of secrets; the feed's domain is the <em>what</em>, added by whoever asked.
/// </summary>
/// <param name="why">Often the other side's words: a full stop at their end is left out.</param>
internal class NoTokenException(string code, string why, string fix, Exception? cause = null)
    : Exception($"{why.TrimEnd('.')}; {fix}", cause)
{
    /// <summary>What has to be mended.</summary>
    public string Why { get; } = why.TrimEnd('.');

    /// <summary>One command or one setting.</summary>
    public string Fix { get; } = fix;

    /// <summary>One of <see cref="ErrorCode"/>.</summary>
    public string Code { get; } = code;

    /// <summary>The line a person reads. Line breaks that came from the other side are folded.</summary>
    /// <param name="domain">Domain, owner and region.</param>
    public string Describe(string domain) =>
        $"{Code}: no token for {domain}: {Message}".Replace('\r', ' ').Replace('\n', ' ');
}
