using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace CredentialProvider.Platform;

internal static partial class Posix
{
    /// <summary>Takes an exclusive lock on a file, which is created if necessary and accessible to its owner
    /// only. .NET would take the same kind of lock, but cannot wait for it.</summary>
    /// <param name="waits">True to wait while another process holds the lock.</param>
    /// <param name="isBusy">True if another process holds it. False with a null result means that locks do not work
    /// here.</param>
    /// <returns>Holds the lock until it is closed; null if the lock was not taken.</returns>
    public static unsafe SafeFileHandle? TryLock(string path, bool waits, out bool isBusy)
    {
        const int ReadWrite = 2, Exclusive = 2, DoNotWait = 4, Interrupted = 4, LinuxBusy = 11, MacBusy = 35;
        isBusy = false;
        // A FIFO or a device can neither be locked reliably nor hold the note of a failure.
        if (TryGetStatus(path, out var status, out _) && !status.IsFile)
            return null;
        if (!File.Exists(path))
            CreateFile(path);
        int descriptor;
        fixed (byte* name = Utf8(path))
            descriptor = Open(name, ReadWrite | NonBlock | CloseOnExec);
        if (descriptor < 0)
            return null;

        int error;
        do
            error = FLock(descriptor, Exclusive | (waits ? 0 : DoNotWait)) == 0 ? 0 : Marshal.GetLastWin32Error();
        while (error == Interrupted);
        if (error == 0)
            return new SafeFileHandle((nint)descriptor, ownsHandle: true);
        _ = Close(descriptor);
        isBusy = error is LinuxBusy or MacBusy;
        return null;
    }
}
