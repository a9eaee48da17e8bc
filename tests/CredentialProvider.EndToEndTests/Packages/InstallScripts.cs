using System.Net;
using System.Net.Sockets;
using LocalAws;

namespace CredentialProvider.EndToEndTests.Packages;

/// <summary>build/install.sh and build/install.ps1 with the archives that build/build.sh packed.</summary>
[Trait("Category", "Slow")]
public sealed class InstallScripts
{
    /// <summary>Where the scripts find the archive.</summary>
    public enum From
    {
        Archive,
        FolderOfArchives,
        FileUrl,
        HttpsUrl,
        UrlOfAnArchive,
        UnpackedArchive,
        BesideTheScript,
        TheScriptsRelease,
    }

    private const string Release = "https://downloads.example/v1";

    private static readonly string Own = Artifacts.Archive(Artifacts.Platform);

    public static TheoryData<string, From> Sources =>
        [.. from shell in (string[])["sh", "pwsh"] from source in Enum.GetValues<From>() select (shell, source)];

    [Theory]
    [MemberData(nameof(Sources))]
    public async Task They_install_the_plugin_from_every_kind_of_source(string shell, From from)
    {
        await using var sandbox = await StartAsync();
        var (script, source) = (Script(shell), "");
        switch (from)
        {
            case From.Archive: source = Own; break;
            case From.FolderOfArchives: source = Artifacts.Archives; break;
            case From.FileUrl: source = $"file://{Artifacts.Archives}"; break;
            case From.HttpsUrl: source = Release; break;
            case From.UrlOfAnArchive: source = $"{Release}/{Path.GetFileName(Own)}"; break;
            case From.UnpackedArchive: source = await UnpackAsync(sandbox); break;
            case From.BesideTheScript: script = Path.Combine(await UnpackAsync(sandbox), Path.GetFileName(script)); break;
            case From.TheScriptsRelease: script = Stamp(sandbox, script, Release); break;
        }

        var bin = Path.Combine(sandbox.Root, "bin");
        var outcome = (await RunAsync(sandbox, script, source, "--bin", bin)).Succeeded();

        var program = Path.Combine(bin, "nuget-plugin-codeartifact");
        Assert.Contains($"{program} installed", outcome.Output, StringComparison.Ordinal);
        Assert.Equal((UnixFileMode)0b111_101_101, File.GetUnixFileMode(program));
        Assert.Equal(await File.ReadAllBytesAsync(Artifacts.Native, TestContext.Current.CancellationToken), await File.ReadAllBytesAsync(program, TestContext.Current.CancellationToken));
        Assert.Contains($"{program} is up to date", (await RunAsync(sandbox, script, source, "--bin", bin)).Succeeded().Output, StringComparison.Ordinal);
        AssertNoTemporaryFiles(sandbox);
    }

    [Theory]
    [InlineData("sh")]
    [InlineData("pwsh")]
    public async Task They_install_the_framework_dependent_build_where_the_native_executable_does_not_run(string shell)
    {
        await using var sandbox = await StartAsync();
        // As in an archive for another platform.
        var folder = await UnpackAsync(sandbox);
        await File.WriteAllTextAsync(Path.Combine(folder, "native", "nuget-plugin-codeartifact"), "not an executable", TestContext.Current.CancellationToken);

        var outcome = (await RunAsync(sandbox, Script(shell), folder)).Succeeded();
        Assert.Matches(@"note: the native executable does not run on this machine \(.+\); installing the build that needs \.NET instead\n", outcome.Output);
        Assert.False(Directory.Exists(Path.Combine(sandbox.Home, ".local", "bin")));
        (await sandbox.DotnetAsync(sandbox.WriteSimpleProject(), "restore", "-warnaserror")).Succeeded();
    }

    [Fact]
    public async Task A_platform_without_an_archive_gets_the_any_archive()
    {
        await using var sandbox = await StartAsync();
        WriteExecutable(sandbox, "uname", "#!/bin/sh\n[ $1 = -m ] && echo riscv64 || echo Linux\n");
        sandbox.Variables["PATH"] = $"{sandbox.Folder("bin")}:{sandbox.Variables["PATH"]}";

        var outcome = (await RunAsync(sandbox, Script("sh"), Artifacts.Archives)).Succeeded();

        Assert.Contains("note: there is no native executable for this machine (Linux riscv64); installing the build that needs .NET instead\n", outcome.Output, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(sandbox.Home, ".nuget/plugins/netcore/CredentialProvider.CodeArtifact/CredentialProvider.CodeArtifact.dll")));
        Assert.False(Directory.Exists(Path.Combine(sandbox.Home, ".local")));
    }

    [Fact]
    public async Task install_sh_works_from_a_pipe()
    {
        await using var sandbox = await StartAsync();
        var script = Stamp(sandbox, Script("sh"), Release);

        (await sandbox.RunAsync("sh", sandbox.Home, "-c", $"cat {script} | sh -s -- --netcore")).Succeeded();

        Assert.True(Directory.Exists(Path.Combine(sandbox.Home, ".nuget/plugins/netcore/CredentialProvider.CodeArtifact")));
        // A partial download does nothing.
        Assert.Equal("", (await sandbox.RunAsync("sh", sandbox.Home, "-c", $"head -n -3 {script} | sh -s -- --from {Release} 2>/dev/null; true")).Succeeded().Output);
    }

    public static TheoryData<string, string> Damages =>
        [.. from shell in (string[])["sh", "pwsh"] from damage in (string[])["changed", "truncated", "no sums", "not in the sums", "unreachable", "missing"] select (shell, damage)];

    [Theory]
    [MemberData(nameof(Damages))]
    public async Task An_archive_that_cannot_be_verified_changes_nothing(string shell, string damage)
    {
        await using var sandbox = await StartAsync();
        var folder = sandbox.Folder("archives");
        var (archive, sums) = (Path.Combine(folder, Path.GetFileName(Own)), Path.Combine(folder, "SHA256SUMS"));
        File.Copy(Own, archive);
        File.Copy(Path.Combine(Artifacts.Archives, "SHA256SUMS"), sums);
        var (from, why) = (archive, "is damaged");
        switch (damage)
        {
            case "changed": await File.AppendAllTextAsync(archive, "x", TestContext.Current.CancellationToken); break;
            case "truncated": await using (var stream = File.OpenWrite(archive)) stream.SetLength(stream.Length / 2); break;
            case "no sums": File.Delete(sums); why = "cannot get"; break;
            case "not in the sums": await File.WriteAllTextAsync(sums, $"{new string('0', 64)}  other.tar.gz\n", TestContext.Current.CancellationToken); why = "cannot be verified"; break;
            case "unreachable": from = $"https://127.0.0.1:{UnusedPort()}"; why = "cannot get"; break;
            case "missing": File.Delete(archive); why = "cannot get"; break;
        }

        var outcome = (await RunAsync(sandbox, Script(shell), from)).Failed();

        var line = Assert.Single(outcome.Output.TrimEnd().Split('\n'));
        Assert.StartsWith("error: ", line, StringComparison.Ordinal);
        Assert.Contains(why, line, StringComparison.Ordinal);
        Assert.EndsWith("; nothing was changed", line, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(sandbox.Home, ".local", "bin")));
        AssertNoTemporaryFiles(sandbox);
    }

    [Theory]
    [InlineData("tar", "cannot unpack an archive: tar is not installed")]
    [InlineData("sha256sum", "cannot verify an archive: neither sha256sum nor shasum is installed")]
    [InlineData("curl", "curl is not installed")]
    public async Task A_missing_program_is_named(string missing, string why)
    {
        await using var sandbox = await StartAsync();
        foreach (var program in new[] { "sh", "uname", "mktemp", "head", "rm", "cp", "cut", "dirname", "tar", "gzip", "sha256sum", "curl" }.Where(program => program != missing))
        {
            var path = sandbox.Variables["PATH"].Split(':').Select(folder => Path.Combine(folder, program)).First(File.Exists);
            File.CreateSymbolicLink(Path.Combine(sandbox.Folder("bin"), program), path);
        }

        sandbox.Variables["PATH"] = sandbox.Folder("bin");
        var outcome = (await RunAsync(sandbox, Script("sh"), $"https://127.0.0.1:{UnusedPort()}")).Failed();

        Assert.Contains(why, Assert.Single(outcome.Output.TrimEnd().Split('\n')), StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(sandbox.Home, ".local")));
    }

    public static TheoryData<string, string> Insecure =>
        [.. from shell in (string[])["sh", "pwsh"] from how in (string[])["an http URL", "a redirect to http"] select (shell, how)];

    [Theory]
    [MemberData(nameof(Insecure))]
    public async Task Nothing_is_downloaded_over_http(string shell, string how)
    {
        await using var sandbox = await StartAsync();
        await using var server = FileServer.Start(Artifacts.Archives);
        sandbox.Aws.Faults.Add(new Fault("download") { Status = 302, Headers = new Dictionary<string, string> { ["Location"] = $"{server.Url}/SHA256SUMS" } });

        var outcome = (await RunAsync(sandbox, Script(shell), how == "an http URL" ? server.Url : Release)).Failed();

        Assert.EndsWith("; nothing was changed", Assert.Single(outcome.Output.TrimEnd().Split('\n')), StringComparison.Ordinal);
        Assert.Equal(0, server.Requests);
        Assert.False(Directory.Exists(Path.Combine(sandbox.Home, ".local", "bin")));
        AssertNoTemporaryFiles(sandbox);
    }

    [Theory]
    [InlineData("sh")]
    [InlineData("pwsh")]
    public async Task A_redirect_to_https_is_followed(string shell)
    {
        await using var sandbox = await StartAsync();
        sandbox.Aws.World.Downloads["objects.example"] = Artifacts.Archives;
        foreach (var file in new[] { "SHA256SUMS", Path.GetFileName(Own) })
        {
            sandbox.Aws.Faults.Add(new Fault("download", file) { Url = "downloads.example/", Status = 302, Headers = new Dictionary<string, string> { ["Location"] = $"https://objects.example/{file}" } });
        }

        (await RunAsync(sandbox, Script(shell), Release, "--native")).Succeeded();

        Assert.True(File.Exists(Path.Combine(sandbox.Home, ".local", "bin", "nuget-plugin-codeartifact")));
    }

    public static TheoryData<string, string> UrlsWithPasswords =>
        [.. from shell in (string[])["sh", "pwsh"] from url in (string[])["http://ci:s3cret@mirror.example/v1", "https://ci:s3cret@127.0.0.1:9/v1", "https://ci:s3@cret@127.0.0.1:9/x.tar.gz"] select (shell, url)];

    [Theory]
    [MemberData(nameof(UrlsWithPasswords))]
    public async Task The_password_of_a_mirror_is_not_printed(string shell, string url)
    {
        await using var sandbox = await Sandbox.StartAsync();

        var outcome = (await RunAsync(sandbox, Script(shell), url)).Failed();

        var line = Assert.Single(outcome.Output.TrimEnd().Split('\n'));
        Assert.Contains(url[..(url.IndexOf("://", StringComparison.Ordinal) + 3)] + "***" + url[url.LastIndexOf('@')..url.LastIndexOf('/')], line, StringComparison.Ordinal);
        Assert.DoesNotContain("s3", line, StringComparison.Ordinal);
        Assert.DoesNotContain("cret", line, StringComparison.Ordinal);
        Assert.EndsWith("; nothing was changed", line, StringComparison.Ordinal);
    }

    public static TheoryData<string, string> Decoys =>
    [
        // What a cloned repository can contain.
        .. from shell in (string[])["sh", "pwsh"] from folder in (string[])["", "https:/downloads.example/v1"] select (shell, folder),
    ];

    [Theory]
    [MemberData(nameof(Decoys))]
    public async Task No_file_of_the_current_directory_is_run(string shell, string folder)
    {
        await using var sandbox = await StartAsync();
        var repository = sandbox.Folder("clone");
        foreach (var program in new[] { $"{folder}/plugins/netcore/CredentialProvider.CodeArtifact/CredentialProvider.CodeArtifact.dll", "sh", "pwsh", "uname", "curl", "tar", "sha256sum", "dotnet", "install.sh", "install.ps1", $"{folder}/native/nuget-plugin-codeartifact" })
        {
            WriteExecutable(sandbox, $"../clone/{program}", $"#!/bin/sh\ntouch '{sandbox.Root}/canary'\n");
        }

        var script = Stamp(sandbox, Script(shell), Release);
        // As `curl … | sh` and as `irm … | iex`.
        var outcome = shell == "sh" ? await sandbox.RunAsync("/bin/sh", repository, "-c", $"cat {script} | sh")
            : await sandbox.RunAsync("dotnet", repository, Artifacts.PowerShell, "-NoProfile", "-Command", $"Get-Content -Raw '{script}' | Invoke-Expression");

        outcome.Succeeded();
        Assert.True(File.Exists(Path.Combine(sandbox.Home, ".local", "bin", "nuget-plugin-codeartifact")), outcome.Output);
        Assert.False(File.Exists(Path.Combine(sandbox.Root, "canary")));
    }

    [Theory]
    [InlineData("native", "native/nuget-plugin-codeartifact")]
    [InlineData("a", "native/nuget-plugin-codeartifact")]
    [InlineData("a/b/c", "native/nuget-plugin-codeartifact")]
    public async Task The_program_installs_its_own_file_and_no_strangers(string folder, string stranger)
    {
        await using var sandbox = await StartAsync();
        var program = Path.Combine(sandbox.Folder($"shared/{folder}"), "nuget-plugin-codeartifact");
        foreach (var file in new[] { stranger, "plugins/netcore/CredentialProvider.CodeArtifact/CredentialProvider.CodeArtifact.dll" })
        {
            WriteExecutable(sandbox, $"../shared/{file}", "a stranger's");
        }

        // As another user of /tmp would own it.
        (await sandbox.RunAsync("chown", sandbox.Root, "-R", "65534", Path.Combine(sandbox.Root, "shared", "plugins"))).Succeeded();
        File.Copy(Artifacts.Native, program, overwrite: true);

        (await sandbox.RunAsync(program, sandbox.Home, "install", "--native")).Succeeded();
        var refusal = (await sandbox.RunAsync(program, sandbox.Home, "install", "--netcore")).Failed();

        Assert.Equal(await File.ReadAllBytesAsync(Artifacts.Native, TestContext.Current.CancellationToken),
            await File.ReadAllBytesAsync(Path.Combine(sandbox.Home, ".local", "bin", "nuget-plugin-codeartifact"), TestContext.Current.CancellationToken));
        Assert.Contains("the netcore build was not found next to", refusal.Output, StringComparison.Ordinal);
    }

    private static async Task<Sandbox> StartAsync()
    {
        Artifacts.Require(Own, "the release archive");
        var sandbox = await Sandbox.StartAsync();
        sandbox.Aws.World.Downloads["downloads.example"] = Artifacts.Archives;
        return sandbox;
    }

    private static string Script(string shell) => Artifacts.Script(shell == "sh" ? "install.sh" : "install.ps1");

    private static Task<Outcome> RunAsync(Sandbox sandbox, string script, string source, params string[] options)
    {
        string[] from = source.Length == 0 ? [] : ["--from", source];
        return script.EndsWith(".sh", StringComparison.Ordinal) ? sandbox.RunAsync("sh", sandbox.Home, [script, .. from, .. options])
            : sandbox.DotnetAsync(sandbox.Home, [Artifacts.PowerShell, "-NoProfile", "-File", script, .. from, .. options]);
    }

    /// <summary>Writes the release URL into the script, as the release workflow does.</summary>
    private static string Stamp(Sandbox sandbox, string script, string url)
    {
        var text = File.ReadAllText(script);
        var stamped = text.Replace("\nrelease_url=''\n", $"\nrelease_url='{url}'\n", StringComparison.Ordinal).Replace("\n$releaseUrl = ''\n", $"\n$releaseUrl = '{url}'\n", StringComparison.Ordinal);
        Assert.NotEqual(text, stamped);
        return sandbox.Write($"stamped/{Path.GetFileName(script)}", stamped);
    }

    private static async Task<string> UnpackAsync(Sandbox sandbox)
    {
        (await sandbox.RunAsync("tar", sandbox.Root, "-xzf", Own, "-C", sandbox.Folder("unpacked"))).Succeeded();
        return Assert.Single(Directory.GetDirectories(sandbox.Folder("unpacked")));
    }

    private static void WriteExecutable(Sandbox sandbox, string name, string text) => File.SetUnixFileMode(
        sandbox.Write($"bin/{name}", text), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);

    private static void AssertNoTemporaryFiles(Sandbox sandbox) => Assert.Empty(Directory.GetDirectories(sandbox.Folder("tmp")));

    private static int UnusedPort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>Serves the files of a release on loopback.</summary>
    private sealed class FileServer(HttpListener listener, string folder, string url) : IAsyncDisposable
    {
        private Task? _serving;

        public string Url => url;

        public int Requests { get; private set; }

        public static FileServer Start(string folder)
        {
            var url = $"http://127.0.0.1:{UnusedPort()}/v1";
            var listener = new HttpListener { Prefixes = { $"{url}/" } };
            listener.Start();
            var server = new FileServer(listener, folder, url);
            server._serving = server.ServeAsync();
            return server;
        }

        public async ValueTask DisposeAsync()
        {
            listener.Close();
            await _serving!;
        }

        private async Task ServeAsync()
        {
            while (listener.IsListening)
            {
                try
                {
                    var context = await listener.GetContextAsync();
                    Requests++;
                    var file = Path.Combine(folder, Path.GetFileName(context.Request.Url!.AbsolutePath));
                    context.Response.StatusCode = File.Exists(file) ? 200 : 404;
                    if (File.Exists(file))
                        await context.Response.OutputStream.WriteAsync(await File.ReadAllBytesAsync(file));
                    context.Response.Close();
                }
                catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
                {
                    // The listener was closed, or the client disconnected.
                }
            }
        }
    }
}
