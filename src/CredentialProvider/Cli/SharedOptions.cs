using System.CommandLine;
using System.CommandLine.Completions;
using CredentialProvider.Cli.NuGet;
using CredentialProvider.Errors;
using CredentialProvider.Platform;

namespace CredentialProvider.Cli;

/// <summary>Options that several commands have. Each command gets its own instances.</summary>
internal static class SharedOptions
{
    public static Option<bool> Json() => Flag("--json", "Print JSON");

    /// <param name="otherwise">The files without the option.</param>
    public static Option<string?> Config(string otherwise = "the nearest") =>
        Value("--config", "FILE", $"nuget.config to change (default: {otherwise})");

    public static Option<string?> Profile() =>
        Value("--profile", "NAME", "AWS profile to use, instead of CODEARTIFACT_PROFILE and AWS_PROFILE");

    /// <summary>An option with a value.</summary>
    /// <param name="value">How help shows the value.</param>
    public static Option<string?> Value(string name, string value, string description) =>
        new(name) { Description = description, HelpName = value };

    public static Option<bool> Flag(string name, string description) => new(name) { Description = description };

    /// <summary>--format; the first of the formats is the default.</summary>
    public static Option<string> Format(params string[] formats)
    {
        var option = new Option<string>("--format")
        {
            Description = $"Output format: {string.Join(", ", formats)}",
            HelpName = "FORMAT",
            DefaultValueFactory = _ => formats[0],
        };
        option.CompletionSources.Add(formats);
        option.Validators.Add(result =>
        {
            foreach (var token in result.Tokens.Where(token => Array.IndexOf(formats, token.Value) < 0))
                result.AddError($"unknown format '{token.Value}'; {Spelling.Suggest(token.Value, formats)}");
        });
        return option;
    }

    /// <summary>The name of a CodeArtifact source in nuget.config, completed by the shell.</summary>
    public static T CompleteSources<T>(this T argument, NuGetSources sources)
        where T : Argument
    {
        // Without it, help would show the completions, and read nuget.config for that.
        argument.HelpName = argument.Name;
        argument.CompletionSources.Add(_ =>
        {
            try
            {
                // A shell reads a candidate a line. What looks like an option could have been named by a cloned repository.
                return sources.CodeArtifact.Where(source => !ShellText.HasInvisible(source.Name!) && source.Name![0] != '-')
                    .Select(source => new CompletionItem(source.Name!));
            }
            catch (CommandFailedException)
            {
                // nuget.config is invalid: commands report that, completion stays silent.
                return [];
            }
        });
        return argument;
    }
}

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
        _sources.Find(Words(parsed), Owner(parsed), Region(parsed), _anyFormat);
}
