using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using CredentialProvider.Platform;
using NuGet.Configuration;
using Settings = CredentialProvider.Configuration.Settings;

namespace CredentialProvider.Cli.NuGet;

/// <summary>What NuGet remembers about a plugin.</summary>
internal enum RememberedClaims
{
    /// <summary>NuGet starts the plugin and asks it.</summary>
    Usable,

    /// <summary>NuGet does not start the plugin, and so never corrects itself: https://github.com/NuGet/Home/issues/15047</summary>
    NoCredentials,

    /// <summary>NuGet fails at the file.</summary>
    Damaged,
}

/// <summary>The file in which NuGet remembers the operations that a plugin offered.</summary>
internal static class PluginClaims
{
    private const string Variable = "NUGET_PLUGINS_CACHE_PATH";

    private static readonly TimeSpan MaxAge = TimeSpan.FromDays(30);

    /// <summary>The number of OperationClaim.Authentication in NuGet.Protocol.</summary>
    private const int Authentication = 1;

    /// <exception cref="CommandFailedException">NuGet cannot write the file, and so does not use the plugin.</exception>
    public static RememberedClaims Read(string plugin, DateTimeOffset now)
    {
        try
        {
            var file = new FileInfo(FileOf(plugin));
            if (!file.Exists || now - file.LastWriteTimeUtc >= MaxAge)
            {
                return Settings.OwnNuGetHome is not null && WritableFolder.FindProblem(file.DirectoryName!) is { } problem
                    ? throw Unusable(problem) : RememberedClaims.Usable;
            }

            const int MaxSize = 1024 * 1024;
            if (RegularFile.TryRead(file.FullName, MaxSize) is not { } bytes)
                return RememberedClaims.Usable;
            using var claims = JsonDocument.Parse(bytes);
            return claims.RootElement.EnumerateArray().Any(claim => claim.TryGetInt32(out var number) && number == Authentication)
                ? RememberedClaims.Usable : RememberedClaims.NoCredentials;
        }
        catch (NuGetConfigurationException e)
        {
            var unusable = Unusable(e.Message.TrimEnd('.'));
            var command = ShellText.Unset(Variable);
            throw new CommandFailedException(unusable.Message, $"{unusable.Hint}, or unset it: {command}") { Command = command };
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return RememberedClaims.Damaged;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return RememberedClaims.Usable;
        }
    }

    private static CommandFailedException Unusable(string why) => new(
        $"NuGet cannot write its plugin cache, so it uses no plugins: {why}", $"set {Variable} to a folder that this user can write to");

    internal static string FileOf(string plugin) =>
        Path.Combine(SettingsUtility.GetPluginsCacheFolder(), Hash(plugin), $"{Hash("Source-Agnostic")}.dat");

    /// <summary>How NuGet names folders and files of its caches.</summary>
    internal static string Hash(string text)
    {
        const int Length = 20; // bytes
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)), 0, Length);
    }
}
