using CredentialProvider.Errors;

namespace CredentialProvider.Tests.Errors;

/// <summary>Which values of environment variables are not printed: NuGet replaces <c>%NAME%</c> in the nuget.config of a cloned repository.</summary>
public sealed class SecretsInVariables
{
    [Theory]
    [InlineData("SSHPASS", "hunter2-hunter2", "hunter2-hunter2")]
    [InlineData("DEPLOY_TOKENS", "hunter2-hunter2", "hunter2-hunter2")]
    [InlineData("CREDENTIALS", "hunter2-hunter2", "hunter2-hunter2")]
    [InlineData("DB_PASSWORDS", "correcthorsebatterystaple", "correcthorsebatterystaple")]
    [InlineData("CI_SECRET", "abcdefghijklmnop", "abcdefghijklmnop")]
    [InlineData("CI_SECRET", "a/b+c d/e", "a/b+c d/e a%2Fb%2Bc%20d%2Fe")]
    [InlineData("DOCKER_AUTH_CONFIG", "{\"a\":1}x", "{\"a\":1}x %7B%22a%22%3A1%7Dx")]
    [InlineData("NuGetPackageSourceCredentials_contoso", "Username=aws;Password=x", "Username=aws;Password=x Username%3Daws%3BPassword%3Dx")]
    [InlineData("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/credentials/0d5f2c71-8f2c", "/v2/credentials/0d5f2c71-8f2c %2Fv2%2Fcredentials%2F0d5f2c71-8f2c")]
    [InlineData("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:8080/v2?id=0d5f2c71-8f2c", "/v2?id=0d5f2c71-8f2c %2Fv2%3Fid%3D0d5f2c71-8f2c")]
    public void Secrets_are_hidden(string name, string value, string hidden) =>
        Assert.Equal(hidden, string.Join(' ', SecretVariables.ValuesOf(name, value).Distinct()));

    [Theory]
    [InlineData("BYPASS", "hunter2-hunter2")]
    [InlineData("PROXY_BYPASS", "hunter2-hunter2")]
    [InlineData("COMPASS", "hunter2-hunter2")]
    [InlineData("ACCESS", "hunter2-hunter2")]
    [InlineData("BUILD_CLASS", "hunter2-hunter2")]
    [InlineData("CI_SECRET", "production")]
    [InlineData("CI_SECRET", "abcdefghijklmno")]
    [InlineData("CI_SECRET", "short-1")]
    [InlineData("SSH_KEY", "/")]
    [InlineData("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.23/v1/credentials")]
    [InlineData("AWS_CONTAINER_CREDENTIALS_FULL_URI", "https://agent.example.test")]
    public void Other_values_are_shown(string name, string value) => Assert.Empty(SecretVariables.ValuesOf(name, value));
}
