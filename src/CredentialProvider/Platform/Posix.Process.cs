using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Text;

namespace CredentialProvider.Platform;

// Settings and streams of this process, and other processes.
internal static partial class Posix
{
    /// <summary>The values of variables before <see cref="SetVariable"/>; 0 for one that was unset.</summary>
    private static readonly ConcurrentDictionary<string, nint> ReplacedVariables = new();

    private static int? _originalMask;

    /// <summary>From now on, files that this process creates, including those of libraries, are accessible to their
    /// owner only.</summary>
    public static void KeepNewFilesPrivate()
    {
        const int GroupAndOthers = 0x3F; // 0077
        if (OperatingSystem.IsWindows())
            return;
        var mask = UMask(GroupAndOthers);
        _originalMask ??= mask;
    }

    /// <summary>Replaces this process by a program, which gets the environment that this process was started with.</summary>
    /// <param name="path">With a slash, so that it is not looked for on PATH.</param>
    /// <param name="command">The program's name and its arguments.</param>
    /// <param name="variables">Are added to the environment.</param>
    /// <returns>The error number; if there is no error, this process has ended.</returns>
    public static unsafe int Execute(
        string path, string[] command, IEnumerable<(string Name, string Value)> variables)
    {
        // What a program inherits and this one has changed. The .NET runtime ignores SIGPIPE.
        const int BrokenPipe = 13, Default = 0;
        _ = Signal(BrokenPipe, Default);
        if (_originalMask is { } mask)
            _ = UMask(mask);
        foreach (var (name, value) in ReplacedVariables)
            _ = value == 0 ? UnsetEnv(Utf8(name)) : SetEnv(Utf8(name), value, 1);
        foreach (var (name, value) in variables)
            SetVariable(name, value);
        if (ThisProgram.Host is not null)
            RemoveDebuggerFiles();
        // .NET has replaced what is not UTF-8, such as old names of files.
        var raw = Array.Exists(command, word => word.Contains('\uFFFD')) ? ReadArguments() : [];
        // With a null pointer at the end.
        var words = new nint[command.Length + 1];
        for (var i = 0; i < command.Length; i++)
        {
            var bytes = raw.Count < command.Length ? Utf8(command[i]) : raw[raw.Count - command.Length + i];
            words[i] = Marshal.AllocHGlobal(bytes.Length);
            Marshal.Copy(bytes, 0, words[i], bytes.Length);
        }

        fixed (nint* argv = words)
            _ = ExecVP(Utf8(path), argv);
        return Marshal.GetLastWin32Error();
    }

    /// <summary>Disables core dumps, which would contain tokens (PR_SET_DUMPABLE), on Linux; elsewhere the system's
    /// settings apply. Root may dump such a process all the same, as .NET's createdump does if DOTNET_DbgEnableMiniDump
    /// is set. So the programs that this one starts lose the capability for it (PR_CAPBSET_DROP).</summary>
    /// <param name="keepsCapabilities">The user's own command is one of these programs.</param>
    public static void DisableCoreDumps(bool keepsCapabilities)
    {
        const int SetDumpable = 4, No = 0, DropCapability = 24, Ptrace = 19;
        if (!OperatingSystem.IsLinux())
            return;
        _ = PrCtl(SetDumpable, No, 0, 0, 0);
        if (EffectiveUser == 0 && !keepsCapabilities)
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
        // setenv leaves the text that it replaces where it is.
        _ = ReplacedVariables.TryAdd(name, GetEnv(Utf8(name)));
        _ = SetEnv(Utf8(name), Utf8(value), Overwrite);
    }

    /// <summary>True if a process with this PID exists and belongs to this user.</summary>
    public static bool IsRunning(int processId) => Kill(processId, 0) == 0;

    /// <summary>Writes to a standard stream if that is possible.</summary>
    public static unsafe void WriteTo(int descriptor, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        fixed (byte* first = bytes)
            _ = Write(descriptor, first, bytes.Length);
    }

    /// <summary>This process's own, each with a zero at its end, on Linux; elsewhere none.</summary>
    private static List<byte[]> ReadArguments()
    {
        const int MaxSize = 8 * 1024 * 1024; // more than the kernel accepts
        var (arguments, start) = (new List<byte[]>(), 0);
        var bytes = TryRead("/proc/self/cmdline", MaxSize) ?? [];
        for (var i = 0; i < bytes.Length; i++)
        {
            if (bytes[i] != 0)
                continue;
            arguments.Add([.. bytes.Skip(start).Take(i + 1 - start)]);
            start = i + 1;
        }

        return arguments;
    }

    /// <summary>The .NET runtime creates them for debuggers, named after the PID, and removes them when it ends.</summary>
    private static void RemoveDebuggerFiles()
    {
        foreach (var kind in new[] { "clr-debug-pipe", "dotnet-diagnostic" })
        {
            foreach (var file in Directory.EnumerateFiles(Path.GetTempPath(), $"{kind}-{Environment.ProcessId}-*"))
                OwnerOnlyFile.TryDelete(file);
        }
    }

    private static unsafe int OpenNull(int flags)
    {
        fixed (byte* name = Utf8("/dev/null"))
            return Open(name, flags);
    }
}
