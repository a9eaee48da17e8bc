using CredentialProvider.FastStart;

namespace CredentialProvider.Platform;

/// <summary>Commands that users paste: bash and other POSIX shells, or PowerShell on Windows.</summary>
internal static class ShellText
{
    /// <summary>A word that the shell passes on unchanged.</summary>
    public static string Quote(string word) =>
        word.Length > 0 && word.All(c => AsciiText.IsLetterOrDigit(c) || "_-./:@%+=,".Contains(c)) ? word
        : OperatingSystem.IsWindows() ? $"'{word.Replace("'", "''")}'"
        : $"'{word.Replace("'", @"'\''")}'";

    /// <summary>Deletes a file, a link or a folder.</summary>
    public static string Remove(string path) =>
        OperatingSystem.IsWindows() ? $"Remove-Item -Recurse {Quote(path)}"
        : $"rm {(Directory.Exists(path) ? "-r " : "")}{Quote(path)}";

    /// <summary>Removes an environment variable.</summary>
    public static string Unset(string variable) =>
        OperatingSystem.IsWindows() ? $"Remove-Item Env:{variable}" : $"unset {variable}";
}
