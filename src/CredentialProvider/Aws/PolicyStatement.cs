using CredentialProvider.Feeds;

namespace CredentialProvider.Aws;

/// <summary>A statement of an IAM policy that allows something.</summary>
/// <param name="Id">The Sid: letters and digits.</param>
/// <param name="Resources">Empty in a trust policy, which belongs to the resource.</param>
internal sealed record PolicyStatement(string Id, string[] Actions, string[] Resources)
{
    private const string Service = "codeartifact.amazonaws.com";

    /// <summary>Only in a resource policy or trust policy: <c>AWS</c> and the ARN of a role, a user or an account's root, or
    /// <c>Federated</c> and the ARN of an identity provider.</summary>
    public (string Kind, string Arn)? Principal { get; init; }

    public PolicyCondition[] Conditions { get; init; } = [];

    /// <summary>The least that reading from feeds, or publishing to them, needs: "Using NuGet" in the CodeArtifact user
    /// guide.</summary>
    public static IReadOnlyList<PolicyStatement> For(IReadOnlyList<Feed> feeds, bool isPublishing)
    {
        List<PolicyStatement> statements =
        [
            Token([.. feeds.Select(DomainArn).Distinct()]),
            Read([.. feeds.Select(RepositoryArn).Distinct()]),
        ];
        if (isPublishing)
            statements.Add(Publish([.. feeds.Select(PackagesArn).Distinct()]));
        // This action does not support resources.
        statements.Add(new("BearerToken", ["sts:GetServiceBearerToken"], ["*"])
        {
            Conditions = [new("StringEquals", "sts:AWSServiceName", [Service])],
        });
        return statements;
    }

    public static PolicyStatement Token(string[] domains) => new("Token", ["codeartifact:GetAuthorizationToken"], domains);

    public static PolicyStatement Read(string[] repositories) =>
        new("Read", ["codeartifact:ReadFromRepository"], repositories);

    public static PolicyStatement Publish(string[] packages) =>
        new("Publish", ["codeartifact:PublishPackageVersion"], packages);

    public static string DomainArn(Feed feed) => Arn(feed, $"domain/{feed.Domain}");

    public static string RepositoryArn(Feed feed) => Arn(feed, $"repository/{feed.Domain}/{feed.Repository}");

    /// <summary>NuGet packages have no namespace, hence the two slashes.</summary>
    public static string PackagesArn(Feed feed) => Arn(feed, $"package/{feed.Domain}/{feed.Repository}/nuget//*");

    private static string Arn(Feed feed, string resource) =>
        $"arn:{Partition.OfRegion(feed.Region)!.Name}:codeartifact:{feed.Region}:{feed.Owner}:{resource}";
}

/// <summary>A condition of a statement, for example StringEquals, sts:AWSServiceName and a service.</summary>
internal sealed record PolicyCondition(string Operator, string Key, string[] Values);
