using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using CredentialProvider.Platform;

namespace CredentialProvider.Aws;

/// <summary>
/// The CA certificates that Linux trusts. Parses only those that a server's chain needs; .NET parses all of them, from
/// bundle and folder, before the first connection, which is most of the time of a first token. Trusts exactly the chains
/// that .NET would.
/// </summary>
internal static class SystemRoots
{
    /// <summary>Names of files that hold all certificates of their folder, on the common distributions.</summary>
    private static readonly string[] Bundles = ["ca-certificates.crt", "ca-bundle.crt", "tls-ca-bundle.pem"];

    private static readonly Oid ServerAuthentication = new("1.3.6.1.5.5.7.3.1");

    private static readonly Lock Deferring = new();

    /// <summary>OpenSSL's file and folder, once .NET no longer reads them; null until then.</summary>
    private static (string File, string Folder)? _store;

    /// <summary>Hides the certificates from .NET, so that <see cref="IsTrusted"/> looks for them. Must be called before the
    /// first connection.</summary>
    public static void Defer()
    {
        lock (Deferring)
        {
            if (_store is not null || Posix.FindOpenSslStore() is not { } store)
                return;
            // .NET copies the variables when one is set. Child processes get this copy, without what follows.
            Environment.SetEnvironmentVariable("SSL_CERT_DIR", null);
            Posix.SetVariable("SSL_CERT_FILE", "/dev/null");
            Posix.SetVariable("SSL_CERT_DIR", "/dev/null");
            _store = store;
        }
    }

    /// <summary>Lets <see cref="IsTrusted"/> decide about a connection's certificate.</summary>
    /// <param name="bundle">A file of the certificates to trust; null for the system's.</param>
    public static void Apply(SslClientAuthenticationOptions options, string? bundle)
    {
        options.CertificateChainPolicy = Policy(withDownloads: false);
        options.RemoteCertificateValidationCallback =
            (_, certificate, chain, errors) => IsTrusted(certificate, chain, errors, bundle);
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
        return _store is not var (file, folder) ? Build(leaf, sent, Policy(withDownloads: true))
            : FindProblem(leaf, sent, ReadBundle(file, folder), () => ParseAll(file, folder));
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
    private static X509Certificate2Collection ParseAll(string file, string folder)
    {
        var all = Parse(AllFiles(file, folder).SelectMany(ReadFile));
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
        try
        {
            var bytes = File.ReadAllBytes(file);
            ReadOnlySpan<char> text = Encoding.Latin1.GetString(bytes);
            while (PemEncoding.TryFind(text, out var pem))
            {
                if (text[pem.Label] is "CERTIFICATE")
                    found.Add(Convert.FromBase64String(text[pem.Base64Data].ToString()));
                text = text[pem.Location.End..];
            }

            if (found.Count == 0)
                found.Add(bytes);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // .NET skips it too.
        }

        return found;
    }

    private static IEnumerable<byte[]> ReadBundle(string file, string folder) =>
        Bundles.Select(name => Path.Combine(folder, name)).Prepend(file).Where(File.Exists).SelectMany(ReadFile);

    private static IEnumerable<string> AllFiles(string file, string folder)
    {
        var files = FilesIn(folder);
        // .NET's own fallback.
        if (files.Length == 0)
            files = FilesIn("/etc/ssl/certs");
        return File.Exists(file) ? files.Prepend(file) : files;
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
