namespace CredentialProvider.Configuration;

/// <summary>How long authorization tokens live and when they are renewed. The MSBuild package uses the same source
/// file.</summary>
internal static class TokenLifetime
{
    /// <summary>The longest lifetime that CodeArtifact allows, in seconds (12 hours). Also the default.</summary>
    public const int MaxSeconds = 43200;
    private const int MinSeconds = 900;

    /// <summary>For messages about another value.</summary>
    public const string Expected = "seconds: 0, or 900 to 43200";

    /// <summary>True for a lifetime that CodeArtifact accepts, in seconds; 0 is that of the credentials.</summary>
    public static bool IsAllowed(int seconds) => seconds is 0 or (>= MinSeconds and <= MaxSeconds);

    /// <summary>True past half of the lifetime: renew the token now, before a request has to wait for it.</summary>
    public static bool IsAging(TimeSpan age, TimeSpan lifetime) => age >= new TimeSpan(lifetime.Ticks / 2);
}
