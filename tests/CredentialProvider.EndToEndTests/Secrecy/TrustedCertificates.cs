using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;

namespace CredentialProvider.EndToEndTests.Secrecy;

/// <summary>What Linux trusts is trusted, and nothing else, although the program parses only the certificates that it needs.</summary>
[Trait("Category", "Slow")]
public sealed class TrustedCertificates
{
    private const string Store = "etc/ssl/certs", Bundle = $"{Store}/ca-certificates.crt", UserStores = "home/.dotnet/corefx/cryptography/x509stores";

    public static TheoryData<string> Builds => [Artifacts.Native, Artifacts.NetCore];

    [Theory]
    [MemberData(nameof(Builds))]
    public async Task A_CA_in_the_bundle_of_the_system_is_trusted_until_it_is_removed(string build)
    {
        await using var sandbox = await StartAsync(build);
        var without = await File.ReadAllTextAsync(Path.Combine(sandbox.Root, Bundle), TestContext.Current.CancellationToken);
        sandbox.Write(Bundle, without + Authority(sandbox));
        Assert.Null(await FailureAsync(sandbox, build));

        sandbox.Write(Bundle, without);

        Assert.Contains("PartialChain", await FailureAsync(sandbox, build), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Builds))]
    public async Task A_CA_in_a_file_of_its_own_is_trusted(string build)
    {
        await using var sandbox = await StartAsync(build);
        sandbox.Write($"{Store}/contoso.pem", Authority(sandbox));

        Assert.Null(await FailureAsync(sandbox, build));
    }

    [Fact]
    public async Task A_CA_in_DER_is_trusted()
    {
        await using var sandbox = await StartAsync(Artifacts.Native);
        using var authority = X509Certificate2.CreateFromPem(Authority(sandbox));
        await File.WriteAllBytesAsync(Path.Combine(sandbox.Root, Store, "contoso.crt"), authority.RawData, TestContext.Current.CancellationToken);

        Assert.Null(await FailureAsync(sandbox, Artifacts.Native));
    }

    [Fact]
    public async Task A_CA_in_the_user_s_store_is_trusted()
    {
        await using var sandbox = await StartAsync(Artifacts.Native);
        WriteToUsersStore(sandbox, "root");

        Assert.Null(await FailureAsync(sandbox, Artifacts.Native));
    }

    [Fact]
    public async Task A_CA_that_the_user_distrusts_is_refused()
    {
        await using var sandbox = await StartAsync(Artifacts.Native);
        Append(sandbox, Authority(sandbox));
        WriteToUsersStore(sandbox, "disallowed");

        Assert.NotNull(await FailureAsync(sandbox, Artifacts.Native));
    }

    /// <summary>The system has the CA in its folder, and not in its file.</summary>
    [Theory]
    [InlineData(null, null, true)]
    [InlineData("none.pem", null, true)]
    [InlineData("", null, true)]
    [InlineData(null, "none", false)]
    [InlineData(null, "", false)]
    [InlineData("none.pem", "none", false)]
    [InlineData("fifo", "none", false)]
    [InlineData("ca.pem", "none", true)]
    [InlineData("ca.pem", "", true)]
    [InlineData(null, "missing:own", true)]
    [InlineData(null, ":own:none", true)]
    [InlineData("own", "none", false)]
    public async Task Variables_name_another_store(string? file, string? folders, bool isTrusted)
    {
        await using var sandbox = await StartAsync(Artifacts.Native);
        sandbox.Write($"{Store}/contoso.pem", Authority(sandbox));
        sandbox.Write("none.pem", "");
        sandbox.Write("ca.pem", Authority(sandbox));
        sandbox.Write("own/contoso.pem", Authority(sandbox));
        sandbox.Folder("none");
        await sandbox.RunAsync("mkfifo", sandbox.Root, "fifo");
        if (file is not null)
            sandbox.Variables["SSL_CERT_FILE"] = file.Length == 0 ? "" : Path.Combine(sandbox.Root, file);
        if (folders is not null)
            sandbox.Variables["SSL_CERT_DIR"] = string.Join(':', folders.Split(':').Select(name => name.Length == 0 ? "" : Path.Combine(sandbox.Root, name)));

        var failure = await FailureAsync(sandbox, Artifacts.Native);

        if (isTrusted)
            Assert.Null(failure);
        else
            Assert.Contains("PartialChain", failure, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_with_trust_attributes_is_not_read()
    {
        await using var sandbox = await StartAsync(Artifacts.Native);
        sandbox.Write($"{Store}/contoso.pem", Authority(sandbox).Replace(" CERTIFICATE", " TRUSTED CERTIFICATE", StringComparison.Ordinal));

        Assert.Contains("PartialChain", await FailureAsync(sandbox, Artifacts.Native), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("localhost", 365, "1.3.6.1.5.5.7.3.1", null)]
    [InlineData("other.example", 365, "1.3.6.1.5.5.7.3.1", "RemoteCertificateNameMismatch")]
    [InlineData("localhost", -1, "1.3.6.1.5.5.7.3.1", "NotTimeValid")]
    [InlineData("localhost", 365, "1.3.6.1.5.5.7.3.2", "NotValidForUsage")]
    public async Task A_certificate_has_to_fit_the_server(string host, int days, string usage, string? problem)
    {
        await using var sandbox = await StartAsync(Artifacts.Native);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=Contoso root", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, true));
        var start = DateTimeOffset.UtcNow.AddDays(-10);
        using var authority = request.CreateSelfSigned(start, start.AddDays(1000));
        Append(sandbox, authority.ExportCertificatePem() + "\n");
        using var leaf = Issue(authority, host, start, DateTimeOffset.UtcNow.AddDays(days), usage);

        var failure = await WhileServingAsync(leaf, port =>
        {
            sandbox.Variables["AWS_ENDPOINT_URL_CODEARTIFACT"] = $"https://localhost:{port}";
            return FailureAsync(sandbox, Artifacts.Native);
        });

        if (problem is null)
            Assert.Contains("HTTP 404 without an AWS error code", failure, StringComparison.Ordinal);
        else
            Assert.Contains($"CACP1008: no token for domain contoso (111122223333, us-east-1): the certificate of https://localhost:", failure, StringComparison.Ordinal);
        Assert.Contains(problem ?? "404", failure, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("ca.pem")]
    public async Task Processes_that_the_program_starts_do_not_see_how(string? file)
    {
        await using var sandbox = await StartAsync(Artifacts.Native);
        Append(sandbox, Authority(sandbox));
        var own = file is null ? "" : sandbox.Variables["SSL_CERT_FILE"] = sandbox.Write(file, Authority(sandbox));
        var session = sandbox.Aws.World.OpenSession(sandbox.Aws.World.InstanceRole!, "process", DateTimeOffset.UtcNow);
        var process = sandbox.Write("credentials.sh", $$"""
            [ "$SSL_CERT_FILE$SSL_CERT_DIR" = "{{own}}" ] || { env | grep SSL_ >&2; exit 1; }
            echo '{"Version":1,"AccessKeyId":"{{session.AccessKeyId}}","SecretAccessKey":"{{session.SecretAccessKey}}","SessionToken":"{{session.Token}}"}'
            """);
        sandbox.Write("home/.aws/config", $"[default]\ncredential_process = /bin/sh {process}\n");

        Assert.Null(await FailureAsync(sandbox, Artifacts.Native));
    }

    private static async Task<Sandbox> StartAsync(string build)
    {
        Artifacts.Require(build, build);
        var sandbox = await Sandbox.StartAsync();
        sandbox.UseOwnEtc("ssl");
        // Debian links the files; the tests write some of them.
        File.Copy(File.ResolveLinkTarget(Path.Combine(sandbox.Root, Bundle), returnFinalTarget: true)?.FullName ?? Path.Combine(sandbox.Root, Bundle),
            Path.Combine(sandbox.Root, "bundle"));
        File.Delete(Path.Combine(sandbox.Root, Bundle));
        File.Move(Path.Combine(sandbox.Root, "bundle"), Path.Combine(sandbox.Root, Bundle));
        sandbox.Variables.Remove("SSL_CERT_FILE");
        sandbox.Variables.Remove("SSL_CERT_DIR");
        sandbox.Variables["CODEARTIFACT_CACHE"] = "off";
        sandbox.PrintsTokens = true;
        return sandbox;
    }

    /// <summary>Null if a token was had.</summary>
    private static async Task<string?> FailureAsync(Sandbox sandbox, string build)
    {
        var arguments = new[] { "token", "contoso/app", "--owner", "111122223333", "--region", "us-east-1" };
        var outcome = build.EndsWith(".dll", StringComparison.Ordinal) ? await sandbox.DotnetAsync(sandbox.Home, [build, .. arguments])
            : await sandbox.RunAsync(build, sandbox.Home, arguments);
        return outcome.ExitCode == 0 ? null : outcome.Output;
    }

    private static void Append(Sandbox sandbox, string pem) => File.AppendAllText(Path.Combine(sandbox.Root, Bundle), pem);

    private static string Authority(Sandbox sandbox) => File.ReadAllText(sandbox.Aws.CaFile);

    /// <summary>As X509Store does on Linux.</summary>
    private static void WriteToUsersStore(Sandbox sandbox, string name)
    {
        using var authority = X509Certificate2.CreateFromPem(Authority(sandbox));
        File.WriteAllBytes(Path.Combine(sandbox.Folder($"{UserStores}/{name}"), $"{authority.Thumbprint}.pfx"), authority.Export(X509ContentType.Pkcs12));
    }

    private static X509Certificate2 Issue(X509Certificate2 authority, string host, DateTimeOffset start, DateTimeOffset end, string usage)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={host}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(usage)], critical: false));
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(host);
        request.CertificateExtensions.Add(names.Build());
        using var issued = request.Create(authority, start, end, [1]);
        return issued.CopyWithPrivateKey(key);
    }

    /// <summary>Answers each request with 404, if the client accepts the certificate.</summary>
    private static async Task<string?> WhileServingAsync(X509Certificate2 certificate, Func<int, Task<string?>> run)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration()
            .ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listener => listener.UseHttps(new TlsHandshakeCallbackOptions
            {
                OnConnection = _ => ValueTask.FromResult(new SslServerAuthenticationOptions { ServerCertificate = certificate }),
            })));
        await using var server = builder.Build();
        server.Run(http =>
        {
            http.Response.StatusCode = 404;
            return Task.CompletedTask;
        });
        await server.StartAsync(TestContext.Current.CancellationToken);
        var address = server.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        return await run(new Uri(address).Port);
    }
}
