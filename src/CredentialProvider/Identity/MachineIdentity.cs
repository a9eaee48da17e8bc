using System.Text;
using CredentialProvider.FastStart;
using CredentialProvider.Platform;

namespace CredentialProvider.Identity;

/// <summary>Identifies this machine for the token cache's key.</summary>
internal static class MachineIdentity
{
    private const int MaxFileSize = 256;

    /// <summary>The kernel's boot ID and systemd's machine ID, or the one that there is, else the host name; hashed.
    /// Machines started from one image may have the same machine ID. A new boot ID costs one call to AWS.</summary>
    public static string Find() => "machine " + Fnv1a.Hash(OperatingSystem.IsLinux()
        && Read("/proc/sys/kernel/random/boot_id") + Read("/etc/machine-id") is { Length: > 0 } ids ? ids : Environment.MachineName);

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
