using CredentialProvider.Errors;
using CredentialProvider.Platform;

namespace CredentialProvider.Tests.Platform;

/// <summary>Names with a secret and with characters that a shell writes as escape sequences, in commands that users paste.</summary>
public sealed class QuotedSecrets
{
    [Theory]
    [InlineData("http://bob:hunter2@proxy.example.test/\u001b")]
    [InlineData("x\n{\"SecretAccessKey\": \"hunter2\"}")]
    [InlineData("\u202ehttps://h.example.test/?X-Amz-Signature=hunter2&x=1")]
    [InlineData("it's https://bob:hunter2@proxy.example.test/")]
    [InlineData("SecretAccessKey='hunter2'\\")]
    public void Do_not_pass_the_filter_of_printed_texts(string name) =>
        Assert.DoesNotContain("hunter2", PrintableText.Of($"create it: aws configure {ShellText.Option("--profile", name)}"), StringComparison.Ordinal);

    [Fact]
    public void Leave_names_without_a_secret_as_they_are()
    {
        TemporaryFolder.RequireUnix();
        Assert.Equal("\"$(printf 'my\\012feed')\"", ShellText.Quote("my\nfeed"));
        Assert.Equal("\"$(printf 'it\\047s')\"", ShellText.Quote("it's"));
    }
}
