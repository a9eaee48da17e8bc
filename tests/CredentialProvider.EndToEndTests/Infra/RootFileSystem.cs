using System.Diagnostics;
using System.Runtime.InteropServices;

namespace CredentialProvider.EndToEndTests.Infra;

/// <summary>A minimal Debian, created once, that stands in for the base images of the Dockerfiles. The tests have no container engine.</summary>
public static class RootFileSystem
{
    private static readonly Lock Creating = new();

    public static string Path { get; } = Artifacts.Built("rootfs");

    /// <summary>The SDK that runs the tests, which stands in for the images' SDK.</summary>
    public static string Sdk { get; } = System.IO.Path.GetFullPath(System.IO.Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "../../.."));

    /// <summary>Skips the test where it cannot be created or mounted.</summary>
    public static void Require()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess && Run("unshare", "--mount", "true"), "mount namespaces need root");
        lock (Creating)
        {
            if (Directory.Exists(Path))
                return;
            Artifacts.Require("/usr/sbin/debootstrap", "debootstrap");
            var unfinished = Path + ".new";
            if (Directory.Exists(unfinished))
                Directory.Delete(unfinished, recursive: true);
            Assert.SkipUnless(Run("debootstrap", "--variant=minbase", "--include=ca-certificates,libssl3", "bookworm", unfinished), "debootstrap could not download Debian");
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
