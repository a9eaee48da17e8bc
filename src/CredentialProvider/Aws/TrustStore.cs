using CredentialProvider.Configuration;
using CredentialProvider.Errors;
using CredentialProvider.Platform;

namespace CredentialProvider.Aws;

/// <summary>The CA certificates that calls to AWS trust: the system's, or AWS_CA_BUNDLE on Linux.</summary>
internal static class TrustStore
{
    /// <summary>.NET looks for distrusted certificates below HOME and fails without one, as in containers that run with an
    /// arbitrary UID; the AWS SDK looks for files. "/" is .NET's own fallback, and only root can write there.</summary>
    public static void ReplaceHome()
    {
        if (Settings.Home is null or "/")
            ProcessEnvironment.Replace("HOME", "/");
    }

    /// <summary>Sets the variables that .NET and OpenSSL read before the first connection. OpenSSL reads SSL_CERT_FILE
    /// once per process, and only on Linux.</summary>
    /// <exception cref="NoTokenException">AWS_CA_BUNDLE does not exist.</exception>
    public static void Configure(Settings settings)
    {
        ReplaceHome();
        if (!OperatingSystem.IsLinux())
            return;
        if (settings.AwsCaBundle is not { } bundle)
        {
            if (!settings.HasOwnTrustStore)
                SystemRoots.Defer();
            return;
        }

        if (!RegularFile.Is(bundle))
        {
            throw new NoTokenException(ErrorCode.Setting,
                $"AWS_CA_BUNDLE is '{bundle}', which {(File.Exists(bundle) ? "is not a regular file" : "does not exist")}",
                "set it to a PEM file of CA certificates, or unset it");
        }

        Posix.SetVariable("SSL_CERT_FILE", bundle);
    }
}
