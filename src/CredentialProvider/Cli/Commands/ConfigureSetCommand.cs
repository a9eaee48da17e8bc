using System.CommandLine;
using System.CommandLine.Completions;
using CredentialProvider.Configuration;
using CredentialProvider.Errors;
using CredentialProvider.Platform;

namespace CredentialProvider.Cli.Commands;

/// <summary><c>configure set</c>: sets a default in codeartifact.json.</summary>
internal sealed class ConfigureSetCommand : CliCommand
{
    private readonly Argument<string> _key = Defaults.Key();

    private readonly Argument<string> _value =
        new("VALUE") { Description = "The value; several roles are separated by commas" };

    public ConfigureSetCommand(CommandContext context)
        : base(context, "set", "Set a default in codeartifact.json")
    {
        Add(_key);
        Add(_value);
    }

    public override HelpEntry[] Examples { get; } =
    [
        new("nuget-plugin-codeartifact configure set profile build", "Use AWS profile build for every feed"),
        new("nuget-plugin-codeartifact configure set duration 3600", "Request tokens that are valid for an hour"),
    ];

    public override HelpEntry[] Variables { get; } = [ConfigurationVariable];

    protected override void Run(ParseResult parsed)
    {
        var (key, value) = (parsed.GetRequiredValue(_key), parsed.GetRequiredValue(_value));
        Terminal.Print($"{Defaults.Write(Context.Settings, key, value)}: defaults.{key} is now {value}");
    }
}

/// <summary><c>configure unset</c>: removes a default from codeartifact.json.</summary>
internal sealed class ConfigureUnsetCommand : CliCommand
{
    private readonly Argument<string> _key = Defaults.Key();

    public ConfigureUnsetCommand(CommandContext context)
        : base(context, "unset", "Remove a default from codeartifact.json") => Add(_key);

    public override HelpEntry[] Examples { get; } =
        [new("nuget-plugin-codeartifact configure unset profile", "Use the standard AWS profile again")];

    public override HelpEntry[] Variables { get; } = [ConfigurationVariable];

    protected override void Run(ParseResult parsed)
    {
        var key = parsed.GetRequiredValue(_key);
        Terminal.Print($"{Defaults.Write(Context.Settings, key, value: null)}: defaults.{key} removed");
    }
}

/// <summary>The section <c>defaults</c> of codeartifact.json.</summary>
internal static class Defaults
{
    public static Argument<string> Key()
    {
        var keys = ConfigurationFileReader.OptionKeys;
        var key = new Argument<string>("KEY") { Description = $"One of {string.Join(", ", keys)}", HelpName = "KEY" };
        key.CompletionSources.Add(_ => keys.Select(name => new CompletionItem(name)));
        return key;
    }

    /// <summary>Changes one key and nothing else in the file.</summary>
    /// <param name="value">Null removes the key.</param>
    /// <returns>The file's path.</returns>
    /// <exception cref="CommandFailedException">Key, value or file are invalid; nothing was changed.</exception>
    public static string Write(Settings settings, string key, string? value)
    {
        var keys = ConfigurationFileReader.OptionKeys;
        if (Array.IndexOf(keys, key) < 0)
            throw new CommandFailedException($"unknown key '{key}'; {Spelling.Suggest(key, keys)}");
        var path = settings.WritableConfigurationFile;
        var old = File.Exists(path) ? File.ReadAllBytes(path) : [];
        if (old.Length > 0 && ConfigurationFileReader.Parse(path, old).Problem is { } problem)
            throw new CommandFailedException($"nothing changed: {problem}");
        var changed = ConfigurationEditor.Set(old, key, value);
        if (ConfigurationFileReader.Parse(path, changed).Problem is { } refusal)
            throw new CommandFailedException($"nothing changed: {refusal}");
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        var mode = ModeOf(path);
        OwnerOnlyFile.Replace(Path.GetFullPath(path), changed);
        if (mode is { } known)
            _ = Posix.TrySetMode(path, known);
        return path;
    }

    /// <summary>The file keeps its mode; null for a new file or on Windows.</summary>
    private static int? ModeOf(string path) =>
        !OperatingSystem.IsWindows() && Posix.TryGetStatus(path, out var status, out _) ? status.Mode : null;
}
