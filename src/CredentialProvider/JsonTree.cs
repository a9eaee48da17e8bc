using System.Text;
using System.Text.Json;

namespace CredentialProvider;

/// <summary>A JSON value that knows where it stands, which System.Text.Json's own documents do not.</summary>
/// <param name="Text">Of a text, a number, true, false and null.</param>
/// <param name="Start">Its first byte in the file.</param>
/// <param name="End">The byte behind it.</param>
internal sealed record JsonTree(
    JsonTokenType Kind, string Text, int Start, int End, List<(string Key, int At, JsonTree Value)> Members, List<JsonTree> Items)
{
    private static readonly JsonReaderOptions Format = new()
    {
        CommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
        MaxDepth = 16,
    };

    public JsonTree? Find(string key) => Members.Find(member => member.Key == key).Value;

    /// <summary>Takes comments, trailing commas and a byte-order mark.</summary>
    /// <exception cref="JsonException">With the position.</exception>
    public static JsonTree Parse(byte[] bytes)
    {
        var start = bytes.AsSpan().StartsWith((ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF]) ? 3 : 0;
        var reader = new Utf8JsonReader(bytes.AsSpan(start), Format);
        reader.Read();
        var root = Read(ref reader, start);
        while (reader.Read())
        {
            // Comments may follow; anything else makes the reader throw.
        }

        return root;
    }

    private static JsonTree Read(ref Utf8JsonReader reader, int offset)
    {
        var (start, kind) = ((int)reader.TokenStartIndex + offset, reader.TokenType);
        var members = new List<(string Key, int At, JsonTree Value)>();
        var items = new List<JsonTree>();
        var text = kind == JsonTokenType.String ? reader.GetString()! : Encoding.UTF8.GetString(reader.ValueSpan.ToArray());
        while (kind == JsonTokenType.StartObject && reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            var (key, at) = (reader.GetString()!, (int)reader.TokenStartIndex + offset);
            reader.Read();
            members.Add((key, at, Read(ref reader, offset)));
        }

        while (kind == JsonTokenType.StartArray && reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            items.Add(Read(ref reader, offset));
        return new JsonTree(kind, text, start, (int)reader.BytesConsumed + offset, members, items);
    }
}
