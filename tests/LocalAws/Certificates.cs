using System.Collections.Concurrent;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace LocalAws;

/// <summary>A temporary certificate authority. It uses RSA because mono does not support elliptic curves.</summary>
internal sealed class Certificates
{
    private readonly RSA _authorityKey = RSA.Create(2048);
    private readonly RSA _serverKey = RSA.Create(2048);
    private readonly ConcurrentDictionary<string, SslStreamCertificateContext> _servers = new();

    public Certificates()
    {
        var request = Request("CN=LocalAws temporary CA", _authorityKey);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        Authority = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(7));
    }

    public X509Certificate2 Authority { get; }

    /// <summary>The server certificate for a host name, created on first use.</summary>
    public SslStreamCertificateContext For(string host) => _servers.GetOrAdd(host, Create);

    private SslStreamCertificateContext Create(string host)
    {
        // A common name is limited to 64 characters; clients check the subject alternative name.
        var request = Request("CN=LocalAws", _serverKey);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(host);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(Authority, true, false));
        using var certificate = request.Create(Authority, DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(6), RandomNumberGenerator.GetBytes(16));
        return SslStreamCertificateContext.Create(certificate.CopyWithPrivateKey(_serverKey), [Authority], offline: true);
    }

    private static CertificateRequest Request(string name, RSA key) => new(name, key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
}
