using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using CredentialProvider.Configuration;
using CredentialProvider.Platform;

namespace CredentialProvider.Aws;

/// <summary>
/// The CA certificates that Linux trusts, or those that SSL_CERT_FILE and SSL_CERT_DIR name. Parses only those that a
/// server's chain needs; .NET parses all of them, from bundle and folder, before the first connection, which is most of
/// the time of a first token. Trusts exactly the chains that .NET would.
/// </summary>
internal static class SystemRoots
{
    /// <summary>Names of files that hold all certificates of their folder, on the common distributions.</summary>
    private static readonly string[] Bundles = ["ca-certificates.crt", "ca-bundle.crt", "tls-ca-bundle.pem"];

    /// <summary>Bytes. The largest bundles have one megabyte.</summary>
    private const int MaxFileSize = 64 * 1024 * 1024;

    /// <summary>OpenSSL's variables, which .NET reads as well.</summary>
    private const string FileVariable = "SSL_CERT_FILE", FolderVariable = "SSL_CERT_DIR";

    private static readonly Oid ServerAuthentication = new("1.3.6.1.5.5.7.3.1");

    private static readonly Lock Deferring = new();

    /// <summary>What .NET would read; null until <see cref="Defer"/>.</summary>
    private static (string File, string[] Folders)? _store;

    /// <summary>Lets <see cref="IsTrusted"/> decide about a connection's certificate.</summary>
    /// <param name="bundle">A file of the certificates to trust; null for the system's.</param>
    public static void Apply(SslClientAuthenticationOptions options, string? bundle)
    {
        Defer();
        options.CertificateChainPolicy = Policy(withDownloads: false);
        options.RemoteCertificateValidationCallback =
            (_, certificate, chain, errors) => IsTrusted(certificate, chain, errors, bundle);
    }

    /// <summary>Hides the certificates from .NET, so that <see cref="IsTrusted"/> looks for them. Must be called before the
    /// first connection.</summary>
    private static void Defer()
    {
        lock (Deferring)
        {
            if (_store is not null || Posix.FindOpenSslStore() is not { } system)
                return;
            var file = ProcessEnvironment.Get(FileVariable) ?? system.File;
            var folders = ProcessEnvironment.Get(FolderVariable) ?? system.Folder;
            Hide(FileVariable);
            Hide(FolderVariable);
            _store = (file, folders.Split(':', StringSplitOptions.RemoveEmptyEntries));
        }
    }

    private static void Hide(string variable)
    {
        ProcessEnvironment.Replace(variable, "/dev/null");
        Posix.SetVariable(variable, "/dev/null");
    }

    /// <exception cref="AuthenticationException">The certificate is not trusted, and why.</exception>
    private static bool IsTrusted(X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors, string? bundle)
    {
        if (errors == SslPolicyErrors.None && bundle is null)
            return true;
        if ((errors & ~SslPolicyErrors.RemoteCertificateChainErrors) != SslPolicyErrors.None || certificate is not X509Certificate2 leaf)
            throw new AuthenticationException($"The remote certificate is invalid according to the validation procedure: {errors}");
        var sent = chain!.ChainPolicy.ExtraStore;
        var problem = FindProblem(leaf, sent, bundle);
        // In .NET's words, which users search for.
        return problem is null ? true : throw new AuthenticationException("The remote certificate is invalid because of "
            + $"errors in the certificate chain: {problem}");
    }

    /// <summary>Null if the chain ends at a trusted certificate.</summary>
    /// <param name="sent">The other certificates that the server sent.</param>
    private static string? FindProblem(X509Certificate2 leaf, X509Certificate2Collection sent, string? bundle)
    {
        if (bundle is not null)
            return FindProblem(leaf, sent, ReadFile(bundle), () => Parse(ReadFile(bundle)));
        return _store is not var (file, folders) ? Build(leaf, sent, Policy(withDownloads: true))
            : FindProblem(leaf, sent, ReadBundles(file, folders), () => ParseAll(file, folders));
    }

    /// <summary>Parses the certificates that may have issued the chain, and all of them only if those do not
    /// suffice.</summary>
    private static string? FindProblem(X509Certificate2 leaf, X509Certificate2Collection sent,
        IEnumerable<byte[]> certificates, Func<X509Certificate2Collection> parseAll)
    {
        var issuers = sent.Select(each => each.IssuerName.RawData).Append(leaf.IssuerName.RawData).ToList();
        var wanted = certificates.Where(der => issuers.Exists(issuer => der.AsSpan().IndexOf(issuer) >= 0));
        return Build(leaf, sent, Policy(withDownloads: false), Parse(wanted)) is null ? null
            : Build(leaf, sent, Policy(withDownloads: true), parseAll());
    }

    /// <summary>What .NET does: all certificates, also those of the user, and intermediate ones that the server should have
    /// sent.</summary>
    private static X509Certificate2Collection ParseAll(string file, string[] folders)
    {
        var all = Parse(AllFiles(file, folders).SelectMany(ReadFile));
        using var ofUser = new X509Store(StoreName.Root, StoreLocation.CurrentUser);
        ofUser.Open(OpenFlags.ReadOnly);
        all.AddRange(ofUser.Certificates);
        return all;
    }

    /// <param name="trusted">Null for those that .NET has found.</param>
    /// <returns>Null if the chain is trusted, otherwise its errors.</returns>
    private static string? Build(X509Certificate2 leaf, X509Certificate2Collection sent, X509ChainPolicy policy,
        X509Certificate2Collection? trusted = null)
    {
        if (trusted is not null)
        {
            policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            policy.CustomTrustStore.AddRange(trusted);
        }

        policy.ExtraStore.AddRange(sent);
        policy.ApplicationPolicy.Add(ServerAuthentication);
        using var chain = new X509Chain { ChainPolicy = policy };
        return chain.Build(leaf) ? null : string.Join(", ", chain.ChainStatus.Select(status => status.Status));
    }

    /// <summary>As HttpClient's, which does not check revocation by default.</summary>
    private static X509ChainPolicy Policy(bool withDownloads) =>
        new() { RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = !withDownloads };

    private static X509Certificate2Collection Parse(IEnumerable<byte[]> certificates)
    {
        var found = new X509Certificate2Collection();
        foreach (var der in certificates)
        {
            try
            {
                var certificate = X509Certificate2.CreateFromPem(PemEncoding.Write("CERTIFICATE", der));
                if (!found.Contains(certificate))
                    found.Add(certificate);
            }
            catch (CryptographicException)
            {
                // .NET skips what is not a certificate.
            }
        }

        return found;
    }

    /// <summary>The certificates in PEM, or the whole file, which may be DER. Certificates with trust attributes have
    /// another label; .NET skips them too.</summary>
    private static List<byte[]> ReadFile(string file)
    {
        var found = new List<byte[]>();
        // .NET, too, skips what it cannot read.
        if (RegularFile.TryRead(file, MaxFileSize) is not { } bytes)
            return found;
        ReadOnlySpan<char> text = Encoding.Latin1.GetString(bytes);
        while (PemEncoding.TryFind(text, out var pem))
        {
            if (text[pem.Label] is "CERTIFICATE")
                found.Add(Convert.FromBase64String(text[pem.Base64Data].ToString()));
            text = text[pem.Location.End..];
        }

        if (found.Count == 0)
            found.Add(bytes);
        return found;
    }

    private static IEnumerable<byte[]> ReadBundles(string file, string[] folders) =>
        folders.SelectMany(folder => Bundles, Path.Combine).Prepend(file).SelectMany(ReadFile);

    private static IEnumerable<string> AllFiles(string file, string[] folders)
    {
        var files = folders.SelectMany(FilesIn).ToList();
        // .NET's own fallback, unless the user names folders.
        if (files.Count == 0 && ProcessEnvironment.Get(FolderVariable) is null)
            files.AddRange(FilesIn("/etc/ssl/certs"));
        return files.Prepend(file);
    }

    private static string[] FilesIn(string folder)
    {
        try
        {
            return Directory.GetFiles(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
