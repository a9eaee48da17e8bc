using System.Security.Cryptography.X509Certificates;

namespace CredentialProvider.Aws;

/// <summary>
/// The certificates that the system trusts. On Linux, .NET reads all of them before it trusts one, which is most of a
/// first token's time (80 of 100 ms on Debian), so this is begun before there is a connection.
/// </summary>
internal static class TrustedRoots
{
    /// <summary>Never fails: what is wrong with them is the connection's to say.</summary>
    public static Task ReadAsync(Settings settings) =>
        OperatingSystem.IsLinux() && Environment.Version.Major > 4 ? Task.Run(() => Read(settings)) : Task.CompletedTask;

    private static void Read(Settings settings)
    {
        try
        {
            AwsCall.Prepare(settings);
            // What is read here, .NET keeps for all connections of the process.
            using var store = new X509Store(StoreName.Root, StoreLocation.LocalMachine);
            store.Open(OpenFlags.ReadOnly);
            foreach (var certificate in store.Certificates)
                certificate.Dispose();
        }
        catch (Exception)
        {
            // The connection reads them again.
        }
    }
}
