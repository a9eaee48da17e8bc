using System.Text.Json.Nodes;
using CredentialProvider.Cli;
using CredentialProvider.Cli.Policy;
using CredentialProvider.Feeds;

namespace CredentialProvider.Tests.Cli;

/// <summary>The trust policies that <c>policy</c> prints: exactly what was asked for, or an error. Anything else would trust someone else.</summary>
public sealed class TrustPolicies
{
    private const string Account = "111122223333";

    [Theory]
    [InlineData("StringLike", "repo:contoso/nuget-token:ref:refs/heads/release/*")]
    [InlineData("StringEquals", "repo:contoso/nuget-token:ref:refs/heads/main")]
    [InlineData("StringEquals", "project_path:contoso/api-key:ref_type:branch:ref:main")]
    [InlineData("StringEquals", "system:serviceaccount:builds:password=hunter2hunter2")]
    [InlineData("StringEquals", "repo:contoso/app:environment:büro 📦")]
    public void A_subject_is_never_rewritten(string condition, string subject) =>
        Assert.Equal(subject, (string?)Conditions(Print(subject))[condition]!["token.actions.githubusercontent.com:sub"]);

    [Fact]
    public void Neither_is_a_subject_of_any_length() =>
        Assert.Equal(new string('s', 5000), (string?)Conditions(Print(new string('s', 5000)))["StringEquals"]!["token.actions.githubusercontent.com:sub"]);

    [Fact]
    public void Audience_and_tags_are_not_rewritten_either()
    {
        var policy = Conditions(Print("repo:contoso/app:*", "api://nuget-token:app1", ["deploy-token:id1", "a"]));
        Assert.Equal("api://nuget-token:app1", (string?)policy["StringEquals"]!["token.actions.githubusercontent.com:aud"]);
        Assert.Equal(["deploy-token:id1", "a"], policy["ForAllValues:StringEquals"]!["aws:TagKeys"]!.AsArray().Select(tag => (string?)tag));
    }

    [Theory]
    [InlineData("repo:contoso/app\u001b[2J", "a", "t", "--subject")]
    [InlineData("repo:contoso/\u202eapp", "a", "t", "--subject")]
    [InlineData("repo:contoso/app", "a\u0007", "t", "--audience")]
    [InlineData("repo:contoso/app", "a", "t\n", "--tags")]
    public void A_control_character_is_an_error(string subject, string audience, string tag, string option) =>
        Assert.Equal($"no trust policy: {option} contains a control character; give its value without it",
            Assert.Throws<CommandFailedException>(() => Print(subject, audience, [tag])).Message);

    /// <summary>Terraform replaces <c>${…}</c> and <c>%{…}</c> in a string unless their first character is doubled.</summary>
    [Theory]
    [InlineData("repo:${aws:PrincipalTag/team}/*", "repo:$${aws:PrincipalTag/team}/*")]
    [InlineData("%{ if true }x", "%%{ if true }x")]
    [InlineData("$${x} $ % {", "$$${x} $ % {")]
    public void Terraform_gets_the_characters_that_were_asked_for(string subject, string written)
    {
        Assert.Contains($":sub\": \"{written}\"", PolicyFormats.Terraform([Policy(subject, "a", [])]), StringComparison.Ordinal);
        Assert.Contains($":sub\": \"{subject}\"", PolicyFormats.CloudFormation([Policy(subject, "a", [])]), StringComparison.Ordinal);
    }

    private static JsonObject Conditions(JsonNode policy) => policy["Statement"]![0]!["Condition"]!.AsObject();

    private static JsonNode Print(string subject, string audience = "sts.amazonaws.com", string[]? tags = null) =>
        JsonNode.Parse(PolicyFormats.Json([Policy(subject, audience, tags ?? [])]))!;

    private static PolicyDocument Policy(string subject, string audience, string[] tags) =>
        new TrustPolicy(Principal: null, "github", subject, audience, PassesSourceIdentity: false, tags)
            .For(new Feed("contoso", Account, "us-east-1", "app"), Account);
}
