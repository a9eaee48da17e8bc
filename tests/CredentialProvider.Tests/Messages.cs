using System.Reflection;
using System.Text.Json;
using CredentialProvider.Plugin;

namespace CredentialProvider.Tests;

/// <summary>What people read, and what they must not.</summary>
public sealed class Messages
{
    [Fact]
    public void Say_what_why_and_fix_on_one_line()
    {
        var failure = new NoTokenException("CACP1001", "AWS says:\r\nno", "ask\nnicely");
        Assert.Equal("CACP1001: no token for domain contoso (111122223333, us-east-1): AWS says:  no; ask nicely",
            failure.Describe("domain contoso (111122223333, us-east-1)"));
    }

    [Fact]
    public void Have_codes_that_mean_one_thing_each()
    {
        var codes = typeof(ErrorCode).GetFields(BindingFlags.Public | BindingFlags.Static).Select(field => (string)field.GetRawConstantValue()!).ToList();
        Assert.Equal(13, codes.Count);
        Assert.Distinct(codes);
        Assert.All(codes, code => Assert.Matches("^CACP1[0-9]{3}$", code));
    }

    [Fact]
    public void Never_show_a_secret()
    {
        var secret = new Secret("hunter2");
        var token = new AuthorizationToken(secret, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch);
        string[] prints = [$"{secret}", $"{token}", $"{new CredentialsResponse(ResponseCode.Success, secret)}", JsonSerializer.Serialize(token)];
        Assert.All(prints, print => Assert.DoesNotContain("hunter2", print, StringComparison.Ordinal));
    }
}
