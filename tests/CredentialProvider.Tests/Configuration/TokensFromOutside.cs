using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using CredentialProvider.Aws;
using CredentialProvider.Configuration;
using CredentialProvider.Errors;
using CredentialProvider.Platform;
using CredentialProvider.Tokens;

namespace CredentialProvider.Tests.Configuration;

/// <summary>CODEARTIFACT_AUTH_TOKEN_FILE, and CODEARTIFACT_AUTH_TOKEN beside it.</summary>
public sealed class TokensFromOutside : IDisposable
{
    private const string App = "https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com/nuget/app/v3/index.json";

    private readonly TemporaryFolder _temporary = new();

    private string Token => _temporary.Below("token");

    [Theory]
    [InlineData("token")]
    [InlineData("token\n")]
    [InlineData(" \t token \r\n\r\n")]
    public void Are_read_without_the_white_space_around_them(string content) => Assert.Equal("token", Read(content));

    /// <summary>As Windows PowerShell writes them: <c>&gt;</c>, and Out-Token -Encoding utf8.</summary>
    [Theory]
    [InlineData("utf-16")]
    [InlineData("utf-8")]
    public void May_have_a_byte_order_mark(string encoding)
    {
        File.WriteAllText(Token, "token\r\n", Encoding.GetEncoding(encoding));
        Assert.Equal("token", From().Read().Reveal());
    }

    [Theory]
    [InlineData("", "is empty")]
    [InlineData(" \n", "is empty")]
    [InlineData("one\ntwo", "contains a line break or another character that is not valid in a token")]
    [InlineData("T\u00f6ken", "contains a line break or another character that is not valid in a token")]
    public void Are_an_error_if_no_header_can_have_them(string content, string why)
    {
        Write(content);
        AssertFails($"{Token} (CODEARTIFACT_AUTH_TOKEN_FILE) {why}");
    }

    [Fact]
    public void Are_an_error_if_they_are_too_long()
    {
        Write(new string('x', (16 * 1024) + 1));
        AssertFails($"{Token} (CODEARTIFACT_AUTH_TOKEN_FILE) cannot be read: it has more than 16384 bytes");
    }

    [Theory]
    [InlineData("missing", "it does not exist")]
    [InlineData("folder", "it is a folder")]
    [InlineData("fifo", "it is not a regular file")]
    [InlineData("link without target", "it does not exist")]
    public void Are_an_error_if_there_is_no_file(string kind, string why)
    {
        TemporaryFolder.RequireUnix();
        if (kind == "folder")
            Directory.CreateDirectory(Token);
        else if (kind == "fifo")
            Process.Start("mkfifo", Token).WaitForExit();
        else if (kind == "link without target")
            File.CreateSymbolicLink(Token, _temporary.Below("nowhere"));
        AssertFails($"{Token} (CODEARTIFACT_AUTH_TOKEN_FILE) cannot be read: {why}");
    }

    /// <summary>The value may be the token itself, set in the wrong variable.</summary>
    [Theory]
    [InlineData("eyJ0b2tlbg.secret")]
    [InlineData("secrets/token")]
    [InlineData("~nobody/token")]
    public void Are_an_error_if_the_path_is_relative_and_it_is_not_repeated(string path)
    {
        var settings = SettingsFromVariables.From(("CODEARTIFACT_AUTH_TOKEN_FILE", path), ("CODEARTIFACT_AUTH_TOKEN", "token"));
        Assert.StartsWith("CODEARTIFACT_AUTH_TOKEN_FILE is not an absolute path", settings.Problem, StringComparison.Ordinal);
        Assert.DoesNotContain(path, settings.Problem, StringComparison.Ordinal);
        Assert.DoesNotContain(path, settings.ExternalToken!.Place, StringComparison.Ordinal);
        Assert.Throws<NoTokenException>(settings.ExternalToken.Read);
    }

    [Fact]
    public void Are_found_by_a_path_with_variables()
    {
        Write("token");
        Assert.Equal("token", SettingsFromVariables.From(("CODEARTIFACT_AUTH_TOKEN_FILE", "${CREDENTIALS_DIRECTORY}/token"), ("CREDENTIALS_DIRECTORY", _temporary.Path))
            .ExternalToken!.Read().Reveal());
    }

    [Fact]
    public void Come_from_the_file_if_the_variable_is_set_too()
    {
        Write("token of the file");
        // What the variable has does not matter then.
        var settings = SettingsFromVariables.From(("CODEARTIFACT_AUTH_TOKEN_FILE", Token), ("CODEARTIFACT_AUTH_TOKEN", "a\nb"));
        Assert.Null(settings.Problem);
        Assert.Equal("token of the file", settings.ExternalToken!.Read().Reveal());
        Assert.Equal("CODEARTIFACT_AUTH_TOKEN is ignored: CODEARTIFACT_AUTH_TOKEN_FILE takes precedence", settings.ExternalToken.Ignored);
    }

    /// <summary>Kubernetes replaces the folder that <c>..data</c> leads to.</summary>
    [Fact]
    public void Are_read_again_from_a_volume_of_Kubernetes()
    {
        TemporaryFolder.RequireUnix();
        foreach (var version in new[] { "first", "second" })
        {
            Directory.CreateDirectory(_temporary.Below(version));
            File.WriteAllText(_temporary.Below($"{version}/token"), version);
        }

        File.CreateSymbolicLink(_temporary.Below("..data"), "first");
        File.CreateSymbolicLink(Token, "..data/token");
        var external = From();
        Assert.Equal("first", external.Read().Reveal());
        File.CreateSymbolicLink(_temporary.Below("..new"), "second");
        Assert.True(Posix.TryRename(_temporary.Below("..new"), _temporary.Below("..data")));
        Assert.Equal("second", external.Read().Reveal());
    }

    [Fact]
    public async Task Are_given_again_after_a_refusal_if_the_file_has_been_renewed()
    {
        using var host = await StartAsync("first");
        Assert.Equal("first", await AskAsync(host));
        Write("second");

        Assert.Equal("second", await AskAsync(host, isRetry: true));

        var line = await AskAsync(host, isRetry: true);
        Assert.StartsWith($"CACP1011: no token for domain contoso (111122223333, us-east-1): the repository refuses the token in {Token} (CODEARTIFACT_AUTH_TOKEN_FILE); ", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Are_given_again_after_a_refusal_that_has_passed()
    {
        using var host = await StartAsync("first", new FeedReply(true, null));
        Assert.Equal("first", await AskAsync(host, isRetry: true));
    }

    [Fact]
    public async Task Are_asked_for_again_once_the_file_is_there()
    {
        using var host = await StartAsync("");
        Assert.StartsWith("CACP1012: ", await AskAsync(host), StringComparison.Ordinal);
        Write("token");
        Assert.Equal("token", await AskAsync(host));
    }

    public void Dispose() => _temporary.Dispose();

    private void Write(string content) => File.WriteAllText(Token, content);

    private ExternalToken From() => SettingsFromVariables.From(("CODEARTIFACT_AUTH_TOKEN_FILE", Token)).ExternalToken!;

    private string Read(string content)
    {
        Write(content);
        return From().Read().Reveal();
    }

    private void AssertFails(string why)
    {
        var failure = Assert.Throws<NoTokenException>(From().Read);
        Assert.Equal((ErrorCode.Setting, why), (failure.Code, failure.Why));
    }

    private async Task<RunningHost> StartAsync(string content, FeedReply? reply = null)
    {
        Write(content);
        var host = new RunningHost(SettingsFromVariables.From(("CODEARTIFACT_AUTH_TOKEN_FILE", Token)),
            (_, _) => Task.FromException<AuthorizationToken>(new InvalidOperationException("AWS is not asked")), _ => reply ?? FeedReply.None);
        await host.ReceiveAsync();
        return host;
    }

    /// <returns>The password, or the reason why there is none.</returns>
    private static async Task<string?> AskAsync(RunningHost host, bool isRetry = false)
    {
        host.SendCredentialsRequest("1", App, isRetry);
        JsonNode message;
        do
            message = await host.ReceiveAsync();
        while ((string?)message["Type"] == "Request");
        return (string?)message["Payload"]!["Password"] ?? (string?)message["Payload"]!["Message"];
    }
}
