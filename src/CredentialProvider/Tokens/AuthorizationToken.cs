using CredentialProvider.Configuration;
using CredentialProvider.Errors;

namespace CredentialProvider.Tokens;

/// <summary>A CodeArtifact authorization token and its lifetime.</summary>
/// <param name="Obtained">When this machine received it, by this machine's clock.</param>
/// <param name="Expires">When CodeArtifact stops accepting it, by AWS's clock.</param>
internal sealed record AuthorizationToken(Secret Token, DateTimeOffset Obtained, DateTimeOffset Expires)
{
    /// <summary>Longer than any token lives: 12 hours by AWS's clock, plus an hour for clock skew.</summary>
    public static readonly TimeSpan MaxLifetime = TimeSpan.FromHours(13);

    /// <summary>A restore can run for minutes with the token that it got first.</summary>
    private static readonly TimeSpan Reserve = TimeSpan.FromMinutes(10);

    /// <summary>Where the credentials that obtained it came from, for users; null if unknown.</summary>
    public string? Source { get; init; }

    /// <summary>Whose they were: the ARN that STS returned, or the name of an instance's role; null if
    /// unknown.</summary>
    public string? Principal { get; init; }

    /// <summary>Who obtained it, for users; null if unknown.</summary>
    public string? Identity => Principal is null ? Source : $"{Source} ({Principal})";

    /// <summary>A token from outside, whose lifetime is unknown.</summary>
    /// <param name="token">What was read.</param>
    public static AuthorizationToken From(ExternalToken external, Secret token) =>
        new(token, DateTimeOffset.MinValue, DateTimeOffset.MaxValue) { Source = external.Place };

    private TimeSpan Lifetime => Expires - Obtained;

    /// <summary>Not expired. A token from the future was obtained by another clock and is not valid.</summary>
    public bool IsValid(DateTimeOffset now) => now < Expires && Obtained <= now + Reserve;

    /// <summary>Valid for long enough to start a restore with: 10 minutes, or half of a lifetime under 20.</summary>
    public bool IsFresh(DateTimeOffset now) =>
        IsValid(now)
        && Expires - now >= (Lifetime < Reserve + Reserve ? new TimeSpan(Lifetime.Ticks / 2) : Reserve);

    /// <inheritdoc cref="TokenLifetime.IsAging"/>
    public bool IsAging(DateTimeOffset now) => TokenLifetime.IsAging(now - Obtained, Lifetime);
}
