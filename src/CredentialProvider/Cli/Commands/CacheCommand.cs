using System.CommandLine;
using CredentialProvider.Tokens;

namespace CredentialProvider.Cli.Commands;

/// <summary><c>cache list</c>: shows which tokens are cached; never the tokens themselves.</summary>
internal sealed class CacheListCommand : CliCommand
{
    private readonly Option<bool> _json = SharedOptions.Json();

    public CacheListCommand(CommandContext context)
        : base(context, "list", "List the cached tokens: domain, expiration and AWS identity") => Add(_json);

    public override HelpEntry[] Examples { get; } =
        [new("nuget-plugin-codeartifact cache list", "Show which domains have a token, and until when")];

    public override HelpEntry[] Variables { get; } = [CacheVariables];

    protected override void Run(ParseResult parsed)
    {
        var entries = new TokenCache(Context.Settings.CacheFolder).List()
            .OrderBy(entry => entry.Key.FileName, StringComparer.Ordinal).ToList();
        if (parsed.GetValue(_json))
        {
            Terminal.PrintVerbatim(ToJson(entries));
            return;
        }

        foreach (var (key, token) in entries)
            Terminal.Print(Describe(key, token, Context.Time.GetUtcNow()));
    }

    /// <summary>A line about a token, without the token.</summary>
    public static string Describe(TokenKey key, AuthorizationToken token, DateTimeOffset now) =>
        $"{key.DomainName}: {(token.IsValid(now) ? "valid until" : "expired at")} {token.Expires:u}, "
            + $"identity: {token.Identity ?? key.Identity}";

    private string ToJson(List<(TokenKey Key, AuthorizationToken Token)> entries) => JsonText.Write(json =>
    {
        json.WriteStartArray();
        foreach (var (key, token) in entries)
        {
            json.WriteStartObject();
            json.WriteString("domain", key.Domain);
            json.WriteString("owner", key.Owner);
            json.WriteString("region", key.Region);
            json.WriteString("identity", token.Source ?? key.Identity);
            if (token.Principal is { } principal)
                json.WriteString("principal", principal);
            json.WriteString("endpoint", key.Endpoint);
            json.WriteString("expires", token.Expires);
            json.WriteString("state", StateOf(token));
            json.WriteEndObject();
        }

        json.WriteEndArray();
    });

    private string StateOf(AuthorizationToken token)
    {
        var now = Context.Time.GetUtcNow();
        return !token.IsValid(now) ? "expired" : !token.IsFresh(now) ? "valid" : token.IsAging(now) ? "aging" : "fresh";
    }
}

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
