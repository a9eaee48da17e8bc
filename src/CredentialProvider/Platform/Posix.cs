using System.Text;
using CredentialProvider.FastStart;

namespace CredentialProvider.Platform;

/// <summary>
/// Calls to the C library that .NET does not offer, or that .NET Framework lacks (its build runs on Unix under mono):
/// owners, modes and links of files, and a few process settings. Not for Windows.
/// </summary>
internal static partial class Posix
{
    /// <summary>The mode 0600.</summary>
    public const int OwnerOnly = 0x180;

    private const int TypeMask = 0xF000, FolderType = 0x4000, RegularFileType = 0x8000;

    /// <summary>The status of a path itself; a symbolic link is not followed.</summary>
    /// <param name="Owner">User ID.</param>
    /// <param name="Mode">Permission bits, including set-user-ID, set-group-ID and sticky.</param>
    public readonly record struct Status(bool IsFolder, bool IsFile, uint Owner, int Mode);

    /// <summary>The effective user ID of this process.</summary>
    public static uint EffectiveUser => GetEUid();

    /// <summary>Reads the status of a path without following a symbolic link. False if the path does not exist or the C
    /// library has no such function; in the second case <paramref name="isSupported"/> is false too.</summary>
    public static bool TryGetStatus(string path, out Status status, out bool isSupported)
    {
        isSupported = true;
        try
        {
            return TryGetStatus(path, out status);
        }
        catch (EntryPointNotFoundException)
        {
            status = default;
            isSupported = false;
            return false;
        }
    }

    /// <summary>Kept out of the try block: a P/Invoke inside one needs an IL stub generated at run time.</summary>
    private static unsafe bool TryGetStatus(string path, out Status status)
    {
        const int MaxStatusSize = 256; // struct statx has 256 bytes on every architecture, struct stat on macOS 144
        var buffer = stackalloc byte[MaxStatusSize];
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

        var type = mode & TypeMask;
        status = new Status(type == FolderType, type == RegularFileType, owner, mode & 0xFFF);
        return true;
    }

    /// <summary>True if the path exists, after following symbolic links.</summary>
    public static bool Exists(string path) => MayAccess(path, 0);

    /// <summary>True if this process may execute the file, after following symbolic links.</summary>
    public static bool MayExecute(string path) => MayAccess(path, 1);

    /// <summary>Reads a file; null if it cannot be read or has more than <paramref name="maxSize"/> bytes.</summary>
    public static unsafe byte[]? TryRead(string path, int maxSize)
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
        while (read > 0 && length <= maxSize);
        _ = Close(descriptor);
        if (read != 0)
            return null;
        Array.Resize(ref bytes, length);
        return bytes;
    }

    /// <summary>The absolute path without symbolic links; null if it does not exist.</summary>
    public static unsafe string? TryResolve(string path)
    {
        const int MaxPath = 4096; // PATH_MAX on Linux; macOS has 1024
        var buffer = new byte[MaxPath];
        fixed (byte* name = Utf8(path), resolved = buffer)
        {
            if (RealPath(name, resolved) == null)
                return null;
        }

        return Encoding.UTF8.GetString(buffer, 0, Array.IndexOf(buffer, (byte)0));
    }

    /// <summary>Sets the permission bits, which only the owner and root may do.</summary>
    public static bool TrySetMode(string path, int mode) => ChMod(Utf8(path), mode) == 0;

    /// <summary>Creates a folder; false if the path exists or its parent does not.</summary>
    public static bool TryCreateFolder(string path, int mode) => MkDir(Utf8(path), mode) == 0;

    /// <summary>From now on, files that this process creates, including those of libraries, are accessible to their
    /// owner only.</summary>
    public static void KeepNewFilesPrivate()
    {
        const int GroupAndOthers = 0x3F; // 0077
        if (!OperatingSystem.IsWindows())
            _ = UMask(GroupAndOthers);
    }

    /// <summary>Disables core dumps, which would contain tokens (PR_SET_DUMPABLE). Linux only; elsewhere the system's
    /// settings apply.</summary>
    public static void DisableCoreDumps()
    {
        const int SetDumpable = 4, No = 0;
        if (OperatingSystem.IsLinux())
            _ = PrCtl(SetDumpable, No, 0, 0, 0);
    }

    /// <summary>Sets an environment variable for native libraries. They do not see variables set by .NET.</summary>
    public static void SetVariable(string name, string value)
    {
        const int Overwrite = 1;
        _ = SetEnv(Utf8(name), Utf8(value), Overwrite);
    }

    /// <summary>Creates an empty file that only its owner can access. An existing file is left as it is.</summary>
    public static void CreateFile(string path)
    {
        var temporary = $"{path}.XXXXXX";
        if (!TryCreateTemporary(ref temporary))
            return;
        // Some file systems have no hard links. Then a rename can replace a file that another process has just created
        // at this path, and the first line in it is lost.
        if (Link(Utf8(temporary), Utf8(path)) != 0 && !File.Exists(path) && TryRename(temporary, path))
            return;
        File.Delete(temporary);
    }

    /// <summary>Appends to an existing file in one system call. Does not block on a FIFO that has no reader.</summary>
    public static unsafe void Append(string path, byte[] bytes)
    {
        const int WriteOnly = 1, LinuxAppend = 0x400, MacAppend = 0x8, LinuxNonBlock = 0x800, MacNonBlock = 0x4;
        var flags = WriteOnly | (OperatingSystem.IsMacOS() ? MacAppend | MacNonBlock : LinuxAppend | LinuxNonBlock);
        int descriptor;
        fixed (byte* name = Utf8(path))
            descriptor = Open(name, flags);
        if (descriptor < 0)
            return;
        _ = Write(descriptor, bytes, bytes.Length);
        _ = Close(descriptor);
    }

    /// <summary>Moves a file and atomically replaces what is at <paramref name="to"/>.</summary>
    public static bool TryRename(string from, string to) => Rename(Utf8(from), Utf8(to)) == 0;

    /// <summary>Atomically swaps two paths; false if the system or the file system does not support it.</summary>
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

    /// <summary>Creates a new, empty file that only its owner can access.</summary>
    /// <param name="path">Must end in XXXXXX, which is replaced to make the name unique.</param>
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

    /// <summary>True if a process with this PID exists and belongs to this user.</summary>
    public static bool IsRunning(int processId) => Kill(processId, 0) == 0;

    private static unsafe bool MayAccess(string path, int mode)
    {
        fixed (byte* name = Utf8(path))
            return Access(name, mode) == 0;
    }

    private static byte[] Utf8(string path) => AsciiText.Bytes(path + '\0') ?? Encoding.UTF8.GetBytes(path + '\0');
}
