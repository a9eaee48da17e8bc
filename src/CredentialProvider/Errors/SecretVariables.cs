using System.Text;

namespace CredentialProvider.Errors;

/// <summary>
/// Environment variables that are named like secrets, or are known to have some. NuGet expands variables in the URLs of
/// nuget.config, so a cloned repository could otherwise have their values printed.
/// </summary>
internal static class SecretVariables
{
    /// <summary>In characters. Shorter values would hide parts of words.</summary>
    private const int MinLength = 8;

    /// <summary>In characters. A value of lower-case letters alone is hidden if it is longer than most words.</summary>
    private const int MinWordLength = 16;

    /// <summary>In characters, of what .NET Framework escapes.</summary>
    private const int MaxEscapedLength = 32_000;

    /// <summary>Credentials of container agents and of NuGet's other plugins.</summary>
    private static readonly string[] OtherNames =
    [
        "DOCKER_AUTH_CONFIG", "VSS_NUGET_EXTERNAL_FEED_ENDPOINTS",
        "ARTIFACTS_CREDENTIALPROVIDER_EXTERNAL_FEED_ENDPOINTS",
    ];

    /// <summary>A process that knows the path gets the credentials of an ECS task. The host is no secret.</summary>
    private static readonly string[] UrlNames =
        ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"];

    /// <summary>Followed by the name of a source.</summary>
    private const string SourceCredentials = "NuGetPackageSourceCredentials_";

    private static string[]? _values;

    /// <summary>True for a variable that another user should not get: a secret, a part of the credentials of which
    /// another variable is the secret, or a proxy with a password.</summary>
    public static bool MayNotBeShared(string name, string value)
    {
        const StringComparison AnyCase = StringComparison.OrdinalIgnoreCase;
        return (IsName(name) || IsOneOf(name, UrlNames) || name.Equals("AWS_ACCESS_KEY_ID", AnyCase)
            || (name.EndsWith("_PROXY", AnyCase) && value.Contains('@'))) && !IsPath(value);
    }

    /// <summary>Replaces the values in a text.</summary>
    public static string Hide(string text, string mark)
    {
        foreach (var value in _values ??= Read())
            text = Replace(text, value, mark);
        return text;
    }

    /// <summary>In any case, as a host is in lower case in a URL.</summary>
    private static string Replace(string text, string value, string mark)
    {
        var result = new StringBuilder();
        var copied = 0;
        for (int at; (at = text.IndexOf(value, copied, StringComparison.OrdinalIgnoreCase)) >= 0; copied = at + value.Length)
            result.Append(text, copied, at - copied).Append(mark);
        return copied == 0 ? text : result.Append(text, copied, text.Length - copied).ToString();
    }

    private static string[] Read()
    {
        var values = new List<string>();
        foreach (System.Collections.DictionaryEntry variable in Environment.GetEnvironmentVariables())
            values.AddRange(ValuesOf((string)variable.Key, (string?)variable.Value ?? ""));
        return [.. values.Distinct()];
    }

    /// <summary>What is hidden because of a variable.</summary>
    internal static IEnumerable<string> ValuesOf(string name, string value)
    {
        var secret = IsName(name) ? value : IsOneOf(name, UrlNames) ? PathOf(value) : "";
        if (!IsSecret(secret))
            yield break;
        yield return secret;
        if (secret.Length <= MaxEscapedLength)
            yield return Uri.EscapeDataString(secret);
    }

    private static bool IsName(string name) => Redaction.IsSecretName(name) || IsOneOf(name, OtherNames)
        || name.StartsWith(SourceCredentials, StringComparison.OrdinalIgnoreCase);

    private static bool IsOneOf(string name, string[] names) =>
        Array.Exists(names, known => name.Equals(known, StringComparison.OrdinalIgnoreCase));

    /// <summary>With the query. Empty for one that is the same for all, such as <c>/v1/credentials</c>.</summary>
    private static string PathOf(string url)
    {
        var start = url.IndexOf("://", StringComparison.Ordinal) is >= 0 and var scheme ? scheme + "://".Length : 0;
        return url.IndexOfAny(['/', '?'], start) is >= 0 and var path && IsSecret(url[(url.LastIndexOf('/') + 1)..])
            ? url[path..] : "";
    }

    /// <summary>Not a word, such as <c>production</c>, and not a path, as PWD and the path of a key are.</summary>
    private static bool IsSecret(string value) => value.Length >= MinLength
        && (value.Length >= MinWordLength || !value.All(c => c is >= 'a' and <= 'z')) && !IsPath(value);

    private static bool IsPath(string value) =>
        Path.IsPathRooted(value) && (File.Exists(value) || Directory.Exists(value));
}
