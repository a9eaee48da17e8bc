using System.Diagnostics;
using CredentialProvider.Platform;

namespace CredentialProvider.Plugin;

/// <summary>
/// Ends this process when NuGet's process ends. The end of input usually does that, but not while another child of NuGet
/// holds the pipe open. If the PID does not exist when we first look, it comes from another PID namespace (container,
/// WSL, Wine); in that case only the end of input counts.
/// </summary>
internal static class ParentWatch
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    public static IDisposable Start(int processId)
    {
        // On Windows the first look takes milliseconds, so it is left to the timer.
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
            // There is no such process, or it has just ended.
            return false;
        }
        catch (Exception e) when (e is System.ComponentModel.Win32Exception or NotSupportedException)
        {
            // A process that we may not inspect does exist.
            return true;
        }
    }
}
