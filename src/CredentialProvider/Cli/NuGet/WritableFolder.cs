using CredentialProvider.Platform;

namespace CredentialProvider.Cli.NuGet;

/// <summary>Whether this user's NuGet can write to a folder, which it creates if it does not exist.</summary>
internal static class WritableFolder
{
    /// <returns>Why it cannot; null if it can, and on Windows, where there are no permission bits to check.</returns>
    public static string? FindProblem(string folder)
    {
        var existing = folder;
        while (!Directory.Exists(existing) && !File.Exists(existing) && Path.GetDirectoryName(existing) is { } parent)
            existing = parent;
        return File.Exists(existing) ? $"{existing} is a file"
            : OperatingSystem.IsWindows() || Posix.MayWriteIn(existing) ? null
            : $"this user may not write to {existing}";
    }
}
