using System.Text;

namespace CredentialProvider.Platform;

// Settings and streams of this process, and other processes.
internal static partial class Posix
{
    /// <summary>From now on, files that this process creates, including those of libraries, are accessible to their
    /// owner only.</summary>
    public static void KeepNewFilesPrivate()
    {
        const int GroupAndOthers = 0x3F; // 0077
        if (!OperatingSystem.IsWindows())
            _ = UMask(GroupAndOthers);
    }

    /// <summary>Disables core dumps, which would contain tokens (PR_SET_DUMPABLE), on Linux; elsewhere the system's
    /// settings apply. Root may dump such a process all the same, as .NET's createdump does if DOTNET_DbgEnableMiniDump
    /// is set. So the programs that this one starts lose the capability for it (PR_CAPBSET_DROP).</summary>
    public static void DisableCoreDumps()
    {
        const int SetDumpable = 4, No = 0, DropCapability = 24, Ptrace = 19;
        if (!OperatingSystem.IsLinux())
            return;
        _ = PrCtl(SetDumpable, No, 0, 0, 0);
        if (EffectiveUser == 0)
            _ = PrCtl(DropCapability, Ptrace, 0, 0, 0);
    }

    /// <summary>The standard streams that this process was started without. A file that it opens would become one of
    /// them, so /dev/null takes their place.</summary>
    public static bool[] ReserveStandardStreams()
    {
        const int GetFlags = 1, ReadOnly = 0, Streams = 3;
        var isMissing = new bool[Streams];
        for (var descriptor = 0; descriptor < Streams && !OperatingSystem.IsWindows(); descriptor++)
        {
            var flags = FCntl(descriptor, GetFlags);
            // What was inherited is not marked as close-on-exec. The .NET runtime marks what it has opened meanwhile.
            isMissing[descriptor] = flags != 0;
            if (flags < 0)
                _ = OpenNull(ReadOnly | CloseOnExec);
        }

        return isMissing;
    }

    /// <summary>Keeps a descriptor from the programs that this process starts. On Linux, where the third argument of a
    /// variadic function is passed like any other.</summary>
    public static void SetCloseOnExec(int descriptor)
    {
        const int SetFlags = 2, CloseOnExecFlag = 1;
        _ = FCntl(descriptor, SetFlags, CloseOnExecFlag);
    }

    /// <summary>Sets an environment variable for native libraries. They do not see variables set by .NET.</summary>
    public static void SetVariable(string name, string value)
    {
        const int Overwrite = 1;
        _ = SetEnv(Utf8(name), Utf8(value), Overwrite);
    }

    /// <summary>True if a process with this PID exists and belongs to this user.</summary>
    public static bool IsRunning(int processId) => Kill(processId, 0) == 0;

    /// <summary>Writes to standard error if that is possible.</summary>
    public static unsafe void WriteError(string text)
    {
        const int StandardError = 2;
        var bytes = Encoding.UTF8.GetBytes(text);
        fixed (byte* first = bytes)
            _ = Write(StandardError, first, bytes.Length);
    }

    private static unsafe int OpenNull(int flags)
    {
        fixed (byte* name = Utf8("/dev/null"))
            return Open(name, flags);
    }
}
