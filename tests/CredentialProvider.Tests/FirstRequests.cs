using CredentialProvider.MSBuild;

namespace CredentialProvider.Tests;

public sealed class FirstRequests
{
    private const string Sources = "/folder;https://feed.example/v3/index.json";

    [Fact]
    public void To_a_source_act_once_and_others_do_not()
    {
        var acts = 0;
        using var client = new HttpClient(new Answering());
        using var first = new FirstRequest(Sources, () => acts++);

        Send(client, "https://elsewhere.example/");
        Assert.Equal(0, acts);
        Send(client, "https://FEED.example/v3/index.json");
        Send(client, "https://feed.example/v3/index.json");

        Assert.Equal(1, acts);
    }

    /// <summary>A feed that answers quickly would else send NuGet to look for plugins before one is offered.</summary>
    [Fact]
    public void That_begin_while_one_acts_wait_until_it_has()
    {
        using var client = new HttpClient(new Answering());
        var (isSent, wasSentMeanwhile) = (false, false);
        var second = new Thread(() =>
        {
            Send(client, "https://feed.example/second");
            Volatile.Write(ref isSent, true);
        });
        using var first = new FirstRequest(Sources, () =>
        {
            second.Start();
            while (!Volatile.Read(ref isSent) && !second.ThreadState.HasFlag(ThreadState.WaitSleepJoin))
                Thread.Yield();
            wasSentMeanwhile = Volatile.Read(ref isSent);
        });

        Send(client, "https://feed.example/first");
        second.Join();

        Assert.False(wasSentMeanwhile);
        Assert.True(isSent);
    }

    private static void Send(HttpClient client, string url)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, url);
        client.Send(request).Dispose();
    }

    private sealed class Answering : HttpMessageHandler
    {
        protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken) => new();

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Task.FromResult(new HttpResponseMessage());
    }
}
