using System.CommandLine;
using CredentialProvider.Cli.Doctor;

namespace CredentialProvider.Cli.Commands;

/// <summary><c>diagnose</c>: everything that a maintainer asks for, in one text without secrets.</summary>
internal sealed class DiagnoseCommand : CliCommand
{
    private readonly SourceOptions _sources;
    private readonly Option<string?> _output = OutputFile.Option();
    private readonly Option<string?> _profile = SharedOptions.Profile();

    public DiagnoseCommand(CommandContext context)
        : base(context, "diagnose", "Write a support file without secrets: versions, settings, checks and the log")
    {
        _sources = SourceOptions.Any(
            context.Sources, "Sources to check (default: CodeArtifact sources in nuget.config)");
        _sources.AddTo(this);
        Add(_output);
        Add(_profile);
    }

    public override HelpEntry[] Examples { get; } =
    [
        new("nuget-plugin-codeartifact diagnose --output support.md", "Write a file to attach to an issue"),
        new("nuget-plugin-codeartifact diagnose | less", "Read it first"),
    ];

    public override HelpEntry[] Variables { get; } =
    [
        new("CODEARTIFACT_LOG_FILE", "log whose last lines are included"),
        ProfileVariables, RegionVariables, ConfigurationVariable, CacheVariables, ProxyVariables,
    ];

    protected override async Task<bool> RunAsync(ParseResult parsed, CancellationToken cancel)
    {
        var settings = Context.Settings.WithProfile(parsed.GetValue(_profile));
        var text = new StringWriter { NewLine = "\n" };
        var support = new SupportFile(settings, Context.Time, Context.Sources, text);
        Terminal.Progress("checking");
        await support.WriteAsync(
            () => CheckedSource.Find(Context.Sources, settings, _sources.Words(parsed), _sources.Owner(parsed), _sources.Region(parsed)),
            cancel);
        Terminal.Progress("");
        if (parsed.GetValue(_output) is not { } file)
        {
            Terminal.PrintVerbatim(text.ToString().TrimEnd('\n'));
            return true;
        }

        OutputFile.Write(file, "support file", text.ToString());
        Terminal.Hint($"{file} has no secrets, but names of accounts, hosts and users: read it before you publish it");
        return true;
    }
}
