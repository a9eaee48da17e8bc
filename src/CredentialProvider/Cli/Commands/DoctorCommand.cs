using System.CommandLine;
using CredentialProvider.Cli.Doctor;
using CredentialProvider.Cli.NuGet;

namespace CredentialProvider.Cli.Commands;

/// <summary><c>doctor</c>: checks everything between NuGet and a repository.</summary>
internal sealed class DoctorCommand : CliCommand
{
    private readonly SourceOptions _sources;

    private readonly Option<string?> _package =
        SharedOptions.Value("--package", "ID", "Also check that the repository or an upstream has this package");

    private readonly Option<string?> _publish = SharedOptions.Value("--publish", "ID",
        "Also check that this package may be published, by offering an existing version again");

    private readonly Option<string?> _configFile = SharedOptions.Value("--configfile", "FILE",
        "The only nuget.config to read, as for dotnet restore (default: RestoreConfigFile)");

    private readonly Option<string?> _user = SharedOptions.Value("--user", "NAME",
        "Check as another user, with the variables of this shell except secrets (Linux, as root)");

    private readonly Option<string?> _service = SharedOptions.Value("--service", "UNIT",
        "Check as the user and with the environment of a systemd service (Linux, as root)");

    private readonly Option<bool> _json = SharedOptions.Json();
    private readonly Option<string?> _profile = SharedOptions.Profile();

    public DoctorCommand(CommandContext context)
        : base(context, "doctor", "Diagnose problems and suggest fixes")
    {
        _sources = SourceOptions.Any(
            context.Sources, "Sources to check (default: CodeArtifact sources in nuget.config)");
        _sources.AddTo(this);
        foreach (var option in new Option[] { _package, _publish, _profile, _configFile, _user, _service, _json })
            Add(option);
        Validators.Add(result =>
        {
            if (result.GetValue(_user) is not null && result.GetValue(_service) is not null)
                result.AddError("--user and --service cannot be combined");
        });
    }

    public override HelpEntry[] Examples { get; } =
    [
        new("nuget-plugin-codeartifact doctor", "Check every CodeArtifact source in nuget.config"),
        new("nuget-plugin-codeartifact doctor contoso --package Contoso.App", "Check that a source has a package"),
        new("sudo nuget-plugin-codeartifact doctor --service build-agent", "Check as a build agent that systemd starts"),
        new("nuget-plugin-codeartifact doctor --profile build --json", "Check with another AWS profile, for a script"),
    ];

    public override HelpEntry[] Variables { get; } =
    [
        ProfileVariables, RegionVariables, ConfigurationVariable, CacheVariables, ProxyVariables,
        new("NUGET_PLUGIN_PATHS, NUGET_NETCORE_PLUGIN_PATHS, NUGET_NETFX_PLUGIN_PATHS",
            "where NuGet looks for plugins"),
        new(RestoreProperties.ConfigFile, "the only nuget.config that MSBuild's restore reads"),
        new(RestoreProperties.RootFolder, "the folder in which MSBuild's restore begins to look for nuget.config"),
        new("NO_COLOR", "no colors"),
    ];

    protected override async Task<bool> RunAsync(ParseResult parsed, CancellationToken cancel)
    {
        var report = new DoctorReport(Terminal, parsed.GetValue(_json));
        if ((parsed.GetValue(_user) ?? parsed.GetValue(_service)) is { } name)
        {
            Terminal.Progress($"checking as {name}");
            var child = parsed.GetValue(_user) is not null
                ? await ChildDoctor.AsUserAsync(name, cancel) : await ChildDoctor.AsServiceAsync(name, cancel);
            return await child.RunAsync(ArgumentsForChild(parsed), report, cancel);
        }

        var settings = Context.Settings.WithProfile(parsed.GetValue(_profile));
        var nuget = (parsed.GetValue(_configFile) ?? RestoreProperties.Find(RestoreProperties.ConfigFile)?.Value) is { } file
            ? NuGetSources.Of(settings, file)
            : RestoreProperties.Find(RestoreProperties.RootFolder) is var (_, folder) ? NuGetSources.From(settings, folder)
            : Context.Sources;
        var sources = CheckedSource.Find(
            nuget, settings, _sources.Words(parsed), _sources.Owner(parsed), _sources.Region(parsed));
        return await new DoctorRun(settings, Terminal, Context.Time, nuget, report)
            .RunAsync(sources, parsed.GetValue(_package), parsed.GetValue(_publish), cancel);
    }

    private IEnumerable<string> ArgumentsForChild(ParseResult parsed)
    {
        Option<string?>[] passedOn =
            [_package, _publish, _profile, _configFile, _sources.OwnerOption, _sources.RegionOption];
        foreach (var option in passedOn)
        {
            if (parsed.GetValue(option) is { } value)
                yield return $"{option.Name}={value}";
        }

        yield return "--";
        foreach (var word in _sources.Words(parsed))
            yield return word;
    }
}
