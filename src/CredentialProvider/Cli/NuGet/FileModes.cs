namespace CredentialProvider.Cli.NuGet;

/// <summary>Permission bits as NuGet reads them.</summary>
internal static class FileModes
{
    /// <summary>After following links; null if the path or a link's target does not exist. Not for Windows.</summary>
    public static int? Of(string path)
    {
        try
        {
            return OperatingSystem.IsWindows() ? null : (int)File.GetUnixFileMode(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
