using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Amazon.SecurityToken;
using CredentialProvider.Aws;
using CredentialProvider.Configuration;

namespace CredentialProvider.Tests.Aws;

/// <summary>A profile's ca_bundle decides which servers are trusted, for that profile alone.</summary>
public sealed class CertificatesOfAProfile : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly X509Certificate2 _server = Create();

    public CertificatesOfAProfile()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "other systems have a trust store of their own");
        _listener.Start();
        _ = ServeAsync();
    }

    [Fact]
    public async Task Are_trusted() => Assert.Equal("OK", await GetAsync(Bundle(_server)));

    [Fact]
    public async Task Replace_the_others()
    {
        using var other = Create();
        Assert.Contains("certificate", await GetAsync(Bundle(other)), StringComparison.Ordinal);
        Assert.Contains("certificate", await GetAsync(null), StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _listener.Dispose();
        _server.Dispose();
        _folder.Dispose();
    }

    /// <summary>A certificate that has issued itself, with its key.</summary>
    private static X509Certificate2 Create()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
    }

    private string Bundle(X509Certificate2 certificate)
    {
        var path = Path.Combine(_folder.Path, certificate.Thumbprint);
        File.WriteAllText(path, certificate.ExportCertificatePem());
        return path;
    }

    /// <summary>The response to the SDK's client and to our own, or why there is none.</summary>
    private async Task<string> GetAsync(string? bundle)
    {
        var settings = SettingsFromVariables.From();
        var config = new AmazonSecurityTokenServiceConfig();
        AwsClients.Configure(config, new ServiceEndpoint(null, null, null) { CaBundle = bundle }, settings);
        using var ofSdk = config.HttpClientFactory.CreateHttpClient(config);
        using var own = AwsClients.CreateHttpClient(settings, TimeSpan.FromSeconds(30), bundle);
        var answers = new List<string>();
        foreach (var client in new[] { ofSdk, own })
        {
            try
            {
                var url = new Uri($"https://localhost:{((IPEndPoint)_listener.LocalEndpoint).Port}");
                answers.Add(await client.GetStringAsync(url, TestContext.Current.CancellationToken));
            }
            catch (HttpRequestException e)
            {
                answers.Add(e.InnerException!.Message);
            }
        }

        return Assert.Single(answers.Distinct());
    }

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                using var client = await _listener.AcceptTcpClientAsync();
                try
                {
                    await using var tls = new SslStream(client.GetStream());
                    await tls.AuthenticateAsServerAsync(_server);
                    using var reader = new StreamReader(tls);
                    while (await reader.ReadLineAsync() is { Length: > 0 })
                    {
                    }

                    await tls.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nOK"u8.ToArray());
                }
                catch (Exception e) when (e is IOException or AuthenticationException)
                {
                    // The client does not trust the certificate.
                }
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Disposed at the end of the test.
        }
    }
}
