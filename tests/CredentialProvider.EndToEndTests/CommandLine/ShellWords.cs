using CredentialProvider.Platform;

namespace CredentialProvider.EndToEndTests.CommandLine;

/// <summary>Words as a fix writes them for a POSIX shell, and what a program gets that such a shell, or fish, starts with them.</summary>
[Trait("Category", "Slow")]
public sealed class ShellWords
{
    [Theory]
    [InlineData("sh")]
    [InlineData("bash")]
    [InlineData("zsh")]
    [InlineData("fish")]
    public async Task Are_passed_on_unchanged(string shell)
    {
        await using var sandbox = await Sandbox.StartAsync();
        string[] words = [.. PastedFixes.Values.Select(value => value.Data), @"\", @"\\", @"\' \", "''", "\u2018; touch canary; \u201b", "{a,b}", "a;b", "(touch canary)", "^x", "?", "~"];
        var script = string.Concat(words.Select(word => $"/usr/bin/printf '%s\\0' {ShellText.QuoteForPosix(word)}\n"));

        var outcome = await sandbox.RunAsync(shell, sandbox.Folder("client"), sandbox.Write("words", script));

        Assert.Equal(words, outcome.Succeeded().Output.Split('\0')[..^1]);
        Assert.Empty(Directory.GetFileSystemEntries(sandbox.Folder("client")));
    }
}
