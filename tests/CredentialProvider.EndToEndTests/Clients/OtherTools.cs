using System.Diagnostics;
using System.IO.Compression;
using System.Text;
using LocalAws;

namespace CredentialProvider.EndToEndTests.Clients;

/// <summary>Tools of other package formats get the token of the domain from <c>token</c> and <c>exec</c>.</summary>
public sealed class OtherTools
{
    private const string Host = "contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com";

    /// <summary>Cargo and Maven are large, so they are not installed for these tests.</summary>
    private static readonly Dictionary<string, (string Program, Func<Task> Use)> LargeTools = new()
    {
        ["Cargo, with the variable of a registry"] = ("cargo", () => Cargo(
            "cargo:token", "nuget-plugin-codeartifact exec sparse+https://$HOST/cargo/app/ --variable CARGO_REGISTRIES_APP_TOKEN --")),
        ["Cargo, which asks this program"] = ("cargo", () => Cargo(
            "cargo:token-from-stdout nuget-plugin-codeartifact token sparse+https://HOST/cargo/app/", "")),
        ["Maven"] = ("mvn", Maven),
        // Always there, so that there is a test in any case.
        ["curl, with a variable"] = ("curl", CurlWithAVariable),
    };

    public static TheoryData<string> Installed => [.. LargeTools.Where(tool => IsUsable(tool.Value.Program)).Select(tool => tool.Key)];

    [Theory]
    [InlineData("npm/app/left-pad")]
    [InlineData("pypi/app/simple/example/")]
    [InlineData("maven/app/example/1.0/example.pom")]
    [InlineData("nuget/app/v3/index.json")]
    public async Task Curl_with_a_netrc_file(string path)
    {
        await using var sandbox = await StartAsync(path);
        Assert.Equal("401", await CurlAsync(sandbox, path));
        var netrc = Path.Combine(sandbox.Home, "netrc");

        (await sandbox.RunAsync(Artifacts.Native, sandbox.Home, "token", $"https://{Host}/{path}", "--format", "netrc", "--output", netrc)).Succeeded();

        Assert.Equal(SecretScan.OwnerOnly, File.GetUnixFileMode(netrc));
        sandbox.TestFiles[netrc] = true;
        Assert.Equal("200", await CurlAsync(sandbox, path, "--netrc-file netrc"));
    }

    [Theory]
    [InlineData("npm/app/left-pad", "Bearer ")]
    [InlineData("pypi/app/simple/example/", "Basic ")]
    [InlineData("cargo/app/config.json", "ey")]
    [InlineData("nuget/app/v3/index.json", "Basic ")]
    public async Task Curl_with_a_header(string path, string begin)
    {
        await using var sandbox = await StartAsync(path);
        // Not an argument, which other users could see.
        const string Command = "nuget-plugin-codeartifact token $0 --format header | tee header | curl -sS -o /dev/null -w '%{http_code}' -H @- $0";

        var outcome = await sandbox.RunAsync("bash", sandbox.Home, "-c", Command, $"https://{Host}/{path}");

        Assert.Equal("200", outcome.Succeeded().Output);
        sandbox.TestFiles[Path.Combine(sandbox.Home, "header")] = true;
        Assert.StartsWith($"Authorization: {begin}", await File.ReadAllTextAsync(Path.Combine(sandbox.Home, "header"), TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://vpce-0123456789abcdef0-abcdefgh.d.codeartifact.us-east-1.vpce.amazonaws.com/npm/d/contoso-111122223333/app/left-pad")]
    [InlineData("https://contoso-111122223333.codeartifact.us-east-1.on.aws/npm/app/left-pad")]
    public async Task Curl_on_other_hosts_of_the_domain(string url)
    {
        await using var sandbox = await StartAsync("npm/app/left-pad");
        const string Command = "nuget-plugin-codeartifact token $0 --format header | curl -sS -o /dev/null -w '%{http_code}' -H @- $0";
        Assert.Equal("200", (await sandbox.RunAsync("bash", sandbox.Home, "-c", Command, url)).Succeeded().Output);
    }

    [Fact]
    public async Task Npm()
    {
        await using var sandbox = await StartAsync("npm/app/left-pad");
        await RequireAsync(sandbox, "npm");
        Serve(sandbox, "npm/left-pad", """{"name":"left-pad","dist-tags":{"latest":"1.3.0"},"versions":{"1.3.0":{"name":"left-pad","version":"1.3.0"}}}""");
        sandbox.Write("home/.npmrc", $"registry=https://{Host}/npm/app/\n//{Host}/npm/app/:_authToken=${{CODEARTIFACT_AUTH_TOKEN}}\n");
        sandbox.Variables["npm_config_cafile"] = sandbox.Aws.CaFile;
        sandbox.Variables["npm_config_fetch_retries"] = "0";

        var outcome = (await sandbox.RunAsync(Artifacts.Native, sandbox.Home, "exec", $"https://{Host}/npm/app/", "--", "npm", "view", "left-pad", "version")).Succeeded();

        Assert.Contains("1.3.0", outcome.Output, StringComparison.Ordinal);
        Assert.Contains(200, Statuses(sandbox, "npm"));
    }

    [Theory]
    [InlineData("NETRC=netrc PIP_INDEX_URL=https://$HOST/pypi/app/simple/")]
    [InlineData("nuget-plugin-codeartifact exec https://$HOST/pypi/app/simple/ --variable PIP_INDEX_URL=https://aws:{token}@$HOST/pypi/app/simple/ --")]
    public async Task Pip(string prefix)
    {
        await using var sandbox = await StartAsync("pypi/app/simple/example/");
        await RequireAsync(sandbox, "/usr/bin/python3 -m pip");
        Serve(sandbox, "pypi/simple/example/", "<a href=\"../../example/1.0/example-1.0-py3-none-any.whl\">example-1.0-py3-none-any.whl</a>", "text/html");
        sandbox.Aws.World.FindRepository("contoso", "111122223333", "us-east-1", "app")!.Files["pypi/example/1.0/example-1.0-py3-none-any.whl"] = ("application/zip", Wheel());
        (await sandbox.RunAsync(Artifacts.Native, sandbox.Home, "token", $"https://{Host}/pypi/app/", "--format", "netrc", "--output", "netrc")).Succeeded();
        sandbox.TestFiles[Path.Combine(sandbox.Home, "netrc")] = true;
        sandbox.Variables["PIP_CERT"] = sandbox.Aws.CaFile;
        sandbox.Variables["HOST"] = Host;

        var outcome = await sandbox.RunAsync("bash", sandbox.Home, "-c", $"{prefix} /usr/bin/python3 -m pip download --no-deps --no-cache-dir --disable-pip-version-check example");

        outcome.Succeeded();
        Assert.True(File.Exists(Path.Combine(sandbox.Home, "example-1.0-py3-none-any.whl")));
    }

    [Theory]
    [Trait("Category", "Slow")]
    [MemberData(nameof(Installed))]
    public Task Large_tools_that_are_installed(string tool) => LargeTools[tool].Use();

    private static async Task CurlWithAVariable()
    {
        await using var sandbox = await StartAsync("npm/app/left-pad");
        const string Command = "printf 'user = \"aws:%s\"' \"$CODEARTIFACT_AUTH_TOKEN\" | curl -sS -o /dev/null -w '%{http_code}' -K - $0";

        var outcome = await sandbox.RunAsync(Artifacts.Native, sandbox.Home, "exec", $"https://{Host}/npm/app/", "--", "bash", "-c", Command, $"https://{Host}/npm/app/left-pad");

        Assert.Equal("200", outcome.Succeeded().Output);
    }

    private static async Task Cargo(string provider, string prefix)
    {
        await using var sandbox = await StartAsync("cargo/app/config.json");
        sandbox.Variables["RUSTUP_HOME"] = RustupHome();
        Serve(sandbox, "cargo/config.json", $$"""{"dl":"https://{{Host}}/cargo/app/crates","api":"https://{{Host}}/cargo/app","auth-required":true}""");
        Serve(sandbox, "cargo/ex/am/example", $$"""{"name":"example","vers":"1.2.3","deps":[],"features":{},"cksum":"{{new string('0', 64)}}","yanked":false}""" + "\n");
        sandbox.Write("client/Cargo.toml", "[package]\nname = \"client\"\nversion = \"0.1.0\"\nedition = \"2021\"\n");
        sandbox.Write("client/src/lib.rs", "");
        sandbox.Write("home/.cargo/config.toml", $"[registries.app]\nindex = \"sparse+https://{Host}/cargo/app/\"\ncredential-provider = \"{provider.Replace("HOST", Host, StringComparison.Ordinal)}\"\n");
        sandbox.Variables["CARGO_HOME"] = Path.Combine(sandbox.Home, ".cargo");
        sandbox.Variables["CARGO_HTTP_CAINFO"] = sandbox.Aws.CaFile;
        sandbox.Variables["HOST"] = Host;

        var outcome = await sandbox.RunAsync("bash", sandbox.Folder("client"), "-c", $"{prefix} cargo add example --registry app");

        outcome.Succeeded();
        Assert.Contains("1.2.3", await File.ReadAllTextAsync(Path.Combine(sandbox.Root, "client/Cargo.toml"), TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    private static async Task Maven()
    {
        const string Pom = "com/example/tool-maven-plugin/1.0/tool-maven-plugin-1.0.pom";
        await using var sandbox = await StartAsync($"maven/app/{Pom}");
        Serve(sandbox, $"maven/{Pom}", "<project><modelVersion>4.0.0</modelVersion><groupId>com.example</groupId><artifactId>tool-maven-plugin</artifactId><version>1.0</version></project>");
        var store = Path.Combine(sandbox.Home, "trust");
        (await sandbox.RunAsync("keytool", sandbox.Home, "-importcert", "-noprompt", "-alias", "ca", "-file", sandbox.Aws.CaFile, "-keystore", store, "-storepass", "changeit")).Succeeded();
        sandbox.Variables["MAVEN_OPTS"] = $"-Duser.home={sandbox.Home} -Djavax.net.ssl.trustStore={store} -Djavax.net.ssl.trustStorePassword=changeit";
        var settings = sandbox.Write("settings.xml", $$"""
            <settings>
              <proxies><proxy><protocol>https</protocol><host>{{sandbox.Aws.Proxy.Host}}</host><port>{{sandbox.Aws.Proxy.Port}}</port></proxy></proxies>
              <servers><server><id>app</id><username>aws</username><password>${env.CODEARTIFACT_AUTH_TOKEN}</password></server></servers>
              <mirrors><mirror><id>app</id><url>https://{{Host}}/maven/app/</url><mirrorOf>*</mirrorOf></mirror></mirrors>
            </settings>
            """);

        // The plugin's POM is enough to see the token accepted; its archive does not exist.
        (await sandbox.RunAsync(Artifacts.Native, sandbox.Home, "exec", $"https://{Host}/maven/app/", "--", "mvn", "-B", "-s", settings, "com.example:tool-maven-plugin:1.0:run")).Failed();

        Assert.Contains(200, Statuses(sandbox, "maven"));
    }

    [Fact]
    public async Task Are_no_concern_of_NuGet()
    {
        await using var sandbox = await StartAsync("npm/app/left-pad");
        await using var plugin = await PluginProcess.Start(sandbox, Artifacts.Native).InitializeAsync();

        Assert.Equal("Error", (string?)(await plugin.GetCredentialsAsync($"https://{Host}/npm/app/"))["ResponseCode"]);

        Assert.Empty(plugin.Warnings);
        Assert.Equal(0, sandbox.Aws.Audit.Count("codeartifact"));
        await plugin.CloseAsync();
    }

    /// <summary>A machine where the program is on PATH.</summary>
    /// <param name="path">What a repository has, as in its URL.</param>
    private static async Task<Sandbox> StartAsync(string path)
    {
        var sandbox = await Sandbox.StartAsync();
        sandbox.PutNativeOnPath();
        Serve(sandbox, path.Replace("/app/", "/", StringComparison.Ordinal), "content");
        return sandbox;
    }

    /// <summary>Skips the test where a tool is not installed.</summary>
    private static async Task RequireAsync(Sandbox sandbox, string tool) =>
        Assert.SkipUnless((await sandbox.RunAsync("bash", sandbox.Home, "-c", $"{tool} --version")).ExitCode == 0, $"{tool} is not available");

    /// <summary>False for a program that is not there, and for a Cargo without credential providers.</summary>
    private static bool IsUsable(string program)
    {
        if (Find(program) is not { } path || program != "cargo")
            return Find(program) is not null;
        var start = new ProcessStartInfo(path, "--version") { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["RUSTUP_HOME"] = RustupHome();
        using var process = Process.Start(start)!;
        _ = process.StandardError.ReadToEndAsync();
        return process.StandardOutput.ReadToEnd().Split(' ') is ["cargo", var version, ..] && Version.Parse(version.Split('-')[0]) >= new Version(1, 74);
    }

    /// <summary>Where rustup has its toolchains. By itself it would look below HOME.</summary>
    private static string RustupHome() => Path.GetFullPath(Path.Combine(Find("cargo")!, "../../../.rustup"));

    private static string? Find(string program) => Environment.GetEnvironmentVariable("PATH")!.Split(':')
        .Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);

    private static void Serve(Sandbox sandbox, string path, string content, string type = "application/json") =>
        sandbox.Aws.World.FindRepository("contoso", "111122223333", "us-east-1", "app")!.Files[path] = (type, Encoding.UTF8.GetBytes(content));

    private static IEnumerable<int> Statuses(Sandbox sandbox, string service) => sandbox.Aws.Audit.Entries.Where(entry => entry.Service == service).Select(entry => entry.Status);

    private static async Task<string> CurlAsync(Sandbox sandbox, string path, string options = "") =>
        (await sandbox.RunAsync("bash", sandbox.Home, "-c", $"curl -sS -o /dev/null -w '%{{http_code}}' {options} https://{Host}/{path}")).Succeeded().Output;

    private static byte[] Wheel()
    {
        using var stream = new MemoryStream();
        using (var archive = new ZipArchive(stream, ZipArchiveMode.Create))
        {
            Add("METADATA", "Metadata-Version: 2.1\nName: example\nVersion: 1.0\n");
            Add("WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n");
            Add("RECORD", "");

            void Add(string name, string content)
            {
                using var writer = new StreamWriter(archive.CreateEntry($"example-1.0.dist-info/{name}").Open());
                writer.Write(content);
            }
        }

        return stream.ToArray();
    }
}
