using CredentialProvider.Aws;
using CredentialProvider.FastStart;
using CredentialProvider.Feeds;

namespace CredentialProvider.Cli.Policy;

/// <summary>What a policy is attached to.</summary>
internal enum PolicyTarget
{
    /// <summary>A role or user: an identity policy.</summary>
    Reader,

    /// <summary>The role's trust: who may assume it.</summary>
    Trust,

    Domain,
    Repository,
}

/// <summary>A policy and what it is attached to.</summary>
/// <param name="Name">Its name in Terraform: words with underscores.</param>
/// <param name="Feed">The domain or repository of a resource policy, or one that the reader needs.</param>
internal sealed record PolicyDocument(PolicyTarget Target, string Name, string AttachTo, Feed Feed,
    IReadOnlyList<PolicyStatement> Statements);

/// <summary>
/// The minimum policies for reading from or publishing to feeds, by "Domain policies", "Repository policies" and "Using
/// NuGet" in the CodeArtifact user guide.
/// </summary>
internal static class PolicyDocuments
{
    public static string[] Formats { get; } = ["json", "terraform", "cloudformation"];

    /// <summary>The reader's identity policy and, for a principal in another account, the resource policies of the
    /// domains and repositories.</summary>
    /// <param name="principal">An account ID, or the ARN of a user or role; null for the same account.</param>
    /// <exception cref="CommandFailedException">The principal is invalid.</exception>
    public static IReadOnlyList<PolicyDocument> For(IReadOnlyList<Feed> feeds, bool isPublishing, string? principal)
    {
        var documents = new List<PolicyDocument>
        {
            new(PolicyTarget.Reader, "codeartifact_reader", "the role or user that restores", feeds[0],
                PolicyStatement.For(feeds, isPublishing)),
        };
        if (principal is null)
            return documents;
        var arn = PrincipalArn(principal, feeds[0]);
        foreach (var domain in feeds.GroupBy(PolicyStatement.DomainArn))
        {
            var feed = domain.First();
            documents.Add(new PolicyDocument(PolicyTarget.Domain, $"domain_{Word(feed.Domain)}",
                $"domain {feed.Domain} in account {feed.Owner}", feed,
                [PolicyStatement.Token([domain.Key]) with { Principal = ("AWS", arn) }]));
        }

        foreach (var feed in feeds)
        {
            List<PolicyStatement> statements = [PolicyStatement.Read([PolicyStatement.RepositoryArn(feed)])];
            if (isPublishing)
                statements.Add(PolicyStatement.Publish([PolicyStatement.PackagesArn(feed)]));

            documents.Add(new PolicyDocument(PolicyTarget.Repository, $"repository_{Word(feed.Repository)}",
                $"repository {feed.Domain}/{feed.Repository} in account {feed.Owner}", feed,
                [.. statements.Select(statement => statement with { Principal = ("AWS", arn) })]));
        }

        return documents;
    }

    /// <summary>The ARN of a principal; of an account, that of its root.</summary>
    /// <exception cref="CommandFailedException">It is invalid.</exception>
    public static string PrincipalArn(string principal, Feed feed)
    {
        if (Feed.IsOwner(principal))
            return $"arn:{Partition.OfRegion(feed.Region)!.Name}:iam::{principal}:root";
        return principal.Split(':') is ["arn", _, "iam", "", var account, { Length: > 0 }] && Feed.IsOwner(account)
            && AsciiText.IsHeaderValue(principal)
            ? principal
            : throw new CommandFailedException(
                $"'{principal}' is not a valid principal; expected an account ID of 12 digits "
                + "or an ARN such as arn:aws:iam::444455556666:role/Build");
    }

    /// <summary>Only characters that Terraform allows in a name.</summary>
    private static string Word(string name) => new([.. name.Select(c => AsciiText.IsLetterOrDigit(c) ? c : '_')]);
}
