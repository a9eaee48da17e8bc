using System.Text;

namespace CredentialProvider.FastStart;

/// <summary>Writes JSON strings.</summary>
internal static class JsonString
{
    /// <summary>A JSON string with its quotes, in pure ASCII (RFC 8259, section 7).</summary>
    public static string Quote(string value)
    {
        // Tokens and URLs need no escapes.
        if (IsPlain(value))
            return $"\"{value}\"";
        var text = new StringBuilder(value.Length + 2).Append('"');
        foreach (var c in value)
        {
            if (c is '"' or '\\')
                text.Append('\\').Append(c);
            else if (c is < ' ' or > '~')
                text.Append("\\u").Append(((int)c).ToString("x4"));
            else
                text.Append(c);
        }

        return text.Append('"').ToString();
    }

    private static bool IsPlain(string value)
    {
        foreach (var c in value)
        {
            if (c is < ' ' or > '~' or '"' or '\\')
                return false;
        }

        return true;
    }
}
