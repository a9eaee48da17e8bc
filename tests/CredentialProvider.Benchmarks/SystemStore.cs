using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace CredentialProvider.Benchmarks;

/// <summary>
/// A thread whose processes see other trusted certificates in <c>/etc/ssl</c>: it has a mount namespace of its own, which costs its processes
/// nothing. Needs root on Linux, and a distribution that keeps its certificates there.
/// </summary>
internal sealed class SystemStore : IDisposable
{
    private const string Bundle = "/etc/ssl/certs/ca-certificates.crt";

    private readonly BlockingCollection<Action> _work = [];
    private readonly Thread _thread;

    /// <param name="folder">What replaces <c>/etc/ssl</c>.</param>
    private SystemStore(string name, string folder)
    {
        Name = name;
        _thread = new Thread(() =>
        {
            const int NewMountNamespace = 0x20000;
            if (Unshare(NewMountNamespace) != 0)
                throw new InvalidOperationException("cannot create a mount namespace");
            Start("mount", "--make-rprivate", "/");
            Start("mount", "--bind", folder, "/etc/ssl");
            foreach (var action in _work.GetConsumingEnumerable())
                action();
        });
        _thread.Start();
    }

    public string Name { get; }

    public static bool IsAvailable => OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess && File.Exists(Bundle);

    /// <summary>The CA of LocalAws in the machine's own store, in a bundle without a folder of single files, and alone.</summary>
    public static IReadOnlyList<SystemStore> Create(BenchmarkMachine machine)
    {
        var ca = File.ReadAllText(machine.Services.CaFile);
        var (all, folder) = (File.ReadAllText(Bundle) + ca, machine.Folder("store"));
        Start("cp", "-a", "/etc/ssl/.", folder);
        File.Delete(Path.Combine(folder, "certs/ca-certificates.crt"));
        machine.Write("store/certs/ca-certificates.crt", all);
        machine.Write("bundle/certs/ca-certificates.crt", all);
        machine.Write("single/certs/ca-certificates.crt", ca);
        return
        [
            new("Debian's store", folder), new("bundle only, as Amazon Linux", machine.Folder("bundle")), new("one trusted certificate", machine.Folder("single")),
        ];
    }

    /// <summary>Runs on this thread, so that the processes it starts see this store.</summary>
    public T Run<T>(Func<T> function)
    {
        var result = new TaskCompletionSource<T>();
        _work.Add(() =>
        {
            try
            {
                result.SetResult(function());
            }
            catch (Exception e)
            {
                result.SetException(e);
            }
        });
        return result.Task.GetAwaiter().GetResult();
    }

    public void Dispose()
    {
        _work.CompleteAdding();
        _thread.Join();
        _work.Dispose();
    }

    private static void Start(string program, params string[] arguments)
    {
        using var process = Process.Start(program, arguments);
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} exited with {process.ExitCode}");
    }

    [DllImport("libc", EntryPoint = "unshare")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Unshare(int flags);
}
