using System.CommandLine;
using CredentialProvider.Tokens;

namespace CredentialProvider.Cli.Commands;

/// <summary><c>cache clear</c>: removes tokens from the cache.</summary>
internal sealed class CacheClearCommand : CliCommand
{
    private readonly SourceOptions _sources;

    public CacheClearCommand(CommandContext context)
        : base(context, "clear", "Remove cached tokens")
    {
        _sources = SourceOptions.Any(context.Sources, "Sources (default: every cached token)");
        _sources.AddTo(this);
    }

    public override HelpEntry[] Examples { get; } =
    [
        new("nuget-plugin-codeartifact cache clear", "Remove every token, for example after IAM permissions changed"),
        new("nuget-plugin-codeartifact cache clear contoso", "Remove the tokens of one source's domain"),
    ];

    public override HelpEntry[] Variables { get; } = [CacheVariables];

    protected override void Run(ParseResult parsed)
    {
        var cache = new TokenCache(Context.Settings.CacheFolder);
        var count = 0;
        if (_sources.Words(parsed).Length == 0)
        {
            count = cache.Clear();
        }
        else
        {
            var domains = _sources.Find(parsed)
                .Select(source => (source.Feed.Domain, source.Feed.Owner, source.Feed.Region)).ToHashSet();
            foreach (var (key, _) in cache.List())
            {
                if (!domains.Contains((key.Domain, key.Owner, key.Region)))
                    continue;
                cache.Remove(key);
                count++;
            }
        }

        Terminal.Hint(count == 1 ? "1 token removed" : $"{count} tokens removed");
    }
}
