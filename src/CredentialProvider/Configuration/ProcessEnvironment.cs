using System.Diagnostics;
using System.Text;
using CredentialProvider.FastStart;
using CredentialProvider.Platform;

namespace CredentialProvider.Configuration;

/// <summary>The process's environment variables, as they were when the process started.</summary>
internal static class ProcessEnvironment
{
    /// <summary>The variables that make the AWS SDK read AWS's shared files, and those that it parses for every client and
    /// rejects with texts for developers. This program reads all of them itself.</summary>
    private static readonly string[] SdkVariables =
    [
        "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE",
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "AWS_EC2_METADATA_SERVICE_ENDPOINT",
    ];

    private static readonly Lock Replacing = new();

    /// <summary>The variables before <see cref="Replace"/>. The dictionary is replaced, never modified.</summary>
    private static Dictionary<string, string?> _originals = [];

    public static string? Get(string name) =>
        _originals.TryGetValue(name, out var value) ? value : Environment.GetEnvironmentVariable(name);

    /// <summary>Gives a variable another value for the libraries in this process, but neither for this program nor for
    /// others that it starts.</summary>
    /// <param name="value">Null removes the variable.</param>
    public static void Replace(string name, string? value)
    {
        lock (Replacing)
        {
            if (!_originals.ContainsKey(name))
                _originals = new(_originals) { [name] = Environment.GetEnvironmentVariable(name) };
            Environment.SetEnvironmentVariable(name, value);
        }
    }

    /// <summary>All of them. The caller may change the dictionary.</summary>
    public static IDictionary<string, string?> GetAll() => CreateStartInfo("", "").Environment;

    /// <summary>How to start another program directly, without a shell or a window. It gets the variables that this one was
    /// started with.</summary>
    public static ProcessStartInfo CreateStartInfo(string program, string arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { UseShellExecute = false, CreateNoWindow = true };
        foreach (var (name, value) in _originals)
        {
            if (value is null)
                start.Environment.Remove(name);
            else
                start.Environment[name] = value;
        }

        return start;
    }

    /// <summary>Finds a program on PATH. For a bare name .NET would look in the working directory first, which may be a
    /// cloned repository; so may relative folders on PATH.</summary>
    /// <param name="name">A path with a folder is returned as it is.</param>
    /// <returns>Null if no folder has an executable of this name.</returns>
    public static string? FindProgram(string name)
    {
        if (Path.GetFileName(name) != name)
            return name;
        string[] names = OperatingSystem.IsWindows() && Path.GetExtension(name).Length == 0
            ? [$"{name}.exe", $"{name}.cmd", $"{name}.bat"] : [name];
        return (Get("PATH") ?? "").Split(Path.PathSeparator).Where(folder => KnownPaths.Absolute(folder) is not null)
            .SelectMany(folder => names.Select(file => Path.Combine(folder, file)))
            .FirstOrDefault(file => File.Exists(file) && (OperatingSystem.IsWindows() || Posix.MayExecute(file)));
    }

    /// <summary>
    /// Keeps the AWS SDK from reading AWS's shared files, and files of the working directory. It reads them for every
    /// client, and fails for one line that it cannot read; this program reads them itself.
    /// </summary>
    public static void HideFromSdk()
    {
        lock (Replacing)
        {
            if (_originals.ContainsKey(SdkVariables[0]))
                return;
            ReplaceHome();
            foreach (var name in SdkVariables)
                Replace(name, null);
            // The SDK ignores a file that does not exist and reads the default one.
            if ((OperatingSystem.IsWindows() ? TryCreateEmptyFile(WindowsEmptyFile) : "/dev/null") is { } empty)
            {
                Replace("AWS_CONFIG_FILE", empty);
                Replace("AWS_SHARED_CREDENTIALS_FILE", empty);
            }
        }
    }

    /// <summary>Windows has no file that is always there and empty. Only the user can write to this folder.</summary>
    private static string WindowsEmptyFile => Path.Combine(
        Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData), "codeartifact-credentials", "empty");

    /// <summary>Creates the file, or empties it.</summary>
    /// <returns>Null if that is not possible.</returns>
    internal static string? TryCreateEmptyFile(string path)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            using var file = new FileStream(
                path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
            if (file.Length > 0)
                file.SetLength(0);
            return path;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return null;
        }
    }

    /// <summary>NuGet's code reads and writes below HOME, DOTNET_CLI_HOME and TMPDIR, which must not lead to the working
    /// directory.</summary>
    public static void IgnoreRelativeFolders()
    {
        ReplaceHome();
        if (Get(KnownPaths.DotnetHome) is { } dotnetHome && KnownPaths.Absolute(dotnetHome) is null)
            Replace(KnownPaths.DotnetHome, null);
        if (!OperatingSystem.IsWindows() && KnownPaths.Absolute(Get("TMPDIR")) is null)
            Replace("TMPDIR", null);
    }

    /// <summary>Gives a user without a home .NET's own fallback, in which only root can write. Containers often run with a
    /// user ID that has none.</summary>
    public static void ReplaceHome()
    {
        if (!OperatingSystem.IsWindows() && Settings.Home is null or "/")
            Replace("HOME", "/");
    }

    /// <summary>Expands <c>~</c>, <c>$NAME</c> and <c>${NAME}</c> in a path, as the AWS CLI does: YAML files and systemd
    /// units leave them as they are. A variable that is unset or not closed stays.</summary>
    /// <param name="home">Null keeps <c>~</c>.</param>
    /// <param name="variable">Reads a variable; null for one that is unset or blank.</param>
    public static string ExpandPath(string path, string? home, Func<string, string?> variable)
    {
        if (home is not null && path[0] == '~' && (path.Length == 1 || path[1] is '/' or '\\'))
            path = home + path[1..];
        if (AsciiText.IndexOf(path, '$') < 0)
            return path;
        var expanded = new StringBuilder();
        for (var i = 0; i < path.Length; i++)
        {
            var isBraced = i + 1 < path.Length && path[i + 1] == '{';
            var start = i + (isBraced ? 2 : 1);
            var end = start;
            while (path[i] == '$' && end < path.Length && (AsciiText.IsLetterOrDigit(path[end]) || path[end] == '_'))
                end++;
            if (end <= start || (isBraced && (end == path.Length || path[end] != '}'))
                || variable(path[start..end]) is not { } value)
            {
                expanded.Append(path[i]);
                continue;
            }

            expanded.Append(value);
            i = isBraced ? end : end - 1;
        }

        return expanded.ToString();
    }
}
