using System.Diagnostics;
using CredentialProvider.Platform;

namespace CredentialProvider.Tests.Platform;

/// <summary>A lock between processes; two handles in one process exclude each other too.</summary>
public sealed class FileLocks : IDisposable
{
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(5), Short = TimeSpan.FromMilliseconds(1);

    private readonly TemporaryFolder _temporary = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Wake_one_that_waits()
    {
        using var waiting = New();
        var first = New();
        Assert.True(first.TryTake());
        Assert.False(await waiting.TakeAsync(Short, TimeProvider.System, Cancel));
        var taken = TakeAsync(waiting);
        Assert.False(taken.IsCompleted);

        first.Dispose();

        await taken;
        using var third = New();
        Assert.False(third.TryTake());
    }

    [Fact]
    public async Task Wake_all_that_wait_one_after_the_other()
    {
        var first = New();
        Assert.True(first.TryTake());
        var (holders, most) = (0, 0);
        var all = Enumerable.Range(0, 20).Select(async _ =>
        {
            using var own = New();
            await TakeAsync(own);
            most = Math.Max(most, Interlocked.Increment(ref holders));
            await Task.Yield();
            Interlocked.Decrement(ref holders);
        }).ToList();

        first.Dispose();

        await Task.WhenAll(all);
        Assert.Equal(1, most);
    }

    [Fact]
    public async Task Pass_over_one_that_gave_up()
    {
        var first = New();
        Assert.True(first.TryTake());
        using (var hasty = New())
            Assert.False(await hasty.TakeAsync(Short, TimeProvider.System, Cancel));
        using var later = New();
        var taken = TakeAsync(later);

        first.Dispose();

        await taken;
        Assert.True(later.IsHeld);
    }

    [Fact]
    public async Task End_with_the_process_that_holds_them()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "flock is a command of Linux");
        await File.WriteAllTextAsync(_temporary.Below("lock"), "", Cancel);
        using var holder = Process.Start(new ProcessStartInfo("flock", [_temporary.Below("lock"), "sh", "-c", "echo held; exec sleep 600"])
        {
            RedirectStandardOutput = true,
        })!;
        await holder.StandardOutput.ReadLineAsync(Cancel);
        using var waiting = New();
        Assert.False(await waiting.TakeAsync(Short, TimeProvider.System, Cancel));

        holder.Kill(entireProcessTree: true);

        await TakeAsync(waiting);
        Assert.True(waiting.IsHeld);
    }

    [Fact]
    public async Task Can_be_given_up_by_the_caller()
    {
        using var first = New();
        Assert.True(first.TryTake());
        using var cancel = new CancellationTokenSource();
        using var waiting = New();
        var taken = waiting.TakeAsync(Long, TimeProvider.System, cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => taken);
    }

    public void Dispose() => _temporary.Dispose();

    private FileLock New() => new(_temporary.Below("lock"));

    /// <summary>Windows returns after each look.</summary>
    private static async Task TakeAsync(FileLock file)
    {
        while (!await file.TakeAsync(Long, TimeProvider.System, Cancel))
        {
        }
    }
}
