using System.Text.Json;
using CredentialProvider.Platform;

namespace CredentialProvider.Cli.NuGet;

/// <summary>The global.json that dotnet and MSBuild read in a folder.</summary>
internal static class GlobalJson
{
    /// <summary>Bytes. A cloned repository may have links to devices.</summary>
    private const int MaxSize = 1 << 20;

    /// <summary>The nearest one, in the folder or in one of its parents; null if there is none.</summary>
    public static string? Find(string folder)
    {
        for (var current = folder; current is not null; current = Path.GetDirectoryName(current))
        {
            if (Path.Combine(current, "global.json") is var file && File.Exists(file))
                return file;
        }

        return null;
    }

    /// <exception cref="JsonException">It is not JSON, or cannot be read.</exception>
    public static JsonDocument Read(string file) => JsonDocument.Parse(new MemoryStream(RegularFile.TryRead(file, MaxSize) ?? []),
        new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });

    /// <summary>The SDK that it asks for; null if it does not say.</summary>
    public static string? FindVersion(string file)
    {
        try
        {
            using var json = Read(file);
            return json.RootElement.ValueKind == JsonValueKind.Object
                && json.RootElement.TryGetProperty("sdk", out var sdk) && sdk.ValueKind == JsonValueKind.Object
                && sdk.TryGetProperty("version", out var version) && version.ValueKind == JsonValueKind.String
                ? version.GetString() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
