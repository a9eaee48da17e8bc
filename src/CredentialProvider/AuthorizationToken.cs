namespace CredentialProvider;

/// <summary>A CodeArtifact authorization token and its life.</summary>
/// <param name="Obtained">When this machine got it, by its own clock.</param>
/// <param name="Expires">When CodeArtifact stops taking it, by AWS's clock.</param>
internal sealed record AuthorizationToken(Secret Token, DateTimeOffset Obtained, DateTimeOffset Expires)
{
    /// <summary>A restore may go on for minutes with the token it was given first.</summary>
    private static readonly TimeSpan Reserve = TimeSpan.FromMinutes(10);

    private TimeSpan Life => Expires - Obtained;

    /// <summary>Good at this moment, if for nothing longer. A token from the future is from another clock: not
    /// good.</summary>
    public bool IsAlive(DateTimeOffset now) => now < Expires && Obtained <= now + Reserve;

    /// <summary>Good for a restore that starts now. A token made for less than 20 minutes counts as good for half
    /// its life.</summary>
    public bool IsGood(DateTimeOffset now) =>
        IsAlive(now) && Expires - now >= (Life < Reserve + Reserve ? new TimeSpan(Life.Ticks / 2) : Reserve);

    /// <summary>Good, but in the second half of its life: time to get the next one while nobody waits for it.</summary>
    public bool IsAging(DateTimeOffset now) => now - Obtained >= new TimeSpan(Life.Ticks / 2);
}
