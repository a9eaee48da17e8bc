using System.Diagnostics;

namespace CredentialProvider.EndToEndTests.Infra;

/// <summary>The machine's configuration file, in an /etc that only the processes of one sandbox see.</summary>
public static class MachineFile
{
    public const string Path = "/etc/codeartifact-credentials/codeartifact.json";

    /// <summary>Gives the sandbox an /etc of its own and skips the test where that is impossible. It has links to the machine's files, and
    /// what the test and its processes write below <c>etc</c> in <see cref="Sandbox.Root"/>.</summary>
    /// <param name="copied">Files and folders of /etc that will be changed. The others are read-only.</param>
    public static void UseOwnEtc(this Sandbox sandbox, params string[] copied)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "mount namespaces need root");
        var (own, machine) = (sandbox.Folder("etc"), sandbox.Folder("machine-etc"));
        foreach (var entry in new DirectoryInfo("/etc").GetFileSystemInfos())
        {
            if (copied.Contains(entry.Name))
                Process.Start("cp", ["-a", entry.FullName, own]).WaitForExit();
            else
                File.CreateSymbolicLink(System.IO.Path.Combine(own, entry.Name), entry.LinkTarget ?? System.IO.Path.Combine(machine, entry.Name));
        }

        const string Mount = "mount -o bind,ro /etc \"$0/machine-etc\" && mount --bind \"$0/etc\" /etc && exec \"$@\"";
        sandbox.Wrapper = ["unshare", "--mount", "sh", "-c", Mount, sandbox.Root, .. sandbox.Wrapper];
    }

    /// <summary>Writes the file, in an /etc of the sandbox's own.</summary>
    public static void WriteMachineFile(this Sandbox sandbox, string json)
    {
        if (!Directory.Exists(System.IO.Path.Combine(sandbox.Root, "etc")))
            sandbox.UseOwnEtc();
        sandbox.Write(Path[1..], json);
    }
}
