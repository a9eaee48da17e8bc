using Amazon.Runtime;

namespace CredentialProvider.Aws;

/// <summary>Keys that expire, fetched once for all who ask at the same time: the domains of a build. A failure is theirs
/// together, too; who asks later starts over.</summary>
internal sealed class SharedKeys(
    TimeProvider time, Func<Task<(ImmutableCredentials Keys, DateTimeOffset Expires)>> fetch)
{
    /// <summary>Keys that expire sooner are not worth signing with.</summary>
    private static readonly TimeSpan Margin = TimeSpan.FromMinutes(1);

    private readonly object _lock = new();
    private Task<(ImmutableCredentials Keys, DateTimeOffset Expires)>? _fetching;

    public async Task<ImmutableCredentials> GetAsync()
    {
        Task<(ImmutableCredentials Keys, DateTimeOffset Expires)> fetching;
        lock (_lock)
        {
            if (_fetching is null || (_fetching.IsCompleted && IsOver(_fetching)))
                _fetching = fetch();
            fetching = _fetching;
        }

        return (await fetching).Keys;
    }

    private bool IsOver(Task<(ImmutableCredentials Keys, DateTimeOffset Expires)> fetched) =>
        fetched.Status != TaskStatus.RanToCompletion || time.GetUtcNow() >= fetched.Result.Expires - Margin;
}
