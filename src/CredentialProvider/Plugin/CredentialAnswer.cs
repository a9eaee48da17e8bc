using System.Collections.Concurrent;
using CredentialProvider.Feeds;
using CredentialProvider.Tokens;

namespace CredentialProvider.Plugin;

/// <summary>
/// Decides what NuGet is told about one URL. Error is the code that makes NuGet go on to the next provider without a
/// word, so it is both "not ours" and, behind a warning that says why, "ours, but no token".
/// </summary>
internal sealed class CredentialAnswer(Settings settings, TokenSource tokens, TimeProvider time)
{
    /// <summary>A second refusal within this time is an answer to a fresh token; one more token would not change
    /// it.</summary>
    private static readonly TimeSpan RetryLife = TimeSpan.FromMinutes(2);

    private static readonly CredentialsResponse NotOurs = new(ResponseCode.Error);

    private readonly DateTimeOffset _started = time.GetUtcNow();
    private readonly ConcurrentDictionary<string, AuthorizationToken> _given = new();
    private readonly ConcurrentDictionary<string, AuthorizationToken> _givenOnRetry = new();
    private readonly ConcurrentDictionary<string, NoTokenException> _warned = new();

    /// <summary>The answer where nobody has to be asked: not our feed, or a token at hand. Null where it takes
    /// <see cref="AnswerAsync"/>.</summary>
    public CredentialsResponse? TryAtOnce(CredentialsRequest request)
    {
        if (!IsOurs(request, out var feed))
            return NotOurs;
        if (request.IsRetry || FeedSettings.For(feed, settings).Problem is not null)
            return null;
        if (settings.AuthToken is { } fixedToken)
            return new CredentialsResponse(ResponseCode.Success, fixedToken);
        return tokens.TryGetCached(feed, after: DateTimeOffset.MinValue) is { } token ? Give(request, token) : null;
    }

    /// <summary>What can be done now that NuGet has its answer: get the next token if this one is in the second half
    /// of its life.</summary>
    public void AfterAnswer(CredentialsRequest request, CancellationToken cancel)
    {
        if (request.Uri is { } uri && _given.TryGetValue(uri, out var token) && tokens.IsAging(token)
            && IsOurs(request, out var feed))
            Refresh(feed, token, cancel);
    }

    private void Refresh(Feed feed, AuthorizationToken token, CancellationToken cancel) =>
        _ = Task.Run(() => tokens.RefreshAsync(feed, token, cancel), CancellationToken.None);

    /// <summary>The answer that may take a call to AWS.</summary>
    /// <param name="log">Takes a level and a line for NuGet's log.</param>
    public async Task<CredentialsResponse> AnswerAsync(CredentialsRequest request, Action<string, string> log,
        CancellationToken cancel)
    {
        if (!IsOurs(request, out var feed))
            return NotOurs;
        try
        {
            FeedSettings.For(feed, settings).ThrowIfProblem();
            var person = new Person(line => log(LogLevels.Minimal, line), !request.IsNonInteractive);
            var token = await tokens.GetAsync(feed, After(request, feed, log), person, cancel);
            log(LogLevels.Verbose,
                $"token for {feed.DomainName} by {TokenKey.For(feed, settings).Identity} expires at {token.Expires.UtcDateTime:u}");
            if (request.IsRetry)
                _givenOnRetry[request.Uri!] = token;
            return Give(request, token);
        }
        catch (NoTokenException e)
        {
            return Refuse(feed, e, log);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // Its message is for the debug log: nobody knows what is in it.
            return Refuse(feed, new NoTokenException(ErrorCode.Service, $"unexpected {e.GetType().Name}",
                "this is a fault of the plugin: set CODEARTIFACT_LOG_FILE and report what it has", e), log);
        }
    }

    /// <summary>Warns once a domain and cause: NuGet asks for every repository of the domain, and again for every
    /// retry.</summary>
    private CredentialsResponse Refuse(Feed feed, NoTokenException failure, Action<string, string> log)
    {
        var line = failure.Describe(feed.DomainName);
        if (_warned.TryAdd($"{feed.DomainName} {failure.Code}", failure))
        {
            log(LogLevels.Warning, line);
            if (failure.InnerException is { } cause)
                log(LogLevels.Debug, cause.ToString());
        }

        return new CredentialsResponse(ResponseCode.Error, Reason: line);
    }

    /// <summary>On a retry, the moment before which no token will do: the one that was refused was obtained
    /// then.</summary>
    private DateTimeOffset After(CredentialsRequest request, Feed feed, Action<string, string> log)
    {
        if (!request.IsRetry)
            return DateTimeOffset.MinValue;
        if (settings.AuthToken is not null)
        {
            throw new NoTokenException(ErrorCode.TokenRefused, "the feed refuses the token in CODEARTIFACT_AUTH_TOKEN",
                "set a new one, or unset it so that tokens are fetched");
        }

        if (_givenOnRetry.TryGetValue(request.Uri!, out var last) && time.GetUtcNow() - last.Obtained < RetryLife)
        {
            throw new NoTokenException(ErrorCode.TokenRefused,
                $"repository {feed.Repository} refuses a token that was made for it just now",
                "check that domain, owner and region in the feed's URL are those of the repository, and that no proxy changes the request");
        }

        log(LogLevels.Verbose, $"the feed refuses the token for {feed.DomainName}; getting another");
        return _given.TryGetValue(request.Uri!, out var given) ? given.Obtained : _started;
    }

    private bool IsOurs(CredentialsRequest request,
        [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out Feed? feed) =>
        Feed.TryFind(request.Uri, settings, out feed);

    private CredentialsResponse Give(CredentialsRequest request, AuthorizationToken token)
    {
        _given[request.Uri!] = token;
        return new CredentialsResponse(ResponseCode.Success, token.Token);
    }
}
