using CredentialProvider.Cli;
using CredentialProvider.Configuration;

namespace CredentialProvider.Tests.Cli;

/// <summary>A token from outside that has more than the characters of a token, as <c>token</c> prints it.</summary>
public sealed class TokenFormats
{
    private const string Token = "a$(touch canary) b";

    [Theory]
    [InlineData("env")]
    [InlineData("netrc")]
    public void Have_no_syntax_of_the_token(string format) => Assert.Equal((1, ""), Print(format, Token));

    [Theory]
    [InlineData("env", "CODEARTIFACT_AUTH_TOKEN=eyJ.a-b_c~d+e/f=\n")]
    [InlineData("netrc", "machine contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com login aws password eyJ.a-b_c~d+e/f=\n")]
    public void Have_every_token_of_AWS(string format, string text) => Assert.Equal((0, text), Print(format, "eyJ.a-b_c~d+e/f="));

    [Fact]
    public void Print_any_token_as_text() => Assert.Equal((0, Token + "\n"), Print("text", Token));

    private static (int ExitCode, string Output) Print(string format, string token)
    {
        using var output = new StringWriter { NewLine = "\n" };
        var terminal = new Terminal(output, TextWriter.Null, hasColors: false, isInteractive: false);
        var settings = Settings.From(name => name == "CODEARTIFACT_AUTH_TOKEN" ? token : null);
        var exitCode = new CommandLine(settings, terminal, TimeProvider.System)
            .Run(["token", "contoso/app", "--owner", "111122223333", "--region", "us-east-1", "--format", format]);
        return (exitCode, output.ToString());
    }
}
