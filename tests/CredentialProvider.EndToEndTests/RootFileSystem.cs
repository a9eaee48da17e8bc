using System.Diagnostics;
using System.Runtime.InteropServices;

namespace CredentialProvider.EndToEndTests;

/// <summary>A small Debian, made once, in place of the images that Dockerfiles begin with: there is no container engine where the tests run.</summary>
public static class RootFileSystem
{
    private static readonly Lock Making = new();

    public static string Path { get; } = Artifacts.Built("rootfs");

    /// <summary>The SDK that runs the tests, which stands in for the images' own.</summary>
    public static string Sdk { get; } = System.IO.Path.GetFullPath(System.IO.Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "../../.."));

    /// <summary>Skips the test, by name, where there can be none.</summary>
    public static void Require()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess && Run("unshare", "--mount", "true"), "a namespace for mounts is not to be had: this takes root");
        lock (Making)
        {
            if (Directory.Exists(Path))
                return;
            Artifacts.Require("/usr/sbin/debootstrap", "debootstrap");
            var unfinished = Path + ".new";
            if (Directory.Exists(unfinished))
                Directory.Delete(unfinished, recursive: true);
            Assert.SkipUnless(Run("debootstrap", "--variant=minbase", "--include=ca-certificates,libssl3", "bookworm", unfinished), "Debian is not within reach");
            Directory.CreateDirectory(unfinished + Sdk);
            File.CreateSymbolicLink(unfinished + "/usr/bin/dotnet", Sdk + "/dotnet");
            Directory.Move(unfinished, Path);
        }
    }

    private static bool Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        process.WaitForExit();
        return process.ExitCode == 0;
    }
}
