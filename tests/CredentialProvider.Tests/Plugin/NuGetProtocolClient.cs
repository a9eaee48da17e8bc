using System.Text;
using CredentialProvider.Errors;
using CredentialProvider.Tokens;
using NuGet.Common;
using NuGet.Protocol.Plugins;
using NuGet.Versioning;

namespace CredentialProvider.Tests.Plugin;

/// <summary>NuGet.Protocol's own connection, dispatcher and payload types as the client, in the same process.</summary>
public sealed class NuGetProtocolClient : IAsyncLifetime
{
    private const string App = "https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com/nuget/app/v3/index.json";
    private static readonly TimeSpan RequestTimeout = TimeSpan.FromSeconds(2);

    private readonly TaskCompletionSource _gate = new();
    private readonly FirstLog _log = new();
    private RunningHost _host = null!;
    private Connection _nuget = null!;
    private Func<Task<AuthorizationToken>> _fetch = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _fetch = async () =>
        {
            await _gate.Task;
            return new AuthorizationToken(new Secret("tökén \"1\""), DateTimeOffset.UtcNow, DateTimeOffset.UtcNow.AddHours(12));
        };
        _host = new RunningHost(SettingsFromVariables.From(), (_, cancel) => _fetch().WaitAsync(cancel));
        var handlers = new RequestHandlers();
        handlers.TryAdd(MessageMethod.Log, _log);
        var utf8 = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
        _nuget = new Connection(new MessageDispatcher(handlers, new RequestIdGenerator()), new Sender(new StreamWriter(_host.Input, utf8)),
            new StandardInputReceiver(new StreamReader(_host.Output, utf8)),
            new ConnectionOptions(new SemanticVersion(2, 0, 0), new SemanticVersion(1, 0, 0), RequestTimeout, RequestTimeout));
        await _nuget.ConnectAsync(Cancel);
    }

    [Fact]
    public async Task Negotiates_the_protocol_and_gets_an_answer_to_every_request()
    {
        Assert.Equal(new SemanticVersion(2, 0, 0), _nuget.ProtocolVersion);
        var initialized = await SendAsync<InitializeRequest, InitializeResponse>(MessageMethod.Initialize, new("8.0.0", "en-US", TimeSpan.FromSeconds(30)));
        var watched = await SendAsync<MonitorNuGetProcessExitRequest, MonitorNuGetProcessExitResponse>(
            MessageMethod.MonitorNuGetProcessExit, new(Environment.ProcessId));
        var level = await SendAsync<SetLogLevelRequest, SetLogLevelResponse>(MessageMethod.SetLogLevel, new(LogLevel.Debug));
        var proxy = await SendAsync<SetCredentialsRequest, SetCredentialsResponse>(MessageMethod.SetCredentials, new(App, "joe", "hunter2", "joe", "hunter3"));
        Assert.All([initialized.ResponseCode, watched.ResponseCode, level.ResponseCode, proxy.ResponseCode], code => Assert.Equal(MessageResponseCode.Success, code));
    }

    [Theory]
    [InlineData(null, null, new[] { OperationClaim.Authentication })]
    [InlineData(App, "{\"version\":\"3.0.0\"}", new OperationClaim[0])]
    public async Task Reads_the_operation_claims(string? source, string? serviceIndex, OperationClaim[] claims)
    {
        var response = await SendAsync<GetOperationClaimsRequest, GetOperationClaimsResponse>(MessageMethod.GetOperationClaims, new(source, serviceIndex));
        Assert.Equal(claims, response.Claims);
    }

    [Fact]
    public async Task Reads_the_credentials()
    {
        _gate.SetResult();
        var response = await RequestCredentialsAsync(App);
        Assert.Equal((MessageResponseCode.Success, "aws", "tökén \"1\""), (response.ResponseCode, response.Username, response.Password));
        Assert.Equal(["Basic"], response.AuthenticationTypes);
        Assert.True(response.IsValid());
    }

    [Fact]
    public async Task Reads_the_answer_for_a_foreign_feed()
    {
        var response = await RequestCredentialsAsync("https://nuget.example.test/v3/index.json");
        Assert.Equal((MessageResponseCode.Error, null, null), (response.ResponseCode, response.Password, response.Message));
        Assert.False(_log.Payload.Task.IsCompleted);
    }

    [Fact]
    public async Task Reads_the_warning_and_the_error()
    {
        const string Line = "CACP1001: no token for domain contoso (111122223333, us-east-1): «denied»; grant access";
        _fetch = () => throw new NoTokenException(ErrorCode.AccessDenied, "«denied»", "grant access");
        var response = await RequestCredentialsAsync(App);
        Assert.Equal((MessageResponseCode.Error, Line), (response.ResponseCode, response.Message));
        var log = JsonSerializationUtilities.Deserialize<LogRequest>(await _log.Payload.Task.WaitAsync(TimeSpan.FromSeconds(20), Cancel))!;
        Assert.Equal((LogLevel.Warning, Line), (log.LogLevel, log.Message));
    }

    [Fact]
    [Trait("Category", "Slow")]
    public async Task Waits_longer_when_it_receives_progress()
    {
        await SendAsync<InitializeRequest, InitializeResponse>(MessageMethod.Initialize, new("8.0.0", "en-US", TimeSpan.FromSeconds(1.5)));
        _nuget.Options.SetRequestTimeout(TimeSpan.FromSeconds(1.5));
        var progress = new TaskCompletionSource();
        var count = 0;
        _nuget.MessageReceived += (_, e) =>
        {
            // Four messages, half a second apart: longer than NuGet would wait without them.
            if (e.Message.Type == MessageType.Progress && Interlocked.Increment(ref count) == 4)
                progress.SetResult();
        };
        var asking = RequestCredentialsAsync(App);
        await progress.Task.WaitAsync(TimeSpan.FromSeconds(20), Cancel);
        Assert.False(asking.IsCompleted);
        _gate.SetResult();
        Assert.Equal(MessageResponseCode.Success, (await asking).ResponseCode);
    }

    [Fact]
    public async Task Sees_its_cancellation_confirmed_and_continues()
    {
        using var cancel = new CancellationTokenSource();
        var asking = RequestCredentialsAsync(App, cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
        _gate.SetResult();
        Assert.Equal(MessageResponseCode.Success, (await RequestCredentialsAsync(App)).ResponseCode);
    }

    public ValueTask DisposeAsync()
    {
        _gate.TrySetResult();
        _nuget.Dispose();
        _host.Dispose();
        return ValueTask.CompletedTask;
    }

    private Task<GetAuthenticationCredentialsResponse> RequestCredentialsAsync(string uri, CancellationToken? cancel = null) =>
        SendAsync<GetAuthenticationCredentialsRequest, GetAuthenticationCredentialsResponse>(MessageMethod.GetAuthenticationCredentials,
            new(new Uri(uri), isRetry: false, isNonInteractive: true, canShowDialog: true), cancel);

    private async Task<TResponse> SendAsync<TRequest, TResponse>(MessageMethod method, TRequest request, CancellationToken? cancel = null)
        where TRequest : class
        where TResponse : class =>
        (await _nuget.SendRequestAndReceiveResponseAsync<TRequest, TResponse>(method, request, cancel ?? Cancel))!;

    /// <summary>Keeps the first Log message. NuGet may handle it after the response that follows it.</summary>
    private sealed class FirstLog : IRequestHandler
    {
        public TaskCompletionSource<string> Payload { get; } = new();

        public CancellationToken CancellationToken => CancellationToken.None;

        public Task HandleResponseAsync(IConnection connection, Message request, IResponseHandler responseHandler, CancellationToken cancellationToken)
        {
            Payload.TrySetResult(MessageUtilities.SerializePayload(request)!);
            return responseHandler.SendResponseAsync(request, new LogResponse(MessageResponseCode.Success), cancellationToken);
        }
    }
}
