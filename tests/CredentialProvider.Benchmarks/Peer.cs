using NuGet.Protocol.Plugins;

namespace CredentialProvider.Benchmarks;

/// <summary>
/// The smallest plugin that uses NuGet.Protocol's own plugin classes. Its token is a constant.
/// </summary>
internal static class Peer
{
    public static async Task<int> RunAsync()
    {
        var closed = new TaskCompletionSource();
        var handlers = new RequestHandlers();
        handlers.TryAdd(MessageMethod.GetOperationClaims, new Answer<GetOperationClaimsResponse>(() => new([OperationClaim.Authentication])));
        handlers.TryAdd(MessageMethod.Initialize, new Answer<InitializeResponse>(() => new(MessageResponseCode.Success)));
        handlers.TryAdd(MessageMethod.SetLogLevel, new Answer<SetLogLevelResponse>(() => new(MessageResponseCode.Success)));
        handlers.TryAdd(MessageMethod.GetAuthenticationCredentials, new Answer<GetAuthenticationCredentialsResponse>(
            () => new("aws", "token", null, ["Basic"], MessageResponseCode.Success)));
        using var plugin = await PluginFactory.CreateFromCurrentProcessAsync(handlers, ConnectionOptions.CreateDefault(), CancellationToken.None);
        plugin.Closed += (_, _) => closed.TrySetResult();
        plugin.Connection.Faulted += (_, _) => closed.TrySetResult();
        await closed.Task;
        return 0;
    }

    private sealed class Answer<T>(Func<T> payload) : IRequestHandler
        where T : class
    {
        public CancellationToken CancellationToken => CancellationToken.None;

        public Task HandleResponseAsync(
            IConnection connection, Message request, IResponseHandler responseHandler, CancellationToken cancellationToken) =>
            responseHandler.SendResponseAsync(request, payload(), cancellationToken);
    }
}
