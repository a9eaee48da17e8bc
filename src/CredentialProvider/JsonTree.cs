using System.Text;
using System.Text.Json;

namespace CredentialProvider;

/// <summary>
/// A JSON value that knows its name and place in the file, which System.Text.Json's own documents do not, and complains
/// with them.
/// </summary>
internal sealed class JsonTree
{
    private static readonly JsonReaderOptions Format = new()
    {
        CommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
        MaxDepth = 16,
    };

    private readonly string _path;
    private readonly byte[] _bytes;
    private readonly int _start;
    private readonly JsonTokenType _kind;
    private readonly string _text;
    private readonly List<(string Key, int At, JsonTree Value)> _members = [];
    private readonly List<JsonTree> _items = [];

    private JsonTree(string path, byte[] bytes, string name, ref Utf8JsonReader reader)
    {
        (_path, _bytes, Name) = (path, bytes, name);
        (_start, _kind) = ((int)reader.TokenStartIndex, reader.TokenType);
        _text = _kind == JsonTokenType.String ? reader.GetString()!
            : Encoding.UTF8.GetString(reader.ValueSpan.ToArray());
        while (_kind == JsonTokenType.StartObject && reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            var (key, at) = (reader.GetString()!, (int)reader.TokenStartIndex);
            reader.Read();
            _members.Add((key, at, new JsonTree(path, bytes, name.Length == 0 ? key : $"{name}.{key}", ref reader)));
        }

        while (_kind == JsonTokenType.StartArray && reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            _items.Add(new JsonTree(path, bytes, $"{name}[{_items.Count}]", ref reader));
    }

    /// <summary>The keys that lead here, like <c>rules[0].roles</c>; empty for the whole file.</summary>
    public string Name { get; }

    public bool IsObject => _kind == JsonTokenType.StartObject;

    /// <summary>Takes comments, trailing commas and a byte-order mark.</summary>
    /// <param name="path">For messages.</param>
    /// <exception cref="JsonException">With the position.</exception>
    /// <exception cref="InvalidOperationException">A text that is not UTF-8.</exception>
    public static JsonTree Parse(string path, byte[] bytes)
    {
        if (bytes.AsSpan().StartsWith((ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF]))
            bytes = bytes.AsSpan(3).ToArray();
        var reader = new Utf8JsonReader(bytes, Format);
        reader.Read();
        var root = new JsonTree(path, bytes, "", ref reader);
        while (reader.Read())
        {
            // Comments may follow; anything else makes the reader throw.
        }

        return root;
    }

    public JsonTree? Find(string key) => _members.Find(member => member.Key == key).Value;

    /// <summary>The values with their keys, none of which stands here twice.</summary>
    public IEnumerable<(string Key, JsonTree Value)> Members()
    {
        ExpectObject();
        foreach (var (key, at, value) in _members)
        {
            if (!ReferenceEquals(Find(key), value))
                throw value.Bad("stands here twice", at);
        }

        return _members.Select(member => (member.Key, member.Value));
    }

    /// <summary>An object with no other keys than these.</summary>
    /// <exception cref="BadValueException">With the key that was probably meant.</exception>
    public JsonTree Expect(string[] keys)
    {
        ExpectObject();
        foreach (var (key, at, value) in _members)
        {
            if (Array.IndexOf(keys, key) < 0)
            {
                throw value.Bad(Spelling.Nearest(key, keys) is { } meant
                    ? $"is no key; '{meant}' is" : $"is no key; there are {string.Join(", ", keys)}", at);
            }
        }

        _ = Members();
        return this;
    }

    public IReadOnlyList<JsonTree> Items() =>
        _kind == JsonTokenType.StartArray ? _items : throw Bad("takes a list in [ ]");

    public string Text() => _kind == JsonTokenType.String ? _text : throw Bad("takes a text in quotes");

    /// <param name="takes">What a good text is, for the message.</param>
    public string Text(Func<string, bool> isGood, string takes) =>
        isGood(Text()) ? _text : throw Bad($"is '{_text}'; it takes {takes}");

    public int Number(Func<int, bool> isGood, string takes) =>
        _kind == JsonTokenType.Number && int.TryParse(_text, out var number) && isGood(number)
            ? number : throw Bad($"is {_text}; it takes {takes}");

    /// <summary>The complaint that <em>file, line, column: name what</em>.</summary>
    public BadValueException Bad(string what) => Bad(what, _start);

    private BadValueException Bad(string what, int at)
    {
        var before = _bytes.AsSpan(0, at);
        var line = 1;
        for (var next = before.IndexOf((byte)'\n'); next >= 0; next = before.IndexOf((byte)'\n'))
        {
            line++;
            before = before[(next + 1)..];
        }

        var column = Encoding.UTF8.GetCharCount(before.ToArray()) + 1;
        var name = Name.Length == 0 ? "the file" : Name;
        return new BadValueException($"{_path}, line {line}, column {column}: {name} {what}");
    }

    private void ExpectObject()
    {
        if (!IsObject)
            throw Bad("takes keys and values in { }");
    }
}

/// <summary>A value that cannot be used; the message has file, line, column and key.</summary>
internal sealed class BadValueException(string message) : Exception(message);
