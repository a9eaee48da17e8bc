using CredentialProvider.Feeds;
using CredentialProvider.Tokens;

namespace CredentialProvider.Tests.Tokens;

internal static class Examples
{
    public static readonly DateTimeOffset Noon = new(2026, 11, 24, 12, 0, 0, TimeSpan.Zero);

    public static readonly Feed App = new("contoso", "111122223333", "us-east-1", "app");

    public static readonly Settings Plain = SettingsFromVariables.From(("AWS_CONFIG_FILE", "/none"), ("AWS_SHARED_CREDENTIALS_FILE", "/none"));

    public static readonly TokenKey Key = TokenKey.For(App, Plain);

    /// <summary>A token that was obtained at <see cref="Noon"/> and lives for 12 hours, unless said otherwise.</summary>
    public static AuthorizationToken Token(string text = "token", double obtained = 0, double life = 12) =>
        new(new Secret(text), Noon.AddHours(obtained), Noon.AddHours(obtained + life));
}
