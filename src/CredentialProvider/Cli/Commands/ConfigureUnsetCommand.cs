using System.CommandLine;

namespace CredentialProvider.Cli.Commands;

/// <summary><c>configure unset</c>: removes a default from codeartifact.json.</summary>
internal sealed class ConfigureUnsetCommand : CliCommand
{
    private readonly Argument<string> _key = Defaults.Key();
    private readonly Option<bool> _machine = Defaults.Machine();

    public ConfigureUnsetCommand(CommandContext context)
        : base(context, "unset", "Remove a default from codeartifact.json")
    {
        Add(_key);
        Add(_machine);
    }

    public override HelpEntry[] Examples { get; } =
        [new("nuget-plugin-codeartifact configure unset profile", "Use the standard AWS profile again")];

    public override HelpEntry[] Variables { get; } = [ConfigurationVariable];

    protected override void Run(ParseResult parsed)
    {
        var key = parsed.GetRequiredValue(_key);
        var path = Defaults.Write(Context.Settings, key, value: null, parsed.GetValue(_machine));
        Terminal.Print($"{path}: defaults.{key} removed");
    }
}
