namespace CredentialProvider;

/// <summary>What a JSON value can be (RFC 8259, section 3).</summary>
internal enum JsonKind
{
    Object,
    Array,
    Text,
    Number,
    True,
    False,
    Null,
}

/// <summary>
/// A JSON value that knows its name and place, which System.Text.Json's own documents do not, and complains with them.
/// </summary>
internal sealed class JsonTree
{
    private readonly JsonReader _reader;
    private readonly JsonTree? _parent;
    private readonly int _place;
    private readonly int _start;
    private JsonTree? _first;
    private JsonTree? _next;

    /// <param name="key">Empty for what has none.</param>
    /// <param name="place">Where the key stands, or the value without one: bytes from the start of the text.</param>
    public JsonTree(JsonReader reader, JsonTree? parent, string key, int place, JsonKind kind, int start, string written)
    {
        _reader = reader;
        _parent = parent;
        Key = key;
        _place = place;
        Kind = kind;
        _start = start;
        Written = written;
    }

    public string Key { get; }

    public JsonKind Kind { get; }

    /// <summary>A text without its quotes, anything else as it is written, of lists and objects the beginning.</summary>
    public string Written { get; }

    public bool IsObject => Kind == JsonKind.Object;

    /// <summary>The keys that lead here, like <c>rules[0].roles</c>; empty for the whole text.</summary>
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

    /// <summary>The first value of that key; null where there is none or this is no object.</summary>
    public JsonTree? Find(string key)
    {
        var member = IsObject ? _first : null;
        while (member is not null && member.Key != key)
            member = member._next;
        return member;
    }

    /// <exception cref="BadValueException">There is none.</exception>
    public JsonTree Get(string key) => Find(key) ?? throw Bad($"has no {key}");

    /// <summary>What was read last comes last.</summary>
    /// <param name="last">What was added before; null at first.</param>
    public void Add(JsonTree child, JsonTree? last)
    {
        if (last is null)
            _first = child;
        else
            last._next = child;
    }

    /// <summary>The values, none of whose keys stands here twice.</summary>
    public IReadOnlyList<JsonTree> Members()
    {
        if (!IsObject)
            throw Bad("takes keys and values in { }");
        var members = Children();
        foreach (var member in members)
        {
            if (Find(member.Key) != member)
                throw member.Bad("stands here twice", member._place);
        }

        return members;
    }

    /// <summary>An object with no other keys than these.</summary>
    /// <exception cref="BadValueException">With the key that was probably meant.</exception>
    public JsonTree Expect(string[] keys)
    {
        foreach (var member in Members())
        {
            if (Array.IndexOf(keys, member.Key) < 0)
            {
                throw member.Bad(Spelling.Nearest(member.Key, keys) is { } meant
                    ? $"is no key; '{meant}' is" : $"is no key; there are {string.Join(", ", keys)}", member._place);
            }
        }

        return this;
    }

    /// <summary>Of a list or an object.</summary>
    public IReadOnlyList<JsonTree> Children()
    {
        var children = new List<JsonTree>();
        for (var child = _first; child is not null; child = child._next)
            children.Add(child);
        return children;
    }

    public IReadOnlyList<JsonTree> Items() => Kind == JsonKind.Array ? Children() : throw Bad("takes a list in [ ]");

    public string Text() => Kind == JsonKind.Text ? Written : throw Bad("takes a text in quotes");

    /// <param name="takes">What a good text is, for the message.</param>
    public string Text(Func<string, bool> isGood, string takes) =>
        isGood(Text()) ? Text() : throw Bad($"is '{Written}'; it takes {takes}");

    public bool Question() => Kind is JsonKind.True or JsonKind.False ? Kind == JsonKind.True : throw Bad("takes true or false");

    /// <summary>A whole number without a sign.</summary>
    public long Number() => Digits() ?? throw Bad("takes a whole number");

    /// <param name="takes">What a good number is, for the message.</param>
    public int Number(Func<int, bool> isGood, string takes) =>
        Digits() is <= int.MaxValue and var number && isGood((int)number) ? (int)number : throw Bad($"is {Written}; it takes {takes}");

    /// <summary>The complaint that <em>file, line, column: name what</em>.</summary>
    public BadValueException Bad(string what) => Bad(what, _start);

    /// <summary>Null for anything else. By hand, see <see cref="Ascii"/>.</summary>
    private long? Digits()
    {
        const int Most = 18; // digits that a long can have, whatever they are
        if (Kind != JsonKind.Number || Written.Length > Most || !Ascii.AreDigits(Written))
            return null;
        var number = 0L;
        foreach (var digit in Written)
            number = (number * 10) + (digit - '0');
        return number;
    }

    private BadValueException Bad(string what, int at) =>
        _reader.Bad($"{(_parent is null ? "the file" : Name)} {what}", at);
}

/// <summary>A value that cannot be used; the message has file, line, column and key.</summary>
internal sealed class BadValueException(string message) : Exception(message);
