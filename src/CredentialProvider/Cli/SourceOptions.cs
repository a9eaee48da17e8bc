using System.CommandLine;
using CredentialProvider.Cli.NuGet;

namespace CredentialProvider.Cli;

/// <summary>The SOURCE argument, with --owner and --region for sources that are not in nuget.config.</summary>
internal sealed class SourceOptions
{
    private const string Forms = "URL, name in nuget.config, DOMAIN or DOMAIN/REPOSITORY";

    private readonly NuGetSources _sources;
    private readonly Argument _source;
    private bool _anyFormat;

    public Option<string?> OwnerOption { get; } = SharedOptions.Value("--owner", "ACCOUNT",
        "AWS account that owns the domain, if nuget.config has no source of that domain");

    public Option<string?> RegionOption { get; } = SharedOptions.Value("--region", "REGION",
        "Region of the domain, if nuget.config has no source of that domain");

    private SourceOptions(NuGetSources sources, Argument source, string description)
    {
        _sources = sources;
        _source = source.CompleteSources(sources);
        _source.Description = $"{description}: {Forms}";
    }

    /// <summary>One source; its URL may be that of any package format of CodeArtifact.</summary>
    public static SourceOptions OneOfAnyFormat(NuGetSources sources) =>
        new(sources, new Argument<string>("SOURCE"), "A repository of any package format") { _anyFormat = true };

    /// <param name="description">Which sources; the forms of a source are added to it.</param>
    public static SourceOptions OneOrMore(NuGetSources sources, string description) =>
        new(sources, new Argument<string[]>("SOURCE") { Arity = ArgumentArity.OneOrMore }, description);

    /// <inheritdoc cref="OneOrMore"/>
    public static SourceOptions Any(NuGetSources sources, string description) =>
        new(sources, new Argument<string[]>("SOURCE") { Arity = ArgumentArity.ZeroOrMore }, description);

    public void AddTo(Command command)
    {
        command.Add(_source);
        command.Add(OwnerOption);
        command.Add(RegionOption);
    }

    /// <summary>The words of the command line.</summary>
    public string[] Words(ParseResult parsed) =>
        [.. parsed.GetResult(_source)?.Tokens.Select(token => token.Value) ?? []];

    public string? Owner(ParseResult parsed) => parsed.GetValue(OwnerOption);

    public string? Region(ParseResult parsed) => parsed.GetValue(RegionOption);

    /// <summary>The sources on the command line, or every CodeArtifact source in nuget.config if there are
    /// none.</summary>
    /// <exception cref="CommandFailedException">A word is not a source.</exception>
    public IReadOnlyList<Source> Find(ParseResult parsed) =>
        _sources.Named.Find(Words(parsed), Owner(parsed), Region(parsed), _anyFormat);
}
