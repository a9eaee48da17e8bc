using System.Security.Cryptography;
using System.Text;
using System.Xml.Linq;
using LocalAws;

namespace CredentialProvider.EndToEndTests.Failures;

/// <summary>
/// A machine that restores one package from one CodeArtifact source, until faults are planted in it. Each fault changes its own part, so that
/// any two can be combined.
/// </summary>
internal sealed class PlantedMachine : IAsyncDisposable
{
    public const string Source = "contoso", Package = "Example.Json", Version = "13.0.1";

    private const int Executable = 0x1ED; // 0755

    private readonly Sandbox _sandbox;
    private readonly List<string> _closed = [];
    private readonly List<PasswordProxy> _proxies = [];

    /// <param name="cache">The token cache, which the machines share.</param>
    public PlantedMachine(LocalAwsServer aws, string cache)
    {
        _sandbox = Sandbox.Beside(aws);
        Client = _sandbox.Folder("repository/client");
        (First, Last) = (_sandbox.Folder("first"), _sandbox.Folder("last"));
        Plugin = Path.Combine(_sandbox.Folder("bin"), "nuget-plugin-codeartifact");
        File.CreateSymbolicLink(Plugin, Artifacts.Native);
        SearchPath = [First, Path.GetDirectoryName(Plugin)!, Last, .. Variables["PATH"].Split(':')];
        Variables["CODEARTIFACT_CACHE_DIR"] = cache;
        // The first attempt fails like every other.
        Variables["NUGET_ENHANCED_MAX_NETWORK_TRY_COUNT"] = "1";
        _sandbox.AllowSlowMetadata();
        Sources = new XElement("packageSources", new XElement("clear"), Add(Source, Feeds.App));
        Config = new XElement("configuration", Sources);
    }

    public Dictionary<string, string> Variables => _sandbox.Variables;

    /// <summary>The folders of PATH.</summary>
    public List<string> SearchPath { get; }

    /// <summary>An empty folder on PATH before the plugin's.</summary>
    public string First { get; }

    /// <summary>An empty folder on PATH after the plugin's.</summary>
    public string Last { get; }

    /// <summary>A link to the native executable, in a folder of its own.</summary>
    public string Plugin { get; }

    public string Home => _sandbox.Home;

    /// <summary>The project's folder.</summary>
    public string Client { get; }

    /// <summary>nuget.config in the project's folder.</summary>
    public XElement Config { get; }

    /// <summary>The sources in <see cref="Config"/>.</summary>
    public XElement Sources { get; }

    /// <summary>The element of the CodeArtifact source.</summary>
    public XElement Feed => Sources.Elements("add").Single(source => (string?)source.Attribute("key") == Source);

    /// <summary>nuget.config in the folder above.</summary>
    public XElement Above { get; } = new("configuration");

    /// <summary>The user's NuGet.Config.</summary>
    public XElement User { get; } = new("configuration");

    /// <summary>Changes the text of the project's nuget.config.</summary>
    public Func<string, string> Edit { get; set; } = text => text;

    public static XElement Add(string key, string value) => new("add", new XAttribute("key", key), new XAttribute("value", value));

    /// <summary>A section with these entries, or these added to the section.</summary>
    public static void Section(XElement config, string name, params object[] entries)
    {
        if (config.Element(name) is not { } section)
            config.Add(section = new XElement(name));
        section.Add(entries);
    }

    /// <summary>An entry of packageSourceMapping.</summary>
    public static XElement Map(string source, params string[] patterns) => new("packageSource", new XAttribute("key", source),
        patterns.Select(pattern => new XElement("package", new XAttribute("pattern", pattern))));

    /// <summary>An entry of packageSourceCredentials.</summary>
    public static XElement StoredPassword(string element, string key, string password) =>
        new(element, Add("Username", "aws"), Add(key, password));

    public string Folder(string name) => _sandbox.Folder(name);

    public string Write(string name, string content) => _sandbox.Write(name, content);

    /// <summary>Writes a file that may be executed.</summary>
    public static void WriteExecutable(string path, string content, int mode = Executable)
    {
        File.Delete(path);
        File.WriteAllText(path, content);
        File.SetUnixFileMode(path, (UnixFileMode)mode);
    }

    /// <summary>Takes every permission from a file or folder, even from root.</summary>
    public void Close(string path)
    {
        if (Environment.IsPrivilegedProcess)
            _sandbox.Wrapper = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"];
        _closed.Add(path);
    }

    /// <summary>Host and port of a proxy that requires a password, or refuses every connection with a status.</summary>
    public string StartProxy(int? refusal = null)
    {
        _proxies.Add(new PasswordProxy(new Uri(Variables["HTTPS_PROXY"]), refusal));
        return _proxies[^1].Start();
    }

    /// <summary>Writes what NuGet remembers about a plugin.</summary>
    /// <param name="plugin">Null for this project's.</param>
    public void WriteClaims(string claims, TimeSpan age, string? plugin = null)
    {
        var file = _sandbox.Write($"home/.local/share/NuGet/plugin-cache/{Hash(plugin ?? Plugin)}/{Hash("Source-Agnostic")}.dat", claims);
        File.SetLastWriteTimeUtc(file, DateTime.UtcNow - age);
    }

    /// <summary>Writes an answer of the feed into NuGet's HTTP cache.</summary>
    public void WriteCachedAnswer(string name, string answer, TimeSpan age)
    {
        var file = _sandbox.Write($"home/.local/share/NuGet/http-cache/{Hash(Feeds.App)}${Feeds.App[^32..].Replace('/', '_')}/{name}.dat", answer);
        File.SetLastWriteTimeUtc(file, DateTime.UtcNow - age);
    }

    /// <summary>Writes the configuration. No fault is planted after this.</summary>
    public void Complete()
    {
        Variables["PATH"] = string.Join(':', SearchPath);
        File.WriteAllText(Path.Combine(Client, "nuget.config"), Edit(Config.ToString()));
        if (Above.HasElements)
            _sandbox.Write("repository/nuget.config", Above.ToString());
        if (User.HasElements)
            _sandbox.Write("home/.nuget/NuGet/NuGet.Config", User.ToString());
        foreach (var path in _closed)
            File.SetUnixFileMode(path, UnixFileMode.None);
    }

    /// <summary>With the NuGet of the SDK, but without MSBuild.</summary>
    public Task<Outcome> RestoreAsync() => _sandbox.RestoreAsync(Client, $"{Package}/{Version}");

    public Task<Outcome> DotnetRestoreAsync()
    {
        _sandbox.WriteProject("repository/client", $"{Package}/{Version}");
        return _sandbox.DotnetAsync(Client, "restore", "--interactive", "false", "-p:NuGetAudit=false");
    }

    public Task<Outcome> DoctorAsync() => _sandbox.RunAsync(Artifacts.Native, Client, "doctor", "--json", "--package", Package);

    public ValueTask DisposeAsync()
    {
        _proxies.ForEach(proxy => proxy.Dispose());
        foreach (var path in _closed)
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return _sandbox.DisposeAsync();
    }

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..40];
}
