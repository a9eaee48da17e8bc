using System.Security;
using System.Text.RegularExpressions;
using LocalAws;

namespace CredentialProvider.EndToEndTests.Secrecy;

/// <summary>Settings, names and files with secrets, commands to the terminal and texts without end.</summary>
[Trait("Category", "Slow")]
public sealed partial class HostileInputs
{
    /// <summary>They decide which program runs and which log file is read.</summary>
    private static readonly string[] NotReplaced = ["PATH", "CODEARTIFACT_LOG_FILE", "AWS_CODEARTIFACT_NUGET_LOGFILE"];

    /// <summary>Where a user may name a host.</summary>
    private static readonly string[] NameHosts = ["PROXY", "URL", "URI", "ENDPOINT"];

    /// <summary>The variables that the program reads, from its source.</summary>
    public static TheoryData<string> Variables() => [.. Names(EnvironmentVariable(), "Configuration").Where(name => !NotReplaced.Contains(name))];

    /// <summary>The keys of AWS's shared files that the program reads, from its source.</summary>
    public static TheoryData<string> ProfileKeys() => [.. Names(ProfileKey(), "Identity", "Configuration").Where(key => key.Contains('_') || key is "region" or "services")];

    /// <summary>The keys of codeartifact.json, from the program's source.</summary>
    public static TheoryData<string> ConfigurationKeys() => [.. Names(ConfigurationKey(), "Configuration")];

    [Theory]
    [MemberData(nameof(Variables))]
    public async Task In_environment_variables_are_not_printed(string name)
    {
        await using var sandbox = await StartAsync();
        var run = new HostileRun(sandbox);
        foreach (var value in new[] { HostileText.Url, HostileText.Message + new string('x', 100_000) })
        {
            sandbox.Variables[name] = value;
            await run.CheckAsync(name, sandbox.Folder("client"), ["configure", "set", "profile", value]);
        }

        Assert.All(run.ForeignHosts(), host =>
            Assert.True(host == "evil.example.test" && Array.Exists(NameHosts, part => name.Contains(part, StringComparison.OrdinalIgnoreCase)), host));
    }

    [Theory]
    [InlineData("github", "ACTIONS_ID_TOKEN_REQUEST_URL")]
    [InlineData("github", "ACTIONS_ID_TOKEN_REQUEST_TOKEN")]
    [InlineData("azure-pipelines", "SYSTEM_OIDCREQUESTURI")]
    [InlineData("azure-pipelines", "SYSTEM_ACCESSTOKEN")]
    [InlineData("buildkite", "BUILDKITE_JOB_ID")]
    [InlineData("env:ID_TOKEN", "ID_TOKEN")]
    public async Task In_variables_of_CI_systems_are_not_printed(string system, string name)
    {
        await using var sandbox = await StartAsync();
        var (run, job) = (new HostileRun(sandbox), sandbox.Aws.World.StartJob(system == "github" ? CiJob.GitHub : CiJob.Azure, "p://contoso/app/build"));
        (sandbox.Variables["CODEARTIFACT_WEB_IDENTITY"], sandbox.Variables["CODEARTIFACT_ROLE_ARN"]) = (system, "arn:aws:iam::111122223333:role/R");
        sandbox.Variables["ACTIONS_ID_TOKEN_REQUEST_URL"] = sandbox.Variables["SYSTEM_OIDCREQUESTURI"] = job.RequestUrl;
        sandbox.Variables["ACTIONS_ID_TOKEN_REQUEST_TOKEN"] = sandbox.Variables["SYSTEM_ACCESSTOKEN"] = $"{HostileText.Secret}-request-token";
        foreach (var value in new[] { HostileText.Url, HostileText.Url.Replace("http:", "https:", StringComparison.Ordinal), HostileText.Message, $"{HostileText.Secret}-alone" })
        {
            sandbox.Variables[name] = value;
            await run.CheckAsync(name, sandbox.Folder("client"));
        }

        Assert.All(run.ForeignHosts(), host => Assert.True(host == "evil.example.test" && (name.EndsWith("URL", StringComparison.Ordinal) || name.EndsWith("URI", StringComparison.Ordinal)), host));
    }

    [Theory]
    [MemberData(nameof(ProfileKeys))]
    public async Task In_AWS_files_are_not_printed(string key)
    {
        await using var sandbox = await StartAsync();
        var run = new HostileRun(sandbox);
        var others = key.StartsWith("sso_", StringComparison.Ordinal) ? "sso_account_id = 111122223333\nsso_role_name = R\nsso_start_url = https://corp.awsapps.com/start\nsso_region = us-east-1\n"
            : key.StartsWith("aws_", StringComparison.Ordinal) ? $"aws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = {HostileText.Secret}\n"
            : key is "role_session_name" or "external_id" ? "role_arn = arn:aws:iam::111122223333:role/R\ncredential_source = Ec2InstanceMetadata\n" : "";
        others = string.Join('\n', others.Split('\n').Where(line => !line.StartsWith(key, StringComparison.Ordinal)));
        foreach (var value in new[] { HostileText.Url, HostileText.Message.Replace('\n', ' '), "evil.example.test/#" })
        {
            sandbox.Write("home/.aws/config", $"[default]\n{others}{key} = {value}\n");
            await run.CheckAsync(key, sandbox.Folder("client"));
        }

        Assert.All(run.ForeignHosts(), host => Assert.True(host == "evil.example.test" && key.Contains("endpoint", StringComparison.Ordinal), host));
    }

    [Theory]
    [MemberData(nameof(ConfigurationKeys))]
    public async Task In_the_configuration_file_are_not_printed(string key)
    {
        await using var sandbox = await StartAsync();
        var run = new HostileRun(sandbox);
        var value = HostileText.Json(HostileText.Message);
        foreach (var text in new[]
        {
            $$"""{ "defaults": { "{{key}}": {{HostileText.Json(HostileText.Url)}} } }""",
            $$"""{ "rules": [ { "domain": "contoso", "{{key}}": {{value}} } ], "hosts": { "h.example.test": { "{{key}}": {{value}} } } }""",
            $$"""{ "{{key}}": [ {{value}} ], {{value}}: 1 }""", $$"""{ "{{key}}": {{HostileText.Escapes}} }""",
        })
        {
            sandbox.Write("home/.config/codeartifact.json", text);
            await run.CheckAsync(text, sandbox.Folder("client"));
        }

        Assert.All(run.ForeignHosts(), host => Assert.True(host == "evil.example.test" && key == "endpoint", host));
    }

    /// <summary>XML excludes most control characters, but not these.</summary>
    [Fact]
    public async Task In_nuget_config_are_not_printed()
    {
        await using var sandbox = await StartAsync();
        var run = new HostileRun(sandbox);
        string[] names = ["a\nerror: CACP1001: forged", "b\u009b2J\u202e\u2028", $"c {HostileText.Url.Replace(HostileText.Escapes, "\u009b", StringComparison.Ordinal)}", new string('n', 5000)];
        string[] urls = [Feeds.App, Feeds.App.Replace("https://", $"https://bob:{HostileText.Secret}@", StringComparison.Ordinal), Feeds.App.Replace("/app/", "/\u009b\u202e/", StringComparison.Ordinal),
            $"https://x.codeartifact.evil.example.test/?token={HostileText.Secret}"];
        foreach (var name in names)
        {
            foreach (var url in urls)
            {
                sandbox.Write("client/nuget.config",
                    $"<configuration><packageSources><clear /><add key=\"{Escape(name)}\" value=\"{Escape(url)}\" /></packageSources></configuration>");
                await run.CheckAsync($"{name} {url}", sandbox.Folder("client"), ["doctor", name], ["doctor", url], ["warm", url], ["policy", name, "--publish"],
                    ["configure", "remove", name], ["cache", "clear", url]);
            }
        }

        Assert.Empty(run.ForeignHosts());

        static string Escape(string text) => SecurityElement.Escape(text).Replace("\n", "&#xA;", StringComparison.Ordinal);
    }

    [Fact]
    public async Task On_the_command_line_are_not_printed()
    {
        await using var sandbox = await StartAsync();
        var run = new HostileRun(sandbox);
        string[] values = [HostileText.Url, HostileText.Message, $"https://bob:{HostileText.Secret}@h.example.test/", HostileText.Escapes + new string('x', 100_000)];
        await run.CheckAsync("command line", sandbox.Folder("client"), [.. values.SelectMany(value => new string[][]
        {
            [value], ["doctor", value], ["token", value], ["token", "contoso", "--output", "/missing/" + value], ["warm", value], ["policy", value], ["--" + value],
            ["configure", "add", "--domain", value, "--repository", "app", "--region", "us-east-1"], ["configure", "add", value, "--domain", "contoso", "--repository", "app", "--region", value],
            ["configure", "set", value, "x"], ["configure", "set", "duration", value], ["configure", "remove", value], ["configure", "forget", value],
            ["completion", value], ["token", Feeds.App, "--format", value], ["token", Feeds.App, "--profile", value],
            ["doctor", Feeds.App, "--package", value], ["install", "--home", "/missing/" + value], ["cache", "clear", value],
        })]);
        Assert.Empty(run.ForeignHosts());
    }

    [Fact]
    public async Task In_names_of_files_are_not_printed()
    {
        await using var sandbox = await StartAsync();
        var run = new HostileRun(sandbox);
        var folder = $"a{HostileText.Escapes}\nerror: CACP1001: forged";
        foreach (var variable in new[] { "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "CODEARTIFACT_CONFIG", "AWS_CA_BUNDLE", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE" })
        {
            await using var other = await StartAsync();
            other.Variables[variable] = other.Write($"{folder}/file", "[[[ {");
            await new HostileRun(other).CheckAsync(variable, other.Folder("client"));
        }

        File.Copy(Path.Combine(sandbox.Folder("client"), "nuget.config"), Path.Combine(sandbox.Folder(folder), "nuget.config"));
        sandbox.Variables["CODEARTIFACT_CACHE_DIR"] = sandbox.Folder(folder);
        await run.CheckAsync("folder", sandbox.Folder(folder), ["cache", "path"],
            ["configure", "add", "--domain", "contoso", "--repository", "other", "--region", "us-east-1", "--owner", "111122223333"], ["configure", "forget", "contoso"], ["configure", "remove", "contoso"]);
    }

    private static async Task<Sandbox> StartAsync()
    {
        Artifacts.RequireNative();
        var sandbox = await Sandbox.StartAsync();
        sandbox.WriteConfig("client", ("contoso", Feeds.App));
        sandbox.Variables["CODEARTIFACT_LOG_LEVEL"] = "Debug";
        // Without a NuGet client on it, doctor starts no other program, which halves the time of these many runs.
        sandbox.Variables["PATH"] = sandbox.Folder("bin");
        return sandbox;
    }

    private static IEnumerable<string> Names(Regex name, params string[] rooms) => rooms
        .SelectMany(room => Directory.GetFiles(Artifacts.Source("src/CredentialProvider/" + room), "*.cs"))
        .SelectMany(file => name.Matches(File.ReadAllText(file))).Select(match => match.Groups[1].Value).Distinct().Order(StringComparer.Ordinal);

    [GeneratedRegex("\"((?:CODEARTIFACT|AWS)_[A-Z0-9_]+|(?:https?|HTTPS?|no|NO)_(?:proxy|PROXY)|HOME|XDG_[A-Z_]+)\"")]
    private static partial Regex EnvironmentVariable();

    [GeneratedRegex("(?:[Ff]ind|Require|profile|IsTrue|Either)\\((?:settings\\.\\w+, )?\"([a-z0-9_]+)\"\\)")]
    private static partial Regex ProfileKey();

    [GeneratedRegex("(?<=\\{ get; \\} =[^;]*)\"([$a-zA-Z]+)\"")]
    private static partial Regex ConfigurationKey();
}
