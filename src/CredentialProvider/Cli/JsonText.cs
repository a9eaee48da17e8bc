using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace CredentialProvider.Cli;

/// <summary>JSON for scripts and for people.</summary>
internal static class JsonText
{
    // Not for HTML: apostrophes and plus signs stay readable.
    private static readonly JsonWriterOptions Indented = new()
    {
        Indented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static string Write(Action<Utf8JsonWriter> write)
    {
        var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, Indented))
            write(json);
        return Encoding.UTF8.GetString(bytes.ToArray());
    }
}
