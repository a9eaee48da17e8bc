using System.CommandLine;

namespace CredentialProvider.Cli.Commands;

/// <summary><c>cache path</c>: prints the cache folder.</summary>
internal sealed class CachePathCommand(CommandContext context) : CliCommand(context, "path", "Print the cache folder")
{
    public override HelpEntry[] Examples { get; } =
        [new("nuget-plugin-codeartifact cache path", "Print the folder to share with a container")];

    public override HelpEntry[] Variables { get; } = [CacheVariables];

    /// <summary>In characters; PATH_MAX of Linux.</summary>
    private const int MaxPathLength = 4096;

    public static CommandFailedException NoCache() => new(
        "no token cache: CODEARTIFACT_CACHE is off or this user has no home directory; set CODEARTIFACT_CACHE_DIR");

    protected override void Run(ParseResult parsed) =>
        Terminal.Print(Context.Settings.CacheFolder ?? throw NoCache(), MaxPathLength);
}
