using System.Diagnostics;

namespace CredentialProvider.Plugin;

/// <summary>
/// Ends this process when NuGet's is gone. The end of input says so too, but not where another child of NuGet's
/// holds the pipe open.
/// </summary>
internal static class ParentWatch
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    public static IDisposable Start(int processId) => new Timer(_ => ExitIfGone(processId), null, Interval, Interval);

    private static void ExitIfGone(int processId)
    {
        try
        {
            using var process = Process.GetProcessById(processId);
            if (!process.HasExited)
                return;
        }
        catch (ArgumentException)
        {
            // There is no such process.
        }
        catch (InvalidOperationException)
        {
            // It ended while we looked.
        }
        catch (Exception e) when (e is System.ComponentModel.Win32Exception or NotSupportedException)
        {
            // A process that we may not look at is there, at any rate.
            return;
        }

        Environment.Exit(0);
    }
}
