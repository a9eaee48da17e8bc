using System.CommandLine;
using CredentialProvider.Cli.Doctor;

namespace CredentialProvider.Cli.Commands;

/// <summary><c>doctor</c>: checks everything between NuGet and a repository.</summary>
internal sealed class DoctorCommand : CliCommand
{
    private readonly SourceOptions _sources;

    private readonly Option<string?> _package =
        SharedOptions.Value("--package", "ID", "Also check that the repository or an upstream has this package");

    private readonly Option<string?> _publish = SharedOptions.Value("--publish", "ID",
        "Also check that this package may be published, by offering an existing version again");

    private readonly Option<bool> _json = SharedOptions.Json();
    private readonly Option<string?> _profile = SharedOptions.Profile();

    public DoctorCommand(CommandContext context)
        : base(context, "doctor", "Diagnose problems and suggest fixes")
    {
        _sources = SourceOptions.Any(
            context.Sources, "Sources to check (default: CodeArtifact sources in nuget.config)");
        _sources.AddTo(this);
        foreach (var option in new Option[] { _package, _publish, _profile, _json })
            Add(option);
    }

    public override HelpEntry[] Examples { get; } =
    [
        new("nuget-plugin-codeartifact doctor", "Check every CodeArtifact source in nuget.config"),
        new("nuget-plugin-codeartifact doctor contoso --package Contoso.App", "Check that a source has a package"),
        new("nuget-plugin-codeartifact doctor --profile build --json", "Check with another AWS profile, for a script"),
    ];

    public override HelpEntry[] Variables { get; } =
    [
        ProfileVariables, RegionVariables, ConfigurationVariable, CacheVariables, ProxyVariables,
        new("NUGET_PLUGIN_PATHS, NUGET_NETCORE_PLUGIN_PATHS, NUGET_NETFX_PLUGIN_PATHS",
            "where NuGet looks for plugins"),
        new("NO_COLOR", "no colors"),
    ];

    protected override Task<bool> RunAsync(ParseResult parsed, CancellationToken cancel)
    {
        var settings = Context.Settings.WithProfile(parsed.GetValue(_profile));
        var sources = CheckedSource.Find(
            Context.Sources, settings, _sources.Words(parsed), _sources.Owner(parsed), _sources.Region(parsed));
        var report = new DoctorReport(Terminal, parsed.GetValue(_json));
        return new DoctorRun(settings, Terminal, Context.Time, Context.Sources, report)
            .RunAsync(sources, parsed.GetValue(_package), parsed.GetValue(_publish), cancel);
    }
}
