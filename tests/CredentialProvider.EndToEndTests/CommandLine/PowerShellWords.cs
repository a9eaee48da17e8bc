using CredentialProvider.Platform;

namespace CredentialProvider.EndToEndTests.CommandLine;

/// <summary>Words as a fix writes them for PowerShell, and what a program gets that PowerShell starts with them.</summary>
[Trait("Category", "Slow")]
public sealed class PowerShellWords
{
    private static readonly string[] Words =
    [
        .. PastedFixes.Values.Select(value => value.Data), "x; New-Item canary", "$(New-Item canary)", "@(New-Item canary)", "{New-Item canary}", "& New-Item canary", "x | New-Item canary",
        "\u2018; New-Item canary; \u2019", "\u201c$(New-Item canary)\u201d", "'\u201a\u201b", "a,b", "@x", "%", "`n", "x\" --config \"y z", "\\\"", @"two\\ ", @"C:\Program Files\", "C:\\a \"b\"\\",
    ];

    [Fact]
    public Task Are_passed_on_unchanged_since_version_7_3() => AssertPassedOnAsync(Words, "", word => word);

    /// <summary>Version 7 can pass arguments as Windows PowerShell 5.1 does, except for a final backslash, which it escapes.</summary>
    [Fact]
    public Task Are_passed_on_unchanged_in_Windows_PowerShell() => AssertPassedOnAsync(
        [.. Words.Where(word => !word.EndsWith('\\') || !word.Contains(' ', StringComparison.Ordinal))], "$PSNativeCommandArgumentPassing = 'Legacy'\n",
        text => text.Replace("$PSVersionTable.PSVersion.Major -lt 7", "$true", StringComparison.Ordinal));

    /// <summary>On Linux and macOS fixes are for a POSIX shell, but users paste them into PowerShell too. Commas, at signs
    /// and line ends may then give another word, but nothing runs.</summary>
    [Fact]
    public Task Are_passed_on_unchanged_if_they_are_for_a_POSIX_shell() => AssertPassedOnAsync(
        [.. Words.Where(word => word.IndexOfAny([',', '@', '%', '"', '\n']) < 0)], "", word => word, ShellText.QuoteForPosix);

    /// <summary>cmd.exe knows double quotes only, and replaces what is between percent signs even within them.</summary>
    [Theory]
    [InlineData("x & calc & y")]
    [InlineData("x | calc")]
    [InlineData("x > file < other")]
    [InlineData("%PATH% ^x")]
    [InlineData("\"x\" & calc & \"y\"")]
    public void Have_nothing_that_cmd_acts_on(string word) =>
        Assert.DoesNotContain(ShellText.QuoteForPowerShell(word), c => "&|<>^%".Contains(c, StringComparison.Ordinal));

    private static async Task AssertPassedOnAsync(string[] words, string setting, Func<string, string> change, Func<string, string>? quote = null)
    {
        await using var sandbox = await Sandbox.StartAsync();
        var script = setting + string.Concat(words.Select(word => $"/usr/bin/printf '%s\\0' {change((quote ?? ShellText.QuoteForPowerShell)(word))}\n"));

        var outcome = await sandbox.DotnetAsync(sandbox.Folder("client"), Artifacts.PowerShell, "-NoProfile", "-File", sandbox.Write("words.ps1", "\ufeff" + script));

        Assert.Equal(words, outcome.Succeeded().Output.Split('\0')[..^1]);
        Assert.Empty(Directory.GetFileSystemEntries(sandbox.Folder("client")));
    }
}
