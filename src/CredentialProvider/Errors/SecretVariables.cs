namespace CredentialProvider.Errors;

/// <summary>
/// The values of environment variables that are named like secrets. NuGet puts variables into the URLs of nuget.config, so
/// that of a cloned repository could otherwise have them printed.
/// </summary>
internal static class SecretVariables
{
    /// <summary>In characters. Shorter values would hide parts of words.</summary>
    private const int MinLength = 8;

    private static string[]? _values;

    /// <summary>Replaces the values in a text.</summary>
    public static string Hide(string text, string mark)
    {
        foreach (var value in _values ??= Read())
            text = text.Replace(value, mark);
        return text;
    }

    private static string[] Read()
    {
        var values = new List<string>();
        foreach (System.Collections.DictionaryEntry variable in Environment.GetEnvironmentVariables())
        {
            if (Redaction.IsSecretName((string)variable.Key) && IsSecret((string?)variable.Value ?? ""))
                values.Add((string)variable.Value!);
        }

        return [.. values];
    }

    /// <summary>Not a word, such as <c>production</c>, and not a path, as PWD and the path of a key are.</summary>
    private static bool IsSecret(string value) =>
        value.Length >= MinLength && !value.All(c => c is >= 'a' and <= 'z')
        && !(Path.IsPathRooted(value) && (File.Exists(value) || Directory.Exists(value)));
}
