using System.Text.Json;

namespace CredentialProvider.Tests.Infra;

/// <summary>Test cases in a JSON file beside the tests: an array of objects.</summary>
internal static class DataFile
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web);

    /// <param name="path">Relative to the tests' folder.</param>
    /// <param name="name">What test explorers show.</param>
    public static Dictionary<string, T> Read<T>(string path, Func<T, string> name) =>
        JsonSerializer.Deserialize<T[]>(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, path)), Options)!.ToDictionary(name);
}
