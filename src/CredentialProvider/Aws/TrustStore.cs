using CredentialProvider.Configuration;
using CredentialProvider.Errors;
using CredentialProvider.Platform;

namespace CredentialProvider.Aws;

/// <summary>Prepares .NET's use of the system's CA certificates.</summary>
internal static class TrustStore
{
    /// <summary>.NET looks for distrusted certificates below HOME and fails without one, as in containers that run with an
    /// arbitrary UID; the AWS SDK looks for files. "/" is .NET's own fallback, and only root can write there.</summary>
    public static void ReplaceHome()
    {
        if (Settings.Home is null or "/")
            ProcessEnvironment.Replace("HOME", "/");
    }

    /// <summary>Sets the variables that .NET reads before the first connection.</summary>
    public static void Configure()
    {
        ReplaceHome();
        if (OperatingSystem.IsLinux())
            SystemRoots.Defer();
    }
}
