using System.Text.RegularExpressions;
using YamlDotNet.RepresentationModel;

namespace CredentialProvider.EndToEndTests.Pipelines;

/// <summary>This repository's GitHub workflows and its action. The workflows cannot run here, but their scripts can.</summary>
public sealed partial class GitHubWorkflows
{
    public static TheoryData<string> Files => [.. Pipeline.All.Where(file => file.StartsWith(".github/", StringComparison.Ordinal))];

    [Fact]
    public void Every_action_is_pinned_to_a_commit_with_its_version_as_a_comment()
    {
        var uses = Pipeline.All.SelectMany(file => File.ReadAllLines(Artifacts.Source(file))).Where(line => Use().IsMatch(line)).ToList();
        Assert.NotEmpty(uses);
        Assert.All(uses, line => Assert.Matches("uses: [A-Za-z-]+/[A-Za-z-]+@[0-9a-f]{40} # v[0-9]+\\.[0-9]+\\.[0-9]+$", line));
        // The same version everywhere.
        Assert.Equal(uses.Select(Action).Distinct().Count(), uses.Select(line => line[line.IndexOf("uses:", StringComparison.Ordinal)..]).Distinct().Count());
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void No_job_has_unneeded_permissions(string file)
    {
        var root = Pipeline.Read(file).Root!;
        // A job without permissions of its own has those of the workflow, which may only read.
        Assert.All(Permissions(root)!, permission => Assert.Equal(("contents", "read"), permission));
        string[] writes = [.. Jobs(root).SelectMany(job => (Permissions(job.Value) ?? []).Where(permission => permission.Access != "read").Select(permission => $"{job.Key} {permission.Name}"))];
        Assert.Equal(file.EndsWith("release.yml", StringComparison.Ordinal)
            ? ["pack id-token", "pack attestations", "release contents", "packages id-token"] : [], writes);
    }

    [Fact]
    public void Publishing_needs_all_tests_and_an_approval()
    {
        var jobs = Jobs(Pipeline.Read(".github/workflows/release.yml").Root!).ToDictionary(job => job.Key, job => job.Value);
        Assert.Equal(("release", "nuget"), (Text(jobs["release"], "environment"), Text(jobs["packages"], "environment")));
        Assert.Equal(("pack", "pack"), (Text(jobs["release"], "needs"), Text(jobs["packages"], "needs")));
        Assert.Equal(["test", "build-linux", "build-others"], ((YamlSequenceNode)jobs["pack"]["needs"]).Select(job => (string?)job));
        Assert.All(["test", "build-linux", "build-others"], job => Assert.Equal("check", Text(jobs[job], "needs")));
        Assert.Equal("./.github/workflows/ci.yml", Text(jobs["test"], "uses"));
        Assert.DoesNotContain("secrets.", Pipeline.Read(".github/workflows/release.yml").Text, StringComparison.Ordinal);
    }

    /// <summary>Test-only downloads could change what is released.</summary>
    [Fact]
    public void No_job_of_a_release_both_tests_and_builds()
    {
        string[] tests = [.. Jobs(Pipeline.Read(".github/workflows/release.yml").Root!).Concat(Jobs(Pipeline.Read(".github/workflows/ci.yml").Root!))
            .Where(job => Scripts(job.Value).Exists(script => Tests().IsMatch(script))).Select(job => job.Key)];
        string[] uploads = [.. Pipeline.All.Where(file => file.StartsWith(".github/", StringComparison.Ordinal)).SelectMany(file => Jobs(Pipeline.Read(file).Root!))
            .Where(job => job.Value.AllNodes.OfType<YamlScalarNode>().Any(node => node.Value!.StartsWith("actions/upload-artifact@", StringComparison.Ordinal))).Select(job => job.Key)];
        Assert.Equal(["linux", "others"], tests);
        Assert.Equal(["build-linux", "build-others", "pack"], uploads);
    }

    [Fact]
    public void Every_container_image_is_pinned_by_digest()
    {
        string[] files = [.. Pipeline.All, .. Directory.GetFiles(Artifacts.Source("build/images"), "*.Dockerfile")];
        var images = files.SelectMany(file => Image().Matches(File.ReadAllText(Artifacts.Source(file)))).Select(match => match.Groups[1].Value).ToList();
        Assert.Equal(5, images.Count);
        Assert.All(images, image => Assert.Matches("^[^@]*@sha256:[0-9a-f]{64}$", image));
    }

    [Fact]
    public async Task The_check_of_images_names_newer_and_missing_ones()
    {
        await using var sandbox = await Sandbox.StartAsync();
        // Registries that have newer images, and of which one no longer has the pinned one.
        File.SetUnixFileMode(sandbox.Write("bin/curl", """
            #!/bin/sh
            for url; do :; done
            case $url in
              https://auth.docker.io/*) echo '{"token":"abc"}'; exit ;;
              https://registry-1.docker.io/v2/library/debian/manifests/sha256:*) exit 22 ;;
              https://mcr.microsoft.com/v2/dotnet/*/manifests/sha256:*) digest=${url##*/} ;;
              *) digest=sha256:new ;;
            esac
            printf 'HTTP/2 200\r\nDocker-Content-Digest: %s\r\n' "$digest"
            """), UnixFileMode.UserRead | UnixFileMode.UserExecute);
        sandbox.Variables["PATH"] = $"{sandbox.Folder("bin")}:{sandbox.Variables["PATH"]}";

        var outcome = (await sandbox.RunAsync("bash", sandbox.Root, Artifacts.Script("check-images.sh"))).Failed();

        Assert.Equal($"""
            debian:12@{DebianDigest().Match(Pipeline.Read(".github/workflows/ci.yml").Text).Groups[1].Value}: the registry does not have it
            debian:12 is now sha256:new
            mcr.microsoft.com/dotnet/runtime:10.0 is now sha256:new
            mcr.microsoft.com/dotnet/sdk:10.0 is now sha256:new

            """, outcome.Output);
    }

    [Theory]
    [InlineData("v1.2.3", "## 1.2.3 (2026-11-25)\n\n- New.\n\n## 1.2.2\n\n- Old.\n", "\n- New.\n\n")]
    [InlineData("v1.2.3", "## 1.2.3\n- New.\n", "- New.\n")]
    [InlineData("v1.2.4", "## 1.2.4\n- New.\n", "tag v1.2.4 is not v1.2.3, the version in Directory.Build.props\n")]
    [InlineData("1.2.3", "## 1.2.3\n- New.\n", "tag 1.2.3 is not v1.2.3, the version in Directory.Build.props\n")]
    [InlineData("v1.2.3", "## 1.2.30\n- New.\n", "CHANGELOG.md has no section 1.2.3\n")]
    [InlineData("v1.2.3", "## 1.2.3 (unreleased)\n- New.\n", "CHANGELOG.md says: ## 1.2.3 (unreleased); replace that with the release date\n")]
    public async Task A_release_needs_the_version_of_its_tag_and_a_changelog_section(string tag, string changelog, string printed)
    {
        await using var sandbox = await Sandbox.StartAsync();
        var script = sandbox.Write("build/release-notes.sh", await File.ReadAllTextAsync(Artifacts.Source("build/release-notes.sh"), TestContext.Current.CancellationToken));
        sandbox.Write("Directory.Build.props", "<Project>\n<PropertyGroup>\n<Version>1.2.3</Version>\n</PropertyGroup>\n</Project>\n");
        sandbox.Write("CHANGELOG.md", "# Changelog\n\n" + changelog);

        var outcome = await sandbox.RunAsync("bash", sandbox.Root, script, tag);

        Assert.Equal((printed, printed.Contains("New", StringComparison.Ordinal)), (outcome.Output, outcome.ExitCode == 0));
    }

    [Fact]
    [Trait("Category", "Slow")]
    public async Task Released_install_scripts_contain_the_release_URL_and_SHA256SUMS_lists_every_file()
    {
        Artifacts.Require(Artifacts.Archive(Artifacts.Platform), "the release archive");
        Artifacts.Require("/usr/bin/zip", "zip");
        await using var sandbox = await Sandbox.StartAsync();
        (await sandbox.RunAsync("bash", sandbox.Root, "-ec", $"""
            mkdir -p build artifacts nuget-plugin-codeartifact-{Artifacts.Version}-win-x64/native artifacts/sbom
            cp {Artifacts.Source("build")}/install.* build
            cp -r {Artifacts.Archives} artifacts
            tar -czf artifacts/archives/nuget-plugin-codeartifact-{Artifacts.Version}-win-x64.tar.gz nuget-plugin-codeartifact-{Artifacts.Version}-win-x64
            cd artifacts/archives
            sha256sum -- *.gz > SHA256SUMS
            """)).Succeeded();
        sandbox.Write("artifacts/sbom/native.cdx.json", "{}");
        (sandbox.Variables["GITHUB_SERVER_URL"], sandbox.Variables["GITHUB_REPOSITORY"]) = ("https://git.example", "contoso/plugin");
        sandbox.Variables["GITHUB_REF_NAME"] = "v" + Artifacts.Version;
        var step = Pipeline.Read(".github/workflows/release.yml").Scripts.Single(script => script.Contains("release_url", StringComparison.Ordinal));

        (await sandbox.RunAsync("bash", sandbox.Root, "-eo", "pipefail", sandbox.Write("step", step))).Succeeded();

        var release = Path.Combine(sandbox.Root, "artifacts/release");
        var sums = await File.ReadAllLinesAsync(Path.Combine(release, "SHA256SUMS"), TestContext.Current.CancellationToken);
        Assert.Contains(sums, line => line.EndsWith("-win-x64.zip", StringComparison.Ordinal));
        Assert.Equal(Directory.GetFiles(release).Select(file => Path.GetFileName(file)).Except(["SHA256SUMS"]).Order(StringComparer.Ordinal),
            sums.Select(line => line.Split("  ")[1]).Order(StringComparer.Ordinal));
        var refusal = (await sandbox.RunAsync("sh", sandbox.Home, Path.Combine(release, "install.sh"))).Failed();
        Assert.Contains($"https://git.example/contoso/plugin/releases/download/v{Artifacts.Version}/SHA256SUMS", refusal.Output, StringComparison.Ordinal);
    }

    private static IEnumerable<KeyValuePair<string, YamlMappingNode>> Jobs(YamlMappingNode root) =>
        ((YamlMappingNode)root["jobs"]).Children.Select(job => KeyValuePair.Create((string)job.Key!, (YamlMappingNode)job.Value));

    private static IEnumerable<(string Name, string Access)>? Permissions(YamlMappingNode node) => node.Children.TryGetValue("permissions", out var permissions)
        ? ((YamlMappingNode)permissions).Children.Select(permission => ((string)permission.Key!, (string)permission.Value!)) : null;

    private static List<string> Scripts(YamlMappingNode job) =>
        [.. job.AllNodes.OfType<YamlMappingNode>().SelectMany(node => node.Children).Where(entry => (string?)entry.Key == "run").Select(entry => entry.Value.ToString())];

    private static string? Text(YamlMappingNode node, string key) => (string?)node[key];

    private static string Action(string line) => Use().Match(line).Groups[1].Value;

    [GeneratedRegex(@"\.ci/run|build/test\.sh|dotnet test|\bnpm\b")]
    private static partial Regex Tests();

    [GeneratedRegex(@"^(?:\s*image: |ARG (?:SDK|RUNTIME)=)(.*)$", RegexOptions.Multiline)]
    private static partial Regex Image();

    [GeneratedRegex("debian:12@(sha256:[0-9a-f]{64})")]
    private static partial Regex DebianDigest();

    [GeneratedRegex(@"^\s*(?:- )?uses: ([^@./][^@]*)")]
    private static partial Regex Use();
}
