using System.Net;
using System.Net.Sockets;
using System.Text;
using CredentialProvider.Aws.Credentials;

namespace CredentialProvider.Tests.Aws;

/// <summary>Requests to the loopback address that a browser returns to after a sign-in: from the browser, and from anything else on the machine.</summary>
public sealed class AuthorizationCallbacks : IDisposable
{
    private const string State = "Vz4PbGpkr0oDzgrmJl2GZLSStPbpRPZk";

    private readonly AuthorizationCallback _callback = new(State);

    private Uri Uri => new(_callback.RedirectUri);

    public void Dispose() => _callback.Dispose();

    [Fact]
    public async Task The_code_that_comes_with_the_state_is_returned()
    {
        Assert.StartsWith("HTTP/1.1 200 ", await GetAsync($"/oauth/callback?code=a%2Bb+c&state={State}"), StringComparison.Ordinal);
        Assert.Equal(new AuthorizationResponse("a+b c", null), await AnswerAsync());
    }

    [Theory]
    [InlineData("error=access_denied", "access_denied")]
    [InlineData("error=access_denied&error_description=The+user+denied+the+request", "access_denied (The user denied the request)")]
    [InlineData("error=server_error&code=x", "server_error")]
    public async Task An_error_ends_the_sign_in(string query, string error)
    {
        Assert.Contains("The sign-in was not completed", await GetAsync($"/oauth/callback?{query}&state={State}"), StringComparison.Ordinal);
        Assert.Equal(new AuthorizationResponse(null, error), await AnswerAsync());
    }

    [Theory]
    [InlineData("GET /oauth/callback?code=evil&state=guessed HTTP/1.1")]
    [InlineData("GET /oauth/callback?code=evil HTTP/1.1")]
    [InlineData("GET /oauth/callback?error=access_denied HTTP/1.1")]
    [InlineData("GET /oauth/callback?error=access_denied&state= HTTP/1.1")]
    [InlineData("GET /oauth/callback?state=" + State + " HTTP/1.1")]
    [InlineData("GET /oauth/callback?code=&state=" + State + " HTTP/1.1")]
    [InlineData("GET /oauth/callback?code=evil&code=x&state=" + State + " HTTP/1.1")]
    [InlineData("GET /oauth/callback?code=evil&state=guessed&state=" + State + " HTTP/1.1")]
    [InlineData("GET /oauth/callback?code=evil&state=" + State + "?x HTTP/1.1")]
    [InlineData("GET /oauth/callback/?code=evil&state=" + State + " HTTP/1.1")]
    [InlineData("GET /OAuth/callback?code=evil&state=" + State + " HTTP/1.1")]
    [InlineData("GET /?code=evil&state=" + State + " HTTP/1.1")]
    [InlineData("GET http://127.0.0.1/oauth/callback?code=evil&state=" + State + " HTTP/1.1")]
    [InlineData("POST /oauth/callback?code=evil&state=" + State + " HTTP/1.1")]
    [InlineData("GET /favicon.ico HTTP/1.1")]
    [InlineData("GET /oauth/callback HTTP/1.1")]
    [InlineData("no HTTP")]
    [InlineData("")]
    public async Task Any_other_request_is_refused_and_changes_nothing(string request)
    {
        Assert.StartsWith("HTTP/1.1 400 ", await SendAsync($"{request}\r\nHost: 127.0.0.1\r\n\r\n"), StringComparison.Ordinal);

        await GetAsync($"/oauth/callback?code=good&state={State}");
        Assert.Equal("good", (await AnswerAsync())!.Code);
    }

    [Fact]
    public async Task Only_the_first_answer_counts()
    {
        await GetAsync($"/oauth/callback?code=first&state={State}");
        await GetAsync($"/oauth/callback?code=second&state={State}");
        Assert.Equal("first", (await AnswerAsync())!.Code);
    }

    /// <summary>Browsers connect ahead of requests, and some connections never get one.</summary>
    [Fact]
    public async Task Silent_connections_do_not_keep_the_answer_out()
    {
        using var silent = new TcpClient();
        await silent.ConnectAsync(IPAddress.Loopback, Uri.Port, TestContext.Current.CancellationToken);
        using var half = new TcpClient();
        await half.ConnectAsync(IPAddress.Loopback, Uri.Port, TestContext.Current.CancellationToken);
        await half.GetStream().WriteAsync("GET /oauth/ca"u8.ToArray(), TestContext.Current.CancellationToken);

        await GetAsync($"/oauth/callback?code=good&state={State}");

        Assert.Equal("good", (await AnswerAsync())!.Code);
    }

    [Fact]
    public async Task A_request_without_end_is_cut_off()
    {
        Assert.StartsWith("HTTP/1.1 400 ", await SendAsync($"GET /oauth/callback?code=good&state={State} HTTP/1.1\r\nX: {new string('x', 16 * 1024)}"), StringComparison.Ordinal);
        Assert.Null(await _callback.WaitAsync(TimeSpan.Zero, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task The_page_repeats_nothing_of_the_request_and_loads_nothing()
    {
        var response = await GetAsync($"/oauth/callback?error=%3Cscript%3E&error_description=secret&state={State}");
        Assert.DoesNotContain("script", response, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", response, StringComparison.Ordinal);
        Assert.Contains("Content-Security-Policy: default-src 'none'\r\n", response, StringComparison.Ordinal);
        Assert.Contains("Cache-Control: no-store\r\n", response, StringComparison.Ordinal);
    }

    [Fact]
    public void Only_this_machine_can_connect() => Assert.Matches(@"^http://127\.0\.0\.1:\d+/oauth/callback$", _callback.RedirectUri);

    [Fact]
    public async Task The_wait_ends_without_an_answer() =>
        Assert.Null(await _callback.WaitAsync(TimeSpan.FromMilliseconds(1), TestContext.Current.CancellationToken));

    [Fact]
    public async Task Nothing_listens_afterwards()
    {
        _callback.Dispose();
        using var late = new TcpClient();
        await Assert.ThrowsAsync<SocketException>(() => late.ConnectAsync(IPAddress.Loopback, Uri.Port, TestContext.Current.CancellationToken).AsTask());
    }

    private Task<AuthorizationResponse?> AnswerAsync() => _callback.WaitAsync(TimeSpan.FromMinutes(5), TestContext.Current.CancellationToken);

    private Task<string> GetAsync(string target) => SendAsync($"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");

    private async Task<string> SendAsync(string request)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, Uri.Port, TestContext.Current.CancellationToken);
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(request), TestContext.Current.CancellationToken);
        using var reader = new StreamReader(client.GetStream());
        return await reader.ReadToEndAsync(TestContext.Current.CancellationToken);
    }
}
