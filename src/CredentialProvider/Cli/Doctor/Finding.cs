namespace CredentialProvider.Cli.Doctor;

internal enum Outcome
{
    Ok,
    Fail,
    Skip,
}

/// <summary>What one check has found.</summary>
/// <param name="Check">The check's name, one of <see cref="Checks"/>.</param>
/// <param name="Text">One line.</param>
/// <param name="Fix">With a failure: one command or one setting.</param>
internal sealed record Finding(string Check, Outcome Outcome, string Text, string? Fix = null)
{
    /// <summary>What it was about; null for the machine.</summary>
    public string? Source { get; init; }

    /// <summary>How long it took, where that says something.</summary>
    public TimeSpan? Duration { get; init; }

    public static Finding Ok(string check, string text) => new(check, Outcome.Ok, text);

    public static Finding Fail(string check, string text, string fix) => new(check, Outcome.Fail, text, fix);

    public static Finding Fail(string check, NoTokenException e) =>
        new(check, Outcome.Fail, $"{e.Code}: {e.Why}", e.Fix);

    public static Finding Skip(string check, string text) => new(check, Outcome.Skip, text);
}

/// <summary>The names of all checks, as --json has them.</summary>
internal static class Checks
{
    public const string Settings = "settings", Plugin = "plugin", Cache = "cache", Sources = "sources", Url = "url",
        Enabled = "enabled", StoredCredentials = "stored credentials", Network = "network", Clock = "clock",
        Credentials = "credentials", Role = "role", Identity = "identity", Token = "token", Read = "read",
        Package = "package", Publish = "publish";
}
