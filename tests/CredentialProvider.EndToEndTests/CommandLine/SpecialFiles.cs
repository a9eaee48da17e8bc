using System.Diagnostics;
using LocalAws;

namespace CredentialProvider.EndToEndTests.CommandLine;

/// <summary>Links, FIFOs and devices in place of files, and answers without an end.</summary>
public sealed class SpecialFiles
{
    [Theory]
    [InlineData("token contoso --output /dev/stdout | cat")]
    [InlineData("token contoso --output /dev/stdout > file; cat file")]
    [InlineData("token contoso --output /proc/self/fd/1 | cat")]
    [InlineData("token contoso --output /dev/fd/3 3>&1 | cat")]
    [InlineData("token contoso --output fifo & cat fifo")]
    [InlineData("token contoso --output link & cat fifo")]
    public async Task Are_written_into_as_output(string command)
    {
        await using var sandbox = await StartAsync();
        sandbox.PrintsTokens = true;
        var outcome = await sandbox.RunAsync("bash", sandbox.Folder("client"), "-c", $"mkfifo fifo; ln -s fifo link; nuget-plugin-codeartifact {command}; test -p fifo && test -L link");
        Assert.Contains(Assert.Single(sandbox.Aws.World.Tokens.Keys) + "\n", outcome.Succeeded().Output, StringComparison.Ordinal);
        Assert.DoesNotContain("only you can read it", outcome.Output, StringComparison.Ordinal);
    }

    /// <summary>They could be waiting for the token at a path that a script is known to write to.</summary>
    [Theory]
    [InlineData("token contoso")]
    [InlineData("diagnose")]
    public async Task Of_other_users_get_no_output(string command)
    {
        await using var sandbox = await StartAsync();
        Assert.SkipUnless(Environment.UserName == "root", "Only root can give a FIFO to another user.");
        var outcome = await sandbox.RunAsync("bash", sandbox.Folder("client"), "-c",
            $"mkfifo fifo; chown nobody fifo; exec 3<> fifo; nuget-plugin-codeartifact {command} --output fifo; status=$?; read -t 0 -u 3 && echo LEAKED; exit $status");
        Assert.Contains("not written: fifo belongs to another user, who could read what is written to it", outcome.Failed().Output, StringComparison.Ordinal);
        Assert.DoesNotContain("LEAKED", outcome.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Are_never_replaced()
    {
        await using var sandbox = await StartAsync();
        (await sandbox.RunAsync(Artifacts.Native, sandbox.Folder("client"), "token", "contoso", "--output", "/dev/null")).Succeeded();
        Assert.Contains("token not written: ", (await sandbox.RunAsync(Artifacts.Native, sandbox.Folder("client"), "token", "contoso", "--output", "/dev/full")).Failed().Output, StringComparison.Ordinal);
        (await sandbox.RunAsync("bash", sandbox.Home, "-c", "test -c /dev/null && test -c /dev/full")).Succeeded();
    }

    [Fact]
    public async Task That_link_to_the_configuration_are_kept_and_so_is_its_mode()
    {
        await using var sandbox = await StartAsync();
        var target = sandbox.Write("home/dotfiles/codeartifact.json", "{\n}\n");
        File.SetUnixFileMode(target, SecretScan.OwnerOnly | UnixFileMode.GroupRead);
        var link = Path.Combine(sandbox.Folder("home/.config"), "codeartifact.json");
        File.CreateSymbolicLink(link, "../dotfiles/codeartifact.json");

        (await sandbox.RunAsync(Artifacts.Native, sandbox.Home, "configure", "set", "profile", "build")).Succeeded();

        Assert.Equal("../dotfiles/codeartifact.json", new FileInfo(link).LinkTarget);
        Assert.Contains("build", await File.ReadAllTextAsync(target, TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Equal(SecretScan.OwnerOnly | UnixFileMode.GroupRead, File.GetUnixFileMode(target));
    }

    [Theory]
    [InlineData("fifo")]
    [InlineData("/dev/zero")]
    public async Task Are_no_configuration_or_log_and_delay_nothing(string path)
    {
        await using var sandbox = await StartAsync();
        await RunAsync("mkfifo", Path.Combine(sandbox.Folder("client"), "fifo"));
        await RunAsync("mkfifo", Path.Combine(sandbox.Folder("home/.aws"), "config"));
        (await sandbox.RunAsync(Artifacts.Native, sandbox.Folder("client"), "warm", "contoso")).Succeeded();
        sandbox.Variables["CODEARTIFACT_LOG_FILE"] = path;
        var doctor = (await sandbox.RunAsync(Artifacts.Native, sandbox.Folder("client"), "doctor")).Succeeded().Output;
        Assert.Contains("which is not written: it is not a regular file", doctor, StringComparison.Ordinal);
        Assert.Contains(".aws/config is not a regular file", doctor, StringComparison.Ordinal);
        sandbox.Variables["CODEARTIFACT_CONFIG"] = path;
        var token = (await sandbox.RunAsync(Artifacts.Native, sandbox.Folder("client"), "token", "contoso")).Failed().Output;
        Assert.Contains($"CACP1012: no token for domain contoso (111122223333, us-east-1): {path} cannot be read: it is not a regular file", token, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("AWS_CA_BUNDLE", "CACP1012")]
    [InlineData("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "CACP1004")]
    public async Task In_variables_are_refused_and_delay_nothing(string variable, string code)
    {
        await using var sandbox = await StartAsync();
        sandbox.Variables[variable] = Path.Combine(sandbox.Home, "fifo");
        sandbox.Variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = new Uri(sandbox.Aws.Metadata, "container-credentials").AbsoluteUri;
        await RunAsync("mkfifo", sandbox.Variables[variable]);

        var token = (await sandbox.RunAsync(Artifacts.Native, sandbox.Folder("client"), "token", "contoso")).Failed().Output;

        Assert.Contains($"{code}: no token for domain contoso", token, StringComparison.Ordinal);
        Assert.Contains("is not a regular file", token, StringComparison.Ordinal);
    }

    private static async Task<Sandbox> StartAsync()
    {
        Artifacts.RequireNative();
        var sandbox = await Sandbox.StartAsync();
        sandbox.PutNativeOnPath();
        sandbox.WriteSimpleConfig();
        return sandbox;
    }

    private static async Task RunAsync(string program, string argument)
    {
        using var process = Process.Start(program, argument);
        await TimeLimit.ExitAsync(process);
    }
}
