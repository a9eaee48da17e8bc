using System.Text;

namespace CredentialProvider.FastStart;

/// <summary>
/// Reads JSON strictly by RFC 8259: protocol messages, cached tokens and the configuration file. README.md in this
/// folder says why System.Text.Json is not used here.
/// </summary>
/// <param name="name">Name of the file or message, for errors.</param>
/// <param name="utf8">The text. Must not change while the values are in use: errors count its lines.</param>
/// <param name="isLenient">Also accepts comments, trailing commas and a byte order mark.</param>
/// <param name="acceptsAnyBytes">Also accepts a byte order mark, and reads bytes that are not UTF-8 as U+FFFD.</param>
internal sealed class JsonReader(
    string name, ArraySegment<byte> utf8, bool isLenient = false, bool acceptsAnyBytes = false)
{
    private const int MaxDepth = 64;

    private readonly byte[] _bytes = utf8.Array ?? [];
    private readonly int _start = utf8.Offset;
    private readonly int _end = utf8.Offset + utf8.Count;
    private int _at = utf8.Offset;
    private char[] _characters = new char[64];

    /// <exception cref="InvalidValueException">The text is not a single JSON value; the message has file, line and column.</exception>
    public JsonTree Read()
    {
        if ((isLenient || acceptsAnyBytes)
            && _end - _at >= 3 && _bytes[_at] == 0xEF && _bytes[_at + 1] == 0xBB && _bytes[_at + 2] == 0xBF)
        {
            _at += 3;
        }

        SkipSpace();
        var root = ReadValue(parent: null, "", _at, depth: 0);
        SkipSpace();
        return _at == _end ? root : throw ErrorHere("unexpected text after the end of the JSON value");
    }

    /// <summary>An error that reads <c>file, line N, column N: what</c>.</summary>
    /// <param name="at">Index into the byte array.</param>
    public InvalidValueException Error(string what, int at)
    {
        var (line, lineStart) = (1, _start);
        for (var i = _start; i < at; i++)
        {
            if (_bytes[i] == (byte)'\n')
                (line, lineStart) = (line + 1, i + 1);
        }

        var column = Encoding.UTF8.GetCharCount(_bytes, lineStart, at - lineStart) + 1;
        return new InvalidValueException($"{name}, line {line}, column {column}: {what}");
    }

    private JsonTree ReadValue(JsonTree? parent, string key, int place, int depth)
    {
        var start = _at;
        JsonTree Value(JsonKind kind, string text) => new(this, parent, key, place, kind, start, text);
        switch (Here)
        {
            case '"':
                return Value(JsonKind.String, ReadString());
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
        if (depth > MaxDepth)
            throw ErrorHere($"values are nested more than {MaxDepth} levels deep");
        _at++;
        SkipSpace();
        JsonTree? last = null;
        while (Here != close)
        {
            var (key, place) = ("", _at);
            if (parent.IsObject)
            {
                if (Here != '"')
                    throw ErrorHere("expected a key in quotes");
                key = ReadString();
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
            if (Here == close && !isLenient)
                throw Error("expected a value after this comma", comma);
        }

        _at++;
        return parent;
    }

    private string ReadString()
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
            throw ErrorHere(_at == _end ? "this string is never closed" : "this control character must be escaped, for example as \\u000A");
        text.Append(Decode(start, _at++));
        // Half of a surrogate pair is not a character.
        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
                i++;
            else if (char.IsSurrogate(text[i]))
                throw Error("this string contains half of a surrogate pair", quote);
        }

        return text.ToString();
    }

    /// <summary>Skips characters of a string that need no escape.</summary>
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
        var known = AsciiText.IndexOf(Letters, letter);
        return known >= 0 ? Meanings[known]
            : throw Error("unknown escape; JSON allows \\\" \\\\ \\/ \\b \\f \\n \\r \\t and \\u", start);
    }

    private char ReadCode(int start)
    {
        var code = 0;
        for (var i = 0; i < 4; i++)
        {
            var c = Next();
            var digit = AsciiText.IsDigit(c) ? c - '0' : (c | 0x20) is >= 'a' and <= 'f' ? (c | 0x20) - 'a' + 10
                : throw Error("expected four hexadecimal digits after \\u", start);
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
        while (AsciiText.IsDigit(Here))
            _at++;
        if (_at == first)
            throw Error(start == _end ? "expected a value" : "not a JSON value; strings need quotes", start);
    }

    private string ReadWord(string word)
    {
        var start = _at;
        foreach (var letter in word)
        {
            if (Next() != letter)
                throw Error("not a JSON value; strings need quotes", start);
        }

        return word;
    }

    private void SkipSpace()
    {
        while (Here is ' ' or '\t' or '\r' or '\n' || (Here == '/' && isLenient))
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
            throw Error("comments start with // or /*", start);
        while (kind == '/' ? _at < _end && Here != '\n' : !(Here == '*' && _at + 1 < _end && _bytes[_at + 1] == (byte)'/'))
        {
            if (_at++ == _end)
                throw Error("this comment is never closed", start);
        }

        if (kind == '*')
            _at += 2;
    }

    private void Take(char wanted, char? or = null)
    {
        if (Here != wanted)
            throw ErrorHere($"expected '{wanted}'{(or is null ? "" : $" or '{or}'")}");
        _at++;
    }

    /// <summary>The current byte as a character (JSON's own grammar is ASCII), or U+FFFF at the end.</summary>
    private char Here => _at < _end ? (char)_bytes[_at] : '\uFFFF';

    private char Next()
    {
        var here = Here;
        _at = Math.Min(_at + 1, _end);
        return here;
    }

    /// <summary>Decodes ASCII by hand, because the first use of UTF8Encoding is slow (README.md).</summary>
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
        // The replacement character stands for invalid bytes, unless the text itself contains it.
        return acceptsAnyBytes || text.IndexOf(Replacement) < 0 || _bytes.AsSpan(start, end - start).SequenceEqual(Encoding.UTF8.GetBytes(text))
            ? text : throw Error("this string is not valid UTF-8", start);
    }

    private InvalidValueException ErrorHere(string what) => Error(what, _at);
}
