using System.Reflection;
using System.Text.Json;
using CredentialProvider.Errors;
using CredentialProvider.Plugin;
using CredentialProvider.Tokens;

namespace CredentialProvider.Tests.Errors;

/// <summary>The line that a user reads after a failure, and the secrets that no line contains.</summary>
public sealed class ErrorMessages
{
    [Fact]
    public void State_what_why_and_fix_on_one_line()
    {
        var failure = new NoTokenException("CACP1001", "access denied:\r\ndetails", "add\na permission");
        Assert.Equal("CACP1001: no token for domain contoso (111122223333, us-east-1): access denied:\\u000D\\u000Adetails; add\\u000Aa permission",
            failure.Describe("domain contoso (111122223333, us-east-1)"));
    }

    [Fact]
    public void Start_with_a_unique_code()
    {
        var codes = typeof(ErrorCode).GetFields(BindingFlags.Public | BindingFlags.Static).Select(field => (string)field.GetRawConstantValue()!).ToList();
        Assert.NotEmpty(codes);
        Assert.Distinct(codes);
        Assert.All(codes, code => Assert.Matches("^CACP1[0-9]{3}$", code));
    }

    [Fact]
    public void Never_contain_a_secret()
    {
        var secret = new Secret("hunter2");
        var token = new AuthorizationToken(secret, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch);
        string[] printed = [$"{secret}", $"{token}", $"{new CredentialsResponse(ResponseCode.Success, secret)}", JsonSerializer.Serialize(token)];
        Assert.All(printed, text => Assert.DoesNotContain("hunter2", text, StringComparison.Ordinal));
    }
}
