using CredentialProvider.Cli.NuGet;
using NuGet.Configuration;

namespace CredentialProvider.Cli.Doctor;

/// <summary>Whether NuGet knows of a package's latest version yet.</summary>
internal static class CachedVersions
{
    /// <summary>Null if NUGET_HTTP_CACHE_PATH cannot be used, which the check of sources reports.</summary>
    private static string? Folder
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

    /// <returns>Null if NuGet's cache has that version, or will not be used.</returns>
    public static Finding? FindOutdated(string url, string package, string latest) => Folder is not { } folder
        || HttpCache.Find(folder, url, package, TimeProvider.System.GetUtcNow()) is not var (versions, age)
            || versions.Contains(latest, StringComparer.OrdinalIgnoreCase) ? null
            : Finding.FailWithCommand(Checks.Package,
                $"NuGet's HTTP cache, {age.TotalMinutes:0} minutes old, does not have {package} {latest}; NuGet asks the feed again "
                + "when it is 30 minutes old", "clear it", "dotnet nuget locals http-cache --clear") with { MayBeElsewhere = true };
}
