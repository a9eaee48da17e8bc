using System.CommandLine;

namespace CredentialProvider.Cli.Commands;

/// <summary><c>uninstall</c>: removes what <c>install</c> has installed.</summary>
internal sealed class UninstallCommand : CliCommand
{
    private readonly InstallOptions _options = new();

    public UninstallCommand(CommandContext context)
        : base(context, "uninstall", "Remove what install has installed") => _options.AddTo(this);

    public override HelpEntry[] Examples { get; } =
    [
        new("nuget-plugin-codeartifact uninstall", "Remove every build; cached tokens stay"),
        new("nuget-plugin-codeartifact uninstall --native --bin /usr/local/bin", "Remove only the native executable"),
    ];

    protected override void Run(ParseResult parsed) =>
        _options.Installation(parsed, Context).Uninstall(_options.Parts(parsed));
}
