namespace CredentialProvider.Errors;

/// <summary>A token, key or password that cannot be printed or logged by accident.</summary>
internal sealed class Secret(string value)
{
    /// <summary>The secret itself, for the one place that sends or stores it.</summary>
    public string Reveal() => value;

    public override string ToString() => "(secret)";
}
