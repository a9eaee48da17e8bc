using CredentialProvider.Cli;
using CredentialProvider.Cli.NuGet;

namespace CredentialProvider.Tests.Cli;

/// <summary>A nuget.config that NuGet refuses: the message names the line.</summary>
public sealed class BrokenNuGetConfigs : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("<configuration>\n<packageSources>\n", "line 3, column 1")]
    [InlineData("<configuration>\n  <packageSources></packageSource>\n</configuration>", "line 2, column 21")]
    [InlineData("<configuration>\n<packageSources>\n<add key=\"a\" value=\"b\" />\n<add key=\"c\" />\n</packageSources>\n</configuration>", "line 4")]
    [InlineData("<configuration>\n<packageSources>\n<add value=\"b\" />\n</packageSources>\n</configuration>", "line 3")]
    [InlineData("<configuration>\n<packageSourceMapping>\n<packageSource key=\"a\">\n</packageSource>\n</packageSourceMapping>\n</configuration>", "line 3")]
    public void Are_reported_with_file_and_line(string content, string place)
    {
        var file = _folder.Below("nuget.config");
        File.WriteAllText(file, content);

        var error = Assert.Throws<CommandFailedException>(() => NuGetSources.LoadFile(file));

        Assert.StartsWith($"nuget.config cannot be read: {file}, {place}: ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void That_NuGet_cannot_lock_end_the_command_with_a_fix()
    {
        using var never = new ManualResetEventSlim();

        var error = Assert.Throws<CommandFailedException>(() => ConfigurationLock.Read(() =>
        {
            never.Wait(TestContext.Current.CancellationToken);
            return 0;
        }, TimeSpan.Zero));

        never.Set();
        Assert.Contains("NuGet cannot lock it in ", error.Message, StringComparison.Ordinal);
        Assert.EndsWith(error.Command!, error.Hint, StringComparison.Ordinal);
    }
}
