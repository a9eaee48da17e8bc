using System.Runtime.InteropServices;
using System.Text;
using CredentialProvider.FastStart;

namespace CredentialProvider.Platform;

/// <summary>
/// Calls to the C library that .NET does not offer, or that .NET Framework lacks (its build runs on Unix under mono):
/// owners, modes and links of files, locks, and a few process settings. Not for Windows.
/// </summary>
internal static partial class Posix
{
    /// <summary>Modes 0600 and 0700, of a file and a folder; 0644, 0555 and 0755.</summary>
    public const int OwnerOnly = 0x180, FolderOwnerOnly = 0x1C0, EveryoneReads = 0x1A4, EveryoneReadsAndExecutes = 0x16D,
        EveryoneExecutes = 0x1ED;

    private const int WriteOnly = 1;

    private static int AppendMode => OperatingSystem.IsMacOS() ? 0x8 : 0x400;

    private static int TruncateMode => OperatingSystem.IsMacOS() ? 0x400 : 0x200;

    private static int CloseOnExec => OperatingSystem.IsMacOS() ? 0x1000000 : 0x80000;

    private static int NonBlock => OperatingSystem.IsMacOS() ? 0x4 : 0x800;

    /// <summary>O_NOFOLLOW, which on Linux depends on the architecture.</summary>
    private static int NoFollowMode => OperatingSystem.IsMacOS() ? 0x100
        : RuntimeInformation.ProcessArchitecture is Architecture.X64 or Architecture.X86 ? 0x20000 : 0x8000;

    /// <summary>The effective user ID of this process.</summary>
    public static uint EffectiveUser => GetEUid();

    /// <summary>True if the path exists, after following symbolic links.</summary>
    public static bool Exists(string path) => MayAccess(path, 0);

    /// <summary>True if this process may execute the file, after following symbolic links.</summary>
    public static bool MayExecute(string path) => MayAccess(path, 1);

    /// <summary>True if this process may create files in the folder.</summary>
    public static bool MayWriteIn(string folder) => MayAccess(folder, 3);

    /// <summary>Reads a file; null if it cannot be read, is not a regular file, or has more than
    /// <paramref name="maxSize"/> bytes.</summary>
    public static unsafe byte[]? TryRead(string path, int maxSize)
    {
        const int FirstSize = 4096, ReadOnly = 0;
        // Reading from a FIFO, a terminal or another device could wait forever, and opening one can have effects.
        if (TryGetStatus(path, out var status, out var isSupported, followsLinks: true) ? !status.IsFile : isSupported)
            return null;
        int descriptor;
        fixed (byte* name = Utf8(path))
        {
            // Without waiting, in case the file has just been replaced by a FIFO.
            descriptor = Open(name, ReadOnly | NonBlock | CloseOnExec);
        }

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

    /// <summary>Sets the permission bits, which only the owner and root may do.</summary>
    public static bool TrySetMode(string path, int mode) => ChMod(Utf8(path), mode) == 0;

    /// <summary>Creates a folder; false if the path exists or its parent does not.</summary>
    public static bool TryCreateFolder(string path, int mode) => MkDir(Utf8(path), mode) == 0;

    /// <summary>Creates an empty file that only its owner can access. An existing file is left as it is.</summary>
    public static void CreateFile(string path)
    {
        var temporary = $"{path}.XXXXXX";
        if (!TryWriteTemporary(ref temporary, [], OwnerOnly))
            return;
        // Some file systems have no hard links. Then a rename can replace a file that another process has just created
        // at this path, and the first line in it is lost.
        if (Link(Utf8(temporary), Utf8(path)) != 0 && !File.Exists(path) && TryRename(temporary, path))
            return;
        File.Delete(temporary);
    }

    /// <summary>Appends to an existing file in one system call, so that several processes can write to it. A symbolic
    /// link is not followed, and a FIFO without a reader does not block.</summary>
    /// <returns>False if nothing was written.</returns>
    public static unsafe bool TryAppend(string path, byte[] bytes)
    {
        int descriptor;
        fixed (byte* name = Utf8(path))
            descriptor = Open(name, WriteOnly | AppendMode | NonBlock | NoFollowMode);
        return descriptor >= 0 && TryWriteAndClose(descriptor, bytes);
    }

    /// <summary>Replaces the content of an existing file.</summary>
    /// <returns>False if not everything was written.</returns>
    public static unsafe bool TryOverwrite(string path, byte[] bytes)
    {
        int descriptor;
        fixed (byte* name = Utf8(path))
            descriptor = Open(name, WriteOnly | TruncateMode | NonBlock | NoFollowMode | CloseOnExec);
        return descriptor >= 0 && TryWriteAndClose(descriptor, bytes);
    }

    /// <summary>Writes into what exists at the path, such as a device or a FIFO; waits for a FIFO's reader.</summary>
    /// <param name="ofOthers">False to write nothing if what was opened <see cref="IsOfOthers"/>: it may have been replaced
    /// since it was looked at.</param>
    /// <returns>False if not everything was written.</returns>
    public static unsafe bool TryWriteInto(string path, byte[] bytes, bool ofOthers)
    {
        int descriptor;
        fixed (byte* name = Utf8(path))
            descriptor = Open(name, WriteOnly | AppendMode);
        if (descriptor < 0)
            return false;
        var mayWrite = ofOthers || !IsOfOthers($"/dev/fd/{descriptor}");
        return TryWriteAndClose(descriptor, mayWrite ? bytes : []) && mayWrite;
    }

    /// <summary>True unless it belongs to this user or root, after following symbolic links.</summary>
    public static bool IsOfOthers(string path) => !TryGetStatus(path, out var status, out _, followsLinks: true)
        || status.IsOfOthers;

    /// <summary>Creates a new file and writes it through the descriptor that created it, so that another user who may
    /// write to the folder cannot put another file in its place before it is written.</summary>
    /// <param name="path">Must end in XXXXXX, which is replaced to make the name unique.</param>
    /// <param name="mode">Permission bits.</param>
    /// <returns>False if it cannot be created or written completely; nothing is left behind.</returns>
    public static bool TryWriteTemporary(ref string path, byte[] bytes, int mode)
    {
        var template = Utf8(path);
        var descriptor = MkSTemp(template);
        if (descriptor < 0)
            return false;
        path = Encoding.UTF8.GetString(template, 0, template.Length - 1);
        // Set before the content is there. mkstemp has set 0600.
        var hasMode = mode == OwnerOnly || FChMod(descriptor, mode) == 0;
        if (TryWriteAndClose(descriptor, bytes) && hasMode)
            return true;
        File.Delete(path);
        return false;
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

    private static unsafe bool TryWriteAndClose(int descriptor, byte[] bytes)
    {
        var (sum, isOpen) = (0, true);
        // A pipe takes a part at a time.
        while (sum < bytes.Length && isOpen)
        {
            nint written;
            fixed (byte* rest = &bytes[sum])
                written = Write(descriptor, rest, bytes.Length - sum);
            isOpen = written > 0;
            sum += isOpen ? (int)written : 0;
        }

        // Network file systems report a full disk when the file is closed.
        return Close(descriptor) == 0 && isOpen;
    }

    private static unsafe bool MayAccess(string path, int mode)
    {
        fixed (byte* name = Utf8(path))
            return Access(name, mode) == 0;
    }

    private static byte[] Utf8(string path) => AsciiText.Bytes(path + '\0') ?? Encoding.UTF8.GetBytes(path + '\0');
}
