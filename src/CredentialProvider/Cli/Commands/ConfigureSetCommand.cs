using System.CommandLine;
using CredentialProvider.Configuration;

namespace CredentialProvider.Cli.Commands;

/// <summary><c>configure set</c>: sets a default in codeartifact.json.</summary>
internal sealed class ConfigureSetCommand : CliCommand
{
    private readonly Argument<string> _key = Defaults.Key();

    private readonly Argument<string> _value =
        new("VALUE") { Description = "The value; several roles are separated by commas" };

    private readonly Option<bool> _machine = Defaults.Machine();

    public ConfigureSetCommand(CommandContext context)
        : base(context, "set", "Set a default in codeartifact.json")
    {
        Add(_key);
        Add(_value);
        Add(_machine);
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
        var path = Defaults.Write(Context.Settings, key, value, parsed.GetValue(_machine));
        Terminal.Print($"{path}: defaults.{key} is now {value}");
        foreach (var setting in SettingOrigin.Of(feed: null, Context.Settings).Where(s => s.Ignored.Contains(path)))
            Terminal.Warning(setting.DescribeIgnored(path));
    }
}
