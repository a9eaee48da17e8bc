using CredentialProvider.Platform;
using CredentialProvider.Plugin;
using Microsoft.Extensions.Time.Testing;

namespace CredentialProvider.Tests.Platform;

/// <summary>CODEARTIFACT_LOG_FILE: content, limits and paths that cannot be written.</summary>
public sealed class LogFiles : IDisposable
{
    private readonly TemporaryFolder _temporary = new();

    [Fact]
    public void Are_readable_only_by_their_owner_and_filtered_by_level()
    {
        var path = _temporary.Below("log");
        var log = new LogFile(path, LogLevels.Warning, TimeProvider.System);
        log.Write(LogLevels.Verbose, "details");
        log.Write(LogLevels.Warning, "CACP1001: no token");
        log.Write(LogLevels.Error, "worse");
        TemporaryFolder.AssertOwnerOnly(path);
        Assert.Collection(File.ReadAllLines(path),
            line => Assert.EndsWith(" Warning: CACP1001: no token", line, StringComparison.Ordinal),
            line => Assert.EndsWith(" Error: worse", line, StringComparison.Ordinal));
    }

    [Fact]
    public void Name_only_the_host_of_a_foreign_feed()
    {
        var path = _temporary.Below("log");
        var requests = RequestLog.Start(new LogFile(path, null, TimeProvider.System), "protocol")!;
        requests.Asked("1", new CredentialAnswer.ResolvedRequest(
            new CredentialsRequest("https://nuget.example.test/nuget/hunter2/v3/index.json", IsRetry: false, IsNonInteractive: true), Token: null));
        Assert.EndsWith(" request 1: credentials for https://nuget.example.test, non-interactive", File.ReadAllLines(path)[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void Are_not_created_unless_configured()
    {
        var before = Directory.GetFileSystemEntries(Environment.CurrentDirectory).Length;
        new LogFile(null, LogLevels.Debug, TimeProvider.System).Write(LogLevels.Error, "nothing");
        Assert.Equal(before, Directory.GetFileSystemEntries(Environment.CurrentDirectory).Length);
    }

    [Fact]
    public void Contain_the_UTC_time_and_the_PID()
    {
        var path = _temporary.Below("log");
        new LogFile(path, null, new FakeTimeProvider(new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.FromHours(2)))).Write(LogLevels.Debug, "text");
        Assert.Equal($"2026-11-24T10:00:00.0000000Z {Environment.ProcessId} Debug: text{Environment.NewLine}", File.ReadAllText(path));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)] // NuGet can start several plugins, which share one file
    public void Keep_every_line_of_concurrent_writers(int processes)
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
    public void Contain_their_level_and_higher_ones(string logLevel, string level, bool isWritten)
    {
        var path = _temporary.Below("log");
        new LogFile(path, logLevel, TimeProvider.System).Write(level, "text");
        Assert.Equal(isWritten, File.Exists(path));
    }

    [Fact]
    public void Are_rotated_at_four_megabytes()
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
            TemporaryFolder.AssertOwnerOnly(file);
        });
    }

    [Fact]
    public void That_are_pipes_without_a_reader_do_not_block()
    {
        TemporaryFolder.RequireUnix();
        using (var make = System.Diagnostics.Process.Start("mkfifo", _temporary.Below("pipe")))
            make.WaitForExit();
        new LogFile(_temporary.Below("pipe"), null, TimeProvider.System).Write(LogLevels.Error, "lost");
    }

    [Fact]
    public void Of_this_user_are_closed_to_others_before_they_are_written()
    {
        TemporaryFolder.RequireUnix();
        var path = _temporary.Below("log");
        File.WriteAllText(path, "older\n");
        File.SetUnixFileMode(path, (UnixFileMode)0b110_110_110);
        new LogFile(path, null, TimeProvider.System).Write(LogLevels.Error, "text");
        TemporaryFolder.AssertOwnerOnly(path);
        Assert.Equal(2, File.ReadAllLines(path).Length);
        Assert.Null(LogFile.FindProblem(path));
    }

    [Fact]
    public void That_are_links_are_not_followed()
    {
        TemporaryFolder.RequireUnix();
        var (path, target) = (_temporary.Below("log"), _temporary.Below("target"));
        File.WriteAllText(target, "");
        File.CreateSymbolicLink(path, target);
        new LogFile(path, null, TimeProvider.System).Write(LogLevels.Error, "text");
        Assert.Equal("", File.ReadAllText(target));
        Assert.Equal("it is a symbolic link", LogFile.FindProblem(path));
    }

    [Fact]
    public void Of_another_user_are_not_written()
    {
        TemporaryFolder.RequireUnix();
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root changes owners");
        var path = _temporary.Below("log");
        File.WriteAllText(path, "");
        using (var change = System.Diagnostics.Process.Start("chown", ["12345", path]))
            change.WaitForExit();
        new LogFile(path, null, TimeProvider.System).Write(LogLevels.Error, "text");
        Assert.Equal("", File.ReadAllText(path));
        Assert.Equal("it belongs to another user", LogFile.FindProblem(path));
    }

    [Fact]
    public void In_a_missing_folder_have_a_problem_and_others_none()
    {
        Assert.Equal("its folder does not exist", LogFile.FindProblem(_temporary.Below("missing/log")));
        Assert.Null(LogFile.FindProblem(_temporary.Below("log")));
        TemporaryFolder.AssertOwnerOnly(_temporary.Below("log"));
        Assert.NotNull(LogFile.FindProblem(_temporary.Path));
    }

    [Theory]
    [InlineData("missing/folder/log")]
    [InlineData(".")]
    public void That_cannot_be_written_are_ignored(string name)
    {
        new LogFile(_temporary.Below(name), null, TimeProvider.System).Write(LogLevels.Error, "lost");
        Assert.False(File.Exists(_temporary.Below(name)));
    }

    public void Dispose() => _temporary.Dispose();
}
