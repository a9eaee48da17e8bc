using System.CommandLine;
using System.CommandLine.Completions;
using CredentialProvider.Configuration;
using CredentialProvider.Errors;
using CredentialProvider.Platform;

namespace CredentialProvider.Cli;

/// <summary>The section <c>defaults</c> of codeartifact.json.</summary>
internal static class Defaults
{
    public static Option<bool> Machine() =>
        SharedOptions.Flag("--machine", "Change the machine's file, which applies to all users");

    public static Argument<string> Key()
    {
        var keys = ConfigurationFileReader.OptionKeys;
        var key = new Argument<string>("KEY") { Description = $"One of {string.Join(", ", keys)}", HelpName = "KEY" };
        key.CompletionSources.Add(_ => keys.Select(name => new CompletionItem(name)));
        return key;
    }

    /// <summary>Changes one key and nothing else in the file.</summary>
    /// <param name="value">Null removes the key.</param>
    /// <param name="isMachine">Changes the machine's file instead of the user's.</param>
    /// <returns>The file's path.</returns>
    /// <exception cref="CommandFailedException">Key, value or file are invalid; nothing was changed.</exception>
    public static string Write(Settings settings, string key, string? value, bool isMachine)
    {
        var keys = ConfigurationFileReader.OptionKeys;
        if (Array.IndexOf(keys, key) < 0)
            throw new CommandFailedException($"unknown key '{key}'; {Spelling.Suggest(key, keys)}");
        var path = isMachine ? settings.MachineConfigurationFile : settings.WritableConfigurationFile
            ?? throw new CommandFailedException(
                "nothing changed: this user has no home directory; set HOME, or CODEARTIFACT_CONFIG to a file");
        isMachine |= path == settings.MachineConfigurationFile;
        if (RegularFile.IsSpecial(path))
            throw new CommandFailedException($"nothing changed: {path} is not a regular file; choose another");
        var old = File.Exists(path) ? File.ReadAllBytes(path) : [];
        if (old.Length > 0 && ConfigurationFileReader.Parse(path, old, isMachine).Problem is { } problem)
            throw new CommandFailedException($"nothing changed: {problem}");
        var changed = ConfigurationEditor.Set(old, key, value);
        if (ConfigurationFileReader.Parse(path, changed, isMachine).Problem is { } refusal)
            throw new CommandFailedException($"nothing changed: {refusal}");
        try
        {
            Replace(Path.GetFullPath(path), changed, isMachine);
        }
        catch (Exception e) when (isMachine && e is (IOException or UnauthorizedAccessException))
        {
            throw new CommandFailedException($"nothing changed: {e.Message.TrimEnd('.')}; run it as an administrator");
        }

        return path;
    }

    /// <summary>An existing file keeps its mode. Where the path is a symbolic link, for example into a folder of
    /// dotfiles, the file that it leads to is replaced. Every user reads a new file of the machine, whatever the
    /// administrator's umask is.</summary>
    private static void Replace(string path, byte[] bytes, bool isMachine)
    {
        var folder = Path.GetDirectoryName(path)!;
        var isNew = !Directory.Exists(folder);
        Directory.CreateDirectory(folder);
        if (isMachine && isNew && !OperatingSystem.IsWindows())
            _ = Posix.TrySetMode(folder, Posix.EveryoneExecutes);
        if (OperatingSystem.IsWindows() || !Posix.TryGetStatus(path, out var status, out _, followsLinks: true))
            OwnerOnlyFile.Replace(path, bytes, isMachine ? Posix.EveryoneReads : Posix.OwnerOnly);
        else
            OwnerOnlyFile.Replace(Posix.TryResolve(path) ?? path, bytes, status.Mode);
    }
}
