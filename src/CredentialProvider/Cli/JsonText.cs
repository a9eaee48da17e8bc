using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using CredentialProvider.Errors;

namespace CredentialProvider.Cli;

/// <summary>Writes indented JSON for the terminal. Strings pass <see cref="PrintableText"/>.</summary>
internal sealed class JsonText
{
    // The output is never part of HTML, so apostrophes and plus signs need no escape.
    private static readonly JsonWriterOptions Indented = new()
    {
        Indented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private readonly Utf8JsonWriter _json;

    private JsonText(Utf8JsonWriter json) => _json = json;

    public static string Write(Action<JsonText> write)
    {
        var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, Indented))
            write(new JsonText(json));
        return Encoding.UTF8.GetString(bytes.ToArray());
    }

    /// <summary>Adds JSON that something else writes, such as a policy. Not filtered, so it must not have control
    /// characters.</summary>
    public void Write(Action<Utf8JsonWriter> write) => write(_json);

    public void WriteStartObject() => _json.WriteStartObject();

    public void WriteStartObject(string name) => _json.WriteStartObject(PrintableText.Of(name));

    public void WriteEndObject() => _json.WriteEndObject();

    public void WriteStartArray() => _json.WriteStartArray();

    public void WriteStartArray(string name) => _json.WriteStartArray(name);

    public void WriteEndArray() => _json.WriteEndArray();

    public void WritePropertyName(string name) => _json.WritePropertyName(PrintableText.Of(name));

    public void WriteString(string name, string value) => _json.WriteString(name, PrintableText.Of(value));

    public void WriteString(string name, DateTimeOffset value) => _json.WriteString(name, value);

    public void WriteStringValue(string value) => _json.WriteStringValue(PrintableText.Of(value));

    public void WriteNumber(string name, double value) => _json.WriteNumber(name, value);

    /// <summary>The one string that is not filtered: the token that a user asked for.</summary>
    public void WriteSecret(string name, Secret value) => _json.WriteString(name, value.Reveal());
}
