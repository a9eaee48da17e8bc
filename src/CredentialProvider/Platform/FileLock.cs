namespace CredentialProvider.Platform;

/// <summary>
/// A file that one process at a time can lock. The operating system releases the lock when the process ends, so a
/// crashed process never blocks others. Disposing it releases the lock and keeps the file: deleting the file would let
/// two processes hold the same lock.
/// </summary>
internal sealed class FileLock(string path) : IDisposable
{
    /// <summary>Windows cannot wake a process that waits for a file.</summary>
    private static readonly TimeSpan WindowsPoll = TimeSpan.FromMilliseconds(50);

    private IDisposable? _held;
    private Task<IDisposable?>? _waiting;

    /// <summary>False also where locks do not work.</summary>
    public bool IsHeld => _held is not null;

    /// <summary>Takes the lock if it is free.</summary>
    /// <returns>False if another process holds it. True also if locks do not work here, for example on a file system
    /// without them.</returns>
    public bool TryTake()
    {
        _held = Open(waits: false, out var isBusy);
        return !isBusy;
    }

    /// <summary>Waits for the lock while another process holds it. On Unix, waiting costs nothing: the system wakes
    /// this process. May be called again after it has returned false.</summary>
    /// <param name="limit">How long to wait at most.</param>
    /// <returns>As for <see cref="TryTake"/>.</returns>
    /// <exception cref="OperationCanceledException">The caller has given up.</exception>
    public async Task<bool> TakeAsync(TimeSpan limit, TimeProvider time, CancellationToken cancel)
    {
        if (_waiting is null && TryTake())
            return true;
        if (OperatingSystem.IsWindows())
        {
            await time.Delay(WindowsPoll, cancel);
            return false;
        }

        // The call cannot be interrupted. It has a thread of its own, and the next wait continues it.
        _waiting ??= Task.Factory.StartNew(() => Open(waits: true, out _),
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        var timeout = time.Delay(limit, cancel);
        if (await Task.WhenAny(_waiting, timeout) == timeout)
        {
            await timeout;
            return false;
        }

        _held = await _waiting;
        _waiting = null;
        return true;
    }

    /// <summary>What an earlier holder has written; null if it is more than <paramref name="maxSize"/> bytes or the lock is not
    /// held.</summary>
    public byte[]? Read(int maxSize)
    {
        if (_held is not FileStream file)
            return IsHeld ? Posix.TryRead(path, maxSize) : null;
        if (file.Length > maxSize)
            return null;
        file.Position = 0;
        using var bytes = new MemoryStream();
        file.CopyTo(bytes);
        return bytes.ToArray();
    }

    /// <summary>Leaves something for the next holder, if the lock is held and the disk is not full.</summary>
    public void Write(byte[] bytes)
    {
        try
        {
            if (_held is not FileStream file)
            {
                _ = IsHeld && Posix.TryOverwrite(path, bytes);
                return;
            }

            file.SetLength(0);
            file.Write(bytes, 0, bytes.Length);
            file.Flush();
        }
        catch (IOException)
        {
            // The next holder finds nothing.
        }
    }

    public void Dispose()
    {
        _held?.Dispose();
        _ = _waiting?.ContinueWith(taken => taken.Result?.Dispose(), TaskScheduler.Default);
    }

    private IDisposable? Open(bool waits, out bool isBusy) =>
        OperatingSystem.IsWindows() ? OpenOnWindows(out isBusy) : Posix.TryLock(path, waits, out isBusy);

    private FileStream? OpenOnWindows(out bool isBusy)
    {
        const int SharingViolation = unchecked((int)0x80070020);
        isBusy = false;
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1);
        }
        catch (IOException e)
        {
            isBusy = e.HResult == SharingViolation;
            return null;
        }
        catch (UnauthorizedAccessException)
        {
            return null;
        }
    }
}
