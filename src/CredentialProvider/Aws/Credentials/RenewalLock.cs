using CredentialProvider.Platform;

namespace CredentialProvider.Aws.Credentials;

/// <summary>Keeps other processes of this program from renewing the same session at the same time: a refresh token can
/// be used once.</summary>
internal static class RenewalLock
{
    /// <summary>After this long, the process that holds the lock was probably stopped: renew without it.</summary>
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(15);

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    /// <param name="file">The session's.</param>
    /// <returns>Null if locks do not work here, or another process holds it for too long.</returns>
    public static async Task<IDisposable?> TakeAsync(string file, TimeProvider time)
    {
        var started = time.GetTimestamp();
        while (true)
        {
            if (OwnerOnlyFile.TryLock($"{file}.lock", out var isBusy) is { } taken)
                return taken;
            if (!isBusy || time.GetElapsedTime(started) >= Timeout)
                return null;
            await time.Delay(Interval);
        }
    }
}
