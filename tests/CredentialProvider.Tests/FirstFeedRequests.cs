using CredentialProvider.MSBuild;

namespace CredentialProvider.Tests;

/// <summary>The event that starts the MSBuild package's deferred work.</summary>
public sealed class FirstFeedRequests
{
    private const string Sources = "/folder;https://feed.example/v3/index.json";

    [Fact]
    public void The_first_request_to_a_source_runs_the_action_once()
    {
        var runs = 0;
        using var client = new HttpClient(new OkHandler());
        using var first = new FirstFeedRequest((Sources, () => runs++));

        Send(client, "https://elsewhere.example/");
        Assert.Equal(0, runs);
        Send(client, "https://FEED.example/v3/index.json");
        Send(client, "https://feed.example/v3/index.json");

        Assert.Equal(1, runs);
    }

    /// <summary>The plugin is offered to NuGet before it is started.</summary>
    [Fact]
    public void The_actions_of_a_source_run_in_order()
    {
        var runs = new List<string>();
        using var client = new HttpClient(new OkHandler());
        using var first = new FirstFeedRequest(("https://public.example/ https://feed.example/", () => runs.Add("offer")),
            ("https://feed.example/", () => runs.Add("start")), ("", () => runs.Add("never")));

        Send(client, "https://public.example/");
        Assert.Equal(["offer"], runs);
        Send(client, "https://feed.example/");
        Send(client, "https://feed.example/");

        Assert.Equal(["offer", "start"], runs);
    }

    /// <summary>Otherwise a feed that answers quickly would start NuGet's plugin discovery before the plugin is offered.</summary>
    [Fact]
    public void Other_requests_wait_until_the_action_returns()
    {
        using var client = new HttpClient(new OkHandler());
        var (isSent, wasSentDuringAction) = (false, false);
        var second = new Thread(() =>
        {
            Send(client, "https://feed.example/second");
            Volatile.Write(ref isSent, true);
        });
        using var first = new FirstFeedRequest((Sources, () =>
        {
            second.Start();
            while (!Volatile.Read(ref isSent) && !second.ThreadState.HasFlag(ThreadState.WaitSleepJoin))
                Thread.Yield();
            wasSentDuringAction = Volatile.Read(ref isSent);
        }));

        Send(client, "https://feed.example/first");
        second.Join();

        Assert.False(wasSentDuringAction);
        Assert.True(isSent);
    }

    private static void Send(HttpClient client, string url)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, url);
        client.Send(request).Dispose();
    }

    private sealed class OkHandler : HttpMessageHandler
    {
        protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken) => new();

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Task.FromResult(new HttpResponseMessage());
    }
}
