using System.Globalization;
using System.Text;
using System.Text.Json;
using CredentialProvider.FastStart;

namespace CredentialProvider.Configuration;

/// <summary>Sets and removes keys of <c>defaults</c> in the text of a configuration file. Everything else stays:
/// comments, order, white space.</summary>
internal static class ConfigurationEditor
{
    private static readonly JsonReaderOptions Lenient = new()
    {
        CommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
    };

    /// <param name="json">The file's bytes; empty for a new file.</param>
    /// <param name="value">Null removes the key.</param>
    public static byte[] Set(byte[] json, string key, string? value)
    {
        if (json.AsSpan().StartsWith("\uFEFF"u8))
            return [.. "\uFEFF"u8, .. Set([.. json.Skip(3)], key, value)];
        var text = json.Length > 0 ? json : "{\n}\n"u8.ToArray();
        var place = Find(text, key);
        if (value is null)
            return place.Member is var (start, end) ? Remove(text, start, end) : text;
        var written = Encoding.UTF8.GetBytes(ToJson(key, value));
        if (place.Value is var (valueStart, valueEnd))
            return Splice(text, valueStart, valueEnd, written);
        byte[] member = [.. Encoding.UTF8.GetBytes($"\"{key}\": "), .. written];
        if (place.Defaults is not { } inside)
            return Splice(text, place.Root, place.Root,
                [.. "\n  \"defaults\": { "u8, .. member, .. " }"u8, .. place.RootIsEmpty ? ""u8 : ","u8]);
        return Splice(text, inside, inside, [.. " "u8, .. member, .. place.DefaultsIsEmpty ? " "u8 : ","u8]);
    }

    /// <summary>Roles are an array, tags an object, a duration is a number and a scope can be true or false; everything else is
    /// a string.</summary>
    private static string ToJson(string key, string value) => key switch
    {
        "duration" when int.TryParse(value, out var seconds) => seconds.ToString(CultureInfo.InvariantCulture),
        "roles" => $"[{string.Join(", ", value.Split(',').Select(role => JsonString.Quote(role.Trim())))}]",
        "scope" when value is "true" or "false" => value,
        "tags" => $"{{ {string.Join(", ", value.Split(',').Select(TagToJson))} }}",
        _ => JsonString.Quote(value),
    };

    private static string TagToJson(string tag) => tag.IndexOf('=') is > 0 and var at
        ? $"{JsonString.Quote(tag[..at].Trim())}: {JsonString.Quote(tag[(at + 1)..].Trim())}" : $"{JsonString.Quote(tag.Trim())}: \"\"";

    /// <summary>Where to edit.</summary>
    private sealed record Place(int Root, bool RootIsEmpty, int? Defaults, bool DefaultsIsEmpty,
        (int Start, int End)? Member, (int Start, int End)? Value);

    /// <summary>Byte offsets: after the opening braces of the file and of its defaults, and around the key.</summary>
    private static Place Find(byte[] text, string key)
    {
        var reader = new Utf8JsonReader(text, Lenient);
        reader.Read();
        var place = new Place((int)reader.BytesConsumed, RootIsEmpty: true, null, DefaultsIsEmpty: true, null, null);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            place = place with { RootIsEmpty = false };
            var isDefaults = reader.ValueTextEquals("defaults");
            reader.Read();
            if (!isDefaults || reader.TokenType != JsonTokenType.StartObject)
            {
                reader.Skip();
                continue;
            }

            place = place with { Defaults = (int)reader.BytesConsumed };
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                place = place with { DefaultsIsEmpty = false };
                var (isKey, member) = (reader.ValueTextEquals(key), (int)reader.TokenStartIndex);
                reader.Read();
                var value = (int)reader.TokenStartIndex;
                reader.Skip();
                if (isKey)
                {
                    var end = (int)reader.BytesConsumed;
                    place = place with { Member = (member, end), Value = (value, end) };
                }
            }
        }

        return place;
    }

    /// <summary>Removes the member and the comma after it. A comma before it becomes a trailing comma, which the file may
    /// have.</summary>
    private static byte[] Remove(byte[] text, int start, int end)
    {
        var next = end;
        while (next < text.Length && text[next] is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n')
            next++;
        if (next < text.Length && text[next] == ',')
            end = next + 1;
        while (start > 0 && text[start - 1] == ' ')
            start--;
        return Splice(text, start, end, []);
    }

    private static byte[] Splice(byte[] text, int start, int end, byte[] middle) =>
        [.. text.Take(start), .. middle, .. text.Skip(end)];
}
