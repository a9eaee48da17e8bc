using System.Runtime.InteropServices;

// Applies to every import below: search only the system's own folders.
[assembly: DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]

namespace CredentialProvider.Platform;

// The imported functions. The native executable links most of them (DirectPInvoke in the project file). Those that a
// cached answer calls take pointers: marshalling an array needs a stub that is generated at run time.
internal static partial class Posix
{
    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Kill(int processId, int signal);

    [DllImport("libc", EntryPoint = "statx")]
    private static extern unsafe int StatX(int folder, byte* path, int flags, int mask, byte* buffer);

    [DllImport("libc", EntryPoint = "lstat")]
    private static extern unsafe int LStat(byte* path, byte* buffer);

    [DllImport("libc", EntryPoint = "stat")]
    private static extern unsafe int Stat(byte* path, byte* buffer);

    [DllImport("libc", EntryPoint = "lstat$INODE64")]
    private static extern unsafe int LStatInode64(byte* path, byte* buffer);

    [DllImport("libc", EntryPoint = "stat$INODE64")]
    private static extern unsafe int StatInode64(byte* path, byte* buffer);

    [DllImport("libc", EntryPoint = "realpath")]
    private static extern unsafe byte* RealPath(byte* path, byte* resolved);

    [DllImport("libc", EntryPoint = "readlink")]
    private static extern unsafe nint ReadLink(byte* path, byte* target, nint size);

    [DllImport("libc", EntryPoint = "chmod")]
    private static extern int ChMod(byte[] path, int mode);

    [DllImport("libc", EntryPoint = "fchmod")]
    private static extern int FChMod(int descriptor, int mode);

    [DllImport("libc", EntryPoint = "access")]
    private static extern unsafe int Access(byte* path, int mode);

    [DllImport("libc", EntryPoint = "prctl")]
    private static extern int PrCtl(int option, nuint argument, nuint third, nuint fourth, nuint fifth);

    [DllImport("libc", EntryPoint = "setenv")]
    private static extern int SetEnv(byte[] name, byte[] value, int overwrite);

    [DllImport("libc", EntryPoint = "setenv")]
    private static extern int SetEnv(byte[] name, nint value, int overwrite);

    [DllImport("libc", EntryPoint = "unsetenv")]
    private static extern int UnsetEnv(byte[] name);

    [DllImport("libc", EntryPoint = "getenv")]
    private static extern nint GetEnv(byte[] name);

    [DllImport("libc", EntryPoint = "signal")]
    private static extern nint Signal(int signal, nint handler);

    [DllImport("libc", EntryPoint = "execvp", SetLastError = true)]
    private static extern unsafe int ExecVP(byte[] path, nint* arguments);

    [DllImport("libc", EntryPoint = "umask")]
    private static extern int UMask(int mask);

    [DllImport("libc", EntryPoint = "mkdir")]
    private static extern int MkDir(byte[] path, int mode);

    [DllImport("libc", EntryPoint = "link")]
    private static extern int Link(byte[] existing, byte[] path);

    [DllImport("libc", EntryPoint = "rename")]
    private static extern int Rename(byte[] from, byte[] to);

    [DllImport("libc", EntryPoint = "renameat2")]
    private static extern int RenameAt2(int oldFolder, byte[] from, int newFolder, byte[] to, int flags);

    [DllImport("libc", EntryPoint = "renamex_np")]
    private static extern int RenameXNp(byte[] from, byte[] to, int flags);

    [DllImport("libc", EntryPoint = "mkstemp")]
    private static extern int MkSTemp([In, Out] byte[] template);

    [DllImport("libc", EntryPoint = "open")]
    private static extern unsafe int Open(byte* path, int flags);

    [DllImport("libc", EntryPoint = "read")]
    private static extern unsafe nint Read(int descriptor, byte* bytes, nint length);

    [DllImport("libc", EntryPoint = "write")]
    private static extern unsafe nint Write(int descriptor, byte* bytes, nint length);

    [DllImport("libc", EntryPoint = "close")]
    private static extern int Close(int descriptor);

    [DllImport("libc", EntryPoint = "flock", SetLastError = true)]
    private static extern int FLock(int descriptor, int operation);

    [DllImport("libc", EntryPoint = "fcntl")]
    private static extern int FCntl(int descriptor, int command);

    [DllImport("libc", EntryPoint = "fcntl")]
    private static extern int FCntl(int descriptor, int command, int argument);

    [DllImport("libc", EntryPoint = "geteuid")]
    private static extern uint GetEUid();
}
