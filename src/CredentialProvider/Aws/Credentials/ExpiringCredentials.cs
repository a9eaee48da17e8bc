using System.Globalization;
using Amazon.Runtime;

namespace CredentialProvider.Aws.Credentials;

/// <summary>Credentials that expire, fetched once for all concurrent callers (the domains of a build). A failure is
/// shared as well; later callers fetch again.</summary>
internal sealed class ExpiringCredentials(
    TimeProvider time, Func<Task<(ImmutableCredentials Credentials, DateTimeOffset Expires)>> fetch)
{
    /// <summary>Credentials this close to expiry may expire before the request that they sign arrives.</summary>
    private static readonly TimeSpan Margin = TimeSpan.FromMinutes(1);

    private readonly object _lock = new();
    private Task<(ImmutableCredentials Credentials, DateTimeOffset Expires)>? _fetch;

    /// <summary>Reads the time in a response, with an offset in any form; without one, it is UTC.</summary>
    public static bool TryParseTime(string? text, out DateTimeOffset moment) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out moment);

    public async Task<ImmutableCredentials> GetAsync()
    {
        Task<(ImmutableCredentials Credentials, DateTimeOffset Expires)> current;
        lock (_lock)
        {
            if (_fetch is null || (_fetch.IsCompleted && !IsFresh(_fetch)))
                _fetch = fetch();
            current = _fetch;
        }

        return (await current).Credentials;
    }

    private bool IsFresh(Task<(ImmutableCredentials Credentials, DateTimeOffset Expires)> fetched) =>
        fetched.Status == TaskStatus.RanToCompletion && time.GetUtcNow() < fetched.Result.Expires - Margin;
}
