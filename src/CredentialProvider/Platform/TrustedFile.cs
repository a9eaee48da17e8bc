using System.Runtime.InteropServices;

namespace CredentialProvider.Platform;

/// <summary>
/// Tells whether a file is to be believed: it decides who signs and where requests go, so only this user and an
/// administrator may be able to change it.
/// </summary>
internal static class TrustedFile
{
    private const int WritableByGroup = 0x10, WritableByOthers = 0x2, Sticky = 0x200; // 0020, 0002, 01000

    /// <summary>Windows: SYSTEM, the group Administrators, and the service TrustedInstaller.</summary>
    private static readonly string[] WindowsAdministrators = ["S-1-5-18", "S-1-5-32-544",
        "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464"];

    /// <summary>Why the file is not believed, with the command that corrects it; null if it is.</summary>
    /// <param name="path">An existing file. On Windows that of the machine: profiles are private.</param>
    /// <param name="home">The user's home directory; the folders above it are the administrator's concern.</param>
    public static string? FindProblem(string path, string? home)
    {
        if (OperatingSystem.IsWindows())
            return FindWindowsProblem(path) ?? FindWindowsProblem(Path.GetDirectoryName(path)!);
        // What the link leads to, and who could replace the link.
        if (Posix.TryResolve(path) is not { } target
            || Posix.TryResolve(Path.GetDirectoryName(path)!) is not { } folder)
        {
            return null;
        }

        home = home is null ? null : Posix.TryResolve(home);
        return FindProblem(target, isFolder: false, isHome: false)
            ?? FindFolderProblem(Path.GetDirectoryName(target), home)
            ?? (Path.GetDirectoryName(target) == folder ? null : FindFolderProblem(folder, home));
    }

    private static string? FindFolderProblem(string? folder, string? home)
    {
        for (; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (FindProblem(folder, isFolder: true, isHome: folder == home) is { } problem)
                return problem;
            if (folder == home)
                break;
        }

        return null;
    }

    private static string? FindProblem(string path, bool isFolder, bool isHome)
    {
        if (!Posix.TryGetStatus(path, out var status, out _))
            return null;
        // The home directory may belong to another user: it is where the user says that it is.
        if (!isHome && status.Owner != 0 && status.Owner != Posix.EffectiveUser)
            return $"{path} belongs to another user; chown {Posix.EffectiveUser} {ShellText.Quote(path)}";
        // Where every user has a group of the same ID, that group has no other member.
        var isPrivateGroup = status.Group == status.Owner;
        var isOpen = (status.Mode & WritableByOthers) != 0 || ((status.Mode & WritableByGroup) != 0 && !isPrivateGroup);
        // In a sticky folder such as /tmp only owners replace their files.
        return isOpen && !(isFolder && (status.Mode & Sticky) != 0)
            ? $"other users can change {path}; chmod go-w {ShellText.Quote(path)}" : null;
    }

    /// <summary>Every user may create folders and files in ProgramData, and owns what he created.</summary>
    private static string? FindWindowsProblem(string path) =>
        TryGetWindowsOwner(path) is { } owner && Array.IndexOf(WindowsAdministrators, owner) >= 0 ? null
            : $"{path} does not belong to an administrator; icacls {ShellText.Quote(path)} /setowner *S-1-5-32-544";

    /// <summary>The SID of the owner; null if it cannot be read.</summary>
    private static string? TryGetWindowsOwner(string path)
    {
        const int FileObject = 1, OwnerInformation = 1;
        if (GetNamedSecurityInfo(path, FileObject, OwnerInformation, out var owner, 0, 0, 0, out var descriptor) != 0)
            return null;
        try
        {
            if (!ConvertSidToStringSid(owner, out var text))
                return null;
            var sid = Marshal.PtrToStringUni(text);
            _ = LocalFree(text);
            return sid;
        }
        finally
        {
            _ = LocalFree(descriptor);
        }
    }

    [DllImport("advapi32", EntryPoint = "GetNamedSecurityInfoW", CharSet = CharSet.Unicode)]
    private static extern int GetNamedSecurityInfo(string path, int type, int information, out nint owner,
        nint group, nint dacl, nint sacl, out nint descriptor);

    [DllImport("advapi32", EntryPoint = "ConvertSidToStringSidW")]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static extern bool ConvertSidToStringSid(nint sid, out nint text);

    [DllImport("kernel32")]
    private static extern nint LocalFree(nint memory);
}
