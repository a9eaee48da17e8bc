using System.Runtime.InteropServices;
using System.Text;

namespace CredentialProvider.Platform;

/// <summary>
/// The few calls of the C library that .NET lacks or lacks in .NET Framework (which runs on Unix under mono): owners,
/// modes and links of files.
/// </summary>
internal static class Posix
{
    private const int TypeMask = 0xF000, Folder = 0x4000, RegularFile = 0x8000;

    /// <summary>What is at a path, without following a link.</summary>
    public readonly record struct Status(bool IsFolder, bool IsFile, uint Owner, int Mode);

    /// <summary>The user whose rights this process has.</summary>
    public static uint EffectiveUser => GetEUid();

    /// <summary>False where there is nothing, or the C library has no such call (then <paramref name="isKnown"/> is
    /// false).</summary>
    public static bool TryGetStatus(string path, out Status status, out bool isKnown)
    {
        isKnown = true;
        try
        {
            return TryGetStatus(path, out status);
        }
        catch (EntryPointNotFoundException)
        {
            status = default;
            isKnown = false;
            return false;
        }
    }

    /// <summary>Apart: within a try, a call of the C library takes code that is made at run time.</summary>
    private static unsafe bool TryGetStatus(string path, out Status status)
    {
        const int LargestStatus = 256; // struct statx has 256 bytes everywhere, macOS's struct stat 144
        var buffer = stackalloc byte[LargestStatus];
        int mode;
        uint owner;
        status = default;
        fixed (byte* name = Utf8(path))
        {
            if (OperatingSystem.IsMacOS())
            {
                // <sys/stat.h>, 64-bit inodes: st_mode is 16 bits at 4, st_uid 32 bits at 16.
                if (LStat(name, buffer) != 0)
                    return false;
                (mode, owner) = (*(ushort*)(buffer + 4), *(uint*)(buffer + 16));
            }
            else
            {
                // statx(2), the same layout on every architecture: stx_uid is 32 bits at 20, stx_mode 16 bits at 28.
                const int CurrentFolder = -100, NoFollow = 0x100, TypeModeOwner = 0x1 | 0x2 | 0x8;
                if (StatX(CurrentFolder, name, NoFollow, TypeModeOwner, buffer) != 0)
                    return false;
                (mode, owner) = (*(ushort*)(buffer + 28), *(uint*)(buffer + 20));
            }
        }

        status = new Status((mode & TypeMask) == Folder, (mode & TypeMask) == RegularFile, owner, mode & 0xFFF);
        return true;
    }

    /// <summary>There is something at the end of the path's links.</summary>
    public static bool Exists(string path) => MayAccess(path, 0);

    /// <summary>This process may start the program at the end of the path's links.</summary>
    public static bool MayExecute(string path) => MayAccess(path, 1);

    /// <summary>A file's bytes; null where it cannot be read, or has more than <paramref name="most"/>.</summary>
    public static unsafe byte[]? TryRead(string path, int most)
    {
        const int FirstSize = 4096, ReadOnly = 0, LinuxCloseOnExec = 0x80000, MacCloseOnExec = 0x1000000;
        int descriptor;
        fixed (byte* name = Utf8(path))
            descriptor = Open(name, ReadOnly | (OperatingSystem.IsMacOS() ? MacCloseOnExec : LinuxCloseOnExec));
        if (descriptor < 0)
            return null;
        var (bytes, length) = (new byte[FirstSize], 0);
        nint read;
        do
        {
            if (length == bytes.Length)
                Array.Resize(ref bytes, length * 2);
            fixed (byte* rest = &bytes[length])
                read = Read(descriptor, rest, bytes.Length - length);
            length += (int)read;
        }
        while (read > 0 && length <= most);
        _ = Close(descriptor);
        if (read != 0)
            return null;
        Array.Resize(ref bytes, length);
        return bytes;
    }

    /// <summary>Changes the mode; only a file's owner and root may.</summary>
    public static bool TrySetMode(string path, int mode) => ChMod(Utf8(path), mode) == 0;

    public static bool TryCreateFolder(string path, int mode) => MkDir(Utf8(path), mode) == 0;

    /// <summary>From here on, files that any code of this process makes are readable for their owner only.</summary>
    public static void KeepNewFilesPrivate()
    {
        const int GroupAndOthers = 0x3F; // 0077
        if (!OperatingSystem.IsWindows())
            _ = UMask(GroupAndOthers);
    }

    /// <summary>This process leaves no image of its memory behind, whatever becomes of it. Linux alone: elsewhere the
    /// system's settings decide.</summary>
    public static void ForbidCoreDumps()
    {
        const int SetDumpable = 4, No = 0;
        if (OperatingSystem.IsLinux())
            _ = PrCtl(SetDumpable, No, 0, 0, 0);
    }

    /// <summary>Sets a variable for native code, which does not see what .NET's own call sets.</summary>
    public static void SetVariable(string name, string value)
    {
        const int Overwrite = 1;
        _ = SetEnv(Utf8(name), Utf8(value), Overwrite);
    }

    /// <summary>Makes an empty file that nobody else may read, unless there is one: then that stays as it is.</summary>
    public static void CreateFile(string path)
    {
        var temporary = $"{path}.XXXXXX";
        if (!TryCreateTemporary(ref temporary))
            return;
        // Some file systems have no links; there, two processes that start a file at once may lose one's first line.
        if (Link(Utf8(temporary), Utf8(path)) != 0 && !File.Exists(path) && TryRename(temporary, path))
            return;
        File.Delete(temporary);
    }

    /// <summary>Adds to a file that exists, in one step. A pipe that nobody reads is not waited for.</summary>
    public static unsafe void Append(string path, byte[] bytes)
    {
        const int WriteOnly = 1, LinuxAppend = 0x400, MacAppend = 0x8, LinuxNoWait = 0x800, MacNoWait = 0x4;
        int descriptor;
        fixed (byte* name = Utf8(path))
            descriptor = Open(name, WriteOnly | (OperatingSystem.IsMacOS() ? MacAppend | MacNoWait : LinuxAppend | LinuxNoWait));
        if (descriptor < 0)
            return;
        _ = Write(descriptor, bytes, bytes.Length);
        _ = Close(descriptor);
    }

    /// <summary>Replaces what is at <paramref name="to"/> in one step.</summary>
    public static bool TryRename(string from, string to) => Rename(Utf8(from), Utf8(to)) == 0;

    /// <summary>Swaps what is at two paths in one step; false where the system or the file system has no such
    /// call.</summary>
    public static bool TryExchange(string one, string other)
    {
        const int CurrentFolder = -100, LinuxExchange = 2, MacSwap = 2;
        try
        {
            return OperatingSystem.IsMacOS()
                ? RenameXNp(Utf8(one), Utf8(other), MacSwap) == 0
                : RenameAt2(CurrentFolder, Utf8(one), CurrentFolder, Utf8(other), LinuxExchange) == 0;
        }
        catch (EntryPointNotFoundException)
        {
            return false;
        }
    }

    /// <summary>Makes a new, empty file that nobody else may read.</summary>
    /// <param name="path">Ends in XXXXXX, which is replaced by what makes the name new.</param>
    public static bool TryCreateTemporary(ref string path)
    {
        var template = Utf8(path);
        var descriptor = MkSTemp(template);
        if (descriptor < 0)
            return false;
        _ = Close(descriptor);
        path = Encoding.UTF8.GetString(template, 0, template.Length - 1);
        return true;
    }

    private static unsafe bool MayAccess(string path, int mode)
    {
        fixed (byte* name = Utf8(path))
            return Access(name, mode) == 0;
    }

    private static byte[] Utf8(string path) => Ascii.Bytes(path + '\0') ?? Encoding.UTF8.GetBytes(path + '\0');

    /// <summary>A process of this user's has this number.</summary>
    public static bool IsRunning(int processId) => Kill(processId, 0) == 0;

    // Pointers on the way to an answer: an array needs code that is made at run time.

    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int processId, int signal);

    [DllImport("libc", EntryPoint = "statx")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern unsafe int StatX(int folder, byte* path, int flags, int mask, byte* buffer);

    [DllImport("libc", EntryPoint = "lstat")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern unsafe int LStat(byte* path, byte* buffer);

    [DllImport("libc", EntryPoint = "chmod")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int ChMod(byte[] path, int mode);

    [DllImport("libc", EntryPoint = "access")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern unsafe int Access(byte* path, int mode);

    [DllImport("libc", EntryPoint = "prctl")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int PrCtl(int option, nuint argument, nuint third, nuint fourth, nuint fifth);

    [DllImport("libc", EntryPoint = "setenv")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SetEnv(byte[] name, byte[] value, int overwrite);

    [DllImport("libc", EntryPoint = "umask")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int UMask(int mask);

    [DllImport("libc", EntryPoint = "mkdir")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int MkDir(byte[] path, int mode);

    [DllImport("libc", EntryPoint = "link")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Link(byte[] existing, byte[] path);

    [DllImport("libc", EntryPoint = "rename")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Rename(byte[] from, byte[] to);

    [DllImport("libc", EntryPoint = "renameat2")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int RenameAt2(int oldFolder, byte[] from, int newFolder, byte[] to, int flags);

    [DllImport("libc", EntryPoint = "renamex_np")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int RenameXNp(byte[] from, byte[] to, int flags);

    [DllImport("libc", EntryPoint = "mkstemp")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int MkSTemp([In, Out] byte[] template);

    [DllImport("libc", EntryPoint = "open")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern unsafe int Open(byte* path, int flags);

    [DllImport("libc", EntryPoint = "read")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern unsafe nint Read(int descriptor, byte* bytes, nint length);

    [DllImport("libc", EntryPoint = "write")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint Write(int descriptor, byte[] bytes, nint length);

    [DllImport("libc", EntryPoint = "close")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Close(int descriptor);

    [DllImport("libc", EntryPoint = "geteuid")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern uint GetEUid();
}
