using CredentialProvider.Configuration;
using CredentialProvider.Platform;

namespace CredentialProvider.Cli.NuGet;

/// <summary>One of the three builds, and where its NuGet clients look for it.</summary>
/// <param name="Clients">The clients that use it, for messages.</param>
/// <param name="From">File or folder to install; null if it was not found.</param>
internal sealed record InstallablePart(string Name, string Clients, string? From, string To);

/// <summary>
/// Installs the builds where NuGet clients find them, and removes them again. Each is replaced atomically: a client
/// that starts meanwhile finds the old build or the new one.
/// </summary>
internal sealed class Installation(Settings settings, Terminal terminal, string? bin, string? home)
{
    private static readonly string[] All = ["native", "netcore", "netfx"];

    private string Bin => Path.GetFullPath(bin ?? DefaultBin ?? throw NoHome("--bin"));

    private static string? DefaultBin => OperatingSystem.IsWindows()
        ? KnownPaths.WindowsFolder(Environment.SpecialFolder.LocalApplicationData) is { } programs
            ? Path.Combine(programs, "Programs", "nuget-plugin-codeartifact") : null
        : Settings.Home is { } user ? Path.Combine(user, ".local", "bin") : null;

    /// <param name="kind">netcore or netfx.</param>
    private string PluginFolder(string kind) => Path.Combine(
        Path.GetFullPath(home ?? Settings.NuGetHome(isNetFramework: kind == "netfx") ?? throw NoHome("--home")),
        ".nuget", "plugins", kind, PluginDiscovery.PluginName);

    private static string? NativeBuild => Build("native", PluginDiscovery.ExecutableName);

    private InstallablePart Part(string name) => name switch
    {
        "native" => new(name, "NuGet 6.13 and later (.NET SDK 9.0.200, Visual Studio 17.13)", NativeBuild,
            Path.Combine(Bin, PluginDiscovery.ExecutableName)),
        "netcore" => new(name, "every .NET SDK", Build("plugins", name, PluginDiscovery.PluginName) ?? NetCoreAlone,
            PluginFolder(name)),
        _ => new(name, "Visual Studio, msbuild.exe and nuget.exe", Build("plugins", name, PluginDiscovery.PluginName),
            PluginFolder(name)),
    };

    private static CommandFailedException NoHome(string option) =>
        new($"this user has no home directory: HOME is not an absolute path that exists; set it, or use {option}");

    /// <summary>The folder that this program runs from, if it is the netcore build, as in the .NET tool.</summary>
    private static string? NetCoreAlone =>
        File.Exists(Path.Combine(AppContext.BaseDirectory, $"{PluginDiscovery.PluginName}.dll"))
        ? Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory) : null;

    /// <summary>Installs the named parts.</summary>
    /// <param name="names">native, netcore, netfx; empty for what the clients on this machine need.</param>
    /// <exception cref="CommandFailedException">A part was not found.</exception>
    public void Install(IReadOnlyCollection<string> names)
    {
        var parts = Choose(names.Count > 0 ? names : NeededHere());
        foreach (var part in parts)
        {
            if (part.From is not { } from)
            {
                throw new CommandFailedException(
                    $"the {part.Name} build was not found next to {AppContext.BaseDirectory}; "
                    + "run install from an unpacked archive, which has every build");
            }

            var isNew = File.Exists(from) ? InstallFile(from, part.To) : InstallFolder(from, part.To);
            terminal.Print($"{part.To} {(isNew ? "installed" : "is up to date")}: for {part.Clients}");
        }

        if (parts.Exists(IsNative) && !settings.SearchPath.Select(TrimSeparator).Contains(TrimSeparator(Bin)))
            terminal.Hint($"{Bin} is not on PATH; add it{AddToPath}");
        terminal.Hint("next: nuget-plugin-codeartifact doctor");
    }

    /// <summary>Not setx, which copies the machine's PATH into the user's and truncates it at 1,024
    /// characters.</summary>
    private string AddToPath => !OperatingSystem.IsWindows() ? $": export PATH={ShellText.Quote(Bin)}:\"$PATH\""
        : $" in PowerShell: [Environment]::SetEnvironmentVariable('Path', {ShellText.Quote($"{Bin};")} + "
            + "[Environment]::GetEnvironmentVariable('Path', 'User'), 'User')";

    /// <summary>Removes the named parts.</summary>
    /// <param name="names">native, netcore, netfx; empty for all.</param>
    public void Uninstall(IReadOnlyCollection<string> names)
    {
        var isAny = false;
        foreach (var part in Choose(names.Count > 0 ? names : All))
        {
            if (File.Exists(part.To))
                File.Delete(part.To);
            else if (Directory.Exists(part.To))
                Directory.Delete(part.To, recursive: true);
            else
                continue;
            isAny = true;
            terminal.Print($"{part.To} removed");
            if (!IsNative(part))
                RemoveIfEmpty(Path.GetDirectoryName(part.To)!, levels: 2);
        }

        terminal.Hint(!isAny ? "nothing to remove: no build is installed there"
            : "cached tokens are kept; to remove them: nuget-plugin-codeartifact cache clear");
    }

    private List<InstallablePart> Choose(IReadOnlyCollection<string> names) =>
        [.. All.Where(names.Contains).Select(Part)];

    private static bool IsNative(InstallablePart part) => part.Name == "native";

    private HashSet<string> NeededHere()
    {
        var names = new HashSet<string>();
        foreach (var client in NuGetClient.FindAll(settings))
        {
            // Without a native build, the netcore build works in every SDK.
            names.Add(client.IsNetFramework ? "netfx" : client.FindsOnPath && NativeBuild is not null ? "native"
                : "netcore");
        }

        if (names.Count == 0)
            names.Add(NativeBuild is not null ? "native" : "netcore");
        return names;
    }

    /// <summary>A part of the build that this program belongs to: its own file, or what lies beside it in an archive,
    /// in artifacts/ or in the MSBuild package.</summary>
    private static string? Build(params string[] path)
    {
        var own = Path.Combine(AppContext.BaseDirectory, path[^1]);
        if (path.Length == 2 && File.Exists(own))
            return own;
        return Root() is { } root && Path.Combine([root, .. path]) is var part && (File.Exists(part) || Directory.Exists(part))
            && IsOfSameOwner(part) ? part : null;
    }

    /// <summary>The folder that contains native/ and plugins/; null if this program's folder has another name. Other
    /// users can put files beside a program that was copied to a folder such as /tmp.</summary>
    private static string? Root()
    {
        var folder = new DirectoryInfo(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory));
        if (folder.Name == "native" || folder.Name.StartsWith("linux-", StringComparison.Ordinal))
            return folder.Parent?.FullName;
        return folder is { Name: PluginDiscovery.PluginName, Parent: { Name: "netcore" or "netfx", Parent: { Name: "plugins" } plugins } }
            ? plugins.Parent?.FullName : null;
    }

    private static bool IsOfSameOwner(string path) =>
        OperatingSystem.IsWindows() || OwnerOf(path) == OwnerOf(AppContext.BaseDirectory);

    /// <summary>Null if this platform does not tell.</summary>
    private static uint? OwnerOf(string path) => Posix.TryGetStatus(path, out var status, out _) ? status.Owner : null;

    /// <summary>The folders that <see cref="Install"/> creates around a plugin.</summary>
    private static void RemoveIfEmpty(string folder, int levels)
    {
        for (; levels > 0 && !Directory.EnumerateFileSystemEntries(folder).Any(); levels--)
        {
            Directory.Delete(folder);
            folder = Path.GetDirectoryName(folder)!;
        }
    }

    private static bool InstallFile(string from, string to)
    {
        if (File.Exists(to) && AreSame(from, to))
            return false;
        Directory.CreateDirectory(Path.GetDirectoryName(to)!);
        var temporary = $"{to}.{Path.GetRandomFileName()}";
        File.Copy(from, temporary);
        if (!OperatingSystem.IsWindows())
        {
            _ = Posix.TrySetMode(temporary, Posix.EveryoneExecutes);
            if (!Posix.TryRename(temporary, to))
                throw new IOException($"{to} cannot be replaced");
            return true;
        }

        // Windows lets a running program be renamed, but not replaced.
        if (File.Exists(to))
            File.Move(to, $"{temporary}.old");
        File.Move(temporary, to);
        return true;
    }

    private static bool InstallFolder(string from, string to)
    {
        if (Directory.Exists(to) && AreSameFolders(from, to))
            return false;
        var parent = Path.GetDirectoryName(to)!;
        Directory.CreateDirectory(parent);
        // NuGet looks for NAME/NAME.dll, so it ignores a folder with another name.
        var temporary = Path.Combine(parent, Path.GetRandomFileName());
        foreach (var file in Files(from))
        {
            var copy = Path.Combine(temporary, file);
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(Path.Combine(from, file), copy);
        }

        if (!Directory.Exists(to))
        {
            Directory.Move(temporary, to);
            return true;
        }

        if (OperatingSystem.IsWindows() || !Posix.TryExchange(temporary, to))
        {
            var old = Path.Combine(parent, Path.GetRandomFileName());
            Directory.Move(to, old);
            Directory.Move(temporary, to);
            temporary = old;
        }

        Directory.Delete(temporary, recursive: true);
        return true;
    }

    /// <summary>Relative paths, sorted, without the file that only the .NET tool has.</summary>
    private static IEnumerable<string> Files(string folder) => Directory
        .GetFiles(folder, "*", SearchOption.AllDirectories)
        .Select(file => file[(folder.Length + 1)..]).Where(file => file != "DotnetToolSettings.xml")
        .OrderBy(file => file, StringComparer.Ordinal);

    private static bool AreSameFolders(string one, string other) => Files(one).SequenceEqual(Files(other))
        && Files(one).All(file => AreSame(Path.Combine(one, file), Path.Combine(other, file)));

    private static bool AreSame(string one, string other) =>
        File.ReadAllBytes(one).AsSpan().SequenceEqual(File.ReadAllBytes(other));

    private static string TrimSeparator(string path) => path.TrimEnd(Path.DirectorySeparatorChar);
}
