using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using LocalAws;

namespace CredentialProvider.EndToEndTests;

/// <summary>
/// Each thing that goes wrong in practice, planted: <c>doctor</c> names it first, its fix is followed to the letter, and then all is
/// well. docs/doctor.md has what it says for each; a row that differs is written to artifacts/doctor/.
/// </summary>
public sealed partial class Misconfigurations
{
    private const string Source = "contoso", Published = "Contoso.App.Client";

    private static readonly string Document = File.ReadAllText(Path.GetFullPath(Path.Combine(Artifacts.Built("."), "..", "docs", "doctor.md")));

    /// <summary>What is planted.</summary>
    /// <param name="Check">The check that finds it.</param>
    /// <param name="Follow">Does what the fix says where it is not a command; null where it is.</param>
    private sealed record Misconfiguration(string Name, string Check, Action<Sandbox> Plant, Action<Sandbox>? Follow = null)
    {
        public string[] Arguments { get; init; } = [];

        /// <summary>False where NuGet restores in spite of it.</summary>
        public bool StopsRestore { get; init; } = true;
    }

    private static readonly Misconfiguration[] All =
    [
        // The source.
        new("the URL lacks `v3/index.json`", "url", s => WriteUrl(s, Feeds.App.Replace("/v3/index.json", "/", StringComparison.Ordinal))),
        new("the URL is http", "url", s => WriteUrl(s, Feeds.App.Replace("https:", "http:", StringComparison.Ordinal))),
        new("the host lacks `.d.`", "url", s => WriteUrl(s, Feeds.App.Replace(".d.codeartifact", ".codeartifact", StringComparison.Ordinal))),
        new("the URL is that of an npm repository", "url", s => WriteUrl(s, "https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com/npm/app/")),
        new("the wrong region", "token", s => WriteUrl(s, Feeds.App.Replace("us-east-1", "us-west-2", StringComparison.Ordinal)), s => WriteUrl(s, Feeds.App)),
        new("the wrong account", "token", s => WriteUrl(s, Feeds.App.Replace("111122223333", "111122223334", StringComparison.Ordinal)), s => WriteUrl(s, Feeds.App)),
        new("a repository that does not exist", "read", s => WriteUrl(s, Feeds.App.Replace("/app/", "/ap/", StringComparison.Ordinal)), s => WriteUrl(s, Feeds.App)),
        new("the source is disabled", "enabled", s => s.Write("client/nuget.config", $"""
            <configuration>
              <packageSources>
                <clear />
                <add key="contoso" value="{Feeds.App}" />
              </packageSources>
              <disabledPackageSources>
                <add key="contoso" value="true" />
              </disabledPackageSources>
            </configuration>
            """)) { Arguments = [Source] },
        new("a password from `aws codeartifact login` in nuget.config", "stored credentials", s => s.Write("client/nuget.config", $"""
            <configuration>
              <packageSources>
                <clear />
                <add key="contoso" value="{Feeds.App}" />
              </packageSources>
              <packageSourceCredentials>
                <contoso>
                  <add key="Username" value="aws" />
                  <add key="ClearTextPassword" value="a token of yesterday" />
                </contoso>
              </packageSourceCredentials>
            </configuration>
            """)) { StopsRestore = false },
        new("`NuGetPackageSourceCredentials_contoso` is set", "stored credentials",
            s => s.Variables["NuGetPackageSourceCredentials_contoso"] = "Username=aws;Password=a token of yesterday") { StopsRestore = false },

        // The plugin.
        new("the plugin is not installed", "plugin", s => s.Variables["PATH"] = Bare(s), s =>
            s.Variables["PATH"] = $"{Path.Combine(s.Home, ".local", "bin")}:{Bare(s)}"),
        new("the plugin may not be executed", "plugin", s =>
        {
            s.Variables["PATH"] = $"{s.Folder("home/bin")}:{Bare(s)}";
            File.Copy(Artifacts.Native, Path.Combine(s.Folder("home/bin"), "nuget-plugin-codeartifact"));
            File.SetUnixFileMode(Path.Combine(s.Folder("home/bin"), "nuget-plugin-codeartifact"), UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }),
        new("`NUGET_PLUGIN_PATHS` names another plugin", "plugin", s => s.Variables["NUGET_PLUGIN_PATHS"] = "/opt/nuget-plugin-other"),
        new("`NUGET_NETCORE_PLUGIN_PATHS` names another plugin", "plugin", s => s.Variables["NUGET_NETCORE_PLUGIN_PATHS"] = "/opt/CredentialProvider.Other.dll"),

        new("`NUGET_NETCORE_PLUGIN_PATHS` names the native program", "plugin", s => s.Variables["NUGET_NETCORE_PLUGIN_PATHS"] = Artifacts.Native),

        // Settings.
        new("a mistyped key in the configuration file", "settings", s => s.Write("home/.config/codeartifact.json", """{ "defaults": { "duraton": 900 } }"""),
            s => s.Write("home/.config/codeartifact.json", """{ "defaults": { "duration": 900 } }""")),
        new("a duration that CodeArtifact does not take", "settings", s => s.Variables["CODEARTIFACT_TOKEN_DURATION"] = "60",
            s => s.Variables["CODEARTIFACT_TOKEN_DURATION"] = "900"),
        new("`CODEARTIFACT_DOMAINS` leaves the domain out", "url", s => s.Variables["CODEARTIFACT_DOMAINS"] = "fabrikam",
            s => s.Variables["CODEARTIFACT_DOMAINS"] = "fabrikam,contoso/111122223333"),
        new("a token of yesterday in `CODEARTIFACT_AUTH_TOKEN`", "read", s => s.Variables["CODEARTIFACT_AUTH_TOKEN"] = "a-token-of-yesterday"),

        // AWS credentials.
        new("the instance has no role", "credentials", s => s.Aws.World.InstanceRole = null, s => s.Aws.World.InstanceRole = s.Aws.World.Roles.Values.Single()),
        new("a container behind a hop limit of 1", "credentials", s => s.Aws.Faults.Add(new Fault("metadata") { Drops = true }), s => s.Aws.Faults.Clear()),
        new("instance metadata is off", "credentials", s => s.Aws.Faults.Add(new Fault("metadata") { Status = 403 }), s => s.Aws.Faults.Clear()),
        new("`AWS_EC2_METADATA_DISABLED`", "credentials", s => s.Variables["AWS_EC2_METADATA_DISABLED"] = "true", s => s.Variables.Remove("AWS_EC2_METADATA_DISABLED")),
        new("an expired session in the environment", "identity", s =>
        {
            var session = s.Aws.World.OpenSession(s.Aws.World.InstanceRole!, "test", DateTimeOffset.UtcNow.AddHours(-2));
            s.Variables["AWS_ACCESS_KEY_ID"] = session.AccessKeyId;
            s.Variables["AWS_SECRET_ACCESS_KEY"] = session.SecretAccessKey;
            s.Variables["AWS_SESSION_TOKEN"] = session.Token!;
        }, s => new[] { "AWS_SESSION_TOKEN", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY" }.ToList().ForEach(name => s.Variables.Remove(name))),
        new("`AWS_PROFILE` names no profile", "credentials", s => s.Variables["AWS_PROFILE"] = "biuld", s =>
        {
            s.Write("home/.aws/config", "[profile build]\nrole_arn = arn:aws:iam::111122223333:role/Reader\ncredential_source = Ec2InstanceMetadata\n");
            Assumable(s);
            s.Variables["AWS_PROFILE"] = "build";
        }),
        new("a credential_process that fails", "credentials", s => s.Write("home/.aws/config", "[default]\ncredential_process = /bin/false\n"),
            s => File.Delete(Path.Combine(s.Home, ".aws/config"))),
        new("a single sign-on that is over", "credentials", s =>
        {
            s.Aws.World.SsoPerson = s.Aws.World.AddRole("SsoReader", World.ReadPolicy());
            s.Write("home/.aws/config", Sources.SsoProfile);
        }),
        new("a web identity token file that is not there", "credentials", s =>
        {
            s.Variables["AWS_WEB_IDENTITY_TOKEN_FILE"] = "/var/run/secrets/token";
            s.Variables["AWS_ROLE_ARN"] = "arn:aws:iam::111122223333:role/Workflow";
        }, s => new[] { "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN" }.ToList().ForEach(name => s.Variables.Remove(name))),
        new("a role that may not be assumed", "role", s =>
        {
            s.Aws.World.AddRole("Reader", World.ReadPolicy());
            s.Variables["CODEARTIFACT_ROLE_ARN"] = "arn:aws:iam::111122223333:role/Reader";
        }, Assumable),
        new("a role that wants an external id", "role", s =>
        {
            Assumable(s);
            s.Aws.World.Roles["arn:aws:iam::111122223333:role/Reader"].Trusts[0] = new Trust(World.Account, "42");
            s.Variables["CODEARTIFACT_ROLE_ARN"] = "arn:aws:iam::111122223333:role/Reader";
        }, s => s.Variables["CODEARTIFACT_EXTERNAL_ID"] = "42"),

        // Permissions.
        new("no `codeartifact:GetAuthorizationToken`", "token", s => Forbid(s, "codeartifact:GetAuthorizationToken")),
        new("no `sts:GetServiceBearerToken`", "token", s => Forbid(s, "sts:GetServiceBearerToken")),
        new("no `codeartifact:ReadFromRepository`", "read", s => Forbid(s, "codeartifact:ReadFromRepository")),
        new("no `codeartifact:PublishPackageVersion`", "publish", s => Forbid(s, "codeartifact:PublishPackageVersion"))
            { Arguments = ["--publish", Published], StopsRestore = false },
        new("no upstream has the package", "package", s => s.Aws.World.Repositories[0].Upstreams.Clear(), s => s.Aws.World.Repositories[0].Upstreams.Add("shared"))
            { Arguments = ["--package", "Example.Json"] },

        // The way there.
        new("this machine's clock is wrong", "clock", s => s.Aws.Faults.ClockSkew = TimeSpan.FromMinutes(-20), s => s.Aws.Faults.ClockSkew = TimeSpan.Zero)
            { StopsRestore = false },
        new("a proxy opens TLS, and its CA is not trusted", "network", s => s.Variables["SSL_CERT_FILE"] = "/etc/ssl/certs/ca-certificates.crt",
            s => s.Variables["SSL_CERT_FILE"] = s.Aws.CaBundleFile),
        new("`HTTPS_PROXY` names a proxy that is not there", "network", s => UseProxy(s, "http://127.0.0.1:9"), s => UseProxy(s, s.Aws.Environment["HTTPS_PROXY"])),

        // The cache.
        new("the cache folder is a link to another place", "cache", s =>
        {
            s.Folder("home/.cache");
            Directory.CreateSymbolicLink(s.Cache, s.Folder("elsewhere"));
        }) { StopsRestore = false },
        new("others can look into the cache", "cache", s =>
        {
            Directory.CreateDirectory(s.Cache);
            File.SetUnixFileMode(s.Cache, (UnixFileMode)0x1FF);
        }) { StopsRestore = false },
    ];

    public static TheoryData<string> Names => [.. All.Select(planted => planted.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Is_found_and_mended(string name)
    {
        var planted = All.Single(candidate => candidate.Name == name);
        await using var sandbox = await HealthyAsync();
        planted.Plant(sandbox);
        // A failure is the same at the first try.
        sandbox.Variables["NUGET_ENHANCED_MAX_NETWORK_TRY_COUNT"] = "1";
        if (planted.StopsRestore)
            (await sandbox.DotnetAsync(sandbox.Folder("client"), "restore", "--interactive", "false")).Failed();
        sandbox.Variables.Remove("NUGET_ENHANCED_MAX_NETWORK_TRY_COUNT");

        var report = await sandbox.RunAsync(Artifacts.Native, sandbox.Folder("client"), ["doctor", "--json", .. planted.Arguments]);

        var finding = Findings(report.Failed()).First(finding => (string?)finding["outcome"] == "fail");
        Assert.Equal(planted.Check, (string?)finding["check"]);
        var row = $"| {name} | `{planted.Check}` | {Plain(sandbox, (string)finding["text"]!)} | {Plain(sandbox, (string)finding["fix"]!)} |";
        await FollowAsync(sandbox, (string)finding["fix"]!, planted.Follow);
        (await sandbox.RunAsync(Artifacts.Native, sandbox.Folder("client"), ["doctor", .. planted.Arguments])).Succeeded();
        (await sandbox.DotnetAsync(sandbox.Folder("client"), "restore", "-warnaserror")).Succeeded();
        await File.WriteAllTextAsync(Path.Combine(Directory.CreateDirectory(Artifacts.Built("doctor")).FullName,
            $"{Array.IndexOf(All, planted):00}.md"), row + "\n", TestContext.Current.CancellationToken);
        Assert.Contains(row + "\n", Document, StringComparison.Ordinal);
    }

    [Fact]
    public void Are_all_in_the_table_and_in_this_order() =>
        Assert.Equal(All.Select(planted => planted.Name), Rows().Matches(Document).Select(match => match.Groups[1].Value));

    [Fact]
    public async Task A_healthy_machine_has_none()
    {
        await using var sandbox = await HealthyAsync();

        var report = (await sandbox.RunAsync(Artifacts.Native, sandbox.Folder("client"), "doctor", "--json", "--package", "Example.Json", "--publish", Published)).Succeeded();

        Assert.All(Findings(report), finding => Assert.NotEqual("fail", (string?)finding["outcome"]));
        string[] examined = ["settings", "plugin", "cache", "url", "stored credentials", "network", "clock", "credentials", "identity", "token", "read", "package", "publish"];
        Assert.Equal(examined, Findings(report).Where(finding => (string?)finding["outcome"] == "ok").Select(finding => (string)finding["check"]!));
        Assert.Contains(Findings(report), finding => (string?)finding["text"] == "arn:aws:sts::111122223333:assumed-role/BuildAgentRole/i-0123456789abcdef0");
        Assert.All(sandbox.Aws.World.Tokens.Keys, token => Assert.DoesNotContain(token, report.Output, StringComparison.Ordinal));
        Assert.Single(sandbox.Aws.World.Repositories[0].Packages.Keys, key => key.StartsWith("contoso.app.client/", StringComparison.Ordinal));
    }

    private static async Task<Sandbox> HealthyAsync()
    {
        Artifacts.Require(Artifacts.Native, "the native program");
        var sandbox = await Sandbox.StartAsync();
        sandbox.PutNativeOnPath();
        sandbox.WriteProject("client", $"{Published}/1.0.0");
        WriteUrl(sandbox, Feeds.App);
        return sandbox;
    }

    /// <summary>A fix that is a command is run as it stands; another is done by hand, if it says what that is.</summary>
    private static async Task FollowAsync(Sandbox sandbox, string fix, Action<Sandbox>? byHand)
    {
        if (fix.StartsWith("write ", StringComparison.Ordinal))
        {
            WriteUrl(sandbox, fix["write ".Length..]);
        }
        else if (fix.StartsWith("attach what this prints: ", StringComparison.Ordinal))
        {
            var policy = await RunAsync(sandbox, fix["attach what this prints: ".Length..]);
            sandbox.Aws.World.InstanceRole!.Policy.Clear();
            sandbox.Aws.World.InstanceRole.Policy.AddRange(PolicyLanguage.Identity(JsonNode.Parse(policy)!));
        }
        else if (CommandInFix().Match(fix) is { Success: true } command)
        {
            await RunAsync(sandbox, command.Value);
        }
        else if (UnsetInFix().Match(fix) is { Success: true } unset && byHand is null)
        {
            sandbox.Variables.Remove(unset.Groups[1].Value);
        }

        byHand?.Invoke(sandbox);
    }

    /// <summary>By a shell, where the program is known, as for a person who has just unpacked it.</summary>
    private static async Task<string> RunAsync(Sandbox sandbox, string command) => (await sandbox.RunAsync("bash", sandbox.Folder("client"), "-c",
        $"PATH={Artifacts.NativeFolder}:$PATH; {command}")).Succeeded().Output;

    private static List<JsonNode> Findings(Outcome report) =>
        [.. JsonNode.Parse(report.Output[..(report.Output.LastIndexOf(']') + 1)])!.AsArray().Select(finding => finding!)];

    /// <summary>Without what differs from run to run, as a cell of a table.</summary>
    private static string Plain(Sandbox sandbox, string text) => Sdk().Replace(Port().Replace(text.Replace(sandbox.Home, "~", StringComparison.Ordinal)
        .Replace(Path.GetDirectoryName(sandbox.Home)!, "", StringComparison.Ordinal), "127.0.0.1:PORT"), "dotnet VERSION")
        .Replace("|", "\\|", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal);

    private static string Bare(Sandbox sandbox) => sandbox.Variables["PATH"].Replace($"{Artifacts.NativeFolder}:", "", StringComparison.Ordinal);

    private static void WriteUrl(Sandbox sandbox, string url) => sandbox.WriteConfig("client", (Source, url));

    private static void Forbid(Sandbox sandbox, string action) => sandbox.Aws.World.InstanceRole!.Policy.RemoveAll(statement => statement.Action == action);

    private static void Assumable(Sandbox sandbox)
    {
        sandbox.Aws.World.InstanceRole!.Policy.Add(new Statement("sts:AssumeRole"));
        sandbox.Aws.World.AddRole("Reader", World.ReadPolicy(), World.Account, new Trust(World.Account));
    }

    private static void UseProxy(Sandbox sandbox, string url)
    {
        sandbox.Variables["HTTPS_PROXY"] = url;
        sandbox.Variables["https_proxy"] = url;
    }

    [GeneratedRegex("^(?:nuget-plugin-codeartifact|chmod|dotnet) [^(]*|rm -r .*$|nuget-plugin-codeartifact login [^(]*")]
    private static partial Regex CommandInFix();

    [GeneratedRegex("^unset ([A-Za-z_]+)")]
    private static partial Regex UnsetInFix();

    [GeneratedRegex(@"\bdotnet \d+\.\d+\.\d+\S*")]
    private static partial Regex Sdk();

    [GeneratedRegex(@"127\.0\.0\.1:\d{4,5}")]
    private static partial Regex Port();

    [GeneratedRegex(@"^\| ([^|]+) \| `[a-z ]+` \|", RegexOptions.Multiline)]
    private static partial Regex Rows();
}
