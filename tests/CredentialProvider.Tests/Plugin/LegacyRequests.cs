using CredentialProvider.Plugin;

namespace CredentialProvider.Tests.Plugin;

/// <summary>Which command lines are requests of nuget.exe's older protocol.</summary>
public sealed class LegacyRequests
{
    [Theory]
    [InlineData(true, "-uri", "https://x.example/")]
    [InlineData(true, "-Uri", "https://x.example/", "-nonInteractive")]
    [InlineData(true, "-uri")]
    [InlineData(false, "exec", "contoso", "--", "curl", "-sS", "-uri", "https://x.example/")]
    [InlineData(false, "doctor")]
    [InlineData(false)]
    public void Begin_with_uri(bool expected, params string[] args) => Assert.Equal(expected, LegacyProtocol.IsRequested(args));
}
