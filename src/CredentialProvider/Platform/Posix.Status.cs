using System.Runtime.InteropServices;
using System.Text;

namespace CredentialProvider.Platform;

// Status and resolved names of files.
internal static partial class Posix
{
    private const int TypeMask = 0xF000, FolderType = 0x4000, RegularFileType = 0x8000, LinkType = 0xA000, SocketType = 0xC000;

    /// <summary>PATH_MAX on Linux; macOS has 1024.</summary>
    private const int MaxPath = 4096;

    /// <summary>The status of a file or folder.</summary>
    /// <param name="Type">The file type bits of the mode.</param>
    /// <param name="Owner">User ID.</param>
    /// <param name="Group">Group ID.</param>
    /// <param name="Mode">Permission bits, including set-user-ID, set-group-ID and sticky.</param>
    public readonly record struct Status(int Type, uint Owner, uint Group, int Mode)
    {
        /// <summary>The mode's last three octal digits.</summary>
        public int Permissions => Mode & 0x1FF;

        public bool IsFolder => Type == FolderType;

        /// <summary>False for a folder, a link, a FIFO, a device and a socket.</summary>
        public bool IsFile => Type == RegularFileType;

        public bool IsLink => Type == LinkType;

        public bool IsSocket => Type == SocketType;

        /// <summary>In such a folder, users replace their own files only.</summary>
        public bool IsSticky => (Mode & 0x200) != 0;

        /// <summary>True unless it belongs to this user or root.</summary>
        public bool IsOfOthers => Owner != 0 && Owner != EffectiveUser;
    }

    /// <summary>Reads the status of a path. False if the path does not exist or the C library has no such function; in
    /// the second case <paramref name="isSupported"/> is false too.</summary>
    /// <param name="followsLinks">False for the status of a symbolic link itself.</param>
    public static bool TryGetStatus(string path, out Status status, out bool isSupported, bool followsLinks = false)
    {
        isSupported = true;
        try
        {
            return TryGetStatus(path, out status, followsLinks);
        }
        catch (EntryPointNotFoundException)
        {
            status = default;
            isSupported = false;
            return false;
        }
    }

    /// <summary>Kept out of the try block: a P/Invoke inside one needs an IL stub generated at run time.</summary>
    private static unsafe bool TryGetStatus(string path, out Status status, bool followsLinks)
    {
        const int MaxStatusSize = 256; // struct statx has 256 bytes on every architecture, struct stat on macOS 144
        var buffer = stackalloc byte[MaxStatusSize];
        int mode;
        uint owner, group;
        status = default;
        fixed (byte* name = Utf8(path))
        {
            if (OperatingSystem.IsMacOS())
            {
                // <sys/stat.h>, 64-bit inodes: st_mode is 16 bits at 4, st_uid 32 bits at 16, st_gid 32 bits at 20.
                if (MacStatus(name, buffer, followsLinks) != 0)
                    return false;
                (mode, owner, group) = (*(ushort*)(buffer + 4), *(uint*)(buffer + 16), *(uint*)(buffer + 20));
            }
            else
            {
                // statx(2), the same layout on every architecture: stx_uid is 32 bits at 20, stx_gid 32 bits at 24,
                // stx_mode 16 bits at 28.
                const int CurrentFolder = -100, NoFollow = 0x100, TypeModeOwnerGroup = 0x1 | 0x2 | 0x8 | 0x10;
                if (StatX(CurrentFolder, name, followsLinks ? 0 : NoFollow, TypeModeOwnerGroup, buffer) != 0)
                    return false;
                (mode, owner, group) = (*(ushort*)(buffer + 28), *(uint*)(buffer + 20), *(uint*)(buffer + 24));
            }
        }

        status = new Status(mode & TypeMask, owner, group, mode & 0xFFF);
        return true;
    }

    /// <summary>True where the plain names of stat and lstat are those of 32-bit inodes, another layout. Apple kept them
    /// for old programs on x86_64; on arm64 there never were any: <c>__DARWIN_INODE64</c> in sys/cdefs.h.</summary>
    internal static bool HasInodeSuffix(Architecture process) => process is Architecture.X64;

    private static unsafe int MacStatus(byte* path, byte* buffer, bool followsLinks) =>
        HasInodeSuffix(RuntimeInformation.ProcessArchitecture)
            ? followsLinks ? StatInode64(path, buffer) : LStatInode64(path, buffer)
            : followsLinks ? Stat(path, buffer) : LStat(path, buffer);

    /// <summary>What a symbolic link has as its target; null if it cannot be read.</summary>
    public static unsafe string? TryReadLink(string path)
    {
        var buffer = new byte[MaxPath];
        nint length;
        fixed (byte* name = Utf8(path), target = buffer)
            length = ReadLink(name, target, buffer.Length);
        return length > 0 ? Encoding.UTF8.GetString(buffer, 0, (int)length) : null;
    }

    /// <summary>The absolute path without symbolic links; null if it does not exist.</summary>
    public static unsafe string? TryResolve(string path)
    {
        var buffer = new byte[MaxPath];
        fixed (byte* name = Utf8(path), resolved = buffer)
        {
            if (RealPath(name, resolved) == null)
                return null;
        }

        return Encoding.UTF8.GetString(buffer, 0, Array.IndexOf(buffer, (byte)0));
    }
}
