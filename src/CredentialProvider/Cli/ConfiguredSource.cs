using System.CommandLine;
using CredentialProvider.Cli.NuGet;

namespace CredentialProvider.Cli;

/// <summary>The NAME argument of a source in nuget.config, with --config.</summary>
internal sealed class ConfiguredSource
{
    private readonly NuGetSources _sources;
    private readonly Argument<string> _name = new("NAME") { Description = "Name of the source in nuget.config" };
    private readonly Option<string?> _config = SharedOptions.Config("every one that applies here");

    public ConfiguredSource(Command command, NuGetSources sources)
    {
        _sources = sources;
        command.Add(_name.CompleteSources(sources));
        command.Add(_config);
    }

    /// <summary>The name, and the files in which it may be.</summary>
    public (string Name, IReadOnlyList<string> Files) Find(ParseResult parsed)
    {
        var name = parsed.GetRequiredValue(_name);
        if (parsed.GetValue(_config) is not { } config)
            return (name, _sources.Files);
        return File.Exists(config) ? (name, [Path.GetFullPath(config)])
            : throw new CommandFailedException($"no source {name} in {config}: the file does not exist");
    }
}
