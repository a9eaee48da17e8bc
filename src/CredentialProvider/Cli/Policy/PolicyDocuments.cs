using System.Text.Json;
using CredentialProvider.FastStart;
using CredentialProvider.Feeds;

namespace CredentialProvider.Cli.Policy;

/// <summary>A statement of an IAM policy.</summary>
/// <param name="Id">The Sid: letters and digits.</param>
/// <param name="Principal">Only in a resource policy: the ARN of a role or user, or of an account's root.</param>
/// <param name="ServiceName">Condition on sts:AWSServiceName; null for none.</param>
internal sealed record PolicyStatement(
    string Id, string[] Actions, string[] Resources, string? Principal = null, string? ServiceName = null);

/// <summary>A policy and what it is attached to.</summary>
/// <param name="Name">Its name in Terraform: words with underscores.</param>
/// <param name="Feed">The domain or repository of a resource policy; null for an identity policy.</param>
internal sealed record PolicyDocument(string Name, string AttachTo, Feed? Feed,
    IReadOnlyList<PolicyStatement> Statements);

/// <summary>
/// The minimum policies for reading from or publishing to feeds, by "Domain policies", "Repository policies" and "Using
/// NuGet" in the CodeArtifact user guide.
/// </summary>
internal static class PolicyDocuments
{
    private const string Service = "codeartifact.amazonaws.com";

    public static string[] Formats { get; } = ["json", "terraform", "cloudformation"];

    /// <summary>The reader's identity policy and, for a principal in another account, the resource policies of the
    /// domains and repositories.</summary>
    /// <param name="principal">An account ID, or the ARN of a user or role; null for the same account.</param>
    /// <exception cref="CommandFailedException">The principal is invalid.</exception>
    public static IReadOnlyList<PolicyDocument> For(IReadOnlyList<Feed> feeds, bool isPublishing, string? principal)
    {
        var documents = new List<PolicyDocument> { IdentityPolicy(feeds, isPublishing) };
        if (principal is null)
            return documents;
        var arn = PrincipalArn(principal, feeds[0]);
        foreach (var domain in feeds.GroupBy(Domain))
        {
            var feed = domain.First();
            documents.Add(new PolicyDocument($"domain_{Word(feed.Domain)}",
                $"domain {feed.Domain} in account {feed.Owner}", feed with { Repository = "" },
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
            // This action does not support resources.
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
                $"'{principal}' is not a valid principal; expected an account ID of 12 digits "
                + "or an ARN such as arn:aws:iam::444455556666:role/Build");
    }

    /// <summary>Only characters that Terraform allows in a name.</summary>
    private static string Word(string name) => new([.. name.Select(c => AsciiText.IsLetterOrDigit(c) ? c : '_')]);

    /// <summary>The policy in IAM's JSON.</summary>
    public static void WriteJson(JsonText json, PolicyDocument document)
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

            WriteStrings(json, "Action", statement.Actions);
            WriteStrings(json, "Resource", statement.Resources);
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

    private static void WriteStrings(JsonText json, string name, string[] values)
    {
        if (values.Length == 1)
        {
            json.WriteString(name, values[0]);
            return;
        }

        json.WriteStartArray(name);
        foreach (var value in values)
            json.WriteStringValue(value);
        json.WriteEndArray();
    }
}
