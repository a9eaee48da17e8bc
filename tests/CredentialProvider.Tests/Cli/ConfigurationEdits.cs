using System.Text;
using CredentialProvider.Configuration;

namespace CredentialProvider.Tests.Cli;

/// <summary>Defaults that are set and removed in the text of a configuration file.</summary>
public sealed class ConfigurationEdits
{
    [Theory]
    [InlineData("", "{\n  \"defaults\": { \"profile\": \"build\" }\n}\n")]
    [InlineData("{}", "{\n  \"defaults\": { \"profile\": \"build\" }}")]
    [InlineData("{ \"defaults\": {} }", "{ \"defaults\": { \"profile\": \"build\" } }")]
    [InlineData("{ \"defaults\": { /* none */ } }", "{ \"defaults\": { \"profile\": \"build\"  /* none */ } }")]
    [InlineData("{ \"defaults\": { \"duration\": 900, }, }", "{ \"defaults\": { \"profile\": \"build\", \"duration\": 900, }, }")]
    [InlineData("{ \"rules\": [ { \"domain\": \"x1\", \"profile\": \"a\" } ] }", "{\n  \"defaults\": { \"profile\": \"build\" }, \"rules\": [ { \"domain\": \"x1\", \"profile\": \"a\" } ] }")]
    [InlineData("{ \"defaults\": { \"profile\": \"old\" /* why */ } } // end", "{ \"defaults\": { \"profile\": \"build\" /* why */ } } // end")]
    [InlineData("{ // \u00e4\u00f6 \"defaults\"\r\n \"defaults\": { \"roles\": [ { \"arn\": \"arn:aws:iam::111122223333:role/A\" } ], \"profile\": \"old\" } }\r\n",
        "{ // \u00e4\u00f6 \"defaults\"\r\n \"defaults\": { \"roles\": [ { \"arn\": \"arn:aws:iam::111122223333:role/A\" } ], \"profile\": \"build\" } }\r\n")]
    public void Setting_a_key_changes_nothing_else(string before, string after)
    {
        Assert.Equal(after, Set(before, "profile", "build"));
        Assert.Equal("build", ConfigurationFileReader.Parse("x", Encoding.UTF8.GetBytes(after)).Defaults.Profile);
        Assert.Null(ConfigurationFileReader.Parse("x", Encoding.UTF8.GetBytes(after)).Problem);
    }

    [Theory]
    [InlineData("{ \"defaults\": { \"profile\": \"a\" } }", "{ \"defaults\": { } }")]
    [InlineData("{ \"defaults\": { \"profile\": \"a\", \"duration\": 900 } }", "{ \"defaults\": { \"duration\": 900 } }")]
    [InlineData("{ \"defaults\": { \"duration\": 900, \"profile\": \"a\" } }", "{ \"defaults\": { \"duration\": 900, } }")]
    [InlineData("{ \"defaults\": { \"duration\": 900 } }", "{ \"defaults\": { \"duration\": 900 } }")]
    [InlineData("{ }", "{ }")]
    public void Removing_a_key_changes_nothing_else(string before, string after)
    {
        Assert.Equal(after, Set(before, "profile", null));
        Assert.Null(ConfigurationFileReader.Parse("x", Encoding.UTF8.GetBytes(after)).Problem);
    }

    [Theory]
    [InlineData("duration", "900", "900")]
    [InlineData("duration", "soon", "\"soon\"")]
    [InlineData("roles", "a, b", "[\"a\", \"b\"]")]
    [InlineData("scope", "true", "true")]
    [InlineData("scope", "publish", "\"publish\"")]
    [InlineData("tags", "team=payments, job=${GITHUB_RUN_ID}", "{ \"team\": \"payments\", \"job\": \"${GITHUB_RUN_ID}\" }")]
    [InlineData("sessionName", "say \"hi\"", "\"say \\\"hi\\\"\"")]
    public void Values_have_the_type_of_their_key(string key, string value, string written) =>
        Assert.Equal($"{{\n  \"defaults\": {{ \"{key}\": {written} }}\n}}\n", Set("", key, value));

    [Fact]
    public void A_byte_order_mark_is_kept() => Assert.StartsWith("\uFEFF{\n  \"defaults\"", Set("\uFEFF{ }", "profile", "build"), StringComparison.Ordinal);

    private static string Set(string text, string key, string? value) =>
        Encoding.UTF8.GetString(ConfigurationEditor.Set(Encoding.UTF8.GetBytes(text), key, value));
}
