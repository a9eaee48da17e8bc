using CredentialProvider.Errors;
using CredentialProvider.FastStart;
using CredentialProvider.Platform;

namespace CredentialProvider.Configuration;

/// <summary>Where the token of a web identity comes from: what CODEARTIFACT_WEB_IDENTITY says, with the variables of the
/// CI system that it names, or the file in AWS's own settings.</summary>
/// <param name="Kind">One of the constants.</param>
/// <param name="Name">What follows the colon: a variable, the path of a file, or the ID of a service connection; null for
/// nothing.</param>
internal sealed record WebIdentityOrigin(string Kind, string? Name = null)
{
    public const string GitHub = "github", AzurePipelines = "azure-pipelines", Buildkite = "buildkite", Variable = "env",
        File = "file";

    public const string Setting = "CODEARTIFACT_WEB_IDENTITY";

    /// <summary>What STS expects in the aud of a token, unless IAM's identity provider has another audience.</summary>
    public const string DefaultAudience = "sts.amazonaws.com";

    private const string AudienceSetting = "CODEARTIFACT_WEB_IDENTITY_AUDIENCE";

    private static readonly string[] Kinds = [GitHub, AzurePipelines, Buildkite, Variable, File];

    /// <summary>The setting that names it.</summary>
    public string Place { get; init; } = Setting;

    /// <summary>What tells apart principals that have the same role: a hash that is different in each job. It contains no
    /// secret.</summary>
    public string Key { get; private init; } = "";

    /// <summary>Where the CI system issues tokens, as it told the job; https. Null if no URL is asked.</summary>
    public string? Url { get; private init; }

    /// <summary>What the request to <see cref="Url"/> is authorized with; for a variable, the token itself.</summary>
    public Secret? Secret { get; private init; }

    /// <summary>The audience that is asked for; null if the CI system alone decides it.</summary>
    public string? Audience { get; private init; }

    public override string ToString() => Name is null ? Kind : $"{Kind}:{Name}";

    /// <summary>What CODEARTIFACT_WEB_IDENTITY says.</summary>
    /// <param name="variable">Reads the environment; null for a variable that is unset or blank.</param>
    /// <returns>Null if it is unset.</returns>
    /// <exception cref="NoTokenException">It cannot be used, or the CI system does not provide what it needs.</exception>
    public static WebIdentityOrigin? From(Func<string, string?> variable)
    {
        if (variable(Setting) is not { } text)
            return null;
        var colon = AsciiText.IndexOf(text, ':');
        var (kind, name) = colon < 0 ? (text, null) : (text[..colon], text[(colon + 1)..]);
        var audience = variable(AudienceSetting);
        var origin = (kind, name) switch
        {
            (GitHub, null) => FromGitHub(variable, audience ?? DefaultAudience),
            (AzurePipelines, _) when name is null || IsWord(name, '-') => FromAzurePipelines(variable, name),
            (Buildkite, null) => FromBuildkite(variable, audience ?? DefaultAudience),
            (Variable, { Length: > 0 }) when IsWord(name, '_') => FromVariable(variable, name),
            (File, { Length: > 0 }) when KnownPaths.Absolute(name) is not null => OfFile(name),
            _ => throw Invalid($"{Setting} is '{text}'", SuggestFor(kind)),
        };
        if (audience is not null && origin.Audience is null)
        {
            throw Invalid($"{AudienceSetting} is set, but the audience of a token from '{text}' cannot be chosen",
                $"unset {AudienceSetting}");
        }

        return origin;
    }

    /// <summary>A file, which the platform renews. Jobs of one machine may have different tokens at the same path.</summary>
    /// <param name="place">The setting that names it.</param>
    public static WebIdentityOrigin OfFile(string path, string place = Setting) =>
        new WebIdentityOrigin(File, path) { Place = place }.OfJob(RegularFile.TryHashToken(path) ?? "");

    private static WebIdentityOrigin FromGitHub(Func<string, string?> variable, string audience)
    {
        const string Url = "ACTIONS_ID_TOKEN_REQUEST_URL", Token = "ACTIONS_ID_TOKEN_REQUEST_TOKEN";
        if (variable(Url) is not { } url || variable(Token) is not { } token)
        {
            throw Missing($"{Setting} is {GitHub}, but {Url} and {Token} are not set; only jobs that may request ID tokens "
                + "have them",
                "give the job 'permissions: id-token: write'; pass both variables on to a container that the job starts");
        }

        return new WebIdentityOrigin(GitHub)
        {
            Url = RequireHttps(url, Url),
            Secret = RequireHeaderValue(token, Token),
            Audience = audience,
        }.OfJob(token);
    }

    private static WebIdentityOrigin FromAzurePipelines(Func<string, string?> variable, string? serviceConnection)
    {
        const string Url = "SYSTEM_OIDCREQUESTURI", Token = "SYSTEM_ACCESSTOKEN";
        if (variable(Url) is not { } url)
        {
            throw Missing($"{Setting} is {AzurePipelines}, but {Url} is not set; every job of Azure Pipelines has it",
                $"pass {Url} and {Token} on to a container that the job starts; elsewhere, unset {Setting}");
        }

        if (variable(Token) is not { } token)
        {
            throw Missing($"{Setting} is {AzurePipelines}, but {Token} is not set; only steps that map it have it",
                $"map {Token} to $(System.AccessToken) in the env of the step");
        }

        return new WebIdentityOrigin(AzurePipelines, serviceConnection)
        {
            Url = RequireHttps(url, Url),
            Secret = RequireHeaderValue(token, Token),
        }.OfJob(token);
    }

    private static WebIdentityOrigin FromBuildkite(Func<string, string?> variable, string audience)
    {
        const string Job = "BUILDKITE_JOB_ID";
        return variable(Job) is { } job
            ? new WebIdentityOrigin(Buildkite) { Audience = audience }.OfJob(job)
            : throw Missing($"{Setting} is {Buildkite}, but {Job} is not set; every job of Buildkite has it",
                $"pass the BUILDKITE variables on to a container that the job starts; elsewhere, unset {Setting}");
    }

    private static WebIdentityOrigin FromVariable(Func<string, string?> variable, string name) =>
        variable(name) is { } token
            ? new WebIdentityOrigin(Variable, name) { Secret = new Secret(token) }.OfJob(token)
            : throw Missing($"{Setting} is {Variable}:{name}, but {name} is not set",
                $"GitLab: declare {name} under id_tokens of the job, with aud {DefaultAudience}; Bitbucket: add 'oidc: true' "
                    + "to the step and use BITBUCKET_STEP_OIDC_TOKEN; CircleCI: use CIRCLE_OIDC_TOKEN_V2");

    /// <param name="job">Differs between jobs.</param>
    private WebIdentityOrigin OfJob(string job) => this with { Key = $"{this} of job {Fnv1a.Hash(job)}" };

    /// <summary>The request has a secret, so only TLS will do.</summary>
    private static string RequireHttps(string url, string name) => url.StartsWith("https://", StringComparison.Ordinal) ? url
        : throw Invalid($"{name} is not an https URL", $"leave {name} as the CI system sets it");

    /// <summary>A line break would end the header and start another.</summary>
    private static Secret RequireHeaderValue(string token, string name) =>
        AsciiText.IsHeaderValue(token) ? new Secret(token) : throw Invalid(
            $"{name} contains a line break or another character that is not valid in a header", $"set {name} again");

    private static string SuggestFor(string kind)
    {
        if (kind is "gitlab" or "bitbucket" or "circleci")
            return "use env:NAME with the variable that has the job's ID token";
        return Spelling.FindNearest(kind, Kinds) is { } near && near != kind ? $"did you mean '{near}'?"
            : "expected github, azure-pipelines, azure-pipelines:SERVICE_CONNECTION_ID, buildkite, env:NAME or "
                + "file:/PATH";
    }

    private static bool IsWord(string text, char extra)
    {
        foreach (var c in text)
        {
            if (c != extra && !AsciiText.IsLetterOrDigit(c))
                return false;
        }

        return text.Length > 0;
    }

    private static NoTokenException Missing(string why, string fix) => new(ErrorCode.NoCredentials, why, fix);

    private static NoTokenException Invalid(string why, string fix) => new(ErrorCode.Setting, why, fix);
}
