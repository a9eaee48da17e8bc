using System.Xml.Linq;
using static CredentialProvider.EndToEndTests.Failures.PlantedMachine;

namespace CredentialProvider.EndToEndTests.Failures;

/// <summary>A fault in discovery or sources, or something that looks like one and that NuGet tolerates.</summary>
/// <param name="Check">The first check of doctor that fails; null if the restore works.</param>
internal sealed partial record PlantedFault(string Name, string? Check, Action<PlantedMachine> Plant)
{
    private const int PairCount = 60, Seed = 17;

    private const string Gone = "/opt/gone";

    private static readonly string MissingRepository = Feeds.App.Replace("/app/", "/ap/", StringComparison.Ordinal);

    /// <summary>All faults.</summary>
    public static PlantedFault[] All { get; } =
    [
        .. Discovery,
        // Sources.
        new("the source is disabled", "enabled", m => Section(m.Config, "disabledPackageSources", Add("contoso", "true"))),
        new("the source is disabled in the folder above", "enabled", m => Section(m.Above, "disabledPackageSources", Add("contoso", "true"))),
        new("the source is disabled by the user, with false", "enabled", m => Section(m.User, "disabledPackageSources", Add("contoso", "false"))),
        new("the source is disabled on the machine", "enabled", m =>
        {
            m.Variables["NUGET_COMMON_APPLICATION_DATA"] = m.Folder("machine");
            m.Write("machine/NuGet/Config/corp.config", $"{new XElement("configuration", new XElement("disabledPackageSources", Add("contoso", "true")))}");
        }),
        new("a source of another case is disabled", null, m => Section(m.Config, "disabledPackageSources", Add("Contoso", "true"))),
        new("disabled above, cleared below", null, m =>
        {
            Section(m.Above, "disabledPackageSources", Add("contoso", "true"));
            Section(m.Config, "disabledPackageSources", new XElement("clear"));
        }),
        new("the sources are cleared after the feed", null, m => m.Sources.Add(new XElement("clear"))),
        new("mapping leaves the feed out", "mapping", m => Section(m.Config, "packageSourceMapping", Map("gallery", "*"))),
        new("mapping leaves the package out", "mapping", m => Section(m.Config, "packageSourceMapping", Map("contoso", "Contoso.*"))),
        new("mapping in the folder above leaves the feed out", "mapping", m => Section(m.Above, "packageSourceMapping", Map("gallery", "Example.*"))),
        new("mapping prefers a source that does not exist", "mapping", m => Section(m.Config, "packageSourceMapping",
            Map("contoso", "*"), Map("store", "Example.*"))),
        new("mapping has the package", null, m => Section(m.Config, "packageSourceMapping", Map("contoso", "Example.*"))),
        new("mapping has the source in another case", null, m => Section(m.Config, "packageSourceMapping", Map("Contoso", "*"))),
        new("mapping has the pattern in another case", null, m => Section(m.Config, "packageSourceMapping", Map("contoso", "EXAMPLE.*"))),
        new("mapping with a blank in the pattern", null, m => Section(m.Config, "packageSourceMapping", Map("contoso", "Example.* "))),
        new("mapping without patterns", "sources", m => Section(m.Config, "packageSourceMapping", Map("contoso"))),
        new("the feed under a second name", null, m => m.Sources.Add(Add("second", Feeds.App))),
        new("mapping of the feed's second name", "mapping", m =>
        {
            m.Sources.Add(Add("second", Feeds.App));
            Section(m.Config, "packageSourceMapping", Map("second", "*"));
        }),
        new("the second name is disabled", null, m =>
        {
            m.Sources.Add(Add("second", Feeds.App));
            Section(m.Config, "disabledPackageSources", Add("second", "true"));
        }),
        new("a source beside it", null, m => m.Sources.Add(Add("shared", Feeds.Shared))),
        new("the name has another URL in the folder above", null, m => Section(m.Above, "packageSources", Add("contoso", MissingRepository))),
        new("the name has another URL and protocol 3 in the folder above", null, m =>
        {
            m.Sources.Element("clear")?.Remove();
            Section(m.Above, "packageSources", new XElement("clear"), Protocol(Add("contoso", MissingRepository), "3"));
        }),
        new("a key that differs by case, before", "read", m => m.Feed.AddBeforeSelf(Add("Contoso", MissingRepository))),
        new("a key that differs by case, after", null, m => m.Sources.Add(Add("CONTOSO", MissingRepository))),
        new("a blank after the URL", null, m => Url(m, Feeds.App + " ")),
        new("a line break after the URL", null, m => Url(m, Feeds.App + "\n")),
        new("a blank before the URL", null, m => Url(m, " " + Feeds.App)),
        new("a blank after the URL, with protocol 3", null, m => Protocol(Url(m, Feeds.App + " "), "3")),
        new("a slash after the URL", "url", m => Url(m, Feeds.App + "/")),
        new("a query after the URL", "url", m => Url(m, Feeds.App + "?x=y")),
        new("a blank after the URL, with mapping", "mapping", m =>
        {
            Url(m, Feeds.App + " ");
            Section(m.Config, "packageSourceMapping", Map("contoso", "*"));
        }),
        new("a query after the URL, with protocol 3", null, m => Protocol(Url(m, Feeds.App + "?x=y"), "3")),
        new("protocol 2", null, m => Protocol(m.Feed, "2")),
        new("protocol 3", null, m => Protocol(m.Feed, "3")),
        new("protocol 4", null, m => Protocol(m.Feed, "4")),
        new("protocol v3", null, m => Protocol(m.Feed, "v3")),
        new("no v3/index.json", "url", m => Url(m, Feeds.App[..^"v3/index.json".Length])),
        new("no v3/index.json, with protocol 3", "url", m => Protocol(Url(m, Feeds.App[..^"v3/index.json".Length]), "3")),
        new("http", "url", m => Url(m, Feeds.App.Replace("https", "http", StringComparison.Ordinal))),
        new("http, allowed", "url", m => Url(m, Feeds.App.Replace("https", "http", StringComparison.Ordinal)).SetAttributeValue("allowInsecureConnections", "true")),
        new("capitals in scheme and host", null, m => Url(m, Feeds.App.Replace("https://contoso", "HTTPS://Contoso", StringComparison.Ordinal))),
        new("a variable in the URL", null, m =>
        {
            m.Variables["DOMAIN"] = "contoso";
            Url(m, Feeds.App.Replace("contoso", "%DOMAIN%", StringComparison.Ordinal));
        }),
        new("a variable in the URL that is not set", "sources", m => Url(m, Feeds.App.Replace("contoso", "%DOMAIN%", StringComparison.Ordinal))),
        new("a repository that does not exist", "read", m => Url(m, MissingRepository)),
        new("a stored password that has expired", null, m => Section(m.Config, "packageSourceCredentials", StoredPassword("contoso", "ClearTextPassword", "an expired token"))),
        new("a stored password for another case", null, m => Section(m.Config, "packageSourceCredentials", StoredPassword("Contoso", "Password", "AQAAANCMnd8BFdERjHoAwE=="))),
        new("an encrypted stored password", "stored credentials", m => Section(m.Config, "packageSourceCredentials", StoredPassword("contoso", "Password", "AQAAANCMnd8BFdERjHoAwE=="))),
        new("an encrypted stored password above", "stored credentials", m => Section(m.Above, "packageSourceCredentials", StoredPassword("contoso", "Password", "AQAAANCMnd8BFdERjHoAwE=="))),
        new("a stored password with an encoded name", null, m =>
        {
            m.Sources.Add(Add("my feed", Feeds.Shared));
            Section(m.Config, "packageSourceCredentials", StoredPassword("my_x0020_feed", "ClearTextPassword", "an expired token"));
        }),
        new("an encrypted stored password with an encoded name", "stored credentials", m =>
        {
            m.Sources.Add(Add("my feed", Feeds.Shared));
            Section(m.Config, "packageSourceCredentials", StoredPassword("my_x0020_feed", "Password", "AQAAANCMnd8BFdERjHoAwE=="));
        }),
        new("an encrypted stored password of no source", null, m => Section(m.Config, "packageSourceCredentials", StoredPassword("other", "Password", "AQAAANCMnd8BFdERjHoAwE=="))),
        new("a stored password for another authentication type", null, m =>
        {
            var credentials = StoredPassword("contoso", "ClearTextPassword", "an expired token");
            credentials.Add(Add("ValidAuthenticationTypes", "negotiate"));
            Section(m.Config, "packageSourceCredentials", credentials);
        }),
        new("`NuGetPackageSourceCredentials_contoso` has expired", null, m => m.Variables["NuGetPackageSourceCredentials_contoso"] = "Username=aws;Password=an expired token"),
        new("`NuGetPackageSourceCredentials_contoso` is not valid", null, m => m.Variables["NuGetPackageSourceCredentials_contoso"] = "aws:token"),
        new("a stored user without password", "sources", m => Section(m.Config, "packageSourceCredentials", new XElement("contoso", Add("Username", "aws")))),
        new("nuget.config is cut off", "sources", m => m.Edit = text => text[..^5]),
        new("nuget.config is empty", "sources", m => m.Edit = _ => ""),
        new("nuget.config has a source without a value", "sources", m => m.Sources.Add(new XElement("add", new XAttribute("key", "gallery")))),
        new("nuget.config has a source without a key", "sources", m => m.Sources.Add(new XElement("add", new XAttribute("value", Feeds.Shared)))),
        new("nuget.config has another root", "sources", m => m.Edit = text => text.Replace("configuration", "settings", StringComparison.Ordinal)),
        new("nuget.config has a section twice", null, m => m.Config.Add(new XElement("packageSources", Add("shared", Feeds.Shared)))),
        new("nuget.config has unknown elements", null, m => m.Config.Add(new XElement("unknown", new XElement("thing")))),
        new("the nuget.config above has a source without a value", "sources", m => Section(m.Above, "packageSources", new XElement("add", new XAttribute("key", "gallery")))),
        new("the user's NuGet.Config is broken", "sources", m => m.Write("home/.nuget/NuGet/NuGet.Config", "<configuration>")),
        new("another file of the user's is broken", "sources", m => m.Write("home/.nuget/NuGet/config/team.config", "<configuration>")),
        new("nuget.config may not be read", "sources", m => m.Close(Path.Combine(m.Client, "nuget.config"))),
        new("the nuget.config above may not be read", "sources", m =>
        {
            Section(m.Above, "packageSources", Add("shared", Feeds.Shared));
            m.Close(Path.Combine(Path.GetDirectoryName(m.Client)!, "nuget.config"));
        }),
        new("a source that is a missing folder", "sources", m => m.Sources.Add(Add("local", "/opt/gone/packages"))),
        new("a source that is a missing relative folder", "sources", m => m.Sources.Add(Add("local", "packages"))),
        new("a source that is a missing folder, with mapping of other packages", null, m =>
        {
            m.Sources.Add(Add("local", "/opt/gone/packages"));
            Section(m.Config, "packageSourceMapping", Map("contoso", "Example.*"), Map("local", "Other.*"));
        }),
        new("a source that is a missing folder, with mapping of the package", "sources", m =>
        {
            m.Sources.Add(Add("local", "/opt/gone/packages"));
            Section(m.Config, "packageSourceMapping", Map("contoso", "*"), Map("local", "Example.*"));
        }),
        new("a source with another scheme, with mapping of other packages", null, m =>
        {
            m.Sources.Add(Add("other", "ftp://nuget.example.test/feed"));
            Section(m.Config, "packageSourceMapping", Map("contoso", "Example.*"), Map("other", "Other.*"));
        }),
        new("a source with http, with mapping of other packages", "sources", m =>
        {
            m.Sources.Add(Add("old", "http://gallery.example.test/v3/index.json"));
            Section(m.Config, "packageSourceMapping", Map("contoso", "Example.*"), Map("old", "Other.*"));
        }),
        new("a disabled source that is a missing folder", null, m =>
        {
            m.Sources.Add(Add("local", "/opt/gone/packages"));
            Section(m.Config, "disabledPackageSources", Add("local", "true"));
        }),
        new("a source with another scheme", "sources", m => m.Sources.Add(Add("other", "ftp://nuget.example.test/feed"))),
        new("a source that is a folder", null, m => m.Sources.Add(Add("local", m.Folder("local")))),
        new("a source with http", "sources", m => m.Sources.Add(Add("old", "http://gallery.example.test/v3/index.json"))),
        new("a fallback folder that is missing", "sources", m => Section(m.Config, "fallbackPackageFolders", Add("local", "/opt/gone/packages"))),
        new("the packages' folder is relative", "sources", m => m.Variables["NUGET_PACKAGES"] = "packages"),
        new("the packages' folder is a file", "sources", m => m.Variables["NUGET_PACKAGES"] = m.Write("a file", "")),
        new("the HTTP cache's folder is relative", "sources", m => m.Variables["NUGET_HTTP_CACHE_PATH"] = "cache"),
        new("the HTTP cache's folder is a file", "sources", m => m.Variables["NUGET_HTTP_CACHE_PATH"] = m.Write("a cache", "")),
        new("the HTTP cache's folder may not be accessed", "sources", m => m.Close(m.Variables["NUGET_HTTP_CACHE_PATH"] = m.Folder("closed cache"))),
        new("the plugins cache's folder is relative", "plugin", m => m.Variables["NUGET_PLUGINS_CACHE_PATH"] = "cache"),
        new("the plugins cache's folder is a file", "plugin", m => m.Variables["NUGET_PLUGINS_CACHE_PATH"] = m.Write("a cache", "")),
        new("the plugins cache's folder may not be accessed", "plugin", m => m.Close(m.Variables["NUGET_PLUGINS_CACHE_PATH"] = m.Folder("closed plugins"))),
        new("NuGet's folder for locks is below a file", "sources", m => m.Variables["NUGET_SCRATCH"] = m.Write("a scratch", "")),
        new("NuGet's folder for locks may not be accessed", "sources", m =>
        {
            m.Variables["NUGET_SCRATCH"] = m.Folder("scratch");
            m.Close(m.Folder("scratch/lock"));
        }),
        new("`AWS_CA_BUNDLE` alone trusts the feed", "read", m =>
        {
            m.Variables["AWS_CA_BUNDLE"] = m.Variables["SSL_CERT_FILE"];
            m.Variables["SSL_CERT_FILE"] = m.Write("no certificates.pem", "");
        }),
        new("`AWS_CA_BUNDLE` alone trusts the feed, and NuGet does not check its certificate", null, m =>
        {
            m.Variables["AWS_CA_BUNDLE"] = m.Variables["SSL_CERT_FILE"];
            m.Variables["SSL_CERT_FILE"] = m.Write("no certificates.pem", "");
            m.Feed.SetAttributeValue("disableTLSCertificateValidation", "true");
        }),
        new("a gallery beside it", null, m => m.Sources.Add(Add("gallery", "https://gallery.example.test/v3/index.json"))),
        new("NuGet's cache does not have the version", "package", m => m.WriteCachedAnswer("list_example.json", """{ "versions": ["12.0.0"] }""", TimeSpan.FromMinutes(5))),
        new("NuGet's cache is too old to be used", null, m => m.WriteCachedAnswer("list_example.json", """{ "versions": ["12.0.0"] }""", TimeSpan.FromMinutes(31))),
        new("NuGet's cache is damaged", null, m => m.WriteCachedAnswer("list_example.json", "{ \"versions\"", TimeSpan.FromMinutes(5))),
        new("the user's NuGet.Config names a proxy that is not running", "network", m => Section(m.User, "config", Add("http_proxy", "http://127.0.0.1:9"))),
        new("nuget.config names a proxy that is not running", null, m => Section(m.Config, "config", Add("http_proxy", "http://127.0.0.1:9"))),
        new("`http_proxy` names a proxy that is not running", "network", m => m.Variables["http_proxy"] = "http://127.0.0.1:9"),
        new("`http_proxy` names a proxy that is not running, without scheme", "network", m => m.Variables["http_proxy"] = "localhost:9"),
        new("`http_proxy` is an address without scheme, which NuGet ignores", null, m => m.Variables["http_proxy"] = "127.0.0.1:9"),
        new("the user's NuGet.Config names a proxy that is not a URL", "network", m => Section(m.User, "config", Add("http_proxy", "http://"))),
        new("`http_proxy` names a proxy that requires a password", "network", m => m.Variables["http_proxy"] = $"http://{m.StartProxy()}"),
        new("`http_proxy` has the password that its proxy requires", null, m => m.Variables["http_proxy"] = $"http://{WithPassword(m.StartProxy())}"),
        new("`http_proxy` has the password with an escape", "network",
            m => m.Variables["http_proxy"] = $"http://{WithPassword(m.StartProxy()).Replace("!", "%21", StringComparison.Ordinal)}"),
        new("`HTTPS_PROXY` has the password that its proxy requires, and `http_proxy` does not", "network", m =>
        {
            var proxy = m.StartProxy();
            m.Variables["HTTPS_PROXY"] = m.Variables["https_proxy"] = $"http://{WithPassword(proxy)}";
            m.Variables["http_proxy"] = $"http://{proxy}";
        }),
        new("`http_proxy` names a proxy that refuses the feed's host", "network", m => m.Variables["http_proxy"] = $"http://{m.StartProxy(403)}"),
        new("the user's NuGet.Config names a proxy that refuses the feed's host", "network",
            m => Section(m.User, "config", Add("http_proxy", $"http://{m.StartProxy(403)}"))),
        new("`no_proxy` has the feed after a blank", "network", m => Bypass(m, "localhost, amazonaws.com")),
        new("`no_proxy` has the feed with a port", "network", m => Bypass(m, "contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com:443")),
        new("`no_proxy` has all hosts, and the feed needs a proxy", "network", m => Bypass(m, "*")),
        new("`no_proxy` has a part of the feed's host, and it needs a proxy", "network", m => Bypass(m, "contoso")),
        new("a rule in codeartifact.json for another domain is wrong", null, m => WriteSettings(m, """{ "rules": [{ "domain": "fabrikam", "duration": 60 }] }""")),
        new("a rule in codeartifact.json for the domain is wrong", "settings", m => WriteSettings(m, """{ "rules": [{ "domain": "contoso", "duration": 60 }] }""")),
        new("another host in codeartifact.json is wrong", null, m => WriteSettings(m, """{ "hosts": { "nuget.example.test": { "owner": "1" } } }""")),
        new("`CODEARTIFACT_LOG_FILE` cannot be written", null, m => m.Variables["CODEARTIFACT_LOG_FILE"] = "/opt/gone/log"),
        new("the token cache is a file", null, m => m.Variables["CODEARTIFACT_CACHE_DIR"] = m.Write("a token cache", "")),
        new("a client certificate that does not exist", "sources", m => Section(m.Config, "clientCertificates",
            new XElement("fileCert", new XAttribute("packageSource", "contoso"), new XAttribute("path", "/opt/gone/client.pfx")))),
    ];

    private static void WriteSettings(PlantedMachine machine, string content) => machine.Write("home/.config/codeartifact.json", content);

    private static string WithPassword(string proxy) => $"{PasswordProxy.User}:{PasswordProxy.Password}@{proxy}";

    /// <summary>A proxy that is not running, for NuGet alone. None of the entries matches the hosts that .NET asks for, by its own rules.</summary>
    private static void Bypass(PlantedMachine machine, string hosts)
    {
        machine.Variables["http_proxy"] = "http://127.0.0.1:9";
        machine.Variables["no_proxy"] = hosts;
    }

    /// <summary>Two faults at once, the same in each run.</summary>
    public static IReadOnlyList<(string One, string Other)> Pairs { get; } = [.. ChoosePairs()];

    private static XElement Url(PlantedMachine machine, string url)
    {
        var feed = machine.Feed;
        feed.SetAttributeValue("value", url);
        return feed;
    }

    private static XElement Protocol(XElement source, string version)
    {
        source.SetAttributeValue("protocolVersion", version);
        return source;
    }

    private static HashSet<(string, string)> ChoosePairs()
    {
        var (random, pairs) = (new Random(Seed), new HashSet<(string, string)>());
        while (pairs.Count < PairCount)
        {
            var (one, other) = (random.Next(All.Length), random.Next(All.Length));
            if (one < other)
                pairs.Add((All[one].Name, All[other].Name));
        }

        return pairs;
    }
}
