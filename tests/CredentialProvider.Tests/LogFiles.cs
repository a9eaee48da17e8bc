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
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        Assert.Collection(File.ReadAllLines(path),
            line => Assert.EndsWith(" Warning: CACP1001: no token", line, StringComparison.Ordinal),
            line => Assert.EndsWith(" Error: worse", line, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("missing/folder/log")]
    [InlineData(".")]
    public void That_cannot_be_written_disturb_nobody(string name) =>
        new LogFile(_temporary.Below(name), null, TimeProvider.System).Write(LogLevels.Error, "lost");

    public void Dispose() => _temporary.Dispose();
}
