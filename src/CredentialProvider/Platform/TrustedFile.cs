using System.Runtime.InteropServices;

namespace CredentialProvider.Platform;

/// <summary>
/// Tells whether a file can be trusted: it decides who signs and where requests go, so only this user and an
/// administrator may be able to change it.
/// </summary>
internal static class TrustedFile
{
    private const int WritableByGroup = 0x10, WritableByOthers = 0x2; // 0020, 0002

    /// <summary>Windows: SYSTEM, the group Administrators, and the service TrustedInstaller.</summary>
    private static readonly string[] WindowsAdministrators = ["S-1-5-18", "S-1-5-32-544",
        "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464"];

    /// <summary>Why the file is not trusted, with the command that corrects it; null if it is.</summary>
    /// <param name="path">An existing file. On Windows that of the machine: profiles are private.</param>
    /// <param name="home">The user's home directory; the folders above it are the administrator's concern.</param>
    public static (string Why, string Fix)? FindProblem(string path, string? home)
    {
        if (OperatingSystem.IsWindows())
            return FindWindowsProblem(path) ?? FindWindowsProblem(Path.GetDirectoryName(path)!);
        if (home is not null && Posix.TryResolve(home) is { } resolved)
        {
            if (path.StartsWith(home + "/", StringComparison.Ordinal))
                path = resolved + path[home.Length..];
            home = resolved;
        }

        string? link = null;
        foreach (var (entry, status) in Walk(path))
        {
            if (FindProblem(entry, status, home, link) is { } problem)
                return problem;
            link = LinkOfUser(entry, status) ?? link;
        }

        return null;
    }

    /// <summary>True if only root can replace the file or folder, or lead its path elsewhere.</summary>
    public static bool OnlyRootCanReplace(string path)
    {
        var (full, isShared) = (Path.GetFullPath(path), false);
        foreach (var (entry, status) in Walk(full))
        {
            // In a sticky folder such as /tmp, users replace their own entries only.
            if (status.IsLink || (status.Owner != 0 && (isShared || entry != full)))
                return false;
            isShared = IsOpen(status);
            if (isShared && entry != full && !status.IsSticky)
                return false;
        }

        return true;
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
        if (!Posix.TryGetStatus(path, out var socket, out _, followsLinks: true))
            return null;
        string? link = null;
        foreach (var (entry, status) in Walk(path))
        {
            if (status.IsFolder && status.IsOfOthers && status.Owner != socket.Owner)
            {
                return ($"{entry} belongs to another user than its socket",
                    ChangeOwner(entry, status, socket.Owner, link));
            }

            link = LinkOfUser(entry, status) ?? link;

            if (Path.GetDirectoryName(entry) is not { } folder || !Posix.TryGetStatus(folder, out var parent, out _)
                || !IsOpen(parent))
            {
                continue;
            }

            if (!parent.IsSticky)
                return ($"other users can change {folder}", $"chmod go-w {ShellText.Quote(folder)}");
            if (status.IsOfOthers)
            {
                return ($"{entry} belongs to another user, and every user can create files in {folder}",
                    "put the agent's socket in a folder such as /run/codeartifact");
            }
        }

        return null;
    }

    /// <summary>Every folder and every link on the way to a file, and the file. Ends early at what does not exist.</summary>
    private static IEnumerable<(string Path, Posix.Status Status)> Walk(string path)
    {
        const int MaxLinks = 40; // as on Linux
        var rest = Path.IsPathRooted(path) ? path : Path.Combine(Directory.GetCurrentDirectory(), path);
        var (folder, links) = ("/", 0);
        while (links <= MaxLinks && (rest = rest.TrimStart('/')).Length > 0)
        {
            var name = rest.IndexOf('/') is >= 0 and var slash ? rest[..slash] : rest;
            rest = rest[name.Length..];
            if (name is "." or "..")
            {
                folder = name == "." ? folder : Path.GetDirectoryName(folder) ?? folder;
                continue;
            }

            var entry = Path.Combine(folder, name);
            if (!Posix.TryGetStatus(entry, out var status, out _))
                yield break;
            yield return (entry, status);
            if (!status.IsLink)
            {
                folder = entry;
                continue;
            }

            if (Posix.TryReadLink(entry) is not { } target)
                yield break;
            links++;
            folder = target[0] == '/' ? "/" : folder;
            rest = target + rest;
        }
    }

    /// <summary>An administrator pastes this fix too, and a link of the checked user can lead to any file: that is not
    /// given away.</summary>
    private static string ChangeOwner(string path, Posix.Status status, uint owner, string? link) =>
        link is not null ? $"rm {ShellText.File(link)}"
        : $"chown {(status.IsLink ? "-h " : "")}{owner} {ShellText.Quote(path)}";

    /// <returns>Null for anything but a link, and for one of root, such as /var/run.</returns>
    private static string? LinkOfUser(string path, Posix.Status status) =>
        status is { IsLink: true, Owner: not 0 } ? path : null;

    /// <param name="link">The last link on the way to the path that is not root's; null if there is none.</param>
    private static (string Why, string Fix)? FindProblem(string path, Posix.Status status, string? home, string? link)
    {
        if (home is not null && home.StartsWith(path + "/", StringComparison.Ordinal))
            return null;
        // The home directory may belong to another user: it is where the user says that it is.
        if (path != home && status.IsOfOthers)
            return ($"{path} belongs to another user", ChangeOwner(path, status, Posix.EffectiveUser, link));

        // In a sticky folder such as /tmp only owners replace their files. A link has no mode of its own.
        return !status.IsLink && IsOpen(status) && status is not { IsFolder: true, IsSticky: true }
            ? ($"other users can change {path}", $"chmod go-w {ShellText.Quote(path)}") : null;
    }

    /// <summary>True if other users may write. Where every user has a group of the same ID, that group has no other
    /// member.</summary>
    private static bool IsOpen(Posix.Status status) => (status.Mode & WritableByOthers) != 0
        || ((status.Mode & WritableByGroup) != 0 && status.Group != status.Owner);

    /// <summary>Every user may create folders and files in ProgramData, and owns what he created.</summary>
    private static (string Why, string Fix)? FindWindowsProblem(string path) =>
        TryGetWindowsOwner(path) is { } owner && Array.IndexOf(WindowsAdministrators, owner) >= 0 ? null
            : ($"{path} does not belong to an administrator",
                $"icacls {ShellText.Quote(path)} /setowner *S-1-5-32-544");

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
