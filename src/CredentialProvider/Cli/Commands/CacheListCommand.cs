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
