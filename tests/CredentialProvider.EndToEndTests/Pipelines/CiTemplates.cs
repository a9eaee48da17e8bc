using System.Text.RegularExpressions;
using LocalAws;

namespace CredentialProvider.EndToEndTests.Pipelines;

/// <summary>The CI templates of build/ci: their scripts run exactly as written.</summary>
[Trait("Category", "Slow")]
public sealed partial class CiTemplates
{
    public static TheoryData<string> Files => [.. Pipeline.All];

    public static TheoryData<string> Templates => [.. Pipeline.All.Where(file => file.StartsWith("build/ci/", StringComparison.Ordinal))];

    [Theory]
    [MemberData(nameof(Templates))]
    public async Task They_install_the_pinned_version_and_restore(string file)
    {
        await using var sandbox = await PrepareAsync(file);

        await RunAsync(sandbox, file);

        Assert.True(sandbox.HasPackage("Contoso.App.Client"));
        // Jenkins and GitLab's shell executor keep files after a job; the other systems empty the folder or end the container.
        if (Path.GetFileName(file) is "Jenkinsfile" or "gitlab-ci.yml")
            Assert.Empty(Directory.GetFileSystemEntries(sandbox.Folder("runner")));
        Assert.All(sandbox.Aws.World.Tokens.Values, token => Assert.Equal("Pipeline", token.Caller.Role.Name));
        Assert.Equal(1, sandbox.Aws.Audit.Count("codeartifact", "GetAuthorizationToken"));
    }

    [Theory]
    [MemberData(nameof(Templates))]
    public async Task They_reject_an_archive_with_another_checksum(string file)
    {
        await using var sandbox = await PrepareAsync(file);
        sandbox.Variables[file.EndsWith("action.yml", StringComparison.Ordinal) ? "SHA256" : "PLUGIN_SHA256"] = new string('0', 64);

        var outcome = await RunAsync(sandbox, file);

        outcome.Failed();
        Assert.Contains(".tar.gz: FAILED", outcome.Output, StringComparison.Ordinal);
        Assert.Equal([], Directory.EnumerateFiles(sandbox.Root, "nuget-plugin-codeartifact", SearchOption.AllDirectories));
    }

    [Theory]
    [InlineData("build/ci/Jenkinsfile")]
    [InlineData("build/ci/gitlab-ci.yml")]
    public async Task They_remove_tokens_after_a_failed_restore(string file)
    {
        await using var sandbox = await PrepareAsync(file);
        sandbox.WriteProject("client", "Contoso.App.Client/1.0.0", "Contoso.Missing/1.0.0");

        (await RunAsync(sandbox, file)).Failed();

        Assert.Equal(1, sandbox.Aws.Audit.Count("codeartifact", "GetAuthorizationToken"));
        Assert.Empty(Directory.GetFileSystemEntries(sandbox.Folder("runner")));
    }

    [Theory]
    [InlineData("all lines of SHA256SUMS")]
    [InlineData("a private copy")]
    public async Task The_GitHub_action_serves(string whom)
    {
        const string Action = "build/ci/github/action.yml";
        await using var sandbox = await PrepareAsync(Action);
        if (whom == "a private copy")
        {
            // As gh, which asks GitHub for the release's file.
            File.SetUnixFileMode(sandbox.Write("bin/gh", $$"""
                #!/bin/sh
                [ "$GH_TOKEN $1 $2 $3 $5" = "secret release download v{{Artifacts.Version}} git.example/contoso/plugin" ] && cp '{{Artifacts.Archives}}'/"$7" .
                """), UnixFileMode.UserRead | UnixFileMode.UserExecute);
            sandbox.Variables["PATH"] = $"{sandbox.Folder("bin")}:{sandbox.Variables["PATH"]}";
            (sandbox.Variables["TOKEN"], sandbox.Variables["REPOSITORY"], sandbox.Variables["GITHUB_SERVER_URL"]) = ("secret", "contoso/plugin", "https://git.example");
            sandbox.Variables["URL"] = "https://unreachable.example";
        }
        else
        {
            sandbox.Variables["SHA256"] = await File.ReadAllTextAsync(Path.Combine(Artifacts.Archives, "SHA256SUMS"), TestContext.Current.CancellationToken);
        }

        (await RunAsync(sandbox, Action)).Succeeded();

        Assert.True(sandbox.HasPackage("Contoso.App.Client"));
    }

    [Fact]
    public async Task The_Azure_template_adds_the_plugin_to_those_of_NuGetAuthenticate()
    {
        await using var sandbox = await PrepareAsync("build/ci/azure-pipelines.yml");
        sandbox.Variables["NUGET_PLUGIN_PATHS"] = "/opt/microsoft/nuget-plugin-other";
        sandbox.Variables["NUGET_NETCORE_PLUGIN_PATHS"] = "/opt/microsoft/CredentialProvider.Microsoft.dll";

        // NuGet fails because the other plugins do not exist.
        (await RunAsync(sandbox, "build/ci/azure-pipelines.yml")).Failed();

        foreach (var variable in new[] { "NUGET_PLUGIN_PATHS", "NUGET_NETCORE_PLUGIN_PATHS" })
        {
            var plugins = sandbox.Variables[variable].Split(':');
            Assert.StartsWith("/opt/microsoft/", plugins[0], StringComparison.Ordinal);
            Assert.True(File.Exists(Assert.Single(plugins[1..])), variable);
        }
    }

    [Theory]
    [MemberData(nameof(Files))]
    public async Task Their_scripts_pass_shellcheck(string file)
    {
        Artifacts.Require("/usr/bin/shellcheck", "shellcheck");
        await using var sandbox = await Sandbox.StartAsync();
        foreach (var script in Pipeline.Read(file).Scripts)
        {
            // GitHub runs bash with these options, which its files do not show.
            var path = sandbox.Write("script", Path.GetFileName(Path.GetDirectoryName(file)) is "github" or "workflows" ? "set -eo pipefail\n" + script : script);
            (await sandbox.RunAsync("bash", sandbox.Root, "-n", path)).Succeeded();
            (await sandbox.RunAsync("shellcheck", sandbox.Root, "--shell=bash", path)).Succeeded();
        }
    }

    [Fact]
    public void GitHub_steps_use_bash_which_stops_at_the_first_failure() => Assert.All(
        Pipeline.All.Select(Pipeline.Read).Where(pipeline => pipeline.Root is { } root && (root.Children.ContainsKey("jobs") || root.Children.ContainsKey("runs"))),
        pipeline => Assert.Contains(" shell: bash\n", pipeline.Text, StringComparison.Ordinal));

    [Theory]
    [MemberData(nameof(Files))]
    public void Workflow_scripts_interpolate_no_untrusted_input(string file)
    {
        var pipeline = Pipeline.Read(file);
        Assert.NotEmpty(pipeline.Scripts);
        Assert.All(pipeline.Scripts, script => Assert.DoesNotContain("${{", script, StringComparison.Ordinal));
        Assert.DoesNotContain(pipeline.Scripts, script => Traced().IsMatch(script));
    }

    [Fact]
    public void The_documentation_quotes_them_verbatim()
    {
        var shown = Directory.GetFiles(Artifacts.Source("docs"), "*.md", SearchOption.AllDirectories).SelectMany(page => Shown().Matches(File.ReadAllText(page))).ToList();
        Assert.All(shown, block => Assert.Equal(File.ReadAllText(Artifacts.Source(block.Groups[2].Value)), block.Groups[1].Value));
        Assert.Equal(["build/ci/Jenkinsfile", "build/ci/azure-pipelines.yml", "build/ci/buildspec.yml", "build/ci/gitlab-ci.yml", "build/images/eks-pod.yml"],
            shown.Select(block => block.Groups[2].Value).Order(StringComparer.Ordinal));
        // The documentation uses the action rather than quoting it; it must pass only inputs that exist.
        var inputs = ((YamlDotNet.RepresentationModel.YamlMappingNode)Pipeline.Read("build/ci/github/action.yml").Root!["inputs"]).Children.Select(input => (string)input.Key!);
        Assert.Subset(inputs.ToHashSet(), Given().Matches(File.ReadAllText(Artifacts.Source("docs/guides/github-actions.md"))).Select(match => match.Groups[1].Value).ToHashSet());
    }

    [Fact]
    public void They_pin_the_version_of_this_source()
    {
        var versions = new[] { "build/ci", "build/images", "docs" }.SelectMany(folder => Directory.GetFiles(Artifacts.Source(folder), "*", SearchOption.AllDirectories))
            .SelectMany(file => Pinned().Matches(File.ReadAllText(file))).Select(match => match.Groups[1].Value).ToList();
        Assert.InRange(versions.Count, 10, 100);
        Assert.All(versions, version => Assert.Equal(Artifacts.Version, version));
    }

    private static async Task<Sandbox> PrepareAsync(string file)
    {
        Artifacts.Require(Artifacts.Archive(Artifacts.Platform), "the release archive");
        var sandbox = await Sandbox.StartAsync();
        var sums = (await File.ReadAllLinesAsync(Path.Combine(Artifacts.Archives, "SHA256SUMS"), TestContext.Current.CancellationToken)).Select(line => line.Split("  "));
        var prefix = file.EndsWith("action.yml", StringComparison.Ordinal) ? "" : "PLUGIN_";
        sandbox.Variables[prefix + "VERSION"] = Artifacts.Version;
        sandbox.Variables[prefix + "URL"] = "https://downloads.example/v1";
        sandbox.Aws.World.Downloads["downloads.example"] = Artifacts.Archives;
        sandbox.Variables[prefix + "SHA256"] = sums.Single(sum => sum[1] == Path.GetFileName(Artifacts.Archive(Artifacts.Platform)))[0];
        sandbox.WriteSimpleProject();
        var temporary = sandbox.Folder("runner");
        foreach (var name in new[] { "RUNNER_TEMP", "WORKSPACE_TMP", "AGENT_TEMPDIRECTORY", "CI_BUILDS_DIR" })
            sandbox.Variables[name] = temporary;
        (sandbox.Variables["CI_JOB_ID"], sandbox.Variables["CODEARTIFACT_CACHE_DIR"]) = ("42", Path.Combine(temporary, "codeartifact-7"));
        if (!file.EndsWith("Jenkinsfile", StringComparison.Ordinal))
            sandbox.Variables.Remove("CODEARTIFACT_CACHE_DIR");
        (sandbox.Variables["RUNNER_OS"], sandbox.Variables["RUNNER_ARCH"]) = ("Linux", Artifacts.Platform["linux-".Length..].ToUpperInvariant());
        (sandbox.Variables["GITHUB_PATH"], sandbox.Variables["GITHUB_ENV"]) = (Path.Combine(temporary, "path"), Path.Combine(temporary, "env"));
        ProvideCredentials(sandbox, file);
        return sandbox;
    }

    /// <summary>Provides the role's credentials as that CI system does.</summary>
    private static void ProvideCredentials(Sandbox sandbox, string file)
    {
        var world = sandbox.Aws.World;
        var role = world.AddRole("Pipeline", World.ReadPolicy());
        if (!file.EndsWith("buildspec.yml", StringComparison.Ordinal))
            world.InstanceRole = null;
        switch (Path.GetFileName(file))
        {
            case "action.yml":
                var workflow = world.StartJob(CiJob.GitHub, "repo:contoso/app:ref:refs/heads/main", role);
                sandbox.Variables["ROLE"] = role.Arn;
                (sandbox.Variables["ACTIONS_ID_TOKEN_REQUEST_URL"], sandbox.Variables["ACTIONS_ID_TOKEN_REQUEST_TOKEN"]) = (workflow.RequestUrl, workflow.RequestToken);
                break;
            case "azure-pipelines.yml":
                var build = world.StartJob(CiJob.Azure, "p://contoso/app/build", role);
                sandbox.Variables["SYSTEM_OIDCREQUESTURI"] = build.RequestUrl;
                foreach (var (name, value) in Pipeline.Read(file).VariablesOf("SYSTEM_ACCESSTOKEN"))
                    sandbox.Variables[name] = value.Replace("$(System.AccessToken)", build.RequestToken, StringComparison.Ordinal).Replace("${{ parameters.role }}", role.Arn, StringComparison.Ordinal);
                break;
            case "buildspec.yml":
                world.InstanceRole = role;
                sandbox.Variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = new Uri(sandbox.Aws.Metadata, "container-credentials").AbsoluteUri;
                sandbox.Variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = sandbox.Aws.World.ContainerAuthorization;
                break;
            case "gitlab-ci.yml":
                sandbox.Variables["AWS_ID_TOKEN"] = world.IssueIdToken(world.StartJob(CiJob.GitHub, "project_path:contoso/app:ref_type:branch:ref:main", role));
                foreach (var (name, value) in Pipeline.Read(file).VariablesOf("CODEARTIFACT_WEB_IDENTITY"))
                    sandbox.Variables.TryAdd(name, value);
                break;
            default:
                var session = world.OpenSession(role, "job", DateTimeOffset.UtcNow);
                sandbox.Variables["AWS_ACCESS_KEY_ID"] = session.AccessKeyId;
                sandbox.Variables["AWS_SECRET_ACCESS_KEY"] = session.SecretAccessKey;
                sandbox.Variables["AWS_SESSION_TOKEN"] = session.Token!;
                break;
        }
    }

    private static async Task<Outcome> RunAsync(Sandbox sandbox, string file)
    {
        var scripts = Pipeline.Read(file).Scripts;
        // GitLab and CodeBuild run all scripts of a job in one shell; the others start a shell for each step.
        string[] steps = Path.GetFileName(file) switch
        {
            "action.yml" => [.. scripts, "dotnet restore"],
            "azure-pipelines.yml" => [.. scripts.Distinct()],
            "gitlab-ci.yml" or "buildspec.yml" => [string.Join('\n', scripts.Where(script => !IsCleanup(script)))],
            _ => [.. scripts.Where(script => !IsCleanup(script))],
        };
        Outcome? outcome = null;
        foreach (var step in steps)
        {
            outcome = await sandbox.RunAsync("bash", Path.Combine(sandbox.Root, "client"), "-e", "-o", "pipefail", sandbox.Write("step", step));
            if (outcome.ExitCode != 0)
                break;
            ApplyStepOutput(sandbox, outcome.Output);
        }

        foreach (var script in scripts.Where(IsCleanup))
            (await sandbox.RunAsync("sh", sandbox.Root, "-e", sandbox.Write("cleanup", script))).Succeeded();
        return outcome!;
    }

    /// <summary>True for a script that runs after the job, even if it failed, in a shell of its own.</summary>
    private static bool IsCleanup(string script) => script.TrimStart().StartsWith("rm -rf ", StringComparison.Ordinal);

    /// <summary>Applies the paths and variables that a step exports to later steps, in the syntax of GitHub and Azure.</summary>
    private static void ApplyStepOutput(Sandbox sandbox, string printed)
    {
        var paths = Lines(sandbox.Variables["GITHUB_PATH"]).Concat(AzurePath().Matches(printed).Select(match => match.Groups[1].Value));
        var variables = Lines(sandbox.Variables["GITHUB_ENV"]).Select(line => line.Split('=', 2))
            .Concat(AzureVariable().Matches(printed).Select(match => new[] { match.Groups[1].Value, match.Groups[2].Value }));
        foreach (var path in paths)
            sandbox.Variables["PATH"] = $"{path}:{sandbox.Variables["PATH"]}";
        foreach (var variable in variables)
            sandbox.Variables[variable[0]] = variable[1];
    }

    private static string[] Lines(string file) => File.Exists(file) ? File.ReadAllLines(file) : [];

    [GeneratedRegex(@"```\w*\n((?:#|//) (build/\S+):[\s\S]*?)```")]
    private static partial Regex Shown();

    [GeneratedRegex(@"(?:\bPLUGIN_VERSION\W+|\bVERSION=|dotnet-codeartifact:|\bversion: )(\d+\.\d+\.\d+)")]
    private static partial Regex Pinned();

    [GeneratedRegex(@"^      (\w+): ", RegexOptions.Multiline)]
    private static partial Regex Given();

    [GeneratedRegex(@"\bset -[a-z]*x|xtrace")]
    private static partial Regex Traced();

    [GeneratedRegex(@"^##vso\[task\.prependpath\](.*)$", RegexOptions.Multiline)]
    private static partial Regex AzurePath();

    [GeneratedRegex(@"^##vso\[task\.setvariable variable=(\w+)\](.*)$", RegexOptions.Multiline)]
    private static partial Regex AzureVariable();
}
