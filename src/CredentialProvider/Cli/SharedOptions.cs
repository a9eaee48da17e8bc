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
