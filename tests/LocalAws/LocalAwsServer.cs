using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace LocalAws;

/// <summary>
/// Simulates EC2 instance metadata, CI systems that issue ID tokens, STS, IAM Identity Center, AWS Sign-In, CodeArtifact and its bucket in S3 on loopback, under AWS's real host names. Clients reach it
/// through an HTTP proxy that terminates TLS with a temporary certificate authority. <see cref="Environment"/> redirects a client to it.
/// </summary>
public sealed class LocalAwsServer : IAsyncDisposable
{
    /// <summary>Shared by all servers in this process: making a key takes longer than most tests.</summary>
    private static readonly Certificates SharedCertificates = new();

    private readonly TimeProvider _time;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("localaws-");
    private readonly MetadataService _metadata;
    private readonly SecurityTokenService _sts;
    private readonly OidcIssuers _issuers;
    private readonly CodeArtifactApi _api;
    private readonly SsoPortal _sso;
    private readonly SsoOidc _oidc;
    private readonly SignIn _signIn;
    private readonly S3 _s3;
    private readonly Repositories _repositories;
    private WebApplication? _application;

    private LocalAwsServer(World world, TimeProvider time)
    {
        (World, _time) = (world, time);
        world.Now = Now;
        (_metadata, _issuers, _api) = (new(world, Now), new(world, Now), new(world, Now));
        _sts = new(world, _issuers, Now);
        (_sso, _oidc, _signIn, _s3) = (new(world, Now), new(world, Now), new(world, Now), new(world, Now));
        _repositories = new(world, _s3, Now);
    }

    public World World { get; }

    public AuditLog Audit { get; } = new();

    public Faults Faults { get; } = new();

    /// <summary>The host of each connection through the proxy.</summary>
    public ConcurrentQueue<string> Tunnels { get; } = new();

    /// <summary>URL of the HTTP proxy, for example http://127.0.0.1:40001.</summary>
    public Uri Proxy { get; private set; } = null!;

    /// <summary>URL of the instance metadata service.</summary>
    public Uri Metadata { get; private set; } = null!;

    /// <summary>Path of the certificate authority, in PEM.</summary>
    public string CaFile => Path.Combine(_folder.FullName, "ca.pem");

    /// <summary>Path of a bundle with the certificate authority and the system's root certificates, in PEM.</summary>
    public string CaBundleFile => Path.Combine(_folder.FullName, "ca-bundle.pem");

    /// <summary>Environment variables for a client. All of them are standard for AWS SDKs or .NET; none is specific to the plugin.</summary>
    public IReadOnlyDictionary<string, string> Environment => new Dictionary<string, string>
    {
        ["HTTPS_PROXY"] = Proxy.GetLeftPart(UriPartial.Authority),
        ["HTTP_PROXY"] = Proxy.GetLeftPart(UriPartial.Authority),
        ["https_proxy"] = Proxy.GetLeftPart(UriPartial.Authority),
        ["http_proxy"] = Proxy.GetLeftPart(UriPartial.Authority),
        ["NO_PROXY"] = "127.0.0.1,localhost",
        ["no_proxy"] = "127.0.0.1,localhost",
        ["SSL_CERT_FILE"] = CaBundleFile,
        ["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = Metadata.GetLeftPart(UriPartial.Authority),
    };

    /// <summary>Starts a server on free ports.</summary>
    public static async Task<LocalAwsServer> StartAsync(World? world = null, TimeProvider? time = null, CancellationToken ct = default)
    {
        var server = new LocalAwsServer(world ?? World.Simple(), time ?? TimeProvider.System);
        await server.WriteCertificatesAsync(ct);
        await server.ListenAsync(ct);
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        if (_application is not null)
        {
            // Do not wait for connections that a fault keeps open.
            using var now = new CancellationTokenSource(TimeSpan.FromMilliseconds(1));
            await _application.StopAsync(now.Token);
            await _application.DisposeAsync();
        }

        _folder.Delete(recursive: true);
    }

    private DateTimeOffset Now() => _time.GetUtcNow() + Faults.ClockSkew;

    private async Task WriteCertificatesAsync(CancellationToken ct)
    {
        var own = SharedCertificates.Authority.ExportCertificatePem() + "\n";
        var system = System.Environment.GetEnvironmentVariable("SSL_CERT_FILE") ?? "/etc/ssl/certs/ca-certificates.crt";
        await File.WriteAllTextAsync(CaFile, own, ct);
        await File.WriteAllTextAsync(CaBundleFile, own + (File.Exists(system) ? await File.ReadAllTextAsync(system, ct) : ""), ct);
    }

    private async Task ListenAsync(CancellationToken ct)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.AddServerHeader = false;
            kestrel.Listen(IPAddress.Loopback, 0, listener =>
            {
                listener.Protocols = HttpProtocols.Http1;
                listener.Use(next => connection => ConnectProxy.HandleAsync(connection, ConnectAsync, () => next(connection)));
                listener.UseHttps(new TlsHandshakeCallbackOptions
                {
                    OnConnection = tls => ValueTask.FromResult(new SslServerAuthenticationOptions
                    {
                        ServerCertificateContext = SharedCertificates.For(HostOf(tls.Connection.Features)),
                    }),
                });
            });
            kestrel.Listen(IPAddress.Loopback, 0, listener => listener.Protocols = HttpProtocols.Http1);
        });
        _application = builder.Build();
        _application.Run(RespondAsync);
        await _application.StartAsync(ct);
        var addresses = _application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.ToList();
        Proxy = new UriBuilder(addresses[0]) { Scheme = "http" }.Uri;
        Metadata = new Uri(addresses[1]);
    }

    /// <summary>The HTTP status of a CONNECT request; null to abort the connection.</summary>
    private async Task<int?> ConnectAsync(string host, CancellationToken closed)
    {
        int? status = AwsHosts.IsAws(host) || OidcIssuers.IsHost(host) || World.ForeignFeeds.Exists(feed => feed.Host == host)
            || World.ReverseProxies.Exists(proxy => proxy.Host == host) || World.Downloads.ContainsKey(host) ? 200 : 502;
        if (Faults.Take("proxy", "Connect", host) is { } fault)
        {
            await Task.Delay(fault.Drops ? Timeout.InfiniteTimeSpan : fault.Delay, closed)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            status = fault.Drops || fault.Resets ? null : fault.Status ?? status;
        }

        // A successful connection needs no entry: its requests have their own.
        if (status == 200)
            Tunnels.Enqueue(host);
        else
            Audit.Add(new AuditEntry(Now(), "proxy", "Connect", host, "", status ?? 0, ""));
        return status;
    }

    private async Task RespondAsync(HttpContext http)
    {
        var started = _time.GetTimestamp();
        var isMetadata = http.Connection.LocalPort == Metadata.Port;
        var exchange = new Exchange(http, isMetadata ? "metadata" : HostOf(http.Features));
        await exchange.ReadBodyAsync();
        var respond = Route(exchange, isMetadata);
        var fault = Faults.Take(exchange.Service, exchange.Operation, exchange.Host + exchange.Path);
        var pause = fault is { Drops: true } ? Timeout.InfiniteTimeSpan : Faults.Latency + (fault?.Delay ?? TimeSpan.Zero);
        await Task.Delay(pause, http.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await (fault?.Until ?? Task.CompletedTask).WaitAsync(http.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (http.RequestAborted.IsCancellationRequested)
        {
            Record(exchange, status: 0, started);
            return;
        }

        if (fault is { Status: { } status })
            exchange.Error(status, fault.ErrorCode ?? "InternalFailure", fault.Message);
        else
            respond();
        if (fault is { Body: { } body })
            exchange.Bytes(System.Text.Encoding.UTF8.GetBytes(body), exchange.ContentType, fault.Status ?? 200);
        Record(exchange, fault is { Resets: true } ? 0 : exchange.Status, started);
        if (fault is { Resets: true })
            http.Abort();
        else
            await SendAsync(exchange, fault);
    }

    private void Record(Exchange exchange, int status, long started) => Audit.Add(new AuditEntry(
        Now(), exchange.Service, exchange.Operation, exchange.Host, exchange.Path, status, exchange.Detail)
    {
        Took = _time.GetElapsedTime(started),
        UserAgent = exchange.Header("User-Agent") ?? "",
        Session = exchange.Session is { } session ? RoleSession.From(session) : null,
    });

    private Action Route(Exchange exchange, bool isMetadata)
    {
        if (isMetadata)
        {
            MetadataService.Name(exchange);
            return () => _metadata.Respond(exchange);
        }

        if (!exchange.Http.Request.Host.Host.Equals(exchange.Host, StringComparison.OrdinalIgnoreCase))
        {
            exchange.Service = "proxy";
            return () => exchange.PlainText("Misdirected Request", 421);
        }

        if (World.Downloads.TryGetValue(exchange.Host, out var folder))
        {
            (exchange.Service, exchange.Operation) = ("download", Path.GetFileName(exchange.Path));
            return () => Download(exchange, Path.Combine(folder, exchange.Operation));
        }

        if (OidcIssuers.IsHost(exchange.Host))
        {
            OidcIssuers.Name(exchange);
            return () => _issuers.Respond(exchange);
        }

        var (service, region) = AwsHosts.Parse(exchange.Host);
        switch (service)
        {
            case "sts":
                SecurityTokenService.Name(exchange);
                return () => _sts.Respond(exchange, region);
            case "sso":
                SsoPortal.Name(exchange);
                return () => _sso.Respond(exchange);
            case "sso-oidc":
                SsoOidc.Name(exchange);
                return () => _oidc.Respond(exchange);
            case "signin":
                SignIn.Name(exchange);
                return () => _signIn.Respond(exchange);
            case "s3":
                S3.Name(exchange);
                return () => _s3.Respond(exchange);
            case "codeartifact":
                CodeArtifactApi.Name(exchange);
                return () => _api.Respond(exchange, region);
            default:
                _repositories.Name(exchange);
                return () => _repositories.Respond(exchange);
        }
    }

    private static void Download(Exchange exchange, string file)
    {
        if (File.Exists(file))
            exchange.Bytes(File.ReadAllBytes(file), "application/octet-stream");
        else
            exchange.PlainText("Not Found", 404);
    }

    private async Task SendAsync(Exchange exchange, Fault? fault)
    {
        var response = exchange.Http.Response;
        foreach (var (name, value) in fault?.Headers ?? new Dictionary<string, string>())
            response.Headers[name] = value;
        response.Headers.Date = Now().ToString("R");
        response.StatusCode = exchange.Status;
        response.ContentType = fault?.ContentType ?? exchange.ContentType;
        response.ContentLength = exchange.Content.Length;
        if (fault is not ({ Truncates: true } or { Stalls: true }))
        {
            await response.Body.WriteAsync(exchange.Content);
            return;
        }

        // Kestrel closes the connection if the response is shorter than its Content-Length.
        await response.Body.WriteAsync(exchange.Content.AsMemory(0, exchange.Content.Length / 2));
        if (fault.Stalls)
        {
            await response.Body.FlushAsync();
            await Task.Delay(Timeout.InfiniteTimeSpan, exchange.Http.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static string HostOf(Microsoft.AspNetCore.Http.Features.IFeatureCollection features) =>
        (string)features.Get<IConnectionItemsFeature>()!.Items[ConnectProxy.HostItem]!;
}
