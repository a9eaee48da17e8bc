using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using LocalAws;

namespace CredentialProvider.EndToEndTests.CommandLine;

/// <summary>
/// Common misconfigurations: the first check that <c>doctor</c> reports as failed names the cause, and its fix, followed to the letter,
/// repairs it. docs/reference/doctor.md has a row for each; the rows of a run are written to artifacts/doctor/.
/// </summary>
[Trait("Category", "Slow")]
public sealed partial class Misconfigurations
{
    private const string Source = "contoso", Published = "Contoso.App.Client";

    /// <summary>The others need the AWS CLI or change the machine.</summary>
    private static readonly string[] RunHere = ["nuget-plugin-codeartifact ", "dotnet ", "chmod ", "rm "];

    private static readonly string Document = File.ReadAllText(Path.GetFullPath(Path.Combine(Artifacts.Built("."), "..", "docs", "reference", "doctor.md")));

    /// <summary>A misconfiguration and its repair.</summary>
    /// <param name="Check">The check that fails.</param>
    /// <param name="Code">The error code of the finding; null if it has none.</param>
    /// <param name="Follow">Does what the fix says; null if the finding's command is all it takes.</param>
    private sealed record Misconfiguration(string Name, string Check, string? Code, Action<Sandbox> Plant, Action<Sandbox>? Follow = null)
    {
        public string[] Arguments { get; init; } = [];

        /// <summary>False if NuGet can restore despite it.</summary>
        public bool StopsRestore { get; init; } = true;

        /// <summary>True if doctor warns of it and does not fail.</summary>
        public bool IsWarning { get; init; }
    }

    private static readonly Misconfiguration[] All =
    [
        // The source.
        new("the URL lacks `v3/index.json`", "url", null, s => WriteUrl(s, Feeds.App.Replace("/v3/index.json", "/", StringComparison.Ordinal))),
        new("the URL is http", "url", null, s => WriteUrl(s, Feeds.App.Replace("https:", "http:", StringComparison.Ordinal))),
        new("the host lacks `.d.`", "url", null, s => WriteUrl(s, Feeds.App.Replace(".d.codeartifact", ".codeartifact", StringComparison.Ordinal))),
        new("the URL is that of an npm repository", "url", null, s => WriteUrl(s, "https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com/npm/app/")),
        new("the wrong region", "token", "CACP1002", s => WriteUrl(s, Feeds.App.Replace("us-east-1", "us-west-2", StringComparison.Ordinal)), s => WriteUrl(s, Feeds.App)),
        new("the wrong account", "token", "CACP1002", s => WriteUrl(s, Feeds.App.Replace("111122223333", "111122223334", StringComparison.Ordinal)), s => WriteUrl(s, Feeds.App)),
        new("a repository that does not exist", "read", "CACP1002", s => WriteUrl(s, Feeds.App.Replace("/app/", "/ap/", StringComparison.Ordinal)), s => WriteUrl(s, Feeds.App)),
        new("the source is disabled", "enabled", null, s => WriteConfig(s, "", """
            <disabledPackageSources>
              <add key="contoso" value="true" />
            </disabledPackageSources>
            """)) { Arguments = [Source] },
        new("a password from `aws codeartifact login` in nuget.config", "stored credentials", null, s => WriteConfig(s, "", """
            <packageSourceCredentials>
              <contoso>
                <add key="Username" value="aws" />
                <add key="ClearTextPassword" value="an expired token" />
              </contoso>
            </packageSourceCredentials>
            """)) { StopsRestore = false, IsWarning = true },
        new("`NuGetPackageSourceCredentials_contoso` is set", "stored credentials", null,
            s => s.Variables["NuGetPackageSourceCredentials_contoso"] = "Username=aws;Password=an expired token") { StopsRestore = false, IsWarning = true },
        new("a password that only Windows can decrypt", "stored credentials", null, s => WriteConfig(s, "", """
            <packageSourceCredentials>
              <contoso>
                <add key="Username" value="aws" />
                <add key="Password" value="AQAAANCMnd8BFdERjHoAwE==" />
              </contoso>
            </packageSourceCredentials>
            """)),
        new("the only source is disabled in the folder above", "enabled", null, s =>
        {
            WriteUrl(s, Feeds.App);
            s.Write("nuget.config", """
                <configuration>
                  <disabledPackageSources>
                    <add key="contoso" value="true" />
                  </disabledPackageSources>
                </configuration>
                """);
        }),
        new("a blank after the URL", "url", null, s => WriteUrl(s, Feeds.App + " ")) { StopsRestore = false, IsWarning = true },
        new("a query after the URL", "url", null, s => WriteUrl(s, Feeds.App + "?api-version=3")),
        new("package source mapping leaves the source out", "mapping", null, s => WriteConfig(s, "", """
            <packageSourceMapping>
              <packageSource key="contso"><package pattern="*" /></packageSource>
            </packageSourceMapping>
            """), s => WriteConfig(s, "", """
            <packageSourceMapping>
              <packageSource key="contoso"><package pattern="*" /></packageSource>
            </packageSourceMapping>
            """)),
        new("package source mapping leaves the package out", "mapping", null, s => WriteConfig(s, "", """
            <packageSourceMapping>
              <packageSource key="contoso"><package pattern="Fabrikam.*" /></packageSource>
            </packageSourceMapping>
            """), s => WriteUrl(s, Feeds.App)) { Arguments = ["--package", Published] },
        new("package source mapping gives the package to a source that does not exist", "mapping", null, s => WriteConfig(s, "", """
            <packageSourceMapping>
              <packageSource key="contoso"><package pattern="*" /></packageSource>
              <packageSource key="gallery"><package pattern="Contoso.*" /></packageSource>
            </packageSourceMapping>
            """), s => WriteUrl(s, Feeds.App)) { Arguments = ["--package", Published] },
        new("the URL has a second name, and the mapping has that one", "mapping", null, s => WriteConfig(s, $"""<add key="second" value="{Feeds.App}" />""", """
            <packageSourceMapping>
              <packageSource key="second"><package pattern="*" /></packageSource>
            </packageSourceMapping>
            """), s => WriteUrl(s, Feeds.App)) { Arguments = ["--package", Published] },
        new("the URL has a second name", "sources", null, s => WriteConfig(s, $"""<add key="second" value="{Feeds.App}" />""", ""))
            { StopsRestore = false, IsWarning = true },
        new("a source is a folder that does not exist", "sources", null, s => WriteConfig(s, """<add key="local" value="/opt/gone/packages" />""", "")),
        new("`NUGET_FALLBACK_PACKAGES` names a folder that does not exist", "sources", null, s => s.Variables["NUGET_FALLBACK_PACKAGES"] = "/opt/gone"),
        new("`NUGET_FALLBACK_PACKAGES` is a relative path", "sources", null, s => s.Variables["NUGET_FALLBACK_PACKAGES"] = "packages"),
        new("`NUGET_PACKAGES` is a relative path", "sources", null, s => s.Variables["NUGET_PACKAGES"] = "packages"),
        new("nuget.config requires signed packages", "sources", null, s => WriteConfig(s, "", """
            <config><add key="signatureValidationMode" value="require" /></config>
            """), s => WriteUrl(s, Feeds.App)) { StopsRestore = false, IsWarning = true },
        new("a source of the machine is a folder that does not exist", "sources", null, s => WriteForMachine(s, """<add key="Offline Packages" value="/opt/gone" />""")),
        new("a source of the machine uses http", "url", null, s => WriteForMachine(s, $"""<add key="contoso" value="{Feeds.App.Replace("https:", "http:", StringComparison.Ordinal)}" />"""),
            s => WriteForMachine(s, $"""<add key="contoso" value="{Feeds.App}" />""")),
        new("nuget.config is cut off", "sources", null, s => s.Write("client/nuget.config", "<configuration>\n  <packageSources>\n"), s => WriteUrl(s, Feeds.App)),
        new("a source has no URL", "sources", null, s => WriteConfig(s, """<add key="gallery" />""", ""), s => WriteUrl(s, Feeds.App)),
        new("NuGet's HTTP cache is older than the package", "package", null, s =>
        {
            // As after a restore before the version was published.
            var cached = s.Write($"home/.local/share/NuGet/http-cache/{Hash(Feeds.App)}${Feeds.App[^32..].Replace('/', '_')}/list_{Published.ToLowerInvariant()}.dat", """{ "versions": ["0.9.0"] }""");
            File.SetLastWriteTimeUtc(cached, DateTime.UtcNow.AddMinutes(-5));
        }) { Arguments = ["--package", Published] },
        new("`http_proxy` in the user's NuGet.Config names a proxy that is not running", "network", null, s => s.Write("home/.nuget/NuGet/NuGet.Config", """
            <configuration>
              <config>
                <add key="http_proxy" value="http://127.0.0.1:9" />
              </config>
            </configuration>
            """)),
        new("`http_proxy` names a proxy that requires a password", "network", null, s =>
        {
            s.Variables["http_proxy"] = $"http://{StartProxy(s)}";
            s.Variables.Remove("HTTP_PROXY");
        }, s => s.Variables["http_proxy"] = s.Variables["http_proxy"].Replace("//", $"//{PasswordProxy.User}:{PasswordProxy.Password}@", StringComparison.Ordinal)),

        // The plugin. The program that restores in these tests needs no SDK.
        new("global.json asks for an SDK that is not installed", "plugin", null, s => s.Write("client/global.json", """{ "sdk": { "version": "99.0.100" } }"""),
            s => File.Delete(Path.Combine(s.Folder("client"), "global.json"))) { StopsRestore = false },
        new("the plugin is not installed", "plugin", null, s => s.Variables["PATH"] = Bare(s), s =>
            s.Variables["PATH"] = $"{Path.Combine(s.Home, ".local", "bin")}:{Bare(s)}"),
        new("the plugin is not executable", "plugin", null, s =>
        {
            s.Variables["PATH"] = $"{s.Folder("home/bin")}:{Bare(s)}";
            File.Copy(Artifacts.Native, Path.Combine(s.Folder("home/bin"), "nuget-plugin-codeartifact"));
            File.SetUnixFileMode(Path.Combine(s.Folder("home/bin"), "nuget-plugin-codeartifact"), UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }),
        new("`NUGET_PLUGIN_PATHS` names another plugin", "plugin", null, s => s.Variables["NUGET_PLUGIN_PATHS"] = "/opt/nuget-plugin-other"),
        new("`NUGET_NETCORE_PLUGIN_PATHS` names another plugin", "plugin", null, s => s.Variables["NUGET_NETCORE_PLUGIN_PATHS"] = "/opt/CredentialProvider.Other.dll"),

        new("`NUGET_NETCORE_PLUGIN_PATHS` names the native executable", "plugin", null, s => s.Variables["NUGET_NETCORE_PLUGIN_PATHS"] = Artifacts.Native),

        new("`NUGET_PLUGIN_PATHS` has a relative path", "plugin", null, s => s.Variables["NUGET_PLUGIN_PATHS"] = $"tools/nuget-plugin-other:{Artifacts.Native}",
            s => s.Variables["NUGET_PLUGIN_PATHS"] = Artifacts.Native),
        new("`NUGET_NETCORE_PLUGIN_PATHS` names a file that does not exist", "plugin", null,
            s => s.Variables["NUGET_NETCORE_PLUGIN_PATHS"] = $"/opt/Other.dll:{Artifacts.NetCore}", s => s.Variables["NUGET_NETCORE_PLUGIN_PATHS"] = Artifacts.NetCore),
        new("a link to a plugin that was removed", "plugin", null, s => File.CreateSymbolicLink(Path.Combine(FirstOnPath(s), "nuget-plugin-gone"), "/opt/gone")),
        new("another plugin ends at once", "plugin", null, s => Other(s, "#!/bin/sh\necho 'no license' >&2\nexit 3\n")),
        new("another plugin in `NUGET_PLUGIN_PATHS` ends at once", "plugin", null, s =>
        {
            var other = Path.Combine(s.Folder("home/other"), "nuget-plugin-other");
            Executable(other, "#!/bin/sh\nexit 3\n");
            s.Variables["NUGET_PLUGIN_PATHS"] = $"{Artifacts.Native}:{other}";
        }, s => s.Variables["NUGET_PLUGIN_PATHS"] = Artifacts.Native),
        new("another plugin hangs", "plugin", null, s =>
        {
            Other(s, "#!/bin/sh\nexec sleep 300\n");
            s.Variables["NUGET_PLUGIN_HANDSHAKE_TIMEOUT_IN_SECONDS"] = "5";
        }, s => s.Variables.Remove("NUGET_PLUGIN_HANDSHAKE_TIMEOUT_IN_SECONDS")),
        new("another plugin is for another processor", "plugin", null, s => Other(s, "\u007fELF\u0002\u0001\u0001")),
        new("AWS's older provider for a runtime that is gone", "plugin", null, s => s.Write(
            "home/.nuget/plugins/netcore/AWS.CodeArtifact.NuGetCredentialProvider/AWS.CodeArtifact.NuGetCredentialProvider.dll", "")),
        new("a web page was saved in place of the plugin", "plugin", null, s => Executable(Path.Combine(FirstOnPath(s), "nuget-plugin-codeartifact"), "<!DOCTYPE html>\n")),
        new("NuGet remembers that the plugin has no credentials", "plugin", null, s =>
        {
            // As NuGet does after a version of the plugin that offered nothing.
            var claims = Path.Combine(s.Home, ".local/share/NuGet/plugin-cache", Hash(Artifacts.Native), $"{Hash("Source-Agnostic")}.dat");
            Directory.CreateDirectory(Path.GetDirectoryName(claims)!);
            File.WriteAllText(claims, "[]");
        }),

        // Settings.
        new("a mistyped key in the configuration file", "settings", "CACP1012", s => s.Write("home/.config/codeartifact.json", """{ "defaults": { "duraton": 900 } }"""),
            s => s.Write("home/.config/codeartifact.json", """{ "defaults": { "duration": 900 } }""")),
        new("a duration that CodeArtifact does not accept", "settings", "CACP1012", s => s.Variables["CODEARTIFACT_TOKEN_DURATION"] = "60",
            s => s.Variables["CODEARTIFACT_TOKEN_DURATION"] = "900"),
        new("`CODEARTIFACT_DOMAINS` lacks the domain", "url", "CACP1012", s => s.Variables["CODEARTIFACT_DOMAINS"] = "fabrikam",
            s => s.Variables["CODEARTIFACT_DOMAINS"] = "fabrikam,contoso/111122223333"),
        new("the machine's list of allowed domains lacks the domain", "url", "CACP1012", s => s.WriteMachineFile("""{ "domains": ["fabrikam"] }"""),
            s => s.WriteMachineFile("""{ "domains": ["fabrikam", "contoso/111122223333"] }""")),
        new("the machine's configuration file is broken", "settings", "CACP1012", s => s.WriteMachineFile("""{ "domains": ["contoso" """),
            s => s.WriteMachineFile("""{ "domains": ["contoso"] }""")),
        new("the machine's file requires package source mapping", "mapping", null, s =>
        {
            s.WriteMachineFile("""{ "requirePackageSourceMapping": true }""");
            WriteWithGallery(s, "");
        }, s => WriteWithGallery(s, """
            <packageSourceMapping>
              <packageSource key="gallery"><package pattern="*" /></packageSource>
              <packageSource key="contoso"><package pattern="Contoso.*" /><package pattern="Example.*" /></packageSource>
            </packageSourceMapping>
            """)) { StopsRestore = false },
        new("an expired token in `CODEARTIFACT_AUTH_TOKEN`", "read", "CACP1011", s => s.Variables["CODEARTIFACT_AUTH_TOKEN"] = "an-expired-token"),
        new("no file at `CODEARTIFACT_AUTH_TOKEN_FILE`", "token", "CACP1012", s => s.Variables["CODEARTIFACT_AUTH_TOKEN_FILE"] = "/run/secrets/token", s => s.Variables.Remove("CODEARTIFACT_AUTH_TOKEN_FILE")),

        // AWS credentials.
        new("the instance has no role", "credentials", "CACP1004", s => s.Aws.World.InstanceRole = null, s => s.Aws.World.InstanceRole = s.Aws.World.Roles.Values.Single()),
        new("a container behind a hop limit of 1", "credentials", "CACP1004", s => s.Aws.Faults.Add(new Fault("metadata") { Drops = true }), s => s.Aws.Faults.Clear()),
        new("instance metadata is disabled", "credentials", "CACP1004", s => s.Aws.Faults.Add(new Fault("metadata") { Status = 403 }), s => s.Aws.Faults.Clear()),
        new("`AWS_EC2_METADATA_DISABLED`", "credentials", "CACP1004", s => s.Variables["AWS_EC2_METADATA_DISABLED"] = "true", s => s.Variables.Remove("AWS_EC2_METADATA_DISABLED")),
        new("expired credentials in the environment", "identity", "CACP1005", s =>
        {
            var session = s.Aws.World.OpenSession(s.Aws.World.InstanceRole!, "test", DateTimeOffset.UtcNow.AddHours(-2));
            s.Variables["AWS_ACCESS_KEY_ID"] = session.AccessKeyId;
            s.Variables["AWS_SECRET_ACCESS_KEY"] = session.SecretAccessKey;
            s.Variables["AWS_SESSION_TOKEN"] = session.Token!;
        }, s => new[] { "AWS_SESSION_TOKEN", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY" }.ToList().ForEach(name => s.Variables.Remove(name))),
        new("`AWS_PROFILE` names a profile that does not exist", "credentials", "CACP1010", s => s.Variables["AWS_PROFILE"] = "biuld", s =>
        {
            s.Write("home/.aws/config", "[profile build]\nrole_arn = arn:aws:iam::111122223333:role/Reader\ncredential_source = Ec2InstanceMetadata\n");
            Assumable(s);
            s.Variables["AWS_PROFILE"] = "build";
        }),
        new("a credential_process that fails", "credentials", "CACP1010", s => s.Write("home/.aws/config", "[default]\ncredential_process = /bin/false\n"),
            s => File.Delete(Path.Combine(s.Home, ".aws/config"))),
        new("an expired SSO session", "credentials", "CACP1005", s =>
        {
            s.Aws.World.SsoUser = s.Aws.World.AddRole("SsoReader", World.ReadPolicy());
            s.Write("home/.aws/config", SsoFiles.Profile);
        }),
        new("a missing web identity token file", "credentials", "CACP1004", s =>
        {
            s.Variables["AWS_WEB_IDENTITY_TOKEN_FILE"] = "/var/run/secrets/token";
            s.Variables["AWS_ROLE_ARN"] = "arn:aws:iam::111122223333:role/Workflow";
        }, s => new[] { "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN" }.ToList().ForEach(name => s.Variables.Remove(name))),
        new("a GitHub job without the permission `id-token: write`", "credentials", "CACP1004",
            s => (s.Variables["CODEARTIFACT_WEB_IDENTITY"], s.Variables["CODEARTIFACT_ROLE_ARN"]) = ("github", "arn:aws:iam::111122223333:role/Workflow"),
            s => StartJob(s, s.Aws.World.AddRole("Workflow", World.ReadPolicy()))),
        new("a role that does not trust the CI job", "credentials", "CACP1009", s =>
        {
            s.Variables["CODEARTIFACT_WEB_IDENTITY"] = "github";
            s.Variables["CODEARTIFACT_ROLE_ARN"] = s.Aws.World.AddRole("Workflow", World.ReadPolicy()).Arn;
            StartJob(s, role: null);
        }),
        new("a role that cannot be assumed", "role", "CACP1009", s =>
        {
            s.Aws.World.AddRole("Reader", World.ReadPolicy());
            s.Variables["CODEARTIFACT_ROLE_ARN"] = "arn:aws:iam::111122223333:role/Reader";
        }, Assumable),
        new("a role that requires an external ID", "role", "CACP1009", s =>
        {
            Assumable(s);
            s.Aws.World.Roles["arn:aws:iam::111122223333:role/Reader"].Trusts[0] = new Trust(World.Account, "42");
            s.Variables["CODEARTIFACT_ROLE_ARN"] = "arn:aws:iam::111122223333:role/Reader";
        }, s => s.Variables["CODEARTIFACT_EXTERNAL_ID"] = "42"),

        // Permissions.
        new("no `codeartifact:GetAuthorizationToken`", "token", "CACP1001", s => Forbid(s, "codeartifact:GetAuthorizationToken")),
        new("no `sts:GetServiceBearerToken`", "token", "CACP1001", s => Forbid(s, "sts:GetServiceBearerToken")),
        new("no `codeartifact:ReadFromRepository`", "read", "CACP1001", s => Forbid(s, "codeartifact:ReadFromRepository")),
        new("no `codeartifact:PublishPackageVersion`", "publish", "CACP1001", s => Forbid(s, "codeartifact:PublishPackageVersion"))
            { Arguments = ["--publish", Published], StopsRestore = false },
        new("no upstream has the package", "package", null, s => s.Aws.World.Repositories[0].Upstreams.Clear(), s => s.Aws.World.Repositories[0].Upstreams.Add("shared"))
            { Arguments = ["--package", "Example.Json"] },

        // Network and clock.
        new("this machine's clock is wrong", "clock", "CACP1006", s => s.Aws.Faults.ClockSkew = TimeSpan.FromMinutes(-20), s => s.Aws.Faults.ClockSkew = TimeSpan.Zero)
            { StopsRestore = false, IsWarning = true },
        new("a TLS-inspecting proxy whose CA is not trusted", "network", "CACP1008", s => s.Variables["SSL_CERT_FILE"] = "/etc/ssl/certs/ca-certificates.crt",
            s => s.Variables["SSL_CERT_FILE"] = s.Aws.CaBundleFile),
        new("`HTTPS_PROXY` names a proxy that is not running", "network", "CACP1007", s => UseProxy(s, "http://127.0.0.1:9"), s => UseProxy(s, s.Aws.Environment["HTTPS_PROXY"])),

        // The cache.
        new("the cache folder is a symbolic link", "cache", null, s =>
        {
            s.Folder("home/.cache");
            Directory.CreateSymbolicLink(s.Cache, s.Folder("elsewhere"));
        }) { StopsRestore = false, IsWarning = true },
        new("other users can access the cache", "cache", null, s =>
        {
            Directory.CreateDirectory(s.Cache);
            File.SetUnixFileMode(s.Cache, (UnixFileMode)0x1FF);
        }) { StopsRestore = false, IsWarning = true },
    ];

    public static TheoryData<string> Names => [.. All.Select(planted => planted.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Is_diagnosed_and_fixed(string name)
    {
        var planted = All.Single(candidate => candidate.Name == name);
        await using var sandbox = await HealthyAsync();
        planted.Plant(sandbox);
        // The first attempt fails like every other.
        sandbox.Variables["NUGET_ENHANCED_MAX_NETWORK_TRY_COUNT"] = "1";
        if (planted.StopsRestore)
            (await RestoreAsync(sandbox)).Failed();
        sandbox.Variables.Remove("NUGET_ENHANCED_MAX_NETWORK_TRY_COUNT");

        var report = await sandbox.RunAsync(Artifacts.Native, sandbox.Folder("client"), ["doctor", "--json", .. planted.Arguments]);

        var finding = Findings(planted.IsWarning ? report.Succeeded() : report.Failed())
            .First(finding => (string?)finding["outcome"] == (planted.IsWarning ? "warn" : "fail"));
        Assert.Equal((planted.Check, planted.Code), ((string)finding["check"]!, (string?)finding["code"]));
        var (text, fix, command) = ((string)finding["text"]!, (string)finding["fix"]!, (string?)finding["command"]);
        Assert.Contains(command ?? "", fix, StringComparison.Ordinal);
        var row = $"| {name} | `{planted.Check}` | {Cell(sandbox, planted.Code is null ? text : $"{planted.Code}: {text}")} | {Cell(sandbox, fix)} |";
        await FollowAsync(sandbox, command, planted.Follow);
        (await sandbox.RunAsync(Artifacts.Native, sandbox.Folder("client"), ["doctor", .. planted.Arguments])).Succeeded();
        Assert.Empty((await RestoreAsync(sandbox)).Succeeded().Output);
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
        string[] passed = ["settings", "plugin", "cache", "url", "stored credentials", "mapping", "network", "clock", "credentials", "identity", "token", "read", "package", "publish"];
        Assert.Equal(passed, Findings(report).Where(finding => (string?)finding["outcome"] == "ok").Select(finding => (string)finding["check"]!));
        Assert.Contains(Findings(report), finding => (string?)finding["text"] == "arn:aws:sts::111122223333:assumed-role/BuildAgentRole/i-0123456789abcdef0");
        Assert.All(sandbox.Aws.World.Tokens.Keys, token => Assert.DoesNotContain(token, report.Output, StringComparison.Ordinal));
        Assert.Single(sandbox.Aws.World.Repositories[0].Packages.Keys, key => key.StartsWith("contoso.app.client/", StringComparison.Ordinal));
    }

    /// <summary>As <c>dotnet restore --configfile</c>, and the variable that MSBuild reads as its property.</summary>
    [Fact]
    public async Task A_file_may_replace_all_others()
    {
        await using var sandbox = await HealthyAsync();
        var file = sandbox.Write("ci/ci.config", await File.ReadAllTextAsync(Path.Combine(sandbox.Folder("client"), "nuget.config"), TestContext.Current.CancellationToken));
        WriteUrl(sandbox, Feeds.App.Replace("/v3/index.json", "/", StringComparison.Ordinal));
        var missing = Path.Combine(sandbox.Root, "missing.config");

        Assert.Contains("fail  url", (await DoctorAsync()).Failed().Output, StringComparison.Ordinal);
        Assert.Contains($"NuGet reads {file} and no other", (await DoctorAsync("--configfile", "../ci/ci.config")).Succeeded().Output, StringComparison.Ordinal);
        Assert.Contains($"{missing} does not exist", (await DoctorAsync("--configfile", missing)).Failed().Output, StringComparison.Ordinal);
        Assert.False(File.Exists(missing));
        sandbox.Variables["RestoreConfigFile"] = "../ci/ci.config";
        (await DoctorAsync()).Succeeded();

        // Commands that fix something name the file.
        sandbox.WriteConfig("ci", ("contoso", Feeds.App), ("local", "/opt/gone"));
        File.Move(Path.Combine(sandbox.Folder("ci"), "nuget.config"), file, overwrite: true);
        await RunAsync(sandbox, (string)Findings(await DoctorAsync("--json")).Single(finding => (string?)finding["outcome"] == "fail")["command"]!);
        (await DoctorAsync()).Succeeded();

        Task<Outcome> DoctorAsync(params string[] arguments) => sandbox.RunAsync(Artifacts.Native, sandbox.Folder("client"), ["doctor", .. arguments]);
    }

    /// <summary>MSBuild takes environment variables for properties, in any case.</summary>
    [Fact]
    public async Task Properties_of_MSBuild_in_the_environment_replace_the_sources()
    {
        await using var sandbox = await HealthyAsync();
        sandbox.WriteConfig("ci", (Source, Feeds.App));
        WriteUrl(sandbox, Feeds.App.Replace("/v3/index.json", "/", StringComparison.Ordinal));
        sandbox.Variables["RESTOREROOTCONFIGDIRECTORY"] = sandbox.Folder("ci");

        var text = (await DoctorAsync()).Succeeded().Output;
        Assert.Contains($"NuGet looks for nuget.config in {sandbox.Folder("ci")} and its parent folders", text, StringComparison.Ordinal);
        Assert.DoesNotContain("RestoreSources", text, StringComparison.Ordinal);

        sandbox.Variables["RestoreSources"] = "https://gallery.example.test/F/hunter2/v3/index.json";
        text = (await DoctorAsync()).Succeeded().Output;
        Assert.Contains("skip  sources             MSBuild's restore does not use the sources in nuget.config but those in RestoreSources;", text, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", text, StringComparison.Ordinal);

        Task<Outcome> DoctorAsync() => sandbox.RunAsync(Artifacts.Native, sandbox.Folder("client"), "doctor");
    }

    /// <summary>dotnet takes the variable for the home directory, with or without HOME: NuGet finds NuGet.Config and plugins there.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_home_of_dotnet_may_be_another(bool hasHome)
    {
        Artifacts.Require(Artifacts.NetCore, "the netcore build");
        await using var sandbox = await HealthyAsync();
        sandbox.Variables["PATH"] = Bare(sandbox);
        sandbox.Variables["DOTNET_CLI_HOME"] = sandbox.Folder("dotnet");
        if (!hasHome)
            sandbox.Variables["HOME"] = "relative";
        File.Delete(Path.Combine(sandbox.Folder("client"), "nuget.config"));
        sandbox.Write("dotnet/.nuget/NuGet/NuGet.Config", $"""<configuration><packageSources><add key="contoso" value="{Feeds.App}" /></packageSources></configuration>""");
        var installed = Path.Combine(sandbox.Root, "dotnet/.nuget/plugins/netcore/CredentialProvider.CodeArtifact/CredentialProvider.CodeArtifact.dll");

        Assert.Contains("fail  plugin", (await RunAsync("doctor")).Failed().Output, StringComparison.Ordinal);
        (await RunAsync("install", "--netcore")).Succeeded();
        Assert.True(File.Exists(installed));
        var doctor = (await RunAsync("doctor")).Output;
        Assert.Contains($"finds {installed}", doctor, StringComparison.Ordinal);
        Assert.Contains("ok    read ", doctor, StringComparison.Ordinal);
        (await RestoreAsync(sandbox)).Succeeded();
        (await RunAsync("uninstall", "--netcore")).Succeeded();
        Assert.False(File.Exists(installed));
        Assert.False(Directory.Exists(Path.Combine(sandbox.Folder("client"), "relative")));

        Task<Outcome> RunAsync(params string[] arguments) => sandbox.RunAsync(Artifacts.Native, sandbox.Folder("client"), arguments);
    }

    /// <summary>The sandbox has one SDK, so this one is played by a script.</summary>
    [Theory]
    [InlineData("8.0.404", "ok", "fail")]
    [InlineData("9.0.100", "fail", "fail")]
    [InlineData("10.0.100", "fail", "ok")]
    public async Task The_SDK_in_use_decides_on_http_and_on_the_case_of_mappings(string sdk, string http, string mapping)
    {
        await using var sandbox = await HealthyAsync();
        Executable(Path.Combine(FirstOnPath(sandbox), "dotnet"), $"#!/bin/sh\n[ \"$1\" != --list-sdks ] || echo '{sdk} [/usr/share/dotnet/sdk]'\n");
        WriteConfig(sandbox, """<add key="old" value="http://gallery.example.test/v3/index.json" />""", """
            <packageSourceMapping>
              <packageSource key="Contoso"><package pattern="*" /></packageSource>
            </packageSourceMapping>
            """);

        var findings = Findings(await sandbox.RunAsync(Artifacts.Native, sandbox.Folder("client"), "doctor", "--json"));

        Assert.Equal(http == "fail", findings.Exists(finding => ((string)finding["text"]!).Contains("NU1302", StringComparison.Ordinal)));
        Assert.Equal(mapping, (string?)findings.Single(finding => (string?)finding["check"] == "mapping")["outcome"]);
    }

    [Fact]
    public async Task Another_file_of_the_user_is_changed_by_hand()
    {
        await using var sandbox = await HealthyAsync();
        var file = sandbox.Write("home/.nuget/NuGet/config/team.config", """
            <configuration>
              <packageSources><add key="local" value="/opt/gone" /></packageSources>
              <config><add key="http_proxy" value="http://127.0.0.1:9" /></config>
            </configuration>
            """);
        sandbox.Write("client/nuget.config", $"""<configuration><packageSources><add key="contoso" value="{Feeds.App}" /></packageSources></configuration>""");
        sandbox.Write("home/.nuget/NuGet/NuGet.Config", "<configuration><packageSources /></configuration>");

        var fixes = Findings(await sandbox.RunAsync(Artifacts.Native, sandbox.Folder("client"), "doctor", "--json"))
            .Where(finding => (string?)finding["outcome"] == "fail").Select(finding => (string)finding["fix"]!).ToList();

        Assert.Equal(["create the folder, or remove the source: dotnet nuget disable source local", $"correct or remove it in {file}"], fixes);
    }

    private static Task<Outcome> RestoreAsync(Sandbox sandbox) => sandbox.RestoreAsync(sandbox.Folder("client"), $"{Published}/1.0.0");

    private static async Task<Sandbox> HealthyAsync()
    {
        Artifacts.Require(Artifacts.Native, "the native executable");
        var sandbox = await Sandbox.StartAsync();
        sandbox.PutNativeOnPath();
        WriteUrl(sandbox, Feeds.App);
        return sandbox;
    }

    /// <summary>Runs the command if it can run here; the rest is done by hand.</summary>
    private static async Task FollowAsync(Sandbox sandbox, string? command, Action<Sandbox>? byHand)
    {
        if (command is null)
            Assert.NotNull(byHand);
        else if (command.StartsWith("nuget-plugin-codeartifact policy ", StringComparison.Ordinal))
            Attach(sandbox, await RunAsync(sandbox, command));
        else if (Array.Exists(RunHere, program => command.StartsWith(program, StringComparison.Ordinal)))
            await RunAsync(sandbox, command);
        else if (byHand is null)
            Assert.True(sandbox.Variables.Remove(UnsetCommand().Match(command).Groups[1].Value), command);
        byHand?.Invoke(sandbox);
    }

    private static void Attach(Sandbox sandbox, string policy)
    {
        var document = JsonNode.Parse(policy)!;
        if (document["the trust policy of that role"] is { } trust)
        {
            var conditions = trust["Statement"]![0]!["Condition"]!["StringEquals"]!.AsObject();
            var (key, subject) = conditions.Single(condition => condition.Key.EndsWith(":sub", StringComparison.Ordinal));
            sandbox.Aws.World.Roles["arn:aws:iam::111122223333:role/Workflow"].WebIdentityTrusts.Add(
                new WebIdentityTrust($"https://{key[..^":sub".Length]}", (string)subject!));
            return;
        }

        sandbox.Aws.World.InstanceRole!.Policy.Clear();
        sandbox.Aws.World.InstanceRole.Policy.AddRange(PolicyLanguage.Identity(document));
    }

    /// <summary>In a shell that finds the program, as after unpacking an archive.</summary>
    private static async Task<string> RunAsync(Sandbox sandbox, string command) => (await sandbox.RunAsync("bash", sandbox.Folder("client"), "-c",
        $"PATH={Artifacts.NativeFolder}:$PATH; {command}")).Succeeded().Output;

    private static List<JsonNode> Findings(Outcome report) =>
        [.. JsonNode.Parse(report.Output[..(report.Output.LastIndexOf(']') + 1)])!.AsArray().Select(finding => finding!)];

    /// <summary>A table cell, with names for everything that differs between runs.</summary>
    private static string Cell(Sandbox sandbox, string text) => Sdk().Replace(Port().Replace(text.Replace(sandbox.Home, "~", StringComparison.Ordinal)
        .Replace(Path.GetDirectoryName(sandbox.Home)!, "", StringComparison.Ordinal).Replace(Artifacts.Built("."), "BUILD", StringComparison.Ordinal), "127.0.0.1:PORT"), "VERSION")
        .Replace("|", "\\|", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal);

    private static string FirstOnPath(Sandbox sandbox)
    {
        var folder = sandbox.Folder("home/bin");
        sandbox.Variables["PATH"] = $"{folder}:{sandbox.Variables["PATH"]}";
        return folder;
    }

    private static void Other(Sandbox sandbox, string content) => Executable(Path.Combine(FirstOnPath(sandbox), "nuget-plugin-other"), content);

    private static void Executable(string path, string content)
    {
        File.WriteAllText(path, content);
        File.SetUnixFileMode(path, (UnixFileMode)0x1ED);
    }

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..40];

    private static string Bare(Sandbox sandbox) => sandbox.Variables["PATH"].Replace($"{Artifacts.NativeFolder}:", "", StringComparison.Ordinal);

    /// <summary>A nuget.config with other sources and sections beside CodeArtifact.</summary>
    private static void WriteConfig(Sandbox sandbox, string sources, string sections) => sandbox.Write("client/nuget.config", $"""
        <configuration>
          <packageSources>
            <clear />
            <add key="contoso" value="{Feeds.App}" />
            {sources}
          </packageSources>
          {sections}
        </configuration>
        """);

    private static void WriteUrl(Sandbox sandbox, string url) => sandbox.WriteConfig("client", (Source, url));

    /// <summary>A nuget.config with a public source beside CodeArtifact.</summary>
    private static void WriteWithGallery(Sandbox sandbox, string mapping)
    {
        if (sandbox.Aws.World.ForeignFeeds.Count == 0)
            sandbox.Aws.World.ForeignFeeds.Add(new ForeignFeed("gallery.example.test", Password: null));
        sandbox.Write("client/nuget.config", $"""
            <configuration>
              <packageSources>
                <clear />
                <add key="gallery" value="https://gallery.example.test/v3/index.json" />
                <add key="contoso" value="{Feeds.App}" />
              </packageSources>
              {mapping}
            </configuration>
            """);
    }

    private static void Forbid(Sandbox sandbox, string action) => sandbox.Aws.World.InstanceRole!.Policy.RemoveAll(statement => statement.Action == action);

    /// <summary>Gives a GitHub job its two variables.</summary>
    private static void StartJob(Sandbox sandbox, Role? role)
    {
        var job = sandbox.Aws.World.StartJob(CiJob.GitHub, "repo:contoso/app:ref:refs/heads/main", role);
        (sandbox.Variables["ACTIONS_ID_TOKEN_REQUEST_URL"], sandbox.Variables["ACTIONS_ID_TOKEN_REQUEST_TOKEN"]) = (job.RequestUrl, job.RequestToken);
    }

    private static void Assumable(Sandbox sandbox)
    {
        sandbox.Aws.World.InstanceRole!.Policy.Add(new Statement("sts:AssumeRole"));
        sandbox.Aws.World.AddRole("Reader", World.ReadPolicy(), World.Account, new Trust(World.Account));
    }

    /// <summary>Sources in a file that no command of NuGet changes. The other files have no nuget.org and no clear.</summary>
    private static void WriteForMachine(Sandbox sandbox, string sources)
    {
        sandbox.Variables["NUGET_COMMON_APPLICATION_DATA"] = sandbox.Folder("machine");
        sandbox.Write("machine/NuGet/Config/corp.config", $"<configuration><packageSources>{sources}</packageSources></configuration>");
        sandbox.Write("home/.nuget/NuGet/NuGet.Config", "<configuration><packageSources /></configuration>");
        var own = sources.Contains(Feeds.App[5..], StringComparison.Ordinal) ? "" : $"""<add key="contoso" value="{Feeds.App}" />""";
        sandbox.Write("client/nuget.config", $"<configuration><packageSources>{own}</packageSources></configuration>");
    }

    private static string StartProxy(Sandbox sandbox)
    {
        var proxy = new PasswordProxy(sandbox.Aws.Proxy);
        sandbox.Cleanup.Push(proxy.Dispose);
        return proxy.Start();
    }

    private static void UseProxy(Sandbox sandbox, string url)
    {
        sandbox.Variables["HTTPS_PROXY"] = url;
        sandbox.Variables["https_proxy"] = url;
    }

    [GeneratedRegex("^unset ([A-Za-z_]+)$")]
    private static partial Regex UnsetCommand();

    [GeneratedRegex(@"(?<=\bdotnet |\binstalled: )\d+\.\d+\.\d+\S*")]
    private static partial Regex Sdk();

    [GeneratedRegex(@"127\.0\.0\.1:\d{4,5}")]
    private static partial Regex Port();

    [GeneratedRegex(@"^\| ([^|]+) \| `[a-z ]+` \|", RegexOptions.Multiline)]
    private static partial Regex Rows();
}
