using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace CredentialProvider.Cli;

/// <summary>Indented JSON.</summary>
internal static class JsonText
{
    // The output is never part of HTML, so apostrophes and plus signs need no escape.
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
