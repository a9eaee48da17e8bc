using System.CommandLine;

namespace CredentialProvider.Cli.Commands;

/// <summary><c>install</c>: puts the plugin where NuGet finds it.</summary>
internal sealed class InstallCommand : CliCommand
{
    private readonly InstallOptions _options = new();

    public InstallCommand(CommandContext context)
        : base(context, "install", "Install the plugin where the NuGet clients on this machine find it") =>
        _options.AddTo(this);

    public override HelpEntry[] Examples { get; } =
    [
        new("nuget-plugin-codeartifact install", "Install what the NuGet clients on this machine need"),
        new("nuget-plugin-codeartifact install --native --bin /usr/local/bin", "Install for all users and services"),
        new("nuget-plugin-codeartifact install --netcore", "Install for .NET SDKs before 9.0.200"),
    ];

    protected override void Run(ParseResult parsed) =>
        _options.Installation(parsed, Context).Install(_options.Parts(parsed));
}
