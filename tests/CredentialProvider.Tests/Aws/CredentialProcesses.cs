using CredentialProvider.Aws.Credentials;
using CredentialProvider.Errors;
using CredentialProvider.Identity;

namespace CredentialProvider.Tests.Aws;

/// <summary>Commands in credential_process, run as the AWS CLI runs them.</summary>
public sealed class CredentialProcesses : IDisposable
{
    private const string Output = """{"Version":1,"AccessKeyId":"A","SecretAccessKey":"S"}""";

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task Receive_their_arguments_without_a_shell()
    {
        var script = Script("""printf '%s\n' "$@" > "$0.arguments"; echo '""" + Output + "'");
        await FetchAsync($"""/bin/sh {script} 'a b' "c\"d" e\\f $HOME * ?x a&b;c | "" """);
        Assert.Equal(["a b", "c\"d", "e\\f", "$HOME", "*", "?x", "a&b;c", "|", ""], await File.ReadAllLinesAsync($"{script}.arguments", TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Read_an_empty_standard_input()
    {
        var script = Script("test -z \"$(cat)\" && echo '" + Output + "'");
        Assert.Equal("A", (await FetchAsync($"/bin/sh {script}")).AccessKey);
    }

    [Theory]
    [InlineData("""{"Version":1,"AccessKeyId":"A","SecretAccessKey":"S","SessionToken":null,"Expiration":null}""", "")]
    [InlineData("""{"Version":1,"AccessKeyId":"A","SecretAccessKey":"S","SessionToken":"T","Expiration":"2036-01-01T00:00:00+0000"}""", "T")]
    [InlineData("""{"Version":1,"AccessKeyId":"A","SecretAccessKey":"S","SessionToken":"T","Expiration":"2036-01-01T00:00:00.123456Z","Extra":{}}""", "T")]
    [InlineData("""{"Version":1.0,"AccessKeyId":"A","SecretAccessKey":"S","SessionToken":"T","Expiration":"2036-01-01T00:00:00.123456789Z"}""", "T")]
    [InlineData("""{"Version":1e0,"AccessKeyId":"A","SecretAccessKey":"S"}""", "")]
    public async Task May_leave_out_token_and_expiration(string output, string token)
    {
        var credentials = await FetchAsync("/bin/sh " + Script($"echo '{output}'"));
        Assert.Equal(("A", "S", token), (credentials.AccessKey, credentials.SecretKey, credentials.Token ?? ""));
    }

    [Theory]
    [InlineData("echo first >&2; printf 'the vault is \\033[31msealed\\n' >&2; exit 3", "it exited with code 3: the vault is \\u001B[31msealed")]
    [InlineData("exit 1", "it exited with code 1")]
    [InlineData("echo no json", "its output is not JSON")]
    [InlineData("echo '{\"Version\":2}'", "its output does not have Version 1")]
    [InlineData("echo '{\"Version\":1.5}'", "its output does not have Version 1")]
    [InlineData("echo '{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"S\",\"Expiration\":2082758400}'", "is not an ISO 8601 time")]
    [InlineData("echo '{\"Version\":1,\"AccessKeyId\":\"A\"}'", "no SecretAccessKey")]
    [InlineData("echo '{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"S\",\"Expiration\":\"soon\"}'", "is not an ISO 8601 time")]
    [InlineData("sleep 600", "it did not end within 2 s")]
    public async Task Fail_with_the_last_line_of_their_error_output(string body, string why)
    {
        var failure = await Assert.ThrowsAsync<NoTokenException>(() => FetchAsync("/bin/sh " + Script(body)));
        Assert.Equal(ErrorCode.Profile, failure.Code);
        Assert.Contains("AWS profile 'dev' cannot be used: config, line 2, [profile dev]: credential_process failed: ", failure.Why, StringComparison.Ordinal);
        Assert.Contains(why, failure.Why, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/nowhere/creds", "/nowhere/creds cannot be started")]
    [InlineData("no-such-program-anywhere --json", "no-such-program-anywhere is not on PATH")]
    [InlineData("'unclosed", "unclosed quote")]
    public async Task Fail_if_they_cannot_be_started(string command, string why)
    {
        var failure = await Assert.ThrowsAsync<NoTokenException>(() => FetchAsync(command));
        Assert.Contains(why, failure.Why, StringComparison.Ordinal);
    }

    /// <summary>.NET itself would look beside this program and in the working directory first.</summary>
    [Theory]
    [InlineData("working directory")]
    [InlineData("program's folder")]
    public async Task Are_not_taken_from_a_cloned_repository(string place)
    {
        // Empty and relative folders on PATH mean the working directory, too. The rest stays for tests beside this one.
        var path = Environment.GetEnvironmentVariable("PATH");
        Environment.SetEnvironmentVariable("PATH", $":.:./:{path}:");
        var name = $"creds-{Guid.NewGuid():N}";
        var file = Path.Combine(place == "working directory" ? Environment.CurrentDirectory : AppContext.BaseDirectory, name);
        await File.WriteAllTextAsync(file, $"#!/bin/sh\necho '{Output}'\n", TestContext.Current.CancellationToken);
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        try
        {
            var failure = await Assert.ThrowsAsync<NoTokenException>(() => FetchAsync(name));
            Assert.Contains("is not on PATH", failure.Why, StringComparison.Ordinal);
        }
        finally
        {
            Environment.SetEnvironmentVariable("PATH", path);
            File.Delete(file);
        }
    }

    [Theory]
    [InlineData("./")]
    [InlineData("sub/../")]
    [InlineData("../creds/")]
    [InlineData("~/")]
    public async Task Are_not_run_from_a_path_below_the_working_directory(string folder)
    {
        var failure = await Assert.ThrowsAsync<NoTokenException>(() => FetchAsync($"{folder}creds --json"));
        Assert.StartsWith("AWS profile 'dev' cannot be used: config, line 2, [profile dev]: credential_process failed: "
            + $"{folder}creds is not an absolute path; ", failure.Why, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private static Task<Amazon.Runtime.ImmutableCredentials> FetchAsync(string command) =>
        new ProcessCredentials(new ProcessSource("dev", new SharedProperty(new SharedSection("config", "profile dev", 1), "credential_process", 2) { Value = command }, ""),
            TimeProvider.System, TimeSpan.FromSeconds(2)).GetCredentialsAsync();

    private string Script(string body)
    {
        var path = _folder.Below($"script{Guid.NewGuid():N}");
        File.WriteAllText(path, body + "\n");
        return path;
    }
}
