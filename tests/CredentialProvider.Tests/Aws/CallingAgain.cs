using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using Amazon.Runtime;
using CredentialProvider.Aws;

namespace CredentialProvider.Tests.Aws;

/// <summary>Retries, by a clock that the test moves.</summary>
public sealed class CallingAgain
{
    private readonly VirtualTime _time = new();
    private readonly List<double> _calls = [];
    private int _told;

    [Fact]
    public void A_setback_is_followed_by_two_more_attempts_each_later()
    {
        var outcome = Run(_ => throw Answered(503));

        Assert.IsType<AmazonServiceException>(outcome.Exception!.InnerException);
        Assert.Equal([0, 1, 3], _calls);
        Assert.Equal(0, _told);
    }

    [Fact]
    public void Jitter_takes_any_part_of_the_delay()
    {
        Run(_ => throw Answered(503), random: 0.25);
        Assert.Equal([0, 0.25, 0.75], _calls);
    }

    [Fact]
    public async Task The_first_success_is_the_answer() =>
        Assert.Equal(2, await Run(count => count < 2 ? throw Answered(500) : count));

    [Fact]
    public void What_stays_is_not_tried_again()
    {
        Run(_ => throw Answered(403, "AccessDeniedException"));
        Assert.Equal([0], _calls);
    }

    [Fact]
    public void Retry_After_is_waited_for_and_the_jitter_on_top()
    {
        Run(count => count < 3 ? throw Throttled(retryAfter: 7) : count);
        Assert.Equal([0, 8, 17], _calls);
        Assert.Equal(1, _told);
    }

    [Fact]
    public void A_Retry_After_beyond_all_patience_is_not_waited_for()
    {
        Assert.IsType<AmazonCodeArtifactException>(Run(_ => throw Throttled(retryAfter: 3600)).Exception!.InnerException);
        Assert.Equal([0], _calls);
        Assert.Equal(0, _told);
    }

    [Fact]
    public void Throttling_is_waited_out_for_ten_minutes_at_twenty_seconds_at_most()
    {
        Assert.True(Run(_ => throw Throttled()).IsFaulted);
        Assert.Equal([0, 1, 3, 7, 15, 31, 51, 71], _calls.Take(8));
        Assert.InRange(_calls[^1], 580, 600);
        Assert.Equal(1, _told);
    }

    [Fact]
    public void A_person_who_asks_hears_of_it_within_a_minute()
    {
        Assert.True(Run(_ => throw Throttled(), patience: Retries.Budget).IsFaulted);
        Assert.InRange(_calls[^1], 30, 60);
    }

    [Fact]
    public void A_call_that_never_ends_is_ended_by_the_budget()
    {
        var outcome = Run(async (_, stop) =>
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, stop);
            return 0;
        });

        Assert.IsType<TimeoutException>(outcome.Exception!.InnerException);
        Assert.Equal(Retries.Budget, _time.Elapsed);
    }

    [Fact]
    public async Task Who_cancels_waits_no_more()
    {
        using var cancel = new CancellationTokenSource();
        var running = new Retries(_time, () => 1, Retries.BuildPatience).RunAsync<int>(
            _ => throw Throttled(retryAfter: 30), AwsFailure.SetbackOf, waiting: null, cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    public static TheoryData<string, Exception, bool> Failures => new()
    {
        { "reset", new HttpRequestException("sending", new IOException("reading", new SocketException((int)SocketError.ConnectionReset))), true },
        { "refused", new HttpRequestException("connecting", new SocketException((int)SocketError.ConnectionRefused)), true },
        { "no such name", new HttpRequestException("connecting", new SocketException((int)SocketError.HostNotFound)), false },
        { "name server silent", new HttpRequestException("connecting", new SocketException((int)SocketError.TryAgain)), true },
        { "timeout", new TaskCanceledException("timeout"), true },
        { "unknown CA", new HttpRequestException("TLS", new AuthenticationException("untrusted root")), false },
        { "proxy wants a password", new HttpRequestException("The proxy tunnel request to proxy 'http://p/' failed with status code '407'."), false },
        { "proxy cannot", new HttpRequestException("The proxy tunnel request to proxy 'http://p/' failed with status code '502'."), true },
        { "not ours to judge", new InvalidOperationException("a fault of ours"), false },
        { "said already", new NoTokenException("CACP1004", "no role", "attach one"), false },
        { "said already, with a cause that passes", new NoTokenException("CACP1013", "503", "try again", Answered(503)), true },
        { "400", Answered(400, "ValidationException"), false },
        { "404", Answered(404, "ResourceNotFoundException"), false },
        { "429 of a proxy", Answered(429), true },
        { "501", Answered(501), false },
    };

    [Theory]
    [MemberData(nameof(Failures))]
    public void What_passes_is_tried_again(string name, Exception failure, bool passes)
    {
        Assert.NotEmpty(name);
        Assert.Equal(passes, AwsFailure.SetbackOf(failure) is not null);
    }

    private Task<int> Run(Func<int, int> call, double random = 1, TimeSpan? patience = null) =>
        Run((count, _) => Task.FromResult(call(count)), random, patience);

    private Task<int> Run(Func<int, CancellationToken, Task<int>> call, double random = 1, TimeSpan? patience = null)
    {
        var count = 0;
        var running = new Retries(_time, () => random, patience ?? Retries.BuildPatience).RunAsync(stop =>
        {
            _calls.Add(_time.Elapsed.TotalSeconds);
            return call(++count, stop);
        }, AwsFailure.SetbackOf, () => _told++, TestContext.Current.CancellationToken);
        _time.Run();
        // What a cancellation goes on to do is done on another thread.
        Assert.True(SpinWait.SpinUntil(() => running.IsCompleted, TimeSpan.FromSeconds(30)));
        return running;
    }

    private static AmazonServiceException Answered(int status, string? code = null) =>
        new("said by a test", null, ErrorType.Unknown, code, "request", (HttpStatusCode)status);

    private static AmazonCodeArtifactException Throttled(int? retryAfter = null) => new(
        new() { Code = "ThrottlingException", Message = "Rate exceeded" }, null, HttpStatusCode.TooManyRequests) { RetryAfterSeconds = retryAfter };
}
