using System.Runtime.InteropServices;
using System.Text;

namespace CredentialProvider.MSBuild;

/// <summary>What .NET Standard cannot tell about files.</summary>
internal static class UnixFiles
{
    private const int Exists = 0, MayExecute = 1, ExecuteBits = 0x49; // 0111

    /// <summary>After following links: the execute bits if this user may execute the file here, else 0; null if the link
    /// leads nowhere.</summary>
    public static int? ModeOf(string path) => !MayAccess(path, Exists) ? null : MayAccess(path, MayExecute) ? ExecuteBits : 0;

    /// <summary>False also for a file on a file system that is mounted noexec.</summary>
    public static bool MayBeExecuted(string path) => MayAccess(path, MayExecute);

    private static bool MayAccess(string path, int mode) => Access(Encoding.UTF8.GetBytes(path + "\0"), mode) == 0;

    [DllImport("libc", EntryPoint = "access")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Access(byte[] path, int mode);
}
