using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using CredentialProvider.FastStart;
using CsCheck;

namespace CredentialProvider.Tests.FastStart;

/// <summary>The hand-written JSON code compared with System.Text.Json; a failure prints the seed that reproduces it.</summary>
public sealed class JsonTexts
{
    private static readonly JsonSerializerOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    [Theory]
    [InlineData("plain", "\"plain\"")]
    [InlineData("\"\\/", "\"\\\"\\\\/\"")]
    [InlineData("a\r\n\tb\0", "\"a\\u000d\\u000a\\u0009b\\u0000\"")]
    [InlineData("\u007f\u2028é", "\"\\u007f\\u2028\\u00e9\"")]
    [InlineData("😀", "\"\\ud83d\\ude00\"")]
    public void Are_written_in_ASCII(string text, string json)
    {
        Assert.Equal(json, JsonString.Quote(text));
        Assert.Equal(text, JsonSerializer.Deserialize<string>(json));
    }

    [Fact]
    public void Keep_every_string() => Gen.String.Sample(text =>
    {
        // Half of a surrogate pair is not valid text; anything else round-trips.
        var valid = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
        Assert.Equal(valid, JsonSerializer.Deserialize<string>(JsonString.Quote(valid)));
    });

    /// <summary>Tries generated text, which is usually valid JSON, and the same text with one byte changed.</summary>
    [Fact]
    [Trait("Category", "Slow")]
    public void Are_accepted_and_read_like_System_Text_Json_does() =>
        Gen.Select(Documents(4), Gen.Int[0, 1000], Gen.OneOf(Gen.Byte, Generators.OneOf([.. "{}[]\",:\\/.-+0eu \n*"u8]))).Sample((document, at, value) =>
    {
        var bytes = Encoding.UTF8.GetBytes(document);
        AssertReadAlike(bytes);
        if (bytes.Length > 0)
            bytes[at % bytes.Length] = value;
        AssertReadAlike(bytes);
    }, iter: 20_000);

    private static Gen<string> Documents(int depth)
    {
        var space = Generators.OneOf("", "", " ", "\r\n\t");
        var text = Gen.String[Gen.OneOf(Gen.Char[' ', '~'], Gen.Char), 0, 8].Select(Gen.Bool, (value, isEscaped) =>
            isEscaped ? JsonString.Quote(value) : JsonSerializer.Serialize(value, Relaxed));
        var leaf = Gen.OneOf(text, Generators.OneOf("true", "false", "null", "\"\\/\\b\\f\\n\\r\\t\"", "\"\\uD83D\\uDE00\"", "\"\\ud83d\""),
            Gen.Double.Select(number => number.ToString("R", CultureInfo.InvariantCulture)), Generators.OneOf("0", "-0", "01", "1.", ".5", "1e9", "1E-9", "-"));
        if (depth == 0)
            return leaf;
        var inner = Gen.Select(space, Documents(depth - 1), space, (before, value, after) => before + value + after);
        return Gen.OneOf(leaf, inner.Array[0, 3].Select(items => $"[{string.Join(",", items)}]"),
            Gen.Select(text, inner).Array[0, 3].Select(members => $"{{{string.Join(",", members.Select(member => $"{member.Item1}:{member.Item2}"))}}}"));
    }

    private static void AssertReadAlike(byte[] bytes)
    {
        var (expected, actual) = ("", "");
        try
        {
            using var document = JsonDocument.Parse(bytes);
            expected = Flatten(document.RootElement);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Not JSON, or a string that is not UTF-8.
        }

        try
        {
            actual = Flatten(new JsonReader("text", bytes).Read());
        }
        catch (InvalidValueException)
        {
            // The comparison below fails if only one of the two rejects the text.
        }

        Assert.Equal(expected, actual);
    }

    private static string Flatten(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => $"{{{string.Concat(value.EnumerateObject().Select(member => $"{member.Name}={Flatten(member.Value)};"))}}}",
        JsonValueKind.Array => $"[{string.Concat(value.EnumerateArray().Select(item => $"{Flatten(item)};"))}]",
        JsonValueKind.String => $"'{value.GetString()}'",
        _ => value.GetRawText(),
    };

    private static string Flatten(JsonTree value) =>
        value.IsObject ? $"{{{string.Concat(value.Children().Select(member => $"{member.Key}={Flatten(member)};"))}}}"
        : value.Kind == JsonKind.Array ? $"[{string.Concat(value.Children().Select(item => $"{Flatten(item)};"))}]"
        : value.Kind == JsonKind.String ? $"'{value.GetString()}'" : value.Raw;
}
