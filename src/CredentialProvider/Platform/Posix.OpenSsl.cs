using System.Runtime.InteropServices;

namespace CredentialProvider.Platform;

// Where OpenSSL looks for CA certificates. .NET uses version 3 if it is installed.
internal static partial class Posix
{
    /// <summary>OpenSSL's file and folder of CA certificates; null if its library is not found. Neither has to
    /// exist.</summary>
    public static (string File, string Folder)? FindOpenSslStore() =>
        Find(DefaultCertFile3, DefaultCertDir3) ?? Find(DefaultCertFile11, DefaultCertDir11);

    private static (string File, string Folder)? Find(Func<nint> file, Func<nint> folder)
    {
        try
        {
            return (Marshal.PtrToStringAnsi(file())!, Marshal.PtrToStringAnsi(folder())!);
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            return null;
        }
    }

    [DllImport("libcrypto.so.3", EntryPoint = "X509_get_default_cert_file")]
    private static extern nint DefaultCertFile3();

    [DllImport("libcrypto.so.3", EntryPoint = "X509_get_default_cert_dir")]
    private static extern nint DefaultCertDir3();

    [DllImport("libcrypto.so.1.1", EntryPoint = "X509_get_default_cert_file")]
    private static extern nint DefaultCertFile11();

    [DllImport("libcrypto.so.1.1", EntryPoint = "X509_get_default_cert_dir")]
    private static extern nint DefaultCertDir11();
}
