using System.Text;
using CredentialProvider.FastStart;
using CredentialProvider.Platform;

namespace CredentialProvider.Identity;

/// <summary>Identifies this machine for the token cache's key.</summary>
internal static class MachineIdentity
{
    private const int MaxFileSize = 256;

    /// <summary>systemd's machine id, else the kernel's boot id (containers), else the host name; hashed.</summary>
    public static string Find() => "machine " + Fnv1a.Hash(
        OperatingSystem.IsLinux() ? Read("/etc/machine-id") ?? Read("/proc/sys/kernel/random/boot_id")
            ?? Environment.MachineName : Environment.MachineName);

    private static string? Read(string path)
    {
        if (Posix.TryRead(path, MaxFileSize) is not { Length: > 0 } bytes)
            return null;
        var text = new StringBuilder(bytes.Length);
        foreach (var b in bytes)
            text.Append((char)b);
        return text.ToString().Trim() is { Length: > 0 } id ? id : null;
    }
}
