using CredentialProvider.Configuration;
using CredentialProvider.Errors;
using CredentialProvider.Feeds;
using CredentialProvider.Tokens;

namespace CredentialProvider.Tests.Tokens;

/// <summary>A feed, its request and tokens, for tests.</summary>
internal static class Examples
{
    public static readonly DateTimeOffset Noon = new(2026, 11, 24, 12, 0, 0, TimeSpan.Zero);

    public static readonly Feed App = new("contoso", "111122223333", "us-east-1", "app");

    public static readonly Settings DefaultSettings = SettingsFromVariables.From(
        ("AWS_CONFIG_FILE", "/none"), ("AWS_SHARED_CREDENTIALS_FILE", "/none"), ("CODEARTIFACT_CACHE", "off"));

    public static readonly TokenRequest AppRequest = TokenRequest.For(App, DefaultSettings);

    public static readonly TokenKey Key = AppRequest.Key;

    /// <summary>A token that was obtained at <see cref="Noon"/> and is valid for 12 hours.</summary>
    /// <param name="obtained">Hours after noon.</param>
    /// <param name="life">Hours.</param>
    public static AuthorizationToken Token(string text = "token", double obtained = 0, double life = 12) =>
        new(new Secret(text), Noon.AddHours(obtained), Noon.AddHours(obtained + life));

    /// <summary>The right to fetch, as another process would have it.</summary>
    public static TokenCache.FetchLock Take(TokenCache cache, TokenKey key, int number = 0)
    {
        var taken = cache.CreateLock(key, number);
        Assert.True(taken.TryTake());
        return taken;
    }
}
