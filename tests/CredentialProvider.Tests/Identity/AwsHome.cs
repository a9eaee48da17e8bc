using CredentialProvider.Configuration;
using CredentialProvider.Feeds;
using CredentialProvider.Identity;
using CredentialProvider.Tokens;

namespace CredentialProvider.Tests.Identity;

/// <summary>A home directory with AWS's shared files, and an environment.</summary>
internal sealed class AwsHome : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    /// <param name="config">Null for no file.</param>
    /// <param name="credentials">Null for no file.</param>
    public AwsHome(string? config = null, string? credentials = null)
    {
        Variables["HOME"] = _folder.Path;
        Variables["AWS_CONFIG_FILE"] = Path.Combine(_folder.Path, "config");
        Variables["AWS_SHARED_CREDENTIALS_FILE"] = Path.Combine(_folder.Path, "credentials");
        if (config is not null)
            File.WriteAllText(Variables["AWS_CONFIG_FILE"], config);
        if (credentials is not null)
            File.WriteAllText(Variables["AWS_SHARED_CREDENTIALS_FILE"], credentials);
    }

    public Dictionary<string, string> Variables { get; } = [];

    public string Folder => _folder.Path;

    /// <summary>Read anew each time: the files and variables may have changed.</summary>
    public Settings Settings => Settings.From(Variables.GetValueOrDefault);

    public TokenRequest Request => TokenRequest.For(Feed, Settings);

    public SigningIdentity Identity => SigningIdentity.Resolve(FeedSettings.For(Feed, Settings), Settings);

    public IReadOnlyList<ConsideredSource> Considered => SigningIdentity.Explain(FeedSettings.For(Feed, Settings), Settings);

    public TokenKey Key => Request.Key;

    private static Feed Feed { get; } = new("contoso", "111122223333", "us-east-1", "app");

    /// <summary>Sets variables from text like <c>A=1 B=2</c>.</summary>
    public AwsHome With(string variables)
    {
        foreach (var variable in variables.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            Variables[variable[..variable.IndexOf('=', StringComparison.Ordinal)]] = variable[(variable.IndexOf('=', StringComparison.Ordinal) + 1)..];
        return this;
    }

    /// <summary>The principal in one line, or the error.</summary>
    public string Principal => Identity is { Source: { } source } ? Describe(source) : $"error {Identity.Failure!.Code} {Identity.Failure.Message}";

    public static string Describe(CredentialSource source) => source switch
    {
        AccessKeySource key => $"key {key.AccessKeyId} {key.SecretAccessKey.Reveal()} {key.SessionToken?.Reveal() ?? "None"}",
        RoleSource role => $"role {role.Role.Arn} {role.Role.ExternalId ?? "None"} {role.Role.SessionName ?? "None"} <- {Describe(role.Source)}",
        WebIdentitySource web => $"web identity {web.Role.Arn} {(web.Origin.Kind == WebIdentityOrigin.File ? web.Origin.Name : web.Origin)} {web.Role.SessionName ?? "None"}",
        SsoSource sso => $"sso {sso.StartUrl} {sso.Region} {sso.AccountId}/{sso.RoleName}",
        LoginSource login => $"login {login.Session}",
        ProcessSource process => $"process {process.Command.Value}",
        ContainerSource container => $"container {container.Uri.Replace("http://169.254.170.2/", "/", StringComparison.Ordinal)}",
        InstanceRoleSource => "instance role",
        _ => throw new ArgumentOutOfRangeException(nameof(source)),
    };

    public void Dispose() => _folder.Dispose();
}
