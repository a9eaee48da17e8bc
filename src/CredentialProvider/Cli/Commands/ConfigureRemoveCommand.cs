using System.CommandLine;
using CredentialProvider.Cli.NuGet;

namespace CredentialProvider.Cli.Commands;

/// <summary><c>configure remove</c>: removes a source from nuget.config.</summary>
internal sealed class ConfigureRemoveCommand : CliCommand
{
    private readonly ConfiguredSource _source;

    public ConfigureRemoveCommand(CommandContext context)
        : base(context, "remove", "Remove a source from nuget.config, with its credentials and package patterns") =>
        _source = new ConfiguredSource(this, context.Sources);

    public override HelpEntry[] Examples { get; } =
        [new("nuget-plugin-codeartifact configure remove contoso", "Remove source contoso")];

    protected override void Run(ParseResult parsed)
    {
        var (name, files) = _source.Find(parsed);
        var changed = files.Where(path => new NuGetConfigFile(path).Remove(name)).ToList();
        changed.ForEach(path => Terminal.Print($"{path}: source {name} removed"));
        if (changed.Count == 0)
        {
            throw new CommandFailedException(
                $"no source {name} in {string.Join(", ", files)}; see 'dotnet nuget list source'");
        }
    }
}
