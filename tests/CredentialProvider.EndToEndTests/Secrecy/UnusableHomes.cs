using System.Text.RegularExpressions;

namespace CredentialProvider.EndToEndTests.Secrecy;

/// <summary>
/// Without a usable HOME, the working directory is not taken for the home directory: it may be a cloned repository whose files send a token to
/// another host or run a command.
/// </summary>
public sealed partial class UnusableHomes
{
    private const string Missing = "/nonexistent-home";

    /// <summary>What NuGet and the .NET host look for in the working directory on purpose.</summary>
    private static readonly string[] Expected = ["nuget.config", "NuGet.config", "NuGet.Config", "global.json"];

    public static TheoryData<string> Homes => ["", ".", "home", Missing];

    [Theory]
    [MemberData(nameof(Homes))]
    public async Task Make_no_command_touch_the_working_directory(string home)
    {
        Artifacts.Require("/usr/bin/strace", "strace");
        Artifacts.RequireNative();
        await using var sandbox = await Sandbox.StartAsync();
        sandbox.PrintsTokens = true;
        var clone = WriteClone(sandbox);
        var before = Directory.GetFileSystemEntries(clone, "*", SearchOption.AllDirectories).Order().ToList();
        sandbox.Variables["HOME"] = home;
        sandbox.Variables["XDG_CACHE_HOME"] = "cache";
        sandbox.Variables["XDG_CONFIG_HOME"] = ".config";
        sandbox.Variables["TMPDIR"] = "tmp";
        var trace = sandbox.Write("trace", "");
        var traced = $"strace -f -A -o {trace} -e trace=file {Artifacts.Native}";
        Task<Outcome> RunAsync(string command) => sandbox.RunAsync("bash", clone, "-c", $"{traced} {command}");

        await using (var plugin = await PluginProcess.Start(sandbox, sandbox.PutOnPath($"env -C {clone} {traced}")).InitializeAsync())
        {
            Assert.Equal("Success", (string?)(await plugin.GetCredentialsAsync(Feeds.App))["ResponseCode"]);
            await plugin.CloseAsync();
        }

        Assert.Contains("no configuration file", (await RunAsync("doctor")).Output, StringComparison.Ordinal);
        Assert.Contains("this user has no home directory", (await RunAsync("install --native")).Failed().Output, StringComparison.Ordinal);
        Assert.Contains("this user has no home directory", (await RunAsync("install --netcore")).Failed().Output, StringComparison.Ordinal);
        Assert.Contains("this user has no home directory", (await RunAsync("configure set profile evil")).Failed().Output, StringComparison.Ordinal);
        (await RunAsync("token contoso")).Succeeded();
        (await RunAsync("cache list")).Succeeded();

        // What a link contains is no path that was opened, and strace may show it on a line of its own ("readlink resumed").
        var touched = (await File.ReadAllLinesAsync(trace, TestContext.Current.CancellationToken)).Where(line => !line.Contains("execve(", StringComparison.Ordinal) && !line.Contains("readlink", StringComparison.Ordinal))
            .SelectMany(line => QuotedPath().Matches(line).Select(match => Path.GetFullPath(match.Groups[1].Value, clone)))
            .Where(path => path.StartsWith(clone + "/", StringComparison.Ordinal) && !Expected.Contains(Path.GetFileName(path)));
        Assert.Empty(touched.Distinct());
        Assert.Equal(before, Directory.GetFileSystemEntries(clone, "*", SearchOption.AllDirectories).Order());
        Assert.False(Directory.Exists(Missing));
    }

    /// <summary>Such as a system service, where a program of the AWS CLI finds the home directory of its user itself.</summary>
    [Theory]
    [InlineData(null, "unset")]
    [InlineData("home", "home")]
    public async Task Are_what_a_credential_process_gets(string? home, string expected)
    {
        Artifacts.RequireNative();
        await using var sandbox = await Sandbox.StartAsync();
        var key = sandbox.Aws.World.OpenSession(sandbox.Aws.World.InstanceRole!, "test", DateTimeOffset.UtcNow);
        var script = sandbox.Write("process.sh", $$"""
            echo "${HOME-unset} ${TMPDIR-unset}" > {{sandbox.Root}}/seen
            echo '{"Version": 1, "AccessKeyId": "{{key.AccessKeyId}}", "SecretAccessKey": "{{key.SecretAccessKey}}", "SessionToken": "{{key.Token}}"}'
            """);
        sandbox.Variables["AWS_CONFIG_FILE"] = sandbox.Write("config", $"[default]\ncredential_process = /bin/sh {script}\n");
        sandbox.Variables.Remove("HOME");
        if (home is not null)
            sandbox.Variables["HOME"] = home;
        sandbox.Variables["TMPDIR"] = "tmp";
        sandbox.PrintsTokens = true;

        (await sandbox.RunAsync(Artifacts.Native, sandbox.Root, "token", Feeds.App)).Succeeded();

        Assert.Equal($"{expected} tmp\n", await File.ReadAllTextAsync(Path.Combine(sandbox.Root, "seen"), TestContext.Current.CancellationToken));
    }

    /// <summary>NuGet clients, the user database and the doctor of another user, which asks NuGet clients again.</summary>
    [Fact]
    public async Task Are_what_programs_that_doctor_asks_get()
    {
        Artifacts.RequireNative();
        await using var sandbox = await Sandbox.StartAsync();
        foreach (var program in new[] { "dotnet", "getent" })
        {
            var script = sandbox.Write($"bin/{program}", $"""
                #!/bin/sh
                echo "{program} $HOME $TMPDIR" >> {sandbox.Root}/seen
                test {program} = dotnet || exec /usr/bin/{program} "$@"
                """);
            File.SetUnixFileMode(script, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        }

        sandbox.Variables["PATH"] = $"{sandbox.Folder("bin")}:/usr/bin:/bin";
        sandbox.Variables["HOME"] = "home";
        sandbox.Variables["TMPDIR"] = "tmp";
        var support = Path.Combine(sandbox.Root, "support.txt");

        await sandbox.RunAsync(Artifacts.Native, sandbox.Root, "doctor", "--user", Environment.UserName);
        await sandbox.RunAsync(Artifacts.Native, sandbox.Root, "diagnose", "--output", support);

        var seen = await File.ReadAllLinesAsync(Path.Combine(sandbox.Root, "seen"), TestContext.Current.CancellationToken);
        // dotnet reads files below HOME, so it gets no relative one.
        Assert.Equal(["dotnet / tmp", "getent home tmp"], seen.Distinct().Order());
        var variables = await File.ReadAllTextAsync(support, TestContext.Current.CancellationToken);
        Assert.Contains("HOME = home", variables, StringComparison.Ordinal);
        Assert.Contains("TMPDIR = tmp", variables, StringComparison.Ordinal);
    }

    /// <summary>Its global.json may lead dotnet to an SDK of the repository: <c>dotnet --version</c> would run that.</summary>
    [Fact]
    public async Task And_cloned_repositories_have_no_SDK_that_doctor_runs()
    {
        Artifacts.RequireNative();
        await using var sandbox = await Sandbox.StartAsync();
        var dotnet = sandbox.Write("bin/dotnet", $"""
            #!/bin/sh
            echo "$1 $PWD" >> {sandbox.Root}/ran
            echo "9.0.100 [/usr/share/dotnet/sdk]"
            echo "10.0.100 [/usr/share/dotnet/sdk]"
            test ! -e global.json || echo "99.9.100 [$PWD/.dotnet/sdk]"
            """);
        File.SetUnixFileMode(dotnet, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        sandbox.Variables["PATH"] = $"{sandbox.Folder("bin")}:/usr/bin:/bin";
        var clone = WriteClone(sandbox);
        Task<string> RunAsync() => File.ReadAllTextAsync(Path.Combine(sandbox.Root, "ran"), TestContext.Current.CancellationToken);

        await sandbox.RunAsync(Artifacts.Native, clone, "doctor");
        Assert.Contains($"--version {clone}", await RunAsync(), StringComparison.Ordinal);
        File.Delete(Path.Combine(sandbox.Root, "ran"));
        sandbox.Write("clone/global.json", """{ "sdk": { "version": "99.9.100", "paths": [".dotnet", "$host$"] } }""");

        foreach (var command in new[] { "doctor", "diagnose", "install" })
            await sandbox.RunAsync(Artifacts.Native, clone, command);

        Assert.DoesNotContain("--version", await RunAsync(), StringComparison.Ordinal);
    }

    /// <summary>A repository that would redirect tokens, run a command, and change NuGet's sources.</summary>
    private static string WriteClone(Sandbox sandbox)
    {
        sandbox.WriteConfig("clone", ("contoso", Feeds.App));
        foreach (var home in new[] { "clone", "clone/home" })
        {
            sandbox.Write($"{home}/.config/codeartifact.json", """{ "defaults": { "endpoint": "https://evil.example" }, "hosts": { "evil.example": { "domain": "contoso", "owner": "111122223333", "region": "us-east-1" } } }""");
            sandbox.Write($"{home}/.aws/config", "[default]\ncredential_process = touch stolen\n");
            sandbox.Write($"{home}/.aws/credentials", "[default]\naws_access_key_id = AKIDEVIL\naws_secret_access_key = evil\n");
        }

        return sandbox.Folder("clone");
    }

    [GeneratedRegex("\"([^\"]+)\"")]
    private static partial Regex QuotedPath();
}
