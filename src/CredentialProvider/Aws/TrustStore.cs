using System.Security.Cryptography.X509Certificates;
using CredentialProvider.Configuration;
using CredentialProvider.Errors;
using CredentialProvider.Platform;

namespace CredentialProvider.Aws;

/// <summary>The CA certificates that calls to AWS trust: the system's, or AWS_CA_BUNDLE on Linux.</summary>
internal static class TrustStore
{
    /// <summary>Sets the variables that .NET and OpenSSL read before the first connection. OpenSSL reads SSL_CERT_FILE
    /// once per process, and only on Linux.</summary>
    /// <exception cref="NoTokenException">AWS_CA_BUNDLE does not exist.</exception>
    public static void Configure(Settings settings)
    {
        // .NET looks for distrusted certificates below HOME and fails without one, as in containers that run with an
        // arbitrary UID. "/" is .NET's own fallback, and only root can write there.
        if (Settings.Home is null or "/")
            ProcessEnvironment.Replace("HOME", "/");
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

    /// <summary>Loads the certificates in the background, while credentials are fetched. On Linux, that is most of the
    /// work of a first token.</summary>
    /// <returns>A task that never fails: if the store is unusable, the connection reports it.</returns>
    public static Task LoadAsync(Settings settings) =>
        OperatingSystem.IsLinux() && Environment.Version.Major > 4 ? Task.Run(() => Load(settings))
            : Task.CompletedTask;

    private static void Load(Settings settings)
    {
        try
        {
            Configure(settings);
            SystemRoots.Preload();
            // .NET caches what it reads here for all connections of the process.
            using var store = new X509Store(StoreName.Root, StoreLocation.LocalMachine);
            store.Open(OpenFlags.ReadOnly);
            foreach (var certificate in store.Certificates)
                certificate.Dispose();
        }
        catch (Exception)
        {
            // The connection reads them again and reports the error.
        }
    }
}
