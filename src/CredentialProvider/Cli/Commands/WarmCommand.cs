using System.CommandLine;
using CredentialProvider.Cli.NuGet;
using CredentialProvider.Errors;
using CredentialProvider.Tokens;

namespace CredentialProvider.Cli.Commands;

/// <summary><c>warm</c>: fetches tokens ahead of builds, for all domains in parallel.</summary>
internal sealed class WarmCommand : CliCommand
{
    private readonly SourceOptions _sources;

    private readonly Option<bool> _skipForeign =
        SharedOptions.Flag("--skip-foreign", "Ignore URLs that are not CodeArtifact feeds");

    private readonly Option<string?> _profile = SharedOptions.Profile();

    public WarmCommand(CommandContext context)
        : base(context, "warm", "Fetch tokens now, so that no build waits for one")
    {
        _sources = SourceOptions.Any(context.Sources, "Sources (default: CodeArtifact sources in nuget.config)");
        _sources.AddTo(this);
        Add(_skipForeign);
        Add(_profile);
    }

    public override HelpEntry[] Examples { get; } =
    [
        new("nuget-plugin-codeartifact warm", "Fetch tokens for every CodeArtifact source in nuget.config"),
        new("nuget-plugin-codeartifact warm contoso/app --owner 111122223333 --region us-east-1",
            "Fetch the token for a domain that is not in nuget.config"),
    ];

    public override HelpEntry[] Variables { get; } =
        [ProfileVariables, RegionVariables, CacheVariables, ProxyVariables];

    protected override async Task<bool> RunAsync(ParseResult parsed, CancellationToken cancel)
    {
        IReadOnlyList<Source> sources = parsed.GetValue(_skipForeign)
            ? Context.Sources.Named.CodeArtifactAmong(_sources.Words(parsed)) : _sources.Find(parsed);
        if (sources.Count == 0)
        {
            Terminal.Hint("nothing to do: there is no CodeArtifact source");
            return true;
        }

        var settings = Context.Settings.WithProfile(parsed.GetValue(_profile));
        if (settings.CacheFolder is null)
            throw CachePathCommand.NoCache();
        var requests = sources.Select(source => TokenRequest.For(source.Feed, settings))
            .GroupBy(request => request.Failure is null ? (object)request.Key : request)
            .Select(group => group.First()).ToList();
        var tokens = new CommandTokens(settings, Terminal, Context.Time);
        var done = 0;
        Terminal.Progress($"0 of {requests.Count} domains");
        var results = await Task.WhenAll(requests.Select(async request =>
        {
            var isWarm = await TryWarmAsync(tokens, request, cancel);
            Terminal.Progress($"{Interlocked.Increment(ref done)} of {requests.Count} domains");
            return isWarm;
        }));
        Terminal.Progress("");
        return Array.TrueForAll(results, isWarm => isWarm);
    }

    private async Task<bool> TryWarmAsync(CommandTokens tokens, TokenRequest request, CancellationToken cancel)
    {
        try
        {
            var token = await tokens.GetOrRenewAsync(request, cancel);
            Terminal.Print($"{request.Feed.DomainName}: token ready{CommandTokens.ValidUntil(token)}");
            return true;
        }
        catch (NoTokenException e)
        {
            Terminal.Error(e.Describe(request.Feed.DomainName));
            return false;
        }
    }
}
