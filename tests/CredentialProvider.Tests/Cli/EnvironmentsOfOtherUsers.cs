using System.Diagnostics;
using CredentialProvider.Cli.Doctor;

namespace CredentialProvider.Tests.Cli;

/// <summary>The environment in which <c>doctor</c> runs as another user.</summary>
public sealed class EnvironmentsOfOtherUsers : IDisposable
{
    private readonly TemporaryFolder _temporary = new();

    public void Dispose() => _temporary.Dispose();

    /// <summary>With groups, setpriv is still root: it must not load what the service's user names.</summary>
    [Fact]
    public async Task Are_read_after_the_rights_of_root_were_dropped()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs env of GNU");
        var variables = new Dictionary<string, string?>
        {
            ["LD_BIND_NOW"] = "1", ["PATH"] = "/nowhere", ["IFS"] = "x", ["EMPTY"] = "", ["QUOTED"] = "it's \"$HOME\" `id` $(id) \\ !",
            ["LINES"] = "one\ntwo\n", ["WORDS"] = " a  b ", ["GRÜSSE"] = "no identifier", ["A.B"] = "neither", ["LAST"] = "Grüße 😀",
            // Shells keep these to themselves.
            ["UID"] = "1", ["PPID"] = "1", ["OPTIND"] = "x", ["SHELLOPTS"] = "x",
        };

        var (command, input) = LateEnvironment.For(["/usr/bin/env", "-0"], variables);

        // No variable is on the command line, which every user can read.
        Assert.Equal(["/bin/sh", "-s", "--", "/usr/bin/env", "-0"], command);
        var start = new ProcessStartInfo(command[0], command[1..]) { RedirectStandardInput = true, RedirectStandardOutput = true };
        start.Environment.Clear();
        using var process = Process.Start(start)!;
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var read = output.Split('\0', StringSplitOptions.RemoveEmptyEntries).Select(variable => variable.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1]);
        Assert.All(variables.Keys.Except(["GRÜSSE", "A.B", "UID", "PPID", "OPTIND", "SHELLOPTS"]), name => Assert.Equal(variables[name], read[name]));
        Assert.DoesNotContain("A.B", read.Keys);
    }

    [Fact]
    public void Have_no_secrets_of_root()
    {
        var file = _temporary.Below("key");
        File.WriteAllText(file, "");
        var variables = new Dictionary<string, string?>
        {
            ["AWS_ACCESS_KEY_ID"] = "AKIAIOSFODNN7EXAMPLE", ["AWS_SECRET_ACCESS_KEY"] = "s", ["AWS_SESSION_TOKEN"] = "s",
            ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/v2/credentials/1", ["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://127.0.0.1/c",
            ["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "s", ["NuGetPackageSourceCredentials_contoso"] = "Username=aws;Password=s",
            ["VSS_NUGET_EXTERNAL_FEED_ENDPOINTS"] = "{}", ["CODEARTIFACT_AUTH_TOKEN"] = "s", ["DEPLOY_TOKENS"] = "s", ["SSHPASS"] = "s",
            ["DOCKER_AUTH_CONFIG"] = "{}", ["https_proxy"] = "http://bob:s@proxy.example.test:3128",
        };
        var shared = new Dictionary<string, string?>
        {
            ["PATH"] = "/usr/bin:/bin", ["AWS_PROFILE"] = "build", ["AWS_REGION"] = "us-east-1", ["HTTP_PROXY"] = "http://proxy.example.test:3128",
            ["PWD"] = _temporary.Path, ["SSH_KEY"] = file, ["LANG"] = "C.UTF-8", ["BYPASS"] = "yes",
        };
        foreach (var (name, value) in shared)
            variables[name] = value;

        var withheld = ChildDoctor.Withhold(variables);

        Assert.Equal(shared, variables);
        Assert.Equal(13, withheld.Count);
    }

    /// <summary>The service's user may own the folder of an EnvironmentFile.</summary>
    [Theory]
    [InlineData("fifo", "it is not a regular file")]
    [InlineData("/dev/zero", "it is not a regular file")]
    [InlineData("large", "it has more than 1048576 bytes")]
    [InlineData("missing", "it does not exist")]
    public void Come_from_regular_files_of_limited_size(string kind, string why)
    {
        TemporaryFolder.RequireUnix();
        var path = kind[0] == '/' ? kind : _temporary.Below(kind);
        if (kind == "fifo")
            Process.Start("mkfifo", path).WaitForExit();
        else if (kind == "large")
            File.WriteAllText(path, new string('#', (1024 * 1024) + 1));

        Assert.Equal($"{path}: {why}", Assert.Throws<IOException>(() => ServiceUnit.ReadFile(path)).Message);
    }
}
