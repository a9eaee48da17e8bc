using CredentialProvider.Configuration;
using CredentialProvider.Errors;
using CredentialProvider.Tokens;

namespace CredentialProvider.Agent;

/// <summary>
/// Tokens of the agent that CODEARTIFACT_AGENT names or, if there is none or it cannot be asked, of AWS. A token of the
/// agent has a key of its own, because its principal is not that of this process.
/// </summary>
internal static class AgentOrAws
{
    /// <param name="fetch">Asks AWS.</param>
    public static TokenSource CreateSource(Settings settings, TimeProvider time,
        Func<TokenRequest, UserPrompt?, CancellationToken, Task<AuthorizationToken>> fetch) =>
        new(new TokenCache(settings.CacheFolder), time, (request, after, prompt, cancel) => request.Agent is { } socket
            ? AgentClient.FetchAsync(socket, request.Feed, after, prompt, time, cancel)
            : fetch(request, prompt, cancel));

    /// <inheritdoc cref="TokenSource.GetAsync"/>
    /// <param name="warn">Receives one line if the agent cannot be asked, and its failure.</param>
    public static async Task<AuthorizationToken> GetAsync(TokenSource tokens, TokenRequest request,
        DateTimeOffset after, UserPrompt? prompt, Action<string, NoTokenException> warn, CancellationToken cancel)
    {
        try
        {
            return await tokens.GetAsync(request, after, prompt, cancel);
        }
        catch (NoTokenException e) when (e.Code == ErrorCode.NoAgent)
        {
            warn($"{e.Code}: no agent for {request.Feed.DomainName}, using AWS credentials: {e.Message}", e);
            return await tokens.GetAsync(request.WithoutAgent(), after, prompt, cancel);
        }
    }
}
