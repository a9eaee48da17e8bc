using CredentialProvider.Platform;

namespace CredentialProvider.Cli.NuGet;

/// <summary>Permission bits, as far as mono tells: NuGet for .NET Framework asks whether it may execute a file.</summary>
internal static class FileModes
{
    /// <summary>After following links; null if the path or a link's target does not exist. Not for Windows.</summary>
    public static int? Of(string path) => !Posix.Exists(path) ? null : Posix.MayExecute(path) ? PluginDiscovery.ExecuteBits : 0;
}
