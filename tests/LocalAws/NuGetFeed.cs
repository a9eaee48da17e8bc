using System.Text.Json.Nodes;

namespace LocalAws;

/// <summary>Serves a set of packages over the NuGet v3 protocol. Paths are relative to <c>/v3/</c>.</summary>
/// <param name="Root">URL of the folder <c>v3</c>, with a trailing slash.</param>
/// <param name="HasVulnerabilities">The service index has a VulnerabilityInfo resource, as nuget.org's has and CodeArtifact's has not. The
/// resource is empty.</param>
internal sealed record NuGetFeed(
    string Root, Func<string, IReadOnlyList<Package>> VersionsOf, Func<string, (Package Package, string From)?> Find, Func<IEnumerable<Package>> All,
    bool HasVulnerabilities = false)
{
    /// <summary>Answers the download of a package; null to send it.</summary>
    public Action<Package>? Download { get; init; }

    public static string OperationOf(string method, string path) => path.Split('/') switch
    {
        _ when method is "PUT" or "POST" => "Publish",
        ["index.json"] => "ServiceIndex",
        ["flat", _, "index.json"] => "Versions",
        ["flat", ..] => "Download",
        ["registration", ..] => "Registration",
        ["query"] => "Search",
        ["query", "autocomplete"] => "Autocomplete",
        _ => "unknown",
    };

    public void Respond(Exchange exchange, string path)
    {
        switch (path.Split('/'))
        {
            case ["index.json"]:
                exchange.Json(ServiceIndex());
                return;
            case ["flat", var id, "index.json"] when Versions(id) is { Count: > 0 } versions:
                exchange.Json(new JsonObject { ["versions"] = Strings(versions.Select(package => package.NormalizedVersion)) });
                return;
            case ["flat", var id, var version, var file] when Find($"{id}/{version}".ToLowerInvariant()) is { } found:
                exchange.Detail = $"{found.Package.Id} {found.Package.Version} from {found.From}";
                if (file.EndsWith(".nuspec", StringComparison.Ordinal))
                    exchange.Bytes(System.Text.Encoding.UTF8.GetBytes(found.Package.Nuspec()), "application/xml");
                else if (Download is not null)
                    Download(found.Package);
                else
                    exchange.Bytes(found.Package.Content, "application/octet-stream");
                return;
            case ["registration", var id, "index.json"] when Versions(id) is { Count: > 0 } versions:
                exchange.Json(Registration(id, versions));
                return;
            case ["registration", var id, var leaf] when Versions(id).Find(p => $"{p.NormalizedVersion}.json" == leaf) is { } package:
                exchange.Json(Leaf(package));
                return;
            case ["vulnerabilities.json"]:
                exchange.Json(new JsonArray(new JsonObject
                {
                    ["@name"] = "base", ["@id"] = $"{Root}vulnerabilities.base.json", ["@updated"] = "2026-01-01T00:00:00Z",
                }));
                return;
            case ["vulnerabilities.base.json"]:
                exchange.Json(new JsonObject());
                return;
            case ["query"]:
                exchange.Json(Search(exchange));
                return;
            case ["query", "autocomplete"]:
                exchange.Json(Autocomplete(exchange));
                return;
            default:
                exchange.PlainText("Not Found", 404);
                return;
        }
    }

    private JsonObject ServiceIndex()
    {
        var resources = new List<(string Path, string Type)>
        {
            ("flat/", "PackageBaseAddress/3.0.0"), ("registration/", "RegistrationsBaseUrl"), ("registration/", "RegistrationsBaseUrl/3.6.0"),
            ("registration/", "RegistrationsBaseUrl/Versioned"), ("query", "SearchQueryService"), ("query", "SearchQueryService/3.5.0"),
            // dotnet package search requires these versions of the resource types.
            ("query", "SearchQueryService/3.0.0-beta"), ("query/autocomplete", "SearchAutocompleteService"),
            ("query/autocomplete", "SearchAutocompleteService/3.0.0-beta"), ("../package", "PackagePublish/2.0.0"),
        };
        if (HasVulnerabilities)
            resources.Add(("vulnerabilities.json", "VulnerabilityInfo/6.7.0"));
        return new JsonObject
        {
            ["version"] = "3.0.0",
            ["resources"] = new JsonArray([.. resources.Select(resource => new JsonObject
            {
                ["@id"] = new Uri(new Uri(Root), resource.Path).AbsoluteUri,
                ["@type"] = resource.Type,
            })]),
        };
    }

    private JsonObject Registration(string id, List<Package> versions) => new()
    {
        ["@id"] = $"{Root}registration/{id}/index.json",
        ["count"] = 1,
        ["items"] = new JsonArray(new JsonObject
        {
            ["@id"] = $"{Root}registration/{id}/index.json#page",
            ["count"] = versions.Count,
            ["lower"] = versions[0].NormalizedVersion,
            ["upper"] = versions[^1].NormalizedVersion,
            ["items"] = new JsonArray([.. versions.Select(Leaf)]),
        }),
    };

    private JsonObject Leaf(Package package) => new()
    {
        ["@id"] = LeafUrl(package),
        ["catalogEntry"] = package.CatalogEntry($"{Root}catalog/{package.Key}.json", ContentUrl(package)),
        ["packageContent"] = ContentUrl(package),
    };

    private JsonObject Search(Exchange exchange)
    {
        var hits = Hits(exchange.Query("q"), exchange);
        return new JsonObject
        {
            ["totalHits"] = hits.Count,
            ["data"] = new JsonArray([.. Page(hits, exchange).Select(versions => new JsonObject
            {
                ["id"] = versions[^1].Id,
                ["version"] = versions[^1].NormalizedVersion,
                ["versions"] = new JsonArray([.. versions.Select(package => new JsonObject
                {
                    ["version"] = package.NormalizedVersion,
                    ["@id"] = LeafUrl(package),
                })]),
            })]),
        };
    }

    /// <summary>The IDs that contain <c>q</c>, or the versions of the package <c>id</c>.</summary>
    private JsonObject Autocomplete(Exchange exchange)
    {
        if (exchange.Query("id") is { Length: > 0 } id)
            return new JsonObject { ["data"] = Strings(Versions(id).Select(package => package.NormalizedVersion)) };
        var hits = Hits(exchange.Query("q"), exchange);
        var ids = Page(hits, exchange).Select(versions => versions[^1].Id);
        return new JsonObject { ["totalHits"] = hits.Count, ["data"] = Strings(ids) };
    }

    /// <summary>The packages whose ID contains <paramref name="text"/>, each with its versions, lowest first.</summary>
    private List<List<Package>> Hits(string text, Exchange exchange)
    {
        var withPrerelease = exchange.Query("prerelease") == "true";
        var matches = All().Where(package => package.Id.Contains(text, StringComparison.OrdinalIgnoreCase)
            && (withPrerelease || !package.NormalizedVersion.Contains('-', StringComparison.Ordinal)));
        return [.. matches.GroupBy(package => package.Id.ToLowerInvariant())
            .OrderBy(group => group.Key, StringComparer.Ordinal).Select(Sorted)];
    }

    private List<Package> Versions(string id) => Sorted(VersionsOf(id));

    private static List<Package> Sorted(IEnumerable<Package> packages) =>
        [.. packages.DistinctBy(package => package.Key).OrderBy(package => package.NormalizedVersion, PackageVersion.Order)];

    private static IEnumerable<List<Package>> Page(List<List<Package>> hits, Exchange exchange) =>
        hits.Skip(Number(exchange.Query("skip"), otherwise: 0)).Take(Number(exchange.Query("take"), otherwise: 20));

    private static int Number(string text, int otherwise) => int.TryParse(text, out var number) ? number : otherwise;

    private static JsonArray Strings(IEnumerable<string> values) => new([.. values.Select(value => JsonValue.Create(value))]);

    private string LeafUrl(Package package) => $"{Root}registration/{package.Key}.json";

    private string ContentUrl(Package package) => $"{Root}flat/{package.Key}/{package.Key.Replace('/', '.')}.nupkg";
}
