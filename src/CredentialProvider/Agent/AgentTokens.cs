using CredentialProvider.Configuration;
using CredentialProvider.Errors;
using CredentialProvider.Feeds;
using CredentialProvider.Tokens;

namespace CredentialProvider.Agent;

/// <summary>An agent's tokens. Clients can ask for any domain, and for a newer token as often as they like: so the
/// domains in memory are limited, and the calls to AWS in a minute.</summary>
/// <param name="fetch">Asks AWS.</param>
internal sealed class AgentTokens(Settings settings, TimeProvider time,
    Func<TokenRequest, UserPrompt?, CancellationToken, Task<AuthorizationToken>> fetch)
{
    public const int MaxDomains = 100, MaxCalls = 100, MaxCallsForDomain = 10;

    private readonly Dictionary<string, Domain> _domains = [];
    private readonly CallLimit _calls = new(time, MaxCalls);

    /// <summary>The tokens of a feed's domain. The one that was not used for longest makes room for another; its token
    /// is still on disk.</summary>
    public TokenSource For(Feed feed)
    {
        lock (_domains)
        {
            if (!_domains.TryGetValue(feed.DomainName, out var domain))
            {
                if (_domains.Count == MaxDomains)
                    _domains.Remove(_domains.OrderBy(other => other.Value.LastUsed).First().Key);
                _domains[feed.DomainName] = domain = new Domain(CreateSource());
            }

            domain.LastUsed = time.GetTimestamp();
            return domain.Tokens;
        }
    }

    private TokenSource CreateSource()
    {
        var calls = new CallLimit(time, MaxCallsForDomain);
        return new TokenSource(new TokenCache(settings.CacheFolder), time, (request, prompt, cancel) =>
            calls.TryTake() && _calls.TryTake() ? fetch(request, prompt, cancel)
            : throw new NoTokenException(ErrorCode.Throttled,
                $"the agent has reached its limit of {MaxCallsForDomain} calls to AWS a minute for a domain, or {MaxCalls} in all",
                "retry in a minute; the agent's log shows which client asks so often"));
    }

    private sealed class Domain(TokenSource tokens)
    {
        public TokenSource Tokens => tokens;

        /// <summary>A timestamp.</summary>
        public long LastUsed { get; set; }
    }

    /// <summary>A number of calls a minute.</summary>
    private sealed class CallLimit(TimeProvider time, int calls)
    {
        private static readonly TimeSpan Period = TimeSpan.FromMinutes(1);

        private readonly object _counting = new();
        private long _since = time.GetTimestamp();
        private int _taken;

        public bool TryTake()
        {
            lock (_counting)
            {
                if (time.GetElapsedTime(_since) >= Period)
                    (_since, _taken) = (time.GetTimestamp(), 0);
                if (_taken >= calls)
                    return false;
                _taken++;
                return true;
            }
        }
    }
}
