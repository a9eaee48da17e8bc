using System.Text.Json.Nodes;
using CredentialProvider.Aws;
using CredentialProvider.Cli.Policy;
using CredentialProvider.Feeds;

namespace CredentialProvider.Tests.Aws;

/// <summary>The policy that limits a session to a feed.</summary>
public sealed class SessionPolicies
{
    /// <summary>AssumeRole in the STS API reference: characters of Policy.</summary>
    private const int MaxLength = 2048;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Is_what_the_policy_command_prints(bool isPublishing)
    {
        Feed[] feeds = [new("contoso", "111122223333", "us-east-1", "app")];
        Assert.True(JsonNode.DeepEquals(
            JsonNode.Parse(PolicyFormats.Json(PolicyDocuments.For(feeds, isPublishing, principal: null))),
            JsonNode.Parse(PolicyJson.ToText(PolicyStatement.For(feeds, isPublishing)))));
    }

    [Fact]
    public void Fits_into_a_request_with_the_longest_names()
    {
        var feed = new Feed(new string('d', 50), "111122223333", "us-gov-west-1", new string('r', 100));
        Assert.InRange(PolicyJson.ToText(PolicyStatement.For([feed], isPublishing: true)).Length, 500, MaxLength);
    }
}
