using System.ComponentModel;
using System.Diagnostics;
using CredentialProvider.Configuration;

namespace CredentialProvider.Cli;

/// <summary>The user's web browser on this machine.</summary>
internal static class Browser
{
    /// <summary>Files that Docker and Podman create in a container.</summary>
    private static readonly string[] ContainerFiles = ["/.dockerenv", "/run/.containerenv"];

    /// <summary>False where a browser is not the user's, is missing, or cannot reach a port of this machine: over SSH,
    /// in a container, and on Unix without a display.</summary>
    public static bool IsAvailable(Settings settings) => IsAvailable(settings,
        OperatingSystem.IsWindows() || OperatingSystem.IsMacOS(), Array.Exists(ContainerFiles, File.Exists));

    /// <param name="alwaysHasDisplay">True for systems where no variable says so.</param>
    public static bool IsAvailable(Settings settings, bool alwaysHasDisplay, bool isContainer) =>
        !settings.IsRemoteShell && !settings.IsContainer && !isContainer && (alwaysHasDisplay || settings.HasDisplay);

    /// <summary>Starts the browser if possible. No shell sees the URL, and no program in the working directory is
    /// run.</summary>
    public static void TryOpen(string url)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out var uri)
            || (uri.Scheme != Uri.UriSchemeHttps && uri.Scheme != Uri.UriSchemeHttp))
        {
            return;
        }

        // Neither spaces nor quotes are left in it.
        url = uri.AbsoluteUri;
        try
        {
            if (OperatingSystem.IsWindows())
                Process.Start(new ProcessStartInfo(url) { UseShellExecute = true })?.Dispose();
            else if (FindOpener() is { } program)
                Process.Start(ProcessEnvironment.CreateStartInfo(program, url))?.Dispose();
        }
        catch (Exception e) when (e is Win32Exception or InvalidOperationException or PlatformNotSupportedException)
        {
            // The user has been shown the URL.
        }
    }

    private static string? FindOpener() =>
        OperatingSystem.IsMacOS() ? "/usr/bin/open" : ProcessEnvironment.FindProgram("xdg-open");
}
