using CredentialProvider.Agent;
using CredentialProvider.Aws;
using CredentialProvider.Configuration;
using CredentialProvider.Errors;
using CredentialProvider.Tokens;

namespace CredentialProvider.Cli;

/// <summary>Tokens for commands: from the same cache as the plugin's, and with a user who can sign in.</summary>
internal sealed class CommandTokens(Settings settings, Terminal terminal, TimeProvider time)
{
    private readonly TokenSource _tokens = AgentOrAws.CreateSource(settings, time,
        new TokenService(settings, time, Retries.BuildTimeout).FetchAsync);

    /// <exception cref="NoTokenException">AWS returned no token.</exception>
    public async Task<AuthorizationToken> GetAsync(TokenRequest request, CancellationToken cancel)
    {
        request.FeedSettings.ThrowIfProblem();
        foreach (var setting in SettingOrigin.Of(request.Feed, settings))
        {
            foreach (var note in setting.Notes)
                terminal.Hint(note);
        }

        if (settings.ExternalToken is { } external)
        {
            if (external.Ignored is { } line)
                terminal.Hint(line);
            return AuthorizationToken.From(external, external.Read());
        }

        var prompt = terminal.IsInteractive ? new UserPrompt(terminal.ShowAndWait, CanSignIn: true) : null;
        return await AgentOrAws.GetAsync(
            _tokens, request, DateTimeOffset.MinValue, prompt, (line, _) => terminal.Warning(line), cancel);
    }

    /// <summary>As <see cref="GetAsync"/>, but replaces a token that is past half of its lifetime, if AWS
    /// answers.</summary>
    /// <exception cref="NoTokenException">There is no valid token and AWS returned none.</exception>
    public async Task<AuthorizationToken> GetOrRenewAsync(TokenRequest request, CancellationToken cancel)
    {
        var token = await GetAsync(request, cancel);
        if (settings.ExternalToken is not null || !_tokens.IsAging(token))
            return token;
        await _tokens.RefreshAsync(request, token, cancel);
        return _tokens.TryGetCached(request.Key, after: DateTimeOffset.MinValue) ?? token;
    }

    /// <summary>As <see cref="GetOrRenewAsync"/> or <see cref="GetAsync"/>, for the command of one feed.</summary>
    /// <exception cref="CommandFailedException">There is no token; the message names the domain.</exception>
    public async Task<AuthorizationToken> RequireAsync(TokenRequest request, bool renewIfAging, CancellationToken cancel)
    {
        terminal.Progress($"{request.Feed.DomainName}: getting a token");
        try
        {
            return renewIfAging ? await GetOrRenewAsync(request, cancel) : await GetAsync(request, cancel);
        }
        catch (NoTokenException e)
        {
            throw new CommandFailedException(e.Describe(request.Feed.DomainName));
        }
        finally
        {
            terminal.Progress("");
        }
    }

    /// <summary>Empty for a token from outside, whose expiration is unknown.</summary>
    public static string ValidUntil(AuthorizationToken token) => token.Expires == DateTimeOffset.MaxValue ? ""
        : $", valid until {token.Expires:u}";
}
