using System.Text.Json;
using CredentialProvider.Feeds;

namespace CredentialProvider.Cli;

/// <summary>A statement of an IAM policy.</summary>
/// <param name="Id">Sid: letters and digits.</param>
/// <param name="Principal">Only in a resource's policy: a role's ARN or an account's root.</param>
/// <param name="ServiceName">Condition on sts:AWSServiceName; null for none.</param>
internal sealed record PolicyStatement(
    string Id, string[] Actions, string[] Resources, string? Principal = null, string? ServiceName = null);

/// <summary>A policy and what it is attached to.</summary>
/// <param name="Name">As Terraform and CloudFormation name it: words with underscores.</param>
internal sealed record PolicyDocument(string Name, string AttachTo, Feed? Feed,
    IReadOnlyList<PolicyStatement> Statements);

/// <summary>
/// The least that reading from or publishing to feeds takes: "Domain policies", "Repository policies" and "Using NuGet"
/// in the CodeArtifact user guide.
/// </summary>
internal static class PolicyDocuments
{
    private const string Service = "codeartifact.amazonaws.com";

    public static string[] Formats { get; } = ["json", "terraform", "cloudformation"];

    /// <summary>The reader's own policy; with a principal of another account, the policies of domains and repositories,
    /// too.</summary>
    /// <param name="principal">An account's number, or the ARN of a user or role.</param>
    public static IReadOnlyList<PolicyDocument> For(IReadOnlyList<Feed> feeds, bool isPublishing, string? principal)
    {
        var documents = new List<PolicyDocument> { IdentityPolicy(feeds, isPublishing) };
        if (principal is null)
            return documents;
        var arn = PrincipalArn(principal, feeds[0]);
        foreach (var domain in feeds.GroupBy(Domain))
        {
            documents.Add(new PolicyDocument($"domain_{Word(domain.First().Domain)}",
                $"domain {domain.First().Domain} in account {domain.First().Owner}",
                domain.First() with { Repository = "" },
                    [new("Token", ["codeartifact:GetAuthorizationToken"], [domain.Key], arn)]));
        }

        foreach (var feed in feeds)
        {
            List<PolicyStatement> statements =
                [new("Read", ["codeartifact:ReadFromRepository"], [Repository(feed)], arn)];
            if (isPublishing)
                statements.Add(new("Publish", ["codeartifact:PublishPackageVersion"], [Packages(feed)], arn));
            documents.Add(new PolicyDocument($"repository_{Word(feed.Repository)}",
                $"repository {feed.Domain}/{feed.Repository} in account {feed.Owner}",
                feed, statements));
        }

        return documents;
    }

    private static PolicyDocument IdentityPolicy(IReadOnlyList<Feed> feeds, bool isPublishing)
    {
        List<PolicyStatement> statements =
        [
            new("Token", ["codeartifact:GetAuthorizationToken"], [.. feeds.Select(Domain).Distinct()]),
            new("Read", ["codeartifact:ReadFromRepository"], [.. feeds.Select(Repository).Distinct()]),
            // The action knows no resources.
            new("BearerToken", ["sts:GetServiceBearerToken"], ["*"], ServiceName: Service),
        ];
        if (isPublishing)
            statements.Insert(2,
                new("Publish", ["codeartifact:PublishPackageVersion"], [.. feeds.Select(Packages).Distinct()]));
        return new PolicyDocument("codeartifact_reader", "the role or user that restores", null, statements);
    }

    private static string Domain(Feed feed) => Arn(feed, $"domain/{feed.Domain}");

    private static string Repository(Feed feed) => Arn(feed, $"repository/{feed.Domain}/{feed.Repository}");

    /// <summary>NuGet packages have no namespace, hence the two slashes.</summary>
    private static string Packages(Feed feed) => Arn(feed, $"package/{feed.Domain}/{feed.Repository}/nuget//*");

    private static string Arn(Feed feed, string resource) =>
        $"arn:{Partition.OfRegion(feed.Region)!.Name}:codeartifact:{feed.Region}:{feed.Owner}:{resource}";

    private static string PrincipalArn(string principal, Feed feed)
    {
        if (Feed.IsOwner(principal))
            return $"arn:{Partition.OfRegion(feed.Region)!.Name}:iam::{principal}:root";
        return principal.Split(':') is ["arn", _, "iam", "", var account, { Length: > 0 }] && Feed.IsOwner(account)
            ? principal
            : throw new CommandFailedException(
                $"'{principal}' is no principal; it takes an account's 12 digits or an ARN like arn:aws:iam::444455556666:role/Build");
    }

    private static string Word(string name) => new([.. name.Select(c => Ascii.IsLetterOrDigit(c) ? c : '_')]);

    /// <summary>The document as IAM takes it.</summary>
    public static void WriteJson(Utf8JsonWriter json, PolicyDocument document)
    {
        json.WriteStartObject();
        json.WriteString("Version", "2012-10-17");
        json.WriteStartArray("Statement");
        foreach (var statement in document.Statements)
        {
            json.WriteStartObject();
            json.WriteString("Sid", statement.Id);
            json.WriteString("Effect", "Allow");
            if (statement.Principal is { } principal)
            {
                json.WriteStartObject("Principal");
                json.WriteString("AWS", principal);
                json.WriteEndObject();
            }

            WriteTexts(json, "Action", statement.Actions);
            WriteTexts(json, "Resource", statement.Resources);
            if (statement.ServiceName is { } service)
            {
                json.WriteStartObject("Condition");
                json.WriteStartObject("StringEquals");
                json.WriteString("sts:AWSServiceName", service);
                json.WriteEndObject();
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteTexts(Utf8JsonWriter json, string name, string[] texts)
    {
        if (texts.Length == 1)
        {
            json.WriteString(name, texts[0]);
            return;
        }

        json.WriteStartArray(name);
        foreach (var text in texts)
            json.WriteStringValue(text);
        json.WriteEndArray();
    }
}
