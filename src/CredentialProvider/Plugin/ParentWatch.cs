using System.Diagnostics;
using CredentialProvider.Platform;

namespace CredentialProvider.Plugin;

/// <summary>
/// Ends this process when NuGet's is gone. The end of input says so too, but not where another child of NuGet's
/// holds the pipe open. A process that is not there from the beginning has its number elsewhere, as from within a
/// container, WSL or Wine: there the end of input has to do.
/// </summary>
internal static class ParentWatch
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    public static IDisposable Start(int processId)
    {
        // Looking takes Windows milliseconds, so there the first look is not while NuGet waits.
        bool? isSeen = OperatingSystem.IsWindows() ? null : Posix.IsRunning(processId);
        return new Timer(_ =>
        {
            var isThere = OperatingSystem.IsWindows() ? IsOnWindows(processId) : Posix.IsRunning(processId);
            isSeen ??= isThere;
            if (isSeen.Value && !isThere)
                Environment.Exit(0);
        }, null, Interval, Interval);
    }

    private static bool IsOnWindows(int processId)
    {
        try
        {
            using var process = Process.GetProcessById(processId);
            return !process.HasExited;
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException)
        {
            // There is no such process, or it ended while we looked.
            return false;
        }
        catch (Exception e) when (e is System.ComponentModel.Win32Exception or NotSupportedException)
        {
            // A process that we may not look at is there, at any rate.
            return true;
        }
    }
}
