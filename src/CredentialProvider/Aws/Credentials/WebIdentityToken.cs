using System.Text.Json;
using CredentialProvider.Configuration;
using CredentialProvider.Errors;
using CredentialProvider.Platform;

namespace CredentialProvider.Aws.Credentials;

/// <summary>A web identity token (a JWT), read or requested anew for each session: platforms renew their files, and CI
/// systems issue tokens that live for minutes. STS verifies it. Its claims are not secret; messages show them if STS
/// refuses it.</summary>
internal sealed record WebIdentityToken(WebIdentityOrigin Origin, Secret Text)
{
    /// <summary>In characters. STS accepts no longer token.</summary>
    private const int MaxLength = 20_000;

    /// <summary>In characters, of each claim in a message.</summary>
    private const int MaxClaim = 130;

    private readonly Lazy<JsonElement?> _payload = new(() => ReadPayload(Text.Reveal()));

    /// <summary>What IAM compares, for messages.</summary>
    public string Claims => $"subject '{Find("sub")}', issuer '{Find("iss")}' and audience '{Find("aud")}'";

    /// <exception cref="NoTokenException">There is no token.</exception>
    /// <exception cref="AwsCallException">The CI system cannot be reached.</exception>
    public static async Task<WebIdentityToken> GetAsync(WebIdentityOrigin origin, Settings settings) =>
        new(origin, new Secret(origin.Kind switch
    {
        WebIdentityOrigin.File => ReadFile(origin.Name!, origin.Place),
        WebIdentityOrigin.Variable => origin.Secret!.Reveal(),
        WebIdentityOrigin.Buildkite => await RunAgentAsync(origin.Audience!),
        _ => await JobTokenRequest.SendAsync(origin, settings),
    }));

    /// <summary>The options of <c>policy</c> that print a trust policy for this token. Null if a claim is missing,
    /// is a pattern in a policy, or cannot be printed unchanged: the policy would trust something else.</summary>
    public string? PolicyOptions => FindExact("iss") is not { } issuer || FindExact("sub") is not { } subject
        || FindExact("aud") is not { } audience ? null
        : $" --oidc {ShellText.Quote(issuer)} --subject {ShellText.Quote(subject)}"
            + (audience == WebIdentityOrigin.DefaultAudience ? "" : $" --audience {ShellText.Quote(audience)}");

    /// <summary>What makes STS accept the token.</summary>
    public string FixFor(AwsFailure failure, string roleArn)
    {
        bool Says(string text) => failure.Detail.Contains(text, StringComparison.OrdinalIgnoreCase);
        var account = roleArn.Split(':') is [_, _, _, _, var number, ..] ? number : "the role";
        return failure.Kind switch
        {
            FailureKind.WebIdentityExpired => Origin.Kind switch
            {
                WebIdentityOrigin.File => $"check what renews {Origin.Name}",
                WebIdentityOrigin.Variable => $"rerun the job, and restore earlier in it: the token in {Origin.Name} "
                    + $"is valid for {Lifetime()}",
                _ => "rerun the job: its CI system issued a token that has already expired",
            },
            _ when Says("audience") => $"add the audience '{Find("aud")}' to the IAM identity provider for {Find("iss")} in "
                + $"account {account}"
                + (Origin.Audience is null ? "" : ", or set CODEARTIFACT_WEB_IDENTITY_AUDIENCE to one that it has"),
            _ when Says("No OpenIDConnect provider") => $"create an IAM identity provider for {Find("iss")} with the "
                + $"audience '{Find("aud")}' in account {account}",
            _ when Says("verification key") || failure.Transient is not null =>
                $"make {Find("iss")}/.well-known/openid-configuration, and the keys that it lists, reachable from the internet",
            _ => $"check the IAM identity provider for {Find("iss")} in account {account}, and that {Origin.Place} names the "
                + "right token",
        };
    }

    private static string ReadFile(string file, string place)
    {
        NoTokenException Unusable(string why) => new(ErrorCode.NoCredentials,
            $"the web identity token file {file} ({place}) {why}", $"correct {place}");
        if (RegularFile.IsSpecial(file))
            throw Unusable("is not a regular file");
        if (!File.Exists(file))
            throw Unusable("does not exist");
        try
        {
            using var reader = new StreamReader(file);
            var text = new char[MaxLength + 1];
            var length = reader.ReadBlock(text, 0, text.Length);
            return length > MaxLength ? throw Unusable($"has more than {MaxLength} characters")
                : new string(text, 0, length).Trim() is { Length: > 0 } token ? token
                : throw Unusable("is empty");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unusable($"cannot be read: {e.Message}");
        }
    }

    /// <summary>https://buildkite.com/docs/agent/v3/cli-oidc</summary>
    private static async Task<string> RunAgentAsync(string audience)
    {
        const string Program = "buildkite-agent";
        NoTokenException Failed(string why, string fix) =>
            new(ErrorCode.NoCredentials, $"{Program} returned no OIDC token: {why}", fix);
        string[] arguments = ["oidc", "request-token", "--audience", audience];
        var output = await ChildProgram.RunAsync(
            Program, ProcessArguments.Join(arguments), TimeSpan.FromSeconds(30), Failed);
        return output.Trim() is { Length: > 0 and <= MaxLength } token ? token
            : throw Failed("its output is empty or too long",
                $"run it by hand: {Program} oidc request-token --audience {ShellText.Quote(audience)}");
    }

    private string Lifetime() => FindTime("exp") - (FindTime("iat") ?? FindTime("nbf")) is > 0 and < 1e6 and var seconds
        ? $"{seconds / 60:0} minutes" : "a short time";

    private string Find(string claim)
    {
        try
        {
            return FindValue(claim) is not { } value ? "unknown" : PrintableText.Of(
                value.ValueKind == JsonValueKind.Array ? string.Join(", ", value.EnumerateArray()) : value.ToString(), MaxClaim);
        }
        catch (InvalidOperationException)
        {
            return "unreadable"; // half of a surrogate pair, or not UTF-8
        }
    }

    /// <returns>Null for what is not one text, is no longer the same when it is printed, or means something else in a
    /// policy, such as any text.</returns>
    private string? FindExact(string claim)
    {
        try
        {
            var value = FindValue(claim);
            if (value is { ValueKind: JsonValueKind.Array } list && list.GetArrayLength() == 1)
                value = list[0];
            var text = value?.ValueKind == JsonValueKind.String ? value.Value.GetString() : null;
            return text is not null && PrintableText.Of(text) == text && !HasPattern(text) ? text : null;
        }
        catch (InvalidOperationException)
        {
            return null; // half of a surrogate pair, or not UTF-8
        }
    }

    /// <summary>True for wildcards and policy variables of IAM.</summary>
    private static bool HasPattern(string text) =>
        text.IndexOfAny(['*', '?']) >= 0 || text.Contains("${", StringComparison.Ordinal);

    private double? FindTime(string claim) => FindValue(claim) is { ValueKind: JsonValueKind.Number } value
        && value.TryGetDouble(out var time) ? time : null;

    private JsonElement? FindValue(string claim) =>
        _payload.Value is { } payload && payload.TryGetProperty(claim, out var value) ? value : null;

    /// <returns>Null if the token is not a JWT.</returns>
    private static JsonElement? ReadPayload(string token)
    {
        try
        {
            using var json = JsonDocument.Parse(Base64UrlText.Decode(token.Split('.') is [_, var payload, _] ? payload : ""));
            return json.RootElement.ValueKind == JsonValueKind.Object ? json.RootElement.Clone() : null;
        }
        catch (Exception e) when (e is JsonException or FormatException)
        {
            return null;
        }
    }
}
