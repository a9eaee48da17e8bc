using System.CommandLine;
using CredentialProvider.Cli.NuGet;

namespace CredentialProvider.Cli.Commands;

/// <summary><c>configure forget</c>: removes a source's stored credentials, which NuGet uses before the
/// plugin.</summary>
internal sealed class ConfigureForgetCommand : CliCommand
{
    private readonly ConfiguredSource _source;

    public ConfigureForgetCommand(CommandContext context)
        : base(context, "forget", "Remove a source's stored credentials, which NuGet uses before the plugin") =>
        _source = new ConfiguredSource(this, context.Sources);

    public override HelpEntry[] Examples { get; } =
        [new("nuget-plugin-codeartifact configure forget contoso", "Remove what 'aws codeartifact login' has stored")];

    protected override void Run(ParseResult parsed)
    {
        var (name, files) = _source.Find(parsed);
        var changed = files.Where(path => new NuGetConfigFile(path).RemoveCredentials(name)).ToList();
        changed.ForEach(path => Terminal.Print($"{path}: credentials of source {name} removed"));
        if (changed.Count == 0)
            Terminal.Hint($"source {name} has no stored credentials");
    }
}
