
namespace CredentialProvider.FastStart;

/// <summary>The kinds of JSON value (RFC 8259, section 3).</summary>
internal enum JsonKind
{
    Object,
    Array,
    String,
    Number,
    True,
    False,
    Null,
}

/// <summary>
/// A JSON value that knows its key path, line and column, so that errors can name them. System.Text.Json's documents
/// do not keep positions.
/// </summary>
internal sealed class JsonTree
{
    private readonly JsonReader _reader;
    private readonly JsonTree? _parent;
    private readonly int _keyStart;
    private readonly int _start;
    private JsonTree? _first;
    private JsonTree? _next;

    /// <param name="key">Empty for array items and the root.</param>
    /// <param name="keyStart">Byte index of the key, or of the value if it has none.</param>
    public JsonTree(JsonReader reader, JsonTree? parent, string key, int keyStart, JsonKind kind, int start, string raw)
    {
        _reader = reader;
        _parent = parent;
        Key = key;
        _keyStart = keyStart;
        Kind = kind;
        _start = start;
        Raw = raw;
    }

    public string Key { get; }

    public JsonKind Kind { get; }

    /// <summary>For a string, its unescaped value; for other scalars, the raw JSON; for arrays and objects, only the
    /// opening bracket.</summary>
    public string Raw { get; }

    public bool IsObject => Kind == JsonKind.Object;

    /// <summary>The path to this value, like <c>rules[0].roles</c>; empty for the root.</summary>
    private string Name
    {
        get
        {
            if (_parent is null)
                return "";
            if (_parent.IsObject)
                return _parent.Name is { Length: > 0 } name ? $"{name}.{Key}" : Key;
            var index = 0;
            for (var item = _parent._first; item != this; item = item!._next)
                index++;
            return $"{_parent.Name}[{index}]";
        }
    }

    /// <summary>The first member with this key; null if there is none or this is not an object.</summary>
    public JsonTree? Find(string key)
    {
        var member = IsObject ? _first : null;
        while (member is not null && member.Key != key)
            member = member._next;
        return member;
    }

    /// <exception cref="InvalidValueException">There is no such member.</exception>
    public JsonTree GetProperty(string key) => Find(key) ?? throw Error($"is missing '{key}'");

    /// <summary>Appends a child.</summary>
    /// <param name="last">The child that was added before; null for the first.</param>
    public void Add(JsonTree child, JsonTree? last)
    {
        if (last is null)
            _first = child;
        else
            last._next = child;
    }

    /// <exception cref="InvalidValueException">This is not an object, or has a key twice.</exception>
    public IReadOnlyList<JsonTree> EnumerateObject()
    {
        if (!IsObject)
            throw Error("must be an object { }");
        var members = Children();
        foreach (var member in members)
        {
            if (Find(member.Key) != member)
                throw member.ErrorAtKey("is a duplicate key");
        }

        return members;
    }

    /// <summary>The values of an array or object, in order; an object may have a key twice.</summary>
    public IReadOnlyList<JsonTree> Children()
    {
        var children = new List<JsonTree>();
        for (var child = _first; child is not null; child = child._next)
            children.Add(child);
        return children;
    }

    /// <exception cref="InvalidValueException">This is not an array.</exception>
    public IReadOnlyList<JsonTree> EnumerateArray() =>
        Kind == JsonKind.Array ? Children() : throw Error("must be an array [ ]");

    /// <exception cref="InvalidValueException">This is not a string.</exception>
    public string GetString() => Kind == JsonKind.String ? Raw : throw Error("must be a string");

    /// <exception cref="InvalidValueException">This is neither true nor false.</exception>
    public bool GetBoolean() =>
        Kind is JsonKind.True or JsonKind.False ? Kind == JsonKind.True : throw Error("must be true or false");

    /// <summary>A non-negative integer without fraction or exponent.</summary>
    /// <exception cref="InvalidValueException">This is anything else.</exception>
    public long GetInt64()
    {
        const int MaxDigits = 18; // every number of 18 digits fits into a long
        if (Kind != JsonKind.Number || Raw.Length > MaxDigits || !AsciiText.AreDigits(Raw))
            throw Error("must be a whole number");
        var number = 0L;
        foreach (var digit in Raw)
            number = (number * 10) + (digit - '0');
        return number;
    }

    /// <summary>An error that reads <c>file, line N, column N: key what</c>, at the value.</summary>
    public InvalidValueException Error(string what) => Error(what, _start);

    /// <summary>The same, at the key.</summary>
    public InvalidValueException ErrorAtKey(string what) => Error(what, _keyStart);

    private InvalidValueException Error(string what, int at) =>
        _reader.Error($"{(_parent is null ? "the file" : Name)} {what}", at);
}

/// <summary>A value that cannot be used; the message names file, line, column and key.</summary>
internal sealed class InvalidValueException(string message) : Exception(message);
