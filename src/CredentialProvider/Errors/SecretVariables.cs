using System.Text;

namespace CredentialProvider.Errors;

/// <summary>
/// The values of environment variables that are named like secrets. NuGet expands variables in the URLs of
/// nuget.config, so a cloned repository could otherwise have them printed.
/// </summary>
internal static class SecretVariables
{
    /// <summary>In characters. Shorter values would hide parts of words.</summary>
    private const int MinLength = 8;

    /// <summary>In characters, of what .NET Framework escapes.</summary>
    private const int MaxEscapedLength = 32_000;

    private static string[]? _values;

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
        {
            var (name, value) = ((string)variable.Key, (string?)variable.Value ?? "");
            if (Redaction.IsSecretName(name) && IsSecret(value))
            {
                values.Add(value);
                if (value.Length <= MaxEscapedLength)
                    values.Add(Uri.EscapeDataString(value));
            }
        }

        return [.. values.Distinct()];
    }

    /// <summary>Not a word, such as <c>production</c>, and not a path, as PWD and the path of a key are.</summary>
    private static bool IsSecret(string value) =>
        value.Length >= MinLength && !value.All(c => c is >= 'a' and <= 'z')
        && !(Path.IsPathRooted(value) && (File.Exists(value) || Directory.Exists(value)));
}
