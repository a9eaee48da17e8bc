using System.Text;
using System.Text.RegularExpressions;

namespace LocalAws;

/// <summary>Serves CodeArtifact's NuGet repositories and the foreign feeds.</summary>
internal sealed partial class Repositories(World world, S3 s3, Func<DateTimeOffset> now)
{
    /// <summary>The package format and the repository that a URL names, and the path within it; null for any other URL.</summary>
    public static (string Format, string Domain, string Owner, string Region, string Repository, string Path)? Parse(string host, string path)
    {
        var hostMatch = Host().Match(host);
        if (!hostMatch.Success)
            return null;
        var isVpc = hostMatch.Groups["vpce"].Success;
        var pathMatch = isVpc ? VpcPath().Match(path) : PlainPath().Match(path);
        var owned = Owned().Match(isVpc ? pathMatch.Groups["owned"].Value : hostMatch.Groups["owned"].Value);
        return pathMatch.Success && owned.Success
            ? (pathMatch.Groups["format"].Value, owned.Groups[1].Value, owned.Groups[2].Value, hostMatch.Groups["region"].Value, pathMatch.Groups["repository"].Value, pathMatch.Groups["rest"].Value)
            : null;
    }

    public void Name(Exchange exchange)
    {
        exchange.Service = world.ForeignFeeds.Exists(feed => feed.Host == exchange.Host) ? "foreign" : "nuget";
        var url = exchange.Service == "foreign" ? null : Parse(AwsHost(exchange), exchange.Path);
        if (url is { Format: not "nuget" })
        {
            (exchange.Service, exchange.Operation) = (url.Value.Format, "Download");
            return;
        }

        var path = exchange.Service == "foreign" ? exchange.Path.TrimStart('/') : url?.Path ?? "";
        exchange.Operation = NuGetFeed.OperationOf(exchange.Method, path.StartsWith("v3/", StringComparison.Ordinal) ? path[3..] : path);
    }

    public void Respond(Exchange exchange)
    {
        if (exchange.Service == "foreign")
        {
            RespondForForeignFeed(exchange, world.ForeignFeeds.Find(feed => feed.Host == exchange.Host)!);
            return;
        }

        if (Parse(AwsHost(exchange), exchange.Path) is not { } url)
        {
            exchange.PlainText("Not Found", 404);
            return;
        }

        exchange.Detail = $"{url.Domain}/{url.Repository}";
        if (Caller(exchange, url.Format, url.Domain, url.Owner, url.Region) is not { } token)
        {
            var realm = $"realm=\"{url.Domain}/{url.Repository}\"";
            // Two challenges in one header have been seen for NuGet; Maven's client finds only the first of them.
            exchange.Http.Response.Headers.WWWAuthenticate = url.Format == "nuget" ? $"Bearer {realm}, Basic {realm}" : $"Basic {realm}";
            exchange.PlainText("Unauthorized", 401);
            return;
        }

        if (world.FindRepository(url.Domain, url.Owner, url.Region, url.Repository) is not { } repository)
            exchange.Error(404, "ResourceNotFoundException", "Repository not found.");
        else if (exchange.Operation == "Publish")
            Publish(exchange, repository, token.Caller);
        else if (FindDenial(token.Caller, "codeartifact:ReadFromRepository", repository.Arn, repository) is { } denial)
            exchange.Error(403, "AccessDeniedException", denial);
        else if (url.Format != "nuget")
            RespondWithFile(exchange, repository, $"{url.Format}/{url.Path}");
        else if (url.Path.StartsWith("v3/", StringComparison.Ordinal))
            Feed(exchange, repository, package => s3.Redirect(exchange, package, url.Region, DnsSuffix(exchange, url.Region)))
                .Respond(exchange, url.Path["v3/".Length..]);
        else
            exchange.PlainText("Not Found", 404);
    }

    /// <summary>The host behind a reverse proxy; otherwise the host itself.</summary>
    private string AwsHost(Exchange exchange) => world.ReverseProxies.Find(proxy => proxy.Host == exchange.Host) is { Domain: var domain }
        ? $"{domain.Name}-{domain.Owner}.d.codeartifact.{domain.Region}.amazonaws.com" : exchange.Host;

    private static void RespondWithFile(Exchange exchange, Repository repository, string path)
    {
        if (repository.Files.TryGetValue(path, out var file))
            exchange.Bytes(file.Content, file.Type);
        else
            exchange.PlainText("Not Found", 404);
    }

    private IssuedToken? Caller(Exchange exchange, string format, string domain, string owner, string region)
    {
        var parts = (exchange.Header("Authorization") ?? "").Split(' ', 2);
        var text = parts switch
        {
            ["Bearer", var bearer] => bearer,
            // Cargo sends the token as it is: https://docs.aws.amazon.com/codeartifact/latest/ug/configure-use-cargo.html
            [var token] when format == "cargo" => token,
            ["Basic", var basic] when Decode(basic) is { } pair && pair.StartsWith("aws:", StringComparison.Ordinal) => pair["aws:".Length..],
            _ => "",
        };
        return world.Tokens.TryGetValue(text, out var issued) && !issued.IsRevoked && issued.Expires > now()
            && issued.Domain == new Domain(domain, owner, region) ? issued : null;
    }

    private string DnsSuffix(Exchange exchange, string region)
    {
        var host = AwsHost(exchange);
        var suffix = host[(host.IndexOf($".{region}.", StringComparison.Ordinal) + region.Length + 2)..];
        return suffix is "on.aws" or "vpce.amazonaws.com" ? "amazonaws.com" : suffix;
    }

    private NuGetFeed Feed(Exchange exchange, Repository repository, Action<Package> download)
    {
        var root = $"https://{exchange.Host}{exchange.Path[..(exchange.Path.IndexOf("/v3/", StringComparison.Ordinal) + 4)]}";
        return new NuGetFeed(root,
            id => [.. Visible(repository).Where(package => package.Id.Equals(id, StringComparison.OrdinalIgnoreCase))],
            key => Find(repository, repository, key),
            () => Visible(repository)) { Download = download };
    }

    private IEnumerable<Package> Visible(Repository repository) =>
        [.. repository.Packages.Values, .. repository.ExternalConnection ?? [], .. Upstreams(repository).SelectMany(Visible)];

    private IEnumerable<Repository> Upstreams(Repository repository) =>
        repository.Upstreams.Select(name => world.FindRepository(repository.Domain.Name, repository.Domain.Owner, repository.Domain.Region, name)).OfType<Repository>();

    /// <summary>
    /// Searches a repository and then its upstreams, in order. As in CodeArtifact, a package from an external connection is kept in the
    /// repository that has the connection and in the requested one.
    /// </summary>
    private (Package, string)? Find(Repository requested, Repository repository, string key)
    {
        if (repository.Packages.TryGetValue(key, out var package))
            return (package, repository.Name);
        if (repository.ExternalConnection?.Find(external => external.Key == key) is { } pulled)
        {
            repository.Packages[key] = pulled;
            requested.Packages[key] = pulled;
            return (pulled, $"public:nuget-org through {repository.Name}");
        }

        foreach (var upstream in Upstreams(repository))
        {
            if (Find(requested, upstream, key) is { } found)
                return found;
        }

        return null;
    }

    private void Publish(Exchange exchange, Repository repository, Session caller)
    {
        if (ReadPublished(exchange.Body) is not { } package)
        {
            exchange.Error(400, "ValidationException", "the body is not a multipart form with one NuGet package");
            return;
        }

        exchange.Detail = $"{package.Id} {package.Version} to {repository.Name}";
        var (domain, id) = (repository.Domain, package.Id.ToLowerInvariant());
        var arn = $"arn:aws:codeartifact:{domain.Region}:{domain.Owner}:package/{domain.Name}/{repository.Name}/nuget//{id}";
        if (FindDenial(caller, "codeartifact:PublishPackageVersion", arn, repository) is { } denial)
            exchange.Error(403, "AccessDeniedException", denial);
        else if (Visible(repository).Any(existing => existing.Key == package.Key)
            || !repository.Packages.TryAdd(package.Key, package))
            exchange.Error(409, "ConflictException", $"{package.Id} {package.Version} already exists");
        else
            exchange.PlainText("", 201);
    }

    private string? FindDenial(Session caller, string action, string resource, Repository repository) =>
        Iam.FindDenial(caller, action, resource) ?? (world.RepositoryPolicies.TryGetValue(repository, out var policy)
            ? Iam.FindDenial(caller, action, resource, repository.Domain.Owner, policy) : null);

    private static Package? ReadPublished(byte[] form)
    {
        // multipart/form-data with one part: the package is between the first empty line and the closing boundary.
        var start = form.AsSpan().IndexOf("\r\n\r\n"u8) + 4;
        var end = form.AsSpan().LastIndexOf("\r\n--"u8);
        try
        {
            return start < 4 || end < start ? null : Package.Read(form[start..end]);
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }

    private static void RespondForForeignFeed(Exchange exchange, ForeignFeed feed)
    {
        if (feed.Password is { } password && Decode((exchange.Header("Authorization") ?? "").Replace("Basic ", "", StringComparison.Ordinal)) != $"user:{password}")
        {
            exchange.Http.Response.Headers.WWWAuthenticate = "Basic realm=\"foreign\"";
            exchange.PlainText("Unauthorized", 401);
            return;
        }

        new NuGetFeed($"https://{feed.Host}/v3/",
            id => [.. feed.Packages.Where(package => package.Id.Equals(id, StringComparison.OrdinalIgnoreCase))],
            key => feed.Packages.Find(package => package.Key == key) is { } found ? (found, feed.Host) : null,
            () => feed.Packages, HasVulnerabilities: true).Respond(exchange, exchange.Path.StartsWith("/v3/", StringComparison.Ordinal) ? exchange.Path[4..] : "");
    }

    private static string? Decode(string base64)
    {
        var bytes = new byte[base64.Length];
        return Convert.TryFromBase64String(base64, bytes, out var length) ? Encoding.UTF8.GetString(bytes, 0, length) : null;
    }

    // ConnectProxy accepts only hosts with an AWS suffix, so the suffix needs no check here.
    [GeneratedRegex(@"^(?:(?<vpce>vpce-[a-z0-9-]+)\.d\.codeartifact\.(?<region>[a-z0-9-]+)\.vpce"
        + @"|(?<owned>[a-z0-9-]+)(?:\.d)?\.codeartifact\.(?<region>[a-z0-9-]+)(?!\.vpce\.))\.[a-z.-]+$")]
    private static partial Regex Host();

    [GeneratedRegex(@"^(.+)-(\d{12})$")]
    private static partial Regex Owned();

    [GeneratedRegex(@"^/(?<format>[a-z]+)/(?<repository>[^/]+)/(?<rest>.*)$")]
    private static partial Regex PlainPath();

    [GeneratedRegex(@"^/(?<format>[a-z]+)/d/(?<owned>[^/]+)/(?<repository>[^/]+)/(?<rest>.*)$")]
    private static partial Regex VpcPath();
}
