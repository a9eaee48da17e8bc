using CredentialProvider.Platform;

namespace CredentialProvider.Aws.Credentials;

/// <summary>Keeps other processes of this program from renewing the same session at the same time: a refresh token can
/// be used once.</summary>
internal static class RenewalLock
{
    /// <summary>After this long, the process that holds the lock was probably stopped: renew without it.</summary>
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(15);

    /// <param name="file">The session's.</param>
    /// <returns>Null if another process holds the lock for too long.</returns>
    public static async Task<IDisposable?> TakeAsync(string file, TimeProvider time)
    {
        var (taken, started) = (new FileLock($"{file}.lock"), time.GetTimestamp());
        while (time.GetElapsedTime(started) < Timeout)
        {
            if (await taken.TakeAsync(Timeout, time, CancellationToken.None))
                return taken;
        }

        taken.Dispose();
        return null;
    }
}
