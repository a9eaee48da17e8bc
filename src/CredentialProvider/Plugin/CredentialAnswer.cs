using System.Collections.Concurrent;
using CredentialProvider.Agent;
using CredentialProvider.Aws;
using CredentialProvider.Configuration;
using CredentialProvider.Errors;
using CredentialProvider.Feeds;
using CredentialProvider.Platform;
using CredentialProvider.Tokens;

namespace CredentialProvider.Plugin;

/// <summary>
/// Decides what to answer NuGet for one URL. After the response code Error, NuGet silently goes on to the next
/// provider. It means "not a CodeArtifact feed" and, after a warning that says why, "no token for this feed".
/// </summary>
/// <param name="ask">Asks a feed whether it accepts a token.</param>
internal sealed class CredentialAnswer(Settings settings, TokenSource tokens,
    Func<Feed, string, Secret, CancellationToken, Task<FeedReply>> ask, TimeProvider time)
{
    /// <summary>A second refusal within this time refuses a token that was just issued; another one would not
    /// help.</summary>
    private static readonly TimeSpan RetryWindow = TimeSpan.FromMinutes(2);

    private static readonly CredentialsResponse Foreign = new(ResponseCode.Error);

    private readonly DateTimeOffset _started = time.GetUtcNow();
    private readonly ConcurrentDictionary<string, AuthorizationToken> _given = new();
    private readonly ConcurrentDictionary<string, long> _retried = new();
    private readonly ConcurrentDictionary<string, bool> _warned = new();

    /// <summary>A request for credentials and, for a CodeArtifact feed, the token that it needs.</summary>
    /// <param name="Token">Null for a foreign feed.</param>
    public sealed record ResolvedRequest(CredentialsRequest Request, TokenRequest? Token);

    /// <summary>Resolves the feed and its settings; the other methods use the result.</summary>
    public ResolvedRequest Resolve(CredentialsRequest request) =>
        new(request, TokenRequest.TryResolve(request.Uri, settings, out var token) ? token : null);

    /// <summary>The answer for a foreign feed or a cached token; null if it takes <see cref="AnswerAsync"/>.</summary>
    public CredentialsResponse? TryAnswerFromCache(ResolvedRequest resolved)
    {
        if (resolved.Token is not { } wanted)
            return Foreign;
        if (resolved.Request.IsRetry || wanted.FeedSettings.Problem is not null)
            return null;
        if (settings.ExternalToken is { } external)
        {
            return external.TryRead(out _) is { } read ? Give(resolved.Request, AuthorizationToken.From(external, read))
                : null;
        }

        if (wanted.Failure is not null)
            return null;
        return tokens.TryGetCached(wanted.Key, after: DateTimeOffset.MinValue) is { } token
            ? Give(resolved.Request, token) : null;
    }

    /// <summary>Fetches the next token in the background if the one just given is past half of its lifetime.</summary>
    public void RefreshIfAging(ResolvedRequest resolved, CancellationToken cancel)
    {
        if (resolved is { Token: { } wanted, Request.Uri: { } uri } && _given.TryGetValue(uri, out var token)
            && tokens.IsAging(token))
        {
            _ = Refresh(wanted, token, cancel);
        }
    }

    /// <summary>The answer that may take a call to AWS.</summary>
    /// <param name="log">Writes a level and a line to NuGet's log.</param>
    public async Task<CredentialsResponse> AnswerAsync(ResolvedRequest resolved, Action<string, string> log,
        CancellationToken cancel)
    {
        if (resolved.Token is not { } wanted)
            return Foreign;
        var request = resolved.Request;
        try
        {
            wanted.FeedSettings.ThrowIfProblem();
            LogNotes(wanted.Feed, log);
            if (settings.ExternalToken is { } external)
                return Give(request, await GetExternalAsync(external, request, wanted, log, cancel));
            // MSBuild's terminal logger shows a message during a restore only if it contains this.
            var prompt = new UserPrompt(line => log(LogLevels.Minimal, $"[CredentialProvider] {line}"),
                !request.IsNonInteractive, line => log(LogLevels.Verbose, line));
            var after = DateTimeOffset.MinValue;
            if (request.IsRetry)
            {
                if (FindGiven(request, wanted) is { } given
                    && await IsAcceptedAsync(given, request, wanted, log, cancel))
                {
                    return new CredentialsResponse(ResponseCode.Success, given.Token) { Given = given };
                }

                after = FindRefusedTime(request, wanted, log);
            }

            var token = await AgentOrAws.GetAsync(
                tokens, wanted, after, prompt, (line, failure) => Warn(wanted, failure, line, log), cancel);
            log(LogLevels.Verbose,
                $"token for {wanted.Feed.DomainName} by {token.Source} expires at {token.Expires:u}");
            if (request.IsRetry)
                _retried[request.Uri!] = time.GetTimestamp();
            return Give(request, token);
        }
        catch (NoTokenException e)
        {
            return Refuse(wanted, e, log);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // The message of an unexpected exception goes to the debug log only, because it can contain anything.
            return Refuse(wanted, new NoTokenException(ErrorCode.Service, $"unexpected {e.GetType().Name}",
                NoTokenException.ReportBug, e), log);
        }
    }

    /// <summary>Logs settings that are ignored or corrected. They do not fail the build.</summary>
    private void LogNotes(Feed feed, Action<string, string> log)
    {
        foreach (var note in SettingOrigin.Of(feed, settings).SelectMany(setting => setting.Notes))
            log(LogLevels.Verbose, note);
    }

    /// <summary>Kept out of its caller, so that a cached answer does not compile it.</summary>
    private Task Refresh(TokenRequest wanted, AuthorizationToken token, CancellationToken cancel) =>
        Task.Run(() => tokens.RefreshAsync(wanted, token, cancel), CancellationToken.None);

    private CredentialsResponse Refuse(TokenRequest wanted, NoTokenException failure, Action<string, string> log)
    {
        var line = failure.Describe(wanted.Feed.DomainName);
        Warn(wanted, failure, line, log);
        return new CredentialsResponse(ResponseCode.Error, Reason: line);
    }

    /// <summary>Warns once per domain and error code: NuGet asks for every repository of a domain, and again on every
    /// retry.</summary>
    private void Warn(TokenRequest wanted, NoTokenException failure, string line, Action<string, string> log)
    {
        if (!_warned.TryAdd($"{wanted.Feed.DomainName} {failure.Code}", true))
            return;
        log(LogLevels.Warning, line);
        if (failure.InnerException is { } cause)
            log(LogLevels.Debug, cause.ToString());
    }

    /// <summary>The token from outside. Its file is read again after a refusal, because it may have been
    /// renewed.</summary>
    /// <exception cref="NoTokenException">There is none, or the feed refuses it.</exception>
    private async Task<AuthorizationToken> GetExternalAsync(ExternalToken external, CredentialsRequest request,
        TokenRequest wanted, Action<string, string> log, CancellationToken cancel)
    {
        var token = AuthorizationToken.From(external, external.Read());
        if (!request.IsRetry)
            return token;
        if (_given.TryGetValue(request.Uri!, out var refused) && refused.Token.Reveal() != token.Token.Reveal())
        {
            log(LogLevels.Verbose,
                $"the repository refuses the token for {wanted.Feed.DomainName}; {external.Place} now has another");
            return token;
        }

        return await IsAcceptedAsync(token, request, wanted, log, cancel) ? token
            : throw new NoTokenException(ErrorCode.TokenRefused, $"the repository refuses the token in {external.Place}",
                "set a new one, or unset the variable so that the plugin fetches tokens");
    }

    /// <summary>True if the feed accepts the refused token now: it is given again once, because a refusal may pass.
    /// False if another token may help.</summary>
    /// <exception cref="NoTokenException">The feed accepts the token, but not the request.</exception>
    private async Task<bool> IsAcceptedAsync(AuthorizationToken token, CredentialsRequest request, TokenRequest wanted,
        Action<string, string> log, CancellationToken cancel)
    {
        var reply = await ask(wanted.Feed, request.Uri!, token.Token, cancel);
        if (reply.IsTokenAccepted && !WasRetried(request))
        {
            log(LogLevels.Verbose, $"the repository accepts the token for {wanted.Feed.DomainName}; trying it again");
            _retried[request.Uri!] = time.GetTimestamp();
            return true;
        }

        return reply.Refusal is { } refusal ? throw refusal : false;
    }

    /// <summary>The time at which the refused token was obtained: only a later one will do.</summary>
    private DateTimeOffset FindRefusedTime(CredentialsRequest request, TokenRequest wanted, Action<string, string> log)
    {
        if (WasRetried(request))
            throw FeedResponseException.TokenRefused(wanted.Feed);
        log(LogLevels.Verbose, $"the repository refuses the token for {wanted.Feed.DomainName}; fetching another");
        return FindGiven(request, wanted)?.Obtained ?? _started;
    }

    private bool WasRetried(CredentialsRequest request) =>
        _retried.TryGetValue(request.Uri!, out var last) && time.GetElapsedTime(last) < RetryWindow;

    /// <summary>The token that NuGet has: an earlier process may have given it the cached one.</summary>
    private AuthorizationToken? FindGiven(CredentialsRequest request, TokenRequest wanted) =>
        _given.TryGetValue(request.Uri!, out var token) ? token
        : tokens.TryGetCached(wanted.Key, after: DateTimeOffset.MinValue);

    private CredentialsResponse Give(CredentialsRequest request, AuthorizationToken token)
    {
        _given[request.Uri!] = token;
        return new CredentialsResponse(ResponseCode.Success, token.Token) { Given = token };
    }
}
