using System.Text.Json.Nodes;

namespace LocalAws;

/// <summary>NuGet's v3 protocol over any set of packages. Paths are relative to <c>/v3/</c>.</summary>
/// <param name="Root">URL of the folder <c>v3</c>, with a slash at its end.</param>
internal sealed record NuGetFeed(
    string Root, Func<string, IReadOnlyList<Package>> VersionsOf, Func<string, (Package Package, string From)?> Find, Func<IEnumerable<Package>> All)
{
    public static string OperationOf(string method, string path) => path.Split('/') switch
    {
        _ when method is "PUT" or "POST" => "Publish",
        ["index.json"] => "ServiceIndex",
        ["flat", _, "index.json"] => "Versions",
        ["flat", ..] => "Download",
        ["registration", ..] => "Registration",
        ["query", ..] => "Search",
        _ => "unknown",
    };

    public void Answer(Exchange exchange, string path)
    {
        switch (path.Split('/'))
        {
            case ["index.json"]:
                exchange.Json(ServiceIndex());
                return;
            case ["flat", var id, "index.json"] when VersionsOf(id) is { Count: > 0 } versions:
                exchange.Json(new JsonObject { ["versions"] = new JsonArray([.. versions.Select(p => JsonValue.Create(p.Version.ToLowerInvariant()))]) });
                return;
            case ["flat", var id, var version, var file] when Find($"{id}/{version}") is { } found:
                exchange.Detail = $"{found.Package.Id} {found.Package.Version} from {found.From}";
                if (file.EndsWith(".nuspec", StringComparison.Ordinal))
                    exchange.Bytes(System.Text.Encoding.UTF8.GetBytes(found.Package.Nuspec()), "application/xml");
                else
                    exchange.Bytes(found.Package.Content, "application/octet-stream");
                return;
            case ["registration", var id, "index.json"] when VersionsOf(id) is { Count: > 0 } versions:
                exchange.Json(Registration(id, versions));
                return;
            case ["query", ..]:
                exchange.Json(Search(exchange.Query("q")));
                return;
            default:
                exchange.Text("Not Found", 404);
                return;
        }
    }

    private JsonObject ServiceIndex()
    {
        var resources = new (string Path, string Type)[]
        {
            ("flat/", "PackageBaseAddress/3.0.0"), ("registration/", "RegistrationsBaseUrl"), ("registration/", "RegistrationsBaseUrl/3.6.0"),
            ("registration/", "RegistrationsBaseUrl/Versioned"), ("query", "SearchQueryService"), ("query", "SearchQueryService/3.5.0"),
            ("query/autocomplete", "SearchAutocompleteService"), ("../package", "PackagePublish/2.0.0"),
        };
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

    private JsonObject Registration(string id, IReadOnlyList<Package> versions) => new()
    {
        ["@id"] = $"{Root}registration/{id}/index.json",
        ["count"] = 1,
        ["items"] = new JsonArray(new JsonObject
        {
            ["@id"] = $"{Root}registration/{id}/index.json#page",
            ["count"] = versions.Count,
            ["lower"] = versions[0].Version,
            ["upper"] = versions[^1].Version,
            ["items"] = new JsonArray([.. versions.Select(package => new JsonObject
            {
                ["@id"] = $"{Root}registration/{package.Key}.json",
                ["catalogEntry"] = package.CatalogEntry($"{Root}catalog/{package.Key}.json", ContentUrl(package)),
                ["packageContent"] = ContentUrl(package),
            })]),
        }),
    };

    private JsonObject Search(string text)
    {
        var hits = All().Where(package => package.Id.Contains(text, StringComparison.OrdinalIgnoreCase))
            .GroupBy(package => package.Id.ToLowerInvariant()).Select(group => group.Last()).ToList();
        return new JsonObject
        {
            ["totalHits"] = hits.Count,
            ["data"] = new JsonArray([.. hits.Select(package => new JsonObject
            {
                ["id"] = package.Id,
                ["version"] = package.Version,
                ["versions"] = new JsonArray(new JsonObject { ["version"] = package.Version, ["@id"] = $"{Root}registration/{package.Key}.json" }),
            })]),
        };
    }

    private string ContentUrl(Package package) => $"{Root}flat/{package.Key}/{package.Key.Replace('/', '.')}.nupkg";
}
