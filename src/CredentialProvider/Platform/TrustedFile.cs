using System.Runtime.InteropServices;

namespace CredentialProvider.Platform;

/// <summary>
/// Tells whether a file can be trusted: it decides who signs and where requests go, so only this user and an
/// administrator may be able to change it.
/// </summary>
internal static class TrustedFile
{
    private const int WritableByGroup = 0x10, WritableByOthers = 0x2, Sticky = 0x200; // 0020, 0002, 01000

    /// <summary>Windows: SYSTEM, the group Administrators, and the service TrustedInstaller.</summary>
    private static readonly string[] WindowsAdministrators = ["S-1-5-18", "S-1-5-32-544",
        "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464"];

    /// <summary>Why the file is not trusted, with the command that corrects it; null if it is.</summary>
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

    /// <summary>True if every user may write to the file. On Windows never: there its folder's list decides.</summary>
    public static bool IsWritableByAll(string path) => !OperatingSystem.IsWindows()
        && Posix.TryGetStatus(path, out var status, out _, followsLinks: true) && status.IsFile
        && (status.Mode & WritableByOthers) != 0;

    /// <summary>Why another user could have put this socket here, or could replace it, with the command that corrects
    /// it; null if none could, or if there is none. It may belong to any user, because users have other IDs in a
    /// container; but below a folder in which everyone can create files, only to root and this user.</summary>
    public static (string Why, string Fix)? FindSocketProblem(string path)
    {
        if (Posix.TryResolve(path) is not { } target || !Posix.TryGetStatus(target, out var socket, out _))
            return null;
        // The path may be that of a link, which others must not be able to replace either.
        var link = Posix.TryResolve(Path.GetDirectoryName(path)!) is { } parent
            ? Path.Combine(parent, Path.GetFileName(path)) : target;
        return FindEntryProblem(target, socket.Owner) ?? (link == target ? null : FindEntryProblem(link, socket.Owner));
    }

    /// <param name="owner">Of the socket; with root and this user, whom the folders may belong to.</param>
    private static (string Why, string Fix)? FindEntryProblem(string entry, uint owner)
    {
        if (!Posix.TryGetStatus(entry, out var status, out _))
            return null;
        while (Path.GetDirectoryName(entry) is { } folder && Posix.TryGetStatus(folder, out var parent, out _))
        {
            if (parent.Owner != 0 && parent.Owner != Posix.EffectiveUser && parent.Owner != owner)
            {
                return ($"{folder} belongs to another user than its socket",
                    $"chown {owner} {ShellText.Quote(folder)}");
            }

            if (IsOpen(parent))
            {
                if ((parent.Mode & Sticky) == 0)
                    return ($"other users can change {folder}", $"chmod go-w {ShellText.Quote(folder)}");
                if (status.Owner != 0 && status.Owner != Posix.EffectiveUser)
                {
                    return ($"{entry} belongs to another user, and every user can create files in {folder}",
                        "put the agent's socket in a folder such as /run/codeartifact");
                }
            }

            (entry, status) = (folder, parent);
        }

        return null;
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
        // In a sticky folder such as /tmp only owners replace their files.
        return IsOpen(status) && !(isFolder && (status.Mode & Sticky) != 0)
            ? $"other users can change {path}; chmod go-w {ShellText.Quote(path)}" : null;
    }

    /// <summary>True if other users may write. Where every user has a group of the same ID, that group has no other
    /// member.</summary>
    private static bool IsOpen(Posix.Status status) => (status.Mode & WritableByOthers) != 0
        || ((status.Mode & WritableByGroup) != 0 && status.Group != status.Owner);

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
