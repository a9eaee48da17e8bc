using System.Text;

namespace CredentialProvider;

/// <summary>
/// Reads what every answer is made of: messages, cached tokens, the configuration file. Strictly by RFC 8259. Not with
/// System.Text.Json: its searches are compiled while the framework-dependent program starts, which was 10 of its 50 ms.
/// </summary>
/// <param name="name">Of the file, for messages.</param>
/// <param name="utf8">Stays as it is while the values are used: complaints look at it.</param>
/// <param name="isOfPerson">Takes comments, trailing commas and a byte-order mark.</param>
internal sealed class JsonReader(string name, ArraySegment<byte> utf8, bool isOfPerson = false)
{
    private const int Deepest = 64;

    private readonly byte[] _bytes = utf8.Array ?? [];
    private readonly int _start = utf8.Offset;
    private readonly int _end = utf8.Offset + utf8.Count;
    private int _at = utf8.Offset;
    private char[] _characters = new char[64];

    /// <exception cref="BadValueException">It is not one JSON value; with its place.</exception>
    public JsonTree Read()
    {
        if (isOfPerson && _end - _at >= 3 && _bytes[_at] == 0xEF && _bytes[_at + 1] == 0xBB && _bytes[_at + 2] == 0xBF)
            _at += 3;
        SkipSpace();
        var root = ReadValue(parent: null, "", _at, depth: 0);
        SkipSpace();
        return _at == _end ? root : throw BadHere("nothing may follow the value that ends before this");
    }

    /// <summary>The complaint that <em>file, line, column: what</em>.</summary>
    /// <param name="at">Where in the array of bytes.</param>
    public BadValueException Bad(string what, int at)
    {
        var (line, lineStart) = (1, _start);
        for (var i = _start; i < at; i++)
        {
            if (_bytes[i] == (byte)'\n')
                (line, lineStart) = (line + 1, i + 1);
        }

        var column = Encoding.UTF8.GetCharCount(_bytes, lineStart, at - lineStart) + 1;
        return new BadValueException($"{name}, line {line}, column {column}: {what}");
    }

    private JsonTree ReadValue(JsonTree? parent, string key, int place, int depth)
    {
        var start = _at;
        JsonTree Value(JsonKind kind, string text) => new(this, parent, key, place, kind, start, text);
        switch (Here)
        {
            case '"':
                return Value(JsonKind.Text, ReadText());
            case '{':
                return ReadChildren(Value(JsonKind.Object, "{"), '}', depth + 1);
            case '[':
                return ReadChildren(Value(JsonKind.Array, "["), ']', depth + 1);
            case 't':
                return Value(JsonKind.True, ReadWord("true"));
            case 'f':
                return Value(JsonKind.False, ReadWord("false"));
            case 'n':
                return Value(JsonKind.Null, ReadWord("null"));
            default:
                return Value(JsonKind.Number, ReadNumber());
        }
    }

    private JsonTree ReadChildren(JsonTree parent, char close, int depth)
    {
        if (depth > Deepest)
            throw BadHere($"values are nested deeper than {Deepest}");
        _at++;
        SkipSpace();
        JsonTree? last = null;
        while (Here != close)
        {
            var (key, place) = ("", _at);
            if (parent.IsObject)
            {
                if (Here != '"')
                    throw BadHere("a key in quotes is missing here");
                key = ReadText();
                SkipSpace();
                Take(':');
                SkipSpace();
            }

            var child = ReadValue(parent, key, place, depth);
            parent.Add(child, last);
            last = child;
            SkipSpace();
            if (Here == close)
                break;
            var comma = _at;
            Take(',', or: close);
            SkipSpace();
            if (Here == close && !isOfPerson)
                throw Bad("a comma stands here, but no value follows", comma);
        }

        _at++;
        return parent;
    }

    /// <summary>From its first quote until behind the last.</summary>
    private string ReadText()
    {
        var start = ++_at;
        SkipPlain();
        if (Here == '"')
            return Decode(start, _at++);
        var (text, quote) = (new StringBuilder(), start - 1);
        while (Here == '\\')
        {
            text.Append(Decode(start, _at)).Append(ReadEscape());
            start = _at;
            SkipPlain();
        }

        if (Here != '"')
            throw BadHere(_at == _end ? "a text has no end" : "a text may have this character as \\u only");
        text.Append(Decode(start, _at++));
        // Half of a surrogate pair is no character.
        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
                i++;
            else if (char.IsSurrogate(text[i]))
                throw Bad("a text has half a character", quote);
        }

        return text.ToString();
    }

    /// <summary>What stands for itself in a text.</summary>
    private void SkipPlain()
    {
        while (_at < _end && _bytes[_at] is >= (byte)' ' and not ((byte)'"' or (byte)'\\'))
            _at++;
    }

    private char ReadEscape()
    {
        const string Letters = "\"\\/bfnrt", Meanings = "\"\\/\b\f\n\r\t";
        var start = _at++;
        var letter = Next();
        if (letter == 'u')
            return ReadCode(start);
        var known = Ascii.IndexOf(Letters, letter);
        return known >= 0 ? Meanings[known]
            : throw Bad("a backslash stands before this; JSON knows \\\" \\\\ \\/ \\b \\f \\n \\r \\t and \\u", start);
    }

    private char ReadCode(int start)
    {
        var code = 0;
        for (var i = 0; i < 4; i++)
        {
            var c = Next();
            var digit = Ascii.IsDigit(c) ? c - '0' : (c | 0x20) is >= 'a' and <= 'f' ? (c | 0x20) - 'a' + 10
                : throw Bad("\\u takes four hexadecimal digits", start);
            code = (code * 16) + digit;
        }

        return (char)code;
    }

    private string ReadNumber()
    {
        var start = _at;
        if (Here == '-')
            _at++;
        if (Here == '0')
            _at++;
        else
            TakeDigits(start);
        if (Here == '.')
        {
            _at++;
            TakeDigits(start);
        }

        if (Here is 'e' or 'E')
        {
            _at++;
            if (Here is '+' or '-')
                _at++;
            TakeDigits(start);
        }

        return Decode(start, _at);
    }

    private void TakeDigits(int start)
    {
        var first = _at;
        while (Ascii.IsDigit(Here))
            _at++;
        if (_at == first)
            throw Bad(start == _end ? "a value is missing here" : "this is no JSON value; a text has quotes", start);
    }

    private string ReadWord(string word)
    {
        var start = _at;
        foreach (var letter in word)
        {
            if (Next() != letter)
                throw Bad("this is no JSON value; a text has quotes", start);
        }

        return word;
    }

    private void SkipSpace()
    {
        while (Here is ' ' or '\t' or '\r' or '\n' || (Here == '/' && isOfPerson))
        {
            if (Here == '/')
                SkipComment();
            else
                _at++;
        }
    }

    private void SkipComment()
    {
        var start = _at++;
        var kind = Next();
        if (kind is not ('/' or '*'))
            throw Bad("a comment begins with // or /*", start);
        while (kind == '/' ? _at < _end && Here != '\n' : !(Here == '*' && _at + 1 < _end && _bytes[_at + 1] == (byte)'/'))
        {
            if (_at++ == _end)
                throw Bad("a comment has no end", start);
        }

        if (kind == '*')
            _at += 2;
    }

    private void Take(char wanted, char? or = null)
    {
        if (Here != wanted)
            throw BadHere($"'{wanted}'{(or is null ? "" : $" or '{or}'")} is missing here");
        _at++;
    }

    /// <summary>The byte here as a character: all that JSON's grammar knows is ASCII. No such one at the end.</summary>
    private char Here => _at < _end ? (char)_bytes[_at] : '\uFFFF';

    private char Next()
    {
        var here = Here;
        _at = Math.Min(_at + 1, _end);
        return here;
    }

    /// <summary>ASCII by hand: UTF8Encoding's first text takes 1.7 ms there.</summary>
    private string Decode(int start, int end)
    {
        if (_characters.Length < end - start)
            _characters = new char[end - start];
        for (var i = start; i < end; i++)
        {
            if (_bytes[i] > '~')
                return DecodeUtf8(start, end);
            _characters[i - start] = (char)_bytes[i];
        }

        return new string(_characters, 0, end - start);
    }

    private string DecodeUtf8(int start, int end)
    {
        const char Replacement = '\uFFFD';
        var text = Encoding.UTF8.GetString(_bytes, start, end - start);
        // Unless it is written there, it stands for bytes that are no character.
        return text.IndexOf(Replacement) < 0 || _bytes.AsSpan(start, end - start).SequenceEqual(Encoding.UTF8.GetBytes(text))
            ? text : throw Bad("a text is not UTF-8", start);
    }

    private BadValueException BadHere(string what) => Bad(what, _at);
}
