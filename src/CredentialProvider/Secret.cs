namespace CredentialProvider;

/// <summary>A token, key or password: it can be used, but a stray print, log line or exception shows no part of
/// it.</summary>
internal sealed class Secret(string value)
{
    /// <summary>The text itself, for the one place that hands it to the other side.</summary>
    public string Reveal() => value;

    public override string ToString() => "(secret)";
}
