using System.Globalization;
using System.Text;
using System.Text.Json;
using CredentialProvider.Feeds;
using CredentialProvider.Platform;
using CredentialProvider.Tokens;

namespace CredentialProvider.Cli;

/// <summary><c>token</c>, <c>warm</c> and <c>cache</c>: tokens for people and for tools that run no plugins.</summary>
internal sealed class TokenCommands(Settings settings, Terminal terminal, TokenSource tokens, TokenCache cache,
    TimeProvider time)
{
    private const string Expired = "expired";

    public static string[] Formats { get; } = ["text", "json", "env", "nuget-config"];

    /// <summary>Prints the token, or writes it to a file that only its owner can read.</summary>
    public async Task TokenAsync(Source source, string format, string? file, CancellationToken cancel)
    {
        var token = await GetAsync(source.Feed, cancel);
        var text = format switch
        {
            "json" => AsJson(source.Feed, token),
            "env" => $"CODEARTIFACT_AUTH_TOKEN={token.Token.Reveal()}",
            "nuget-config" => AsNuGetConfig(source, token),
            _ => token.Token.Reveal(),
        };
        if (file is null)
        {
            terminal.Print(text);
            return;
        }

        try
        {
            OwnerOnlyFolder.Replace(Path.GetFullPath(file), Encoding.UTF8.GetBytes(text + "\n"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandFailedException($"no token written: {e.Message.TrimEnd('.')}; give another --output");
        }

        terminal.Hint($"{file} has a token for {source.Feed.DomainName}{Until(token)}; nobody else can read it");
    }

    /// <summary>Sees to it that all sources have a token for the next hours, domains side by side.</summary>
    public async Task<bool> WarmAsync(IReadOnlyList<Source> sources, CancellationToken cancel)
    {
        if (sources.Count == 0)
        {
            terminal.Hint("nothing to do: no source is CodeArtifact's");
            return true;
        }

        if (settings.CacheFolder is null)
            throw NoCache();
        var feeds = sources.Select(source => source.Feed).GroupBy(feed => TokenKey.For(feed, settings)).Select(group =>
            group.First()).ToList();
        var done = 0;
        terminal.Progress($"0 of {feeds.Count} domains");
        var all = await Task.WhenAll(feeds.Select(async feed =>
        {
            try
            {
                var token = await GetAsync(feed, cancel);
                if (settings.AuthToken is null && tokens.IsAging(token))
                    token = await RenewAsync(feed, token, cancel);
                terminal.Print($"{feed.DomainName}: token{Until(token)}");
                return true;
            }
            catch (NoTokenException e)
            {
                terminal.Error(e.Describe(feed.DomainName));
                return false;
            }
            finally
            {
                terminal.Progress($"{Interlocked.Increment(ref done)} of {feeds.Count} domains");
            }
        }));
        terminal.Progress("");
        return Array.TrueForAll(all, isWarm => isWarm);
    }

    public void ListCache(bool asJson)
    {
        var entries = cache.List().OrderBy(entry => entry.Key.FileName, StringComparer.Ordinal);
        if (asJson)
        {
            terminal.Print(JsonText.Write(json =>
            {
                json.WriteStartArray();
                foreach (var (key, token) in entries)
                {
                    json.WriteStartObject();
                    json.WriteString("domain", key.Domain);
                    json.WriteString("owner", key.Owner);
                    json.WriteString("region", key.Region);
                    json.WriteString("identity", key.Identity);
                    json.WriteString("endpoint", key.Endpoint);
                    json.WriteString("expires", token.Expires);
                    json.WriteString("state", StateOf(token));
                    json.WriteEndObject();
                }

                json.WriteEndArray();
            }));
            return;
        }

        foreach (var (key, token) in entries)
        {
            var (state, at) = (StateOf(token), token.Expires.UtcDateTime.ToString("u", CultureInfo.InvariantCulture));
            terminal.Print($"{key.DomainName}: {state} {(state == Expired ? "at" : "until")} {at}, by {key.Identity}");
        }
    }

    /// <summary>Removes the tokens of these sources, or all where there are none named.</summary>
    public void ClearCache(IReadOnlyList<Source>? sources)
    {
        int count;
        if (sources is null)
        {
            count = cache.Clear();
        }
        else
        {
            var entries = cache.List().Where(entry =>
                sources.Any(source => (source.Feed.Domain, source.Feed.Owner, source.Feed.Region)
                == (entry.Key.Domain, entry.Key.Owner, entry.Key.Region))).ToList();
            entries.ForEach(entry => cache.Remove(entry.Key));
            count = entries.Count;
        }

        terminal.Hint(count == 1 ? "1 token removed" : $"{count} tokens removed");
    }

    public void PrintCachePath() => terminal.Print(settings.CacheFolder ?? throw NoCache());

    private static CommandFailedException NoCache() =>
        new("no cache: CODEARTIFACT_CACHE is off, or this user has no home; set CODEARTIFACT_CACHE_DIR");

    private async Task<AuthorizationToken> GetAsync(Feed feed, CancellationToken cancel)
    {
        FeedSettings.For(feed, settings).ThrowIfProblem();
        if (settings.AuthToken is { } own)
            return new AuthorizationToken(own, time.GetUtcNow(), DateTimeOffset.MaxValue);
        var person = terminal.IsWatched ? new Person(terminal.Show, CanSignIn: true) : null;
        return await tokens.GetAsync(feed, DateTimeOffset.MinValue, person, cancel);
    }

    private async Task<AuthorizationToken> RenewAsync(Feed feed, AuthorizationToken old, CancellationToken cancel)
    {
        await tokens.RefreshAsync(feed, old, cancel);
        return tokens.TryGetCached(feed, after: DateTimeOffset.MinValue) ?? old;
    }

    private string StateOf(AuthorizationToken token) =>
        !token.IsGood(time.GetUtcNow()) ? Expired : tokens.IsAging(token) ? "aging" : "good";

    /// <summary>Nothing for a token from outside, whose end nobody knows.</summary>
    private static string Until(AuthorizationToken token) =>
        token.Expires == DateTimeOffset.MaxValue ? ""
            : $" until {token.Expires.UtcDateTime.ToString("u", CultureInfo.InvariantCulture)}";

    private static string AsJson(Feed feed, AuthorizationToken token) => JsonText.Write(json =>
    {
        json.WriteStartObject();
        json.WriteString("domain", feed.Domain);
        json.WriteString("owner", feed.Owner);
        json.WriteString("region", feed.Region);
        json.WriteString("username", "aws");
        json.WriteString("token", token.Token.Reveal());
        if (token.Expires != DateTimeOffset.MaxValue)
            json.WriteString("expires", token.Expires);
        json.WriteEndObject();
    });

    /// <summary>A whole nuget.config, to be mounted as a secret where no plugin can run.</summary>
    private static string AsNuGetConfig(Source source, AuthorizationToken token)
    {
        if (source.Feed.Repository.Length == 0)
            throw new CommandFailedException(
                "no nuget.config: it takes a repository, not only a domain; name DOMAIN/REPOSITORY");
        var name = source.Name ?? source.Feed.Repository;
        return $"""
            <?xml version="1.0" encoding="utf-8"?>
            <configuration>
              <packageSources>
                <add key="{System.Security.SecurityElement.Escape(name)}" value="{System.Security.SecurityElement.Escape(source.Url)}" />
              </packageSources>
              <packageSourceCredentials>
                <{System.Xml.XmlConvert.EncodeLocalName(name)}>
                  <add key="Username" value="aws" />
                  <add key="ClearTextPassword" value="{System.Security.SecurityElement.Escape(token.Token.Reveal())}" />
                </{System.Xml.XmlConvert.EncodeLocalName(name)}>
              </packageSourceCredentials>
            </configuration>
            """;
    }
}
