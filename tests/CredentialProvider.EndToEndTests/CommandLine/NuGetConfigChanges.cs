using System.Xml.Linq;
using LocalAws;

namespace CredentialProvider.EndToEndTests.CommandLine;

/// <summary>nuget.config as <c>configure</c> leaves it: on a full disk, behind a link, beside a public source.</summary>
public sealed class NuGetConfigChanges
{
    private const string Add = "configure add new --domain contoso --owner 111122223333 --region us-east-1 --repository shared --map Contoso.*";

    /// <summary>The limit on the size of a file stands in for a full disk: both end in the middle of a write.</summary>
    [Theory]
    [InlineData(Add)]
    [InlineData("configure remove contoso")]
    [InlineData("configure forget contoso")]
    public async Task A_full_disk_leaves_the_file_as_it_was(string command)
    {
        await using var sandbox = await StartAsync();
        var path = sandbox.Write("client/nuget.config", $"""
            <configuration>
              <!-- {new string('x', 6000)} -->
              <packageSources>
                <clear />
                <add key="contoso" value="{Feeds.App}" />
              </packageSources>
              <packageSourceCredentials>
                <contoso>
                  <add key="Username" value="aws" />
                  <add key="ClearTextPassword" value="x" />
                </contoso>
              </packageSourceCredentials>
              <!-- {new string('y', 6000)} -->
            </configuration>
            """);
        var before = await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        var (failed, succeeded) = (0, 0);
        foreach (var kilobytes in new[] { 0, 1, 4, 8, 11, 12, 13, 64 })
        {
            var outcome = await sandbox.RunAsync("bash", sandbox.Folder("client"), "-f", "-c",
                $"trap '' XFSZ; ulimit -f {kilobytes}; exec {Artifacts.Native} {command}");
            var after = await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken);
            if (outcome.ExitCode == 0)
            {
                succeeded++;
                Assert.NotEqual(before, after);
                _ = XDocument.Parse(after);
                await File.WriteAllTextAsync(path, before, TestContext.Current.CancellationToken);
            }
            else
            {
                failed++;
                Assert.Equal(before, after);
                Assert.Contains($"error: {path} not changed: ", outcome.Output, StringComparison.Ordinal);
            }

            Assert.Equal("640", Convert.ToString((int)File.GetUnixFileMode(path), 8));
            Assert.Single(Directory.GetFiles(sandbox.Folder("client")));
        }

        Assert.True(failed > 2 && succeeded > 0, $"{failed} runs failed, {succeeded} succeeded");
    }

    [Fact]
    public async Task A_full_disk_leaves_no_new_file()
    {
        await using var sandbox = await StartAsync();
        (await sandbox.RunAsync("bash", sandbox.Folder("client"), "-f", "-c",
            $"trap '' XFSZ; ulimit -f 0; exec {Artifacts.Native} {Add} --config new/nuget.config")).Failed();
        Assert.Empty(Directory.GetFiles(sandbox.Folder("client/new")));
        (await sandbox.RunAsync("bash", sandbox.Folder("client"), "-f", "-c", $"umask 027; exec {Artifacts.Native} {Add} --config new/nuget.config")).Succeeded();
        Assert.Equal("640", Convert.ToString((int)File.GetUnixFileMode(Assert.Single(Directory.GetFiles(sandbox.Folder("client/new")))), 8));
    }

    /// <summary>NuGet would get packages from there.</summary>
    [Theory]
    [InlineData("https://evil.example.test/nuget/shared/")]
    [InlineData("http://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com/nuget/shared/")]
    [InlineData("https://fabrikam-111122223333.d.codeartifact.us-east-1.amazonaws.com/nuget/shared/")]
    [InlineData("https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com/nuget/app/")]
    [InlineData("https://contoso-111122223333.d.codeartifact.eu-west-1.amazonaws.com/nuget/shared/")]
    [InlineData("https://contoso-444455556666.d.codeartifact.us-east-1.amazonaws.com/nuget/shared/", "--owner", "111122223333", "--dual-stack")]
    public async Task A_URL_of_AWS_that_is_not_the_repository_is_an_error(string url, params string[] options)
    {
        await using var sandbox = await StartAsync();
        sandbox.Aws.Faults.Add(new Fault("codeartifact", "GetRepositoryEndpoint") { Status = 200, Body = $$"""{"repositoryEndpoint":"{{url}}"}""" });

        var outcome = (await sandbox.RunAsync(Artifacts.Native, sandbox.Folder("client"),
            ["configure", "add", "--domain", "contoso", "--region", "us-east-1", "--repository", "shared", "--config", "new.config", .. options])).Failed();

        Assert.Contains("error: no source added: AWS returned ", outcome.Output, StringComparison.Ordinal);
        Assert.Contains("which is not this repository", outcome.Output, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(sandbox.Folder("client")));
    }

    [Fact]
    public async Task A_private_host_is_written_if_it_is_configured()
    {
        await using var sandbox = await StartAsync();
        sandbox.Aws.Faults.Add(new Fault("codeartifact", "GetRepositoryEndpoint") { Status = 200, Body = """{"repositoryEndpoint":"https://nuget.corp.example/nuget/shared/"}""" });
        sandbox.Variables["CODEARTIFACT_CONFIG"] = sandbox.Write("home/codeartifact.json",
            """{"hosts": {"nuget.corp.example": {"domain": "contoso", "owner": "111122223333", "region": "us-east-1"}}}""");

        (await sandbox.RunAsync(Artifacts.Native, sandbox.Folder("client"), "configure", "add", "--domain", "contoso", "--region", "us-east-1", "--repository", "shared", "--config", "new.config")).Succeeded();

        Assert.Contains("\"https://nuget.corp.example/nuget/shared/v3/index.json\"",
            await File.ReadAllTextAsync(Assert.Single(Directory.GetFiles(sandbox.Folder("client"))), TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_link_is_followed()
    {
        await using var sandbox = await StartAsync();
        sandbox.WriteConfig("dotfiles", ("contoso", Feeds.App));
        var link = Path.Combine(sandbox.Folder("client"), "nuget.config");
        File.CreateSymbolicLink(link, "../dotfiles/nuget.config");
        (await sandbox.RunAsync(Artifacts.Native, sandbox.Folder("client"), Add.Split(' '))).Succeeded();
        Assert.Equal("../dotfiles/nuget.config", new FileInfo(link).LinkTarget);
        Assert.Contains("\"new\"", await File.ReadAllTextAsync(link, TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://nuget.example.test/v3/index.json", "https://nuget.example.test")]
    [InlineData("/srv/packages", "/srv/packages")]
    [InlineData("https://contoso-444455556666.d.codeartifact.us-east-1.amazonaws.com/nuget/shared/v3/index.json",
        "https://contoso-444455556666.d.codeartifact.us-east-1.amazonaws.com/nuget/shared/v3/index.json")]
    public async Task A_source_on_another_host_keeps_its_URL_unless_replace_is_given(string url, string printed)
    {
        await using var sandbox = await StartAsync();
        sandbox.WriteConfig("client", ("New", url));
        var refused = await sandbox.RunAsync(Artifacts.Native, sandbox.Folder("client"), Add.Split(' '));
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains($"error: source new not changed: its URL is {printed}, on another host; choose another NAME, or add --replace", refused.Output, StringComparison.Ordinal);
        (await sandbox.RunAsync(Artifacts.Native, sandbox.Folder("client"), [.. Add.Split(' '), "--replace"])).Succeeded();
        Assert.Contains(Feeds.Shared, await File.ReadAllTextAsync(Path.Combine(sandbox.Folder("client"), "nuget.config"), TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_source_of_the_same_name_in_another_file_is_not_hidden_either()
    {
        await using var sandbox = await StartAsync();
        sandbox.WriteConfig("", ("new", "https://nuget.example.test/v3/index.json"));
        sandbox.Write("client/nuget.config", "<configuration></configuration>");
        var refused = await sandbox.RunAsync(Artifacts.Native, sandbox.Folder("client"), Add.Split(' '));
        Assert.Contains("its URL is https://nuget.example.test, on another host", refused.Failed().Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_public_source_beside_the_first_CodeArtifact_source_is_a_warning_and_with_a_mapping_both_serve_their_own()
    {
        await using var sandbox = await StartAsync();
        // A package of the same ID and a higher version, as an attacker would publish it.
        sandbox.Aws.World.ForeignFeeds.Add(new ForeignFeed("gallery.example.test", Password: null)
            { Packages = [Package.Create("Foreign.Thing", "3.0.0"), Package.Create("Contoso.App.Client", "99.0.0")] });
        var folder = sandbox.WriteProject("client", "Contoso.App.Client/*", "Foreign.Thing/3.0.0");
        sandbox.WriteConfig("", ("gallery", "https://gallery.example.test/v3/index.json"));
        sandbox.Write("client/nuget.config", "<configuration></configuration>");

        var added = (await sandbox.RunAsync(Artifacts.Native, folder, "configure", "add", "contoso",
            "--domain", "contoso", "--owner", "111122223333", "--region", "us-east-1", "--repository", "app")).Succeeded();
        Assert.Contains("warning: packages with the same IDs as yours may come from gallery (dependency confusion); ", added.Output, StringComparison.Ordinal);
        var doctor = (await sandbox.RunAsync(Artifacts.Native, folder, "doctor")).Succeeded().Output;
        Assert.Contains("  warn  mapping             packages with the same IDs as yours may come from gallery", doctor, StringComparison.Ordinal);
        var fix = doctor.Split("fix: map the IDs of your packages to this source: ")[1].Split('\n')[0].Replace("PREFIX.*", "Contoso.*", StringComparison.Ordinal);
        (await sandbox.RunAsync("bash", folder, "-c", fix)).Succeeded();

        Assert.Contains("  ok    mapping             no other source serves the same package IDs", (await sandbox.RunAsync(Artifacts.Native, folder, "doctor")).Succeeded().Output, StringComparison.Ordinal);
        (await sandbox.RunAsync(Artifacts.Native, folder, "configure", "add", "contoso", "--domain", "contoso", "--owner", "111122223333", "--region", "us-east-1",
            "--repository", "app", "--map", "Contoso.*", "Example.*")).Succeeded();
        (await sandbox.DotnetAsync(folder, "restore")).Succeeded();
        Assert.True(sandbox.HasPackage("Foreign.Thing"));
        Assert.Equal(["1.0.0"], Directory.GetDirectories(Path.Combine(sandbox.Variables["NUGET_PACKAGES"], "contoso.app.client")).Select(version => Path.GetFileName(version)));
    }

    private static async Task<Sandbox> StartAsync()
    {
        Artifacts.Require(Artifacts.Native, "the native executable");
        var sandbox = await Sandbox.StartAsync();
        sandbox.PutNativeOnPath();
        // NuGet's own code creates the user's file if it is missing, and leaves it empty on a full disk.
        sandbox.Write("home/.nuget/NuGet/NuGet.Config", "<configuration></configuration>");
        return sandbox;
    }
}
