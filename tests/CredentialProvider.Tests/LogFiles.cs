using Microsoft.Extensions.Time.Testing;

namespace CredentialProvider.Tests;

public sealed class LogFiles : IDisposable
{
    private readonly TemporaryFolder _temporary = new();

    [Fact]
    public void Are_for_their_owner_and_hold_what_was_asked_for()
    {
        var path = _temporary.Below("log");
        var log = new LogFile(path, LogLevels.Warning, TimeProvider.System);
        log.Write(LogLevels.Verbose, "chatter");
        log.Write(LogLevels.Warning, "CACP1001: no token");
        log.Write(LogLevels.Error, "worse");
        TemporaryFolder.IsForItsOwner(path);
        Assert.Collection(File.ReadAllLines(path),
            line => Assert.EndsWith(" Warning: CACP1001: no token", line, StringComparison.Ordinal),
            line => Assert.EndsWith(" Error: worse", line, StringComparison.Ordinal));
    }

    [Fact]
    public void That_nobody_asked_for_are_not_made()
    {
        var before = Directory.GetFileSystemEntries(Environment.CurrentDirectory).Length;
        new LogFile(null, LogLevels.Debug, TimeProvider.System).Write(LogLevels.Error, "nothing");
        Assert.Equal(before, Directory.GetFileSystemEntries(Environment.CurrentDirectory).Length);
    }

    [Fact]
    public void Tell_the_time_in_UTC_and_who_wrote()
    {
        var path = _temporary.Below("log");
        new LogFile(path, null, new FakeTimeProvider(new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.FromHours(2)))).Write(LogLevels.Debug, "text");
        Assert.Equal($"2026-11-24T10:00:00.0000000Z {Environment.ProcessId} Debug: text{Environment.NewLine}", File.ReadAllText(path));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)] // as many plugins as NuGet starts, with one file
    public void Have_every_line_of_everybody(int processes)
    {
        var path = _temporary.Below("log");
        var logs = Enumerable.Range(0, processes).Select(_ => new LogFile(path, null, TimeProvider.System)).ToList();
        using var start = new Barrier(4);
        var threads = Enumerable.Range(0, 4).Select(i => new Thread(() =>
        {
            start.SignalAndWait();
            for (var line = 0; line < 300; line++)
                logs[i % processes].Write(LogLevels.Error, new string('x', 500));
        })).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        Assert.All(File.ReadAllLines(path), line => Assert.EndsWith(" Error: " + new string('x', 500), line, StringComparison.Ordinal));
        Assert.Equal(1200, File.ReadAllLines(path).Length);
    }

    [Theory]
    [InlineData("Warning", "Verbose", false)]
    [InlineData("Warning", "Warning", true)]
    [InlineData("Warning", "Error", true)]
    [InlineData("Minimal", "Information", false)]
    [InlineData("Debug", "Debug", true)]
    [InlineData("warning", "Verbose", false)]
    public void Take_a_level_and_those_above_it(string least, string level, bool isTaken)
    {
        var path = _temporary.Below("log");
        new LogFile(path, least, TimeProvider.System).Write(level, "text");
        Assert.Equal(isTaken, File.Exists(path));
    }

    [Fact]
    public void Are_of_two_times_four_megabytes_at_most()
    {
        var path = _temporary.Below("log");
        var log = new LogFile(path, null, TimeProvider.System);
        var huge = new string('x', 1_000_000);
        for (var line = 0; line < 1500; line++)
            log.Write(LogLevels.Error, huge);
        Assert.Equal([path, path + ".1"], Directory.GetFiles(_temporary.Path).Order());
        Assert.All(Directory.GetFiles(_temporary.Path), file =>
        {
            Assert.InRange(new FileInfo(file).Length, 1, (4 * 1024 * 1024) + 20_000);
            TemporaryFolder.IsForItsOwner(file);
        });
    }

    [Fact]
    public void That_are_a_pipe_without_a_reader_are_not_waited_for()
    {
        TemporaryFolder.RequireUnix();
        using (var make = System.Diagnostics.Process.Start("mkfifo", _temporary.Below("pipe")))
            make.WaitForExit();
        new LogFile(_temporary.Below("pipe"), null, TimeProvider.System).Write(LogLevels.Error, "lost");
    }

    [Theory]
    [InlineData("missing/folder/log")]
    [InlineData(".")]
    public void That_cannot_be_written_disturb_nobody(string name) =>
        new LogFile(_temporary.Below(name), null, TimeProvider.System).Write(LogLevels.Error, "lost");

    public void Dispose() => _temporary.Dispose();
}
