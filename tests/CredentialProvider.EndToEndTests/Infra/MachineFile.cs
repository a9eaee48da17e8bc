using System.Diagnostics;

namespace CredentialProvider.EndToEndTests.Infra;

/// <summary>The machine's configuration file, in an /etc that only the processes of one sandbox see.</summary>
public static class MachineFile
{
    public const string Path = "/etc/codeartifact-credentials/codeartifact.json";

    /// <summary>Gives the sandbox an /etc of its own and skips the test where that is impossible. What processes write to it is below
    /// <see cref="Sandbox.Root"/>.</summary>
    public static void UseOwnEtc(this Sandbox sandbox)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "mount namespaces need root");
        using var copy = Process.Start("cp", ["-a", "/etc", sandbox.Root]);
        copy.WaitForExit();
        Assert.Equal(0, copy.ExitCode);
        sandbox.Wrapper = ["unshare", "--mount", "sh", "-c", "mount --bind \"$0\" /etc && exec \"$@\"", System.IO.Path.Combine(sandbox.Root, "etc"), .. sandbox.Wrapper];
    }

    /// <summary>Writes the file, in an /etc of the sandbox's own.</summary>
    public static void WriteMachineFile(this Sandbox sandbox, string json)
    {
        if (!Directory.Exists(System.IO.Path.Combine(sandbox.Root, "etc")))
            sandbox.UseOwnEtc();
        sandbox.Write(Path[1..], json);
    }
}
