using System.Text;
using System.Text.Json;
using CredentialProvider.Platform;
using NuGet.Configuration;

namespace CredentialProvider.Cli.NuGet;

/// <summary>
/// NuGet's HTTP cache, by the rules of NuGet.Protocol: for half an hour, NuGet takes the versions of a package from a file and
/// does not ask the feed, so it does not see versions published since.
/// </summary>
internal static class HttpCache
{
    public static readonly TimeSpan MaxAge = TimeSpan.FromMinutes(30);

    /// <summary>Null if NUGET_HTTP_CACHE_PATH cannot be used, which the check of sources reports.</summary>
    public static string? Folder
    {
        get
        {
            try
            {
                return SettingsUtility.GetHttpCacheFolder();
            }
            catch (NuGetConfigurationException)
            {
                return null;
            }
        }
    }

    /// <summary>The versions of a package that NuGet has cached for a source, and how old they are; null if NuGet will ask the
    /// source.</summary>
    /// <param name="folder">The cache.</param>
    public static (IReadOnlyList<string> Versions, TimeSpan Age)? Find(
        string folder, string source, string package, DateTimeOffset now)
    {
        try
        {
            var file = new FileInfo(FileOf(folder, source, package));
            if (!file.Exists || now - file.LastWriteTimeUtc is var age && age >= MaxAge)
                return null;
            const int MaxSize = 64 * 1024 * 1024;
            if (RegularFile.TryRead(file.FullName, MaxSize) is not { } bytes)
                return null;
            using var json = JsonDocument.Parse(bytes);
            return ([.. json.RootElement.GetProperty("versions").EnumerateArray().Select(version => version.GetString()!)], age);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException
            or IOException or UnauthorizedAccessException)
        {
            // NuGet replaces what it cannot read.
            return null;
        }
    }

    internal static string FileOf(string folder, string source, string package) => Path.Combine(folder,
        Name(PluginClaims.Hash(source) + "$" + source[Math.Max(0, source.Length - 32)..]), Name($"list_{package.ToLowerInvariant()}") + ".dat");

    private static string Name(string text)
    {
        var name = new StringBuilder(text);
        foreach (var invalid in Path.GetInvalidFileNameChars())
            name.Replace(invalid, '_');
        return name.Replace("__", "_").Replace("__", "_").ToString();
    }
}
